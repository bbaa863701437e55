/* SPDX-License-Identifier: MIT */
#include "config_value.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "address.h"
#include "escape.h"

#define NAME_SERVICE_BUFFER 16384

static int no_memory(const char **error_r)
{
	return postern_error(error_r, "no memory");
}

int postern_config_unexpected(const char *expected, const char *text, const char **error_r)
{
	char shown[80];

	return postern_error(error_r, "expected %s, not \"%s\"", expected,
			     postern_escape(text, strlen(text), shown, sizeof(shown)));
}

int postern_config_replace(char **value_r, const char *text, const char **error_r)
{
	char *copy = NULL;

	if (text != NULL && (copy = strdup(text)) == NULL)
		return no_memory(error_r);
	free(*value_r);
	*value_r = copy;
	return 0;
}

int postern_config_read_path(const char *text, char **value_r, const char **error_r)
{
	const char *end = text + strlen(text);
	bool climbs = strstr(text, "/../") != NULL ||
		(end - text >= 3 && strcmp(end - 3, "/..") == 0);

	if (text[0] != '/' || climbs)
		return postern_config_unexpected("an absolute path without \"..\"", text, error_r);
	return postern_config_replace(value_r, text, error_r);
}

int postern_config_read_file(const char *text, char **value_r, const char **error_r)
{
	return *text == '\0' ? postern_config_replace(value_r, text, error_r) :
		postern_config_read_path(text, value_r, error_r);
}

int postern_config_read_log(const char *text, char **value_r, const char **error_r)
{
	if (strcmp(text, "syslog") == 0)
		return postern_config_replace(value_r, NULL, error_r);
	if (strcmp(text, "stderr") == 0)
		return postern_config_replace(value_r, text, error_r);
	return postern_config_unexpected("syslog or stderr", text, error_r);
}

/* Decimal digits alone: strtoul would take blanks and signs too. */
bool postern_config_read_digits(const char *text, unsigned long max, unsigned long *number_r)
{
	char *end;

	if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
		return false;
	errno = 0;
	*number_r = strtoul(text, &end, 10);
	return errno == 0 && *number_r <= max;
}

int postern_config_read_number(const char *text, unsigned long min, unsigned long max,
			       unsigned long *value_r, const char **error_r)
{
	unsigned long number;

	if (!postern_config_read_digits(text, max, &number) || number < min) {
		char expected[64];

		snprintf(expected, sizeof(expected), "a number from %lu to %lu", min, max);
		return postern_config_unexpected(expected, text, error_r);
	}
	*value_r = number;
	return 0;
}

uid_t postern_config_user_or_none(const char *text)
{
	char buffer[NAME_SERVICE_BUFFER];
	struct passwd entry, *found = NULL;
	unsigned long number;

	if (postern_config_read_digits(text, POSTERN_CONFIG_ID_MAX, &number))
		return (uid_t)number;
	if (getpwnam_r(text, &entry, buffer, sizeof(buffer), &found) != 0 || found == NULL)
		return (uid_t)-1;
	return found->pw_uid;
}

gid_t postern_config_group_or_none(const char *text)
{
	char buffer[NAME_SERVICE_BUFFER];
	struct group entry, *found = NULL;
	unsigned long number;

	if (postern_config_read_digits(text, POSTERN_CONFIG_ID_MAX, &number))
		return (gid_t)number;
	if (getgrnam_r(text, &entry, buffer, sizeof(buffer), &found) != 0 || found == NULL)
		return (gid_t)-1;
	return found->gr_gid;
}

int postern_config_read_user(const char *text, uid_t *value_r, const char **error_r)
{
	uid_t user = postern_config_user_or_none(text);

	if (user == (uid_t)-1)
		return postern_config_unexpected("a user of this machine or a number", text, error_r);
	*value_r = user;
	return 0;
}

int postern_config_read_group(const char *text, gid_t *value_r, const char **error_r)
{
	gid_t group = postern_config_group_or_none(text);

	if (group == (gid_t)-1)
		return postern_config_unexpected("a group of this machine or a number", text, error_r);
	*value_r = group;
	return 0;
}

int postern_config_read_delimiter(const char *text, char *value_r, const char **error_r)
{
	/* Marks of an RFC 5322 atom. A letter or digit would split words, and "@" and "."
	   have a meaning of their own. */
	static const char marks[] = "!#$%&'*+-/=?^_`{|}~";

	if (text[0] != '\0' && (text[1] != '\0' || strchr(marks, text[0]) == NULL))
		return postern_config_unexpected("one mark like \"+\" or \"-\", or nothing", text,
						 error_r);
	*value_r = text[0];
	return 0;
}

int postern_config_read_bool(const char *text, bool *value_r, const char **error_r)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return postern_config_unexpected("yes or no", text, error_r);
	*value_r = strcmp(text, "yes") == 0;
	return 0;
}

int postern_config_read_host(const char *text, char **value_r, const char **error_r)
{
	char host[POSTERN_DOMAIN_MAX + 1];

	if (*text == '\0')
		return postern_config_replace(value_r, text, error_r);
	if (postern_domain_normalize(text, strlen(text), host, error_r) < 0)
		return -1;
	return postern_config_replace(value_r, host, error_r);
}

/* What may stand in the path of a URL without being escaped, "/" and "." set aside
   (RFC 3986, 2.3), and in a Location, a cookie or HTML as it is. */
static bool is_path(const char *path)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_./";

	return path[strspn(path, unreserved)] == '\0' && strstr(path, "//") == NULL &&
		strstr(path, "/.") == NULL;
}

int postern_config_read_url(const char *text, char **value_r, const char **error_r)
{
	static const char scheme[] = "https://";
	static const char expected[] = "a URL like https://mail.example.org/password.cgi";
	const char *host = text + sizeof(scheme) - 1, *rest, *reason;
	char name[POSTERN_DOMAIN_MAX + 1], *url;
	unsigned long port = 443;
	size_t host_size, port_size = 0;
	int ret;

	if (*text == '\0')
		return postern_config_replace(value_r, text, error_r);
	if (strncasecmp(text, scheme, sizeof(scheme) - 1) != 0)
		return postern_config_unexpected(expected, text, error_r);
	host_size = strcspn(host, ":/");
	rest = host + host_size;
	if (*rest == ':') {
		char digits[6];

		port_size = strcspn(rest, "/");
		snprintf(digits, sizeof(digits), "%.*s", (int)port_size - 1, rest + 1);
		if (port_size > sizeof(digits) ||
		    !postern_config_read_digits(digits, 65535, &port) || port == 0)
			return postern_config_unexpected(expected, text, error_r);
		rest += port_size;
	}
	if (!is_path(rest) || postern_domain_normalize(host, host_size, name, &reason) < 0)
		return postern_config_unexpected(expected, text, error_r);
	ret = port == 443 ? asprintf(&url, "%s%s%s", scheme, name, rest) :
		asprintf(&url, "%s%s:%lu%s", scheme, name, port, rest);
	if (ret < 0)
		return no_memory(error_r);
	if (url[ret - 1] == '/')
		url[ret - 1] = '\0';
	free(*value_r);
	*value_r = url;
	return 0;
}
