/* SPDX-License-Identifier: MIT */
#include "socketmap.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "log.h"
#include "ownership.h"

/* Digits of a length, and those of ours. */
#define DIGITS_MAX 5
#define NETSTRING_EXTRA (DIGITS_MAX + 2)

int postern_socketmap_parse(const char *data, size_t size, const char **text_r,
			    size_t *text_size_r, size_t *used_r, const char **error_r)
{
	size_t length = 0, i;

	for (i = 0; i < size && data[i] >= '0' && data[i] <= '9'; i++) {
		length = length * 10 + (size_t)(data[i] - '0');
		if (length > POSTERN_SOCKETMAP_REQUEST_MAX)
			return postern_error(error_r, "socketmap request that is too long");
	}
	if (i > DIGITS_MAX || (i < size && (i == 0 || data[i] != ':')))
		return postern_error(error_r, "socketmap request that is no netstring");
	/* The colon and the comma. */
	if (size < i + 1 + length + 1)
		return POSTERN_SOCKETMAP_MORE;
	if (data[i + 1 + length] != ',')
		return postern_error(error_r, "socketmap request that is no netstring");
	*text_r = data + i + 1;
	*text_size_r = length;
	*used_r = i + 1 + length + 1;
	return POSTERN_SOCKETMAP_COMPLETE;
}

struct owner_list {
	char text[POSTERN_SOCKETMAP_REPLY_MAX - NETSTRING_EXTRA];
	size_t used;
};

static bool is_there(const struct owner_list *list, const char *account, size_t size)
{
	for (const char *at = list->text + strlen("OK"); *at == ' ' || *at == ',';) {
		size_t length = strcspn(++at, ",");

		if (length == size && memcmp(at, account, size) == 0)
			return true;
		at += length;
	}
	return false;
}

/* Postfix takes commas and blanks as the ends of names: a login name with one in it would be
   several, and perhaps other users'. An account that cannot be named is left out. */
static int add_owner(const char *account, void *context)
{
	struct owner_list *list = context;
	size_t size = strlen(account);

	if (strpbrk(account, ", \t\r\n") != NULL || is_there(list, account, size))
		return 0;
	if (list->used + 1 + size >= sizeof(list->text))
		return 1;
	list->text[list->used] = list->used == strlen("OK") ? ' ' : ',';
	memcpy(list->text + list->used + 1, account, size + 1);
	list->used += 1 + size;
	return 0;
}

static int find_owners(struct postern_generation *generation, const struct postern_address *address,
		       struct owner_list *list)
{
	struct postern_store *store = NULL;
	const char *error;
	int ret;

	if (postern_store_pool_take(generation->stores, &store, &error) < 0) {
		postern_log(LOG_ERR, "socketmap: %s", error);
		return -1;
	}
	ret = postern_ownership_owners(store, generation->config, address, add_owner, list, &error);
	if (ret < 0) {
		postern_log(LOG_ERR, "socketmap: %s", error);
		postern_store_pool_drop(generation->stores, &store);
	}
	postern_store_pool_give(generation->stores, &store);
	return ret;
}

/* "local@domain" or "@domain", which is what Postfix asks for next. */
static int parse_key(const char *key, size_t size, struct postern_address *address_r)
{
	const char *ignored;

	memset(address_r, 0, sizeof(*address_r));
	if (size > 1 && *key == '@')
		return postern_domain_normalize(key + 1, size - 1, address_r->domain, &ignored);
	return postern_address_parse(key, size, address_r, &ignored);
}

static const char *answer(struct postern_generation *generation, const char *text, size_t size,
			  struct owner_list *list)
{
	static const char prefix[] = POSTERN_SOCKETMAP_NAME " ";
	struct postern_address address;
	int ret;

	if (size < strlen(prefix) || memcmp(text, prefix, strlen(prefix)) != 0)
		return "PERM there is one table, \"" POSTERN_SOCKETMAP_NAME "\"";
	ret = parse_key(text + strlen(prefix), size - strlen(prefix), &address);
	if (ret < 0)
		return ret == POSTERN_ADDRESS_NO_MEMORY ? "TEMP out of memory" : "NOTFOUND ";
	strcpy(list->text, "OK");
	list->used = strlen("OK");
	switch (find_owners(generation, &address, list)) {
	case 0:
		return list->used > strlen("OK") ? list->text : "NOTFOUND ";
	case 1:
		return "TEMP the address has too many owners to name";
	default:
		return "TEMP the store cannot be read; the log of postern-milter says why";
	}
}

size_t postern_socketmap_answer(struct postern_generation *generation, const char *text,
				size_t size, char reply_r[POSTERN_SOCKETMAP_REPLY_MAX])
{
	struct owner_list list;
	const char *reply = answer(generation, text, size, &list);

	return (size_t)snprintf(reply_r, POSTERN_SOCKETMAP_REPLY_MAX, "%zu:%s,", strlen(reply),
				reply);
}
