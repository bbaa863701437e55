/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "body.h"
#include "field.h"

/* Octets of a part's header, and what stands of it in one line. */
#define HEADER_MAX 1024

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *cursor, const char *text)
{
	size_t size = strlen(text);

	if ((size_t)(cursor->end - cursor->at) < size || memcmp(cursor->at, text, size) != 0)
		return false;
	cursor->at += size;
	return true;
}

struct part {
	const char *name;
	size_t name_size;
	bool is_file;
};

/* Takes ` name="value"` off, with the value as it stands there. */
static bool take_parameter(struct cursor *line, const char *name, const char **value_r,
			   size_t *size_r)
{
	struct cursor copy = *line;
	const char *quote;

	while (take(&copy, " "))
		;
	if (!take(&copy, name) || !take(&copy, "=\""))
		return false;
	quote = memchr(copy.at, '"', (size_t)(copy.end - copy.at));
	if (quote == NULL)
		return false;
	*value_r = copy.at;
	*size_r = (size_t)(quote - copy.at);
	line->at = quote + 1;
	line->end = copy.end;
	return true;
}

/* RFC 7578, 4.2. A browser writes a quote in a file's name as %22. */
static bool read_disposition(struct cursor line, struct part *part)
{
	const char *ignored;
	size_t ignored_size;

	while (take(&line, " "))
		;
	if (part->name != NULL || !take(&line, "form-data;") ||
	    !take_parameter(&line, "name", &part->name, &part->name_size))
		return false;
	if (take(&line, ";")) {
		if (!take_parameter(&line, "filename", &ignored, &ignored_size))
			return false;
		part->is_file = true;
	}
	return line.at == line.end;
}

static bool is_header(struct cursor *line, const char *name)
{
	size_t size = strlen(name);

	if ((size_t)(line->end - line->at) <= size || strncasecmp(line->at, name, size) != 0 ||
	    line->at[size] != ':')
		return false;
	line->at += size + 1;
	return true;
}

/* Reads the header of a part, up to the empty line. */
static bool read_header(struct cursor *body, struct part *part)
{
	size_t left = (size_t)(body->end - body->at);
	const char *end = memmem(body->at, left < HEADER_MAX ? left : HEADER_MAX, "\r\n\r\n", 4);

	memset(part, 0, sizeof(*part));
	if (end == NULL)
		return false;
	while (body->at < end + 2) {
		const char *line_end = memmem(body->at, (size_t)(end + 2 - body->at), "\r\n", 2);
		struct cursor line = { body->at, line_end };

		if (line_end == NULL)
			return false;
		body->at = line_end + 2;
		if (is_header(&line, "Content-Disposition")) {
			if (!read_disposition(line, part))
				return false;
		} else if (!is_header(&line, "Content-Type")) {
			/* No other is of use (RFC 7578, 4.8), and an encoding would be. */
			return false;
		}
	}
	body->at = end + 4;
	return part->name != NULL;
}

/* Browsers send a file that nobody chose as one without a name and without octets; and a field that
   is no file must not come as one. */
static int add_part(const struct postern_route *route, const struct part *part,
		    const char *value, size_t size, struct postern_page_message *form)
{
	const struct postern_field *field = postern_field_find(part->name, part->name_size);

	if (field == NULL || part->is_file != (field->kind == POSTERN_FIELD_FILE))
		return 400;
	if (part->is_file && size == 0)
		return 0;
	return postern_body_add(route, part->name, part->name_size, value, size, form);
}

int postern_body_multipart(const struct postern_route *route, const char *boundary,
			   const char *data, size_t size, struct postern_page_message *form)
{
	char delimiter[POSTERN_BOUNDARY_MAX + 8];
	struct cursor body = { data, data + size };

	snprintf(delimiter, sizeof(delimiter), "\r\n--%s", boundary);
	/* The first stands at the very beginning; nobody sends a preamble. */
	if (!take(&body, delimiter + 2))
		return 400;
	while (take(&body, "\r\n")) {
		struct part part;
		const char *end;
		int status;

		if (!read_header(&body, &part))
			return 400;
		end = memmem(body.at, (size_t)(body.end - body.at), delimiter, strlen(delimiter));
		if (end == NULL)
			return 400;
		status = add_part(route, &part, body.at, (size_t)(end - body.at), form);
		if (status != 0)
			return status;
		body.at = end + strlen(delimiter);
	}
	if (!take(&body, "--"))
		return 400;
	return body.at == body.end || (take(&body, "\r\n") && body.at == body.end) ? 0 : 400;
}
