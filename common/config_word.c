/* SPDX-License-Identifier: MIT */
#include "config_word.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "password.h"
#include "precis.h"
#include "sender_maps.h"

static const char separators[] = ", \t";

static int no_memory(const char **error_r)
{
	return postern_error(error_r, "no memory");
}

int postern_config_read_scheme(const char *text, char **word_r, const char **error_r)
{
	char *word;

	/* Now, and not when the first password is set. */
	if (postern_password_scheme_check(text, error_r) < 0)
		return -1;
	word = strdup(text);
	if (word == NULL)
		return no_memory(error_r);
	for (char *p = word; *p != '\0'; p++)
		*p = (char)tolower(*p);
	*word_r = word;
	return 0;
}

int postern_config_read_domain(const char *text, char **word_r, const char **error_r)
{
	char domain[POSTERN_DOMAIN_MAX + 1];

	if (postern_domain_normalize(text, strlen(text), domain, error_r) < 0)
		return -1;
	*word_r = strdup(domain);
	return *word_r != NULL ? 0 : no_memory(error_r);
}

int postern_config_read_network(const char *text, char **word_r, const char **error_r)
{
	static const char expected[] = "a network like 192.0.2.0/24 or 2001:db8::/32";
	char address[INET6_ADDRSTRLEN], canonical[INET6_ADDRSTRLEN];
	unsigned char octets[16];
	size_t size = strcspn(text, "/");
	unsigned long bits, bits_max;
	int family = memchr(text, ':', size) != NULL ? AF_INET6 : AF_INET;

	if (size >= sizeof(address))
		return postern_config_unexpected(expected, text, error_r);
	memcpy(address, text, size);
	address[size] = '\0';
	bits = bits_max = family == AF_INET6 ? 128 : 32;
	if (inet_pton(family, address, octets) != 1 ||
	    (text[size] == '/' && !postern_config_read_digits(text + size + 1, bits_max, &bits)))
		return postern_config_unexpected(expected, text, error_r);
	for (unsigned long bit = bits; bit < bits_max; bit++) {
		if ((octets[bit / 8] >> (7 - bit % 8) & 1) != 0) {
			return postern_config_unexpected("a network without bits set behind its "
							 "prefix", text, error_r);
		}
	}
	inet_ntop(family, octets, canonical, sizeof(canonical));
	if (asprintf(word_r, "%s/%lu", canonical, bits) < 0)
		return no_memory(error_r);
	return 0;
}

/* One that does not exist now may be made later, and then it counts. */
static bool is_system_user(const char *text, size_t size)
{
	unsigned long number;
	char name[256];

	if (size == 0 || size >= sizeof(name) || memchr(text, '*', size) != NULL)
		return false;
	memcpy(name, text, size);
	name[size] = '\0';
	if (strncmp(name, "uid:", 4) == 0)
		return postern_config_read_digits(name + 4, POSTERN_CONFIG_ID_MAX, &number);
	return strpbrk(name, ":/!?") == NULL;
}

int postern_config_read_system_user(const char *text, char **word_r, const char **error_r)
{
	if (!is_system_user(text, strlen(text)))
		return postern_config_unexpected("a user of the system", text, error_r);
	*word_r = strdup(text);
	return *word_r != NULL ? 0 : no_memory(error_r);
}

int postern_config_read_local_user(const char *text, char **word_r, const char **error_r)
{
	size_t size = strcspn(text, "=");
	const char *account = text[size] == '=' ? text + size + 1 : "";
	char domain[POSTERN_DOMAIN_MAX + 1] = "";
	char *prepared = NULL;
	int ret;

	if ((size != 1 || *text != '*') && !is_system_user(text, size))
		return postern_config_unexpected("USER, USER=ACCOUNT, USER=@domain or *", text,
						 error_r);
	if (*account == '\0' && text[size] == '=')
		return postern_config_unexpected("an account behind the \"=\"", text, error_r);
	if (*account == '@') {
		if (postern_domain_normalize(account + 1, strlen(account + 1), domain, error_r) < 0)
			return -1;
	} else if (*account != '\0' &&
		   postern_precis_username(account, &prepared, error_r) != POSTERN_PRECIS_OK) {
		return -1;
	}
	ret = asprintf(word_r, "%.*s=%s%s", (int)size, text, *domain != '\0' ? "@" : "",
		       prepared != NULL ? prepared : domain);
	free(prepared);
	return ret < 0 ? no_memory(error_r) : 0;
}

int postern_config_read_sender_map(const char *text, char **word_r, const char **error_r)
{
	if (postern_sender_map_check(text, error_r) < 0)
		return -1;
	*word_r = strdup(text);
	return *word_r != NULL ? 0 : no_memory(error_r);
}

int postern_config_read_account(const char *text, char **word_r, const char **error_r)
{
	return postern_precis_username(text, word_r, error_r) == POSTERN_PRECIS_OK ? 0 : -1;
}

int postern_config_read_address(const char *text, char **word_r, const char **error_r)
{
	char formatted[2 * POSTERN_ADDRESS_MAX];
	struct postern_address address;

	if (postern_address_parse(text, strlen(text), &address, error_r) < 0)
		return -1;
	postern_address_format(&address, formatted, sizeof(formatted));
	*word_r = strdup(formatted);
	return *word_r != NULL ? 0 : no_memory(error_r);
}

int postern_config_read_list(const char *text, postern_config_word_fn *read_word, char ***list_r,
			     const char **error_r)
{
	size_t size = strlen(text), count = 0;
	/* At most every second octet begins a word. */
	char **list = calloc(size / 2 + 2, sizeof(*list));
	char *copy = strdup(text), *rest = copy, *word;
	int ret = 0;

	if (list == NULL || copy == NULL)
		ret = no_memory(error_r);
	while (ret == 0 && (word = strsep(&rest, separators)) != NULL) {
		if (*word == '\0')
			continue;
		ret = read_word(word, &list[count], error_r);
		if (ret == 0)
			count++;
	}
	free(copy);
	if (ret < 0) {
		postern_config_list_free(&list);
		return -1;
	}
	postern_config_list_free(list_r);
	*list_r = list;
	return 0;
}

void postern_config_list_free(char ***list)
{
	for (size_t i = 0; *list != NULL && (*list)[i] != NULL; i++)
		free((*list)[i]);
	free(*list);
	*list = NULL;
}
