/* SPDX-License-Identifier: MIT */
#include "auth_results.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

bool postern_auth_results_is_name(const char *field_name)
{
	size_t size = strlen(POSTERN_AUTH_RESULTS_FIELD);

	/* Blanks before the colon do not make it another field. */
	return strncasecmp(field_name, POSTERN_AUTH_RESULTS_FIELD, size) == 0 &&
	       field_name[size + strspn(field_name + size, " \t")] == '\0';
}

/* CFWS (RFC 5322, 3.2.2); a comment that does not end is the rest. */
static const char *skip_cfws(const char *pos)
{
	unsigned depth = 0;

	for (; *pos != '\0'; pos++) {
		if (*pos == '(')
			depth++;
		else if (*pos == ')' && depth > 0)
			depth--;
		else if (*pos == '\\' && depth > 0 && pos[1] != '\0')
			pos++;
		else if (depth == 0 && strchr(" \t\r\n", *pos) == NULL)
			break;
	}
	return pos;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The first thing in it that RFC 8601, 2.2 lets be a name. */
static bool begins_with(const char *value, const char *authserv_id)
{
	const char *pos = skip_cfws(value);
	const char *end;
	bool quoted = *pos == '"';

	pos += quoted;
	for (; *authserv_id != '\0'; authserv_id++, pos++) {
		if (quoted && *pos == '\\')
			pos++;
		if (lower(*pos) != lower(*authserv_id))
			return false;
	}
	/* Some write the name with the dot of the root. */
	pos += *pos == '.';
	end = quoted && *pos == '"' ? pos + 1 : pos;
	return *end == '\0' || strchr(" \t\r\n(;", *end) != NULL;
}

static bool is_name_octet(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* As a word of its own, and not a result's value: "smtp.helo=mx.example.test", "<x@mx.example.test>". */
static bool names(const char *value, const char *authserv_id)
{
	size_t size = strlen(authserv_id);

	for (const char *pos = value; (pos = strcasestr(pos, authserv_id)) != NULL; pos++) {
		char before = pos == value ? ' ' : pos[-1], behind = pos[size];

		if (behind == '.')
			behind = pos[size + 1];
		if (!is_name_octet(before) && strchr(".=@", before) == NULL &&
		    !is_name_octet(behind))
			return true;
	}
	return false;
}

bool postern_auth_results_is_by(const char *value, const char *authserv_id)
{
	return begins_with(value, authserv_id) || names(value, authserv_id);
}
