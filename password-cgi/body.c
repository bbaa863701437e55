/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "field.h"
#include "secret.h"

int postern_body_add(const struct postern_route *route, const char *name, size_t name_size,
		     const char *value, size_t size, struct postern_page_message *form)
{
	const struct postern_field *field = postern_field_find(name, name_size);
	size_t ignored;

	if (field == NULL || !postern_route_takes(route, field->name) ||
	    form->count >= POSTERN_FIELDS_MAX)
		return 400;
	if (size > field->max)
		return 413;
	if (!postern_field_check(field, value, size) ||
	    postern_page_message_nth(form, field->name, field->times - 1, &ignored) != NULL)
		return 400;
	postern_page_message_add(form, field->name, value, size);
	return 0;
}

/* ---- urlencoded ---- */

static int hex(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)tolower((unsigned char)digit);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Into room for size octets; -1 for a % that begins nothing. */
static int decode(const char *text, size_t size, char *octets_r, size_t *size_r)
{
	size_t out = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '%') {
			if (size - i < 3 || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
				return -1;
			octets_r[out++] = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
			i += 2;
		} else {
			octets_r[out++] = text[i] == '+' ? ' ' : text[i];
		}
	}
	*size_r = out;
	return 0;
}

static int add_pair(const struct postern_route *route, const char *pair, size_t size,
		    char *room, struct postern_page_message *form)
{
	const char *equals = memchr(pair, '=', size);
	size_t name_raw = equals != NULL ? (size_t)(equals - pair) : size;
	size_t name_size, value_size = 0;
	char *value = room + name_raw;

	if (decode(pair, name_raw, room, &name_size) < 0 ||
	    (equals != NULL && decode(equals + 1, size - name_raw - 1, value, &value_size) < 0))
		return 400;
	return postern_body_add(route, room, name_size, value, value_size, form);
}

int postern_body_urlencoded(const struct postern_route *route, const char *data, size_t size,
			    struct postern_page_message *form)
{
	void *room = malloc(size + 1);
	const char *rest = data, *end = data + size;
	int status = room != NULL ? 0 : 500;

	while (status == 0 && rest < end) {
		const char *ampersand = memchr(rest, '&', (size_t)(end - rest));
		size_t pair = (size_t)((ampersand != NULL ? ampersand : end) - rest);

		if (pair > 0)
			status = add_pair(route, rest, pair, room, form);
		rest += pair + (ampersand != NULL);
	}
	postern_secret_free_sized(&room, size + 1);
	return status;
}

/* ---- Content-Type ---- */

/* A token (RFC 9110, 5.6.2), of which a media type and a parameter's name are made. */
static size_t token_size(const char *text)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	size_t size = 0;

	while (text[size] != '\0' && isascii((unsigned char)text[size]) &&
	       (isalnum((unsigned char)text[size]) || strchr(marks, text[size]) != NULL))
		size++;
	return size;
}

/* bchars of RFC 2046, 5.1.1, without the blank. */
static bool is_boundary(const char *text, size_t size)
{
	if (size == 0 || size > POSTERN_BOUNDARY_MAX)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!isascii((unsigned char)text[i]) || text[i] == '\0' ||
		    (!isalnum((unsigned char)text[i]) && strchr("'()+_,-./:=?", text[i]) == NULL))
			return false;
	}
	return true;
}

/* Takes one "; name=value" off *rest; false at the end, or where it is malformed. */
static bool next_parameter(const char **rest, const char **name_r, size_t *name_size_r,
			   const char **value_r, size_t *value_size_r)
{
	const char *at = *rest + strspn(*rest, " \t");

	if (*at != ';')
		return false;
	at += 1 + strspn(at + 1, " \t");
	*name_r = at;
	*name_size_r = token_size(at);
	at += *name_size_r;
	if (*name_size_r == 0 || *at != '=')
		return false;
	at++;
	if (*at == '"') {
		*value_r = at + 1;
		*value_size_r = strcspn(at + 1, "\"\\");
		at += 1 + *value_size_r;
		if (*at != '"')
			return false;
		at++;
	} else {
		*value_r = at;
		*value_size_r = token_size(at);
		at += *value_size_r;
	}
	*rest = at;
	return true;
}

enum postern_body_type postern_body_type(const char *content_type,
					 char boundary_r[POSTERN_BOUNDARY_MAX + 1])
{
	static const char urlencoded[] = "application/x-www-form-urlencoded";
	static const char multipart[] = "multipart/form-data";
	const char *rest = content_type, *name, *value;
	size_t size = strcspn(rest, "; \t"), name_size, value_size;

	boundary_r[0] = '\0';
	if (size == sizeof(urlencoded) - 1 && strncasecmp(rest, urlencoded, size) == 0)
		return POSTERN_BODY_URLENCODED;
	if (size != sizeof(multipart) - 1 || strncasecmp(rest, multipart, size) != 0)
		return POSTERN_BODY_OTHER;
	rest += size;
	while (next_parameter(&rest, &name, &name_size, &value, &value_size)) {
		if (name_size == 8 && strncasecmp(name, "boundary", 8) == 0 &&
		    is_boundary(value, value_size)) {
			memcpy(boundary_r, value, value_size);
			boundary_r[value_size] = '\0';
			return POSTERN_BODY_MULTIPART;
		}
	}
	return POSTERN_BODY_OTHER;
}
