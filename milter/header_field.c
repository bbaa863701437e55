/* SPDX-License-Identifier: MIT */
#include "header_field.h"

#include <string.h>
#include <strings.h>

static const char *const titles[POSTERN_FIELDS] = {
	[POSTERN_FIELD_OTHER] = "",
	[POSTERN_FIELD_FROM] = "From",
	[POSTERN_FIELD_SENDER] = "Sender",
	[POSTERN_FIELD_RESENT_FROM] = "Resent-From",
	[POSTERN_FIELD_RESENT_SENDER] = "Resent-Sender",
	[POSTERN_FIELD_SUBJECT] = "Subject",
	[POSTERN_FIELD_DATE] = "Date",
	[POSTERN_FIELD_TO] = "To",
	[POSTERN_FIELD_CC] = "Cc",
	[POSTERN_FIELD_REPLY_TO] = "Reply-To",
	[POSTERN_FIELD_MESSAGE_ID] = "Message-ID",
	[POSTERN_FIELD_MIME_VERSION] = "MIME-Version",
	[POSTERN_FIELD_CONTENT] = "Content-",
};

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

enum postern_field postern_field_classify(const char *name, size_t size)
{
	const char *end = name + size;

	while (name < end && (unsigned char)*name <= ' ')
		name++;
	while (name < end && (unsigned char)end[-1] <= ' ')
		end--;
	size = (size_t)(end - name);

	for (enum postern_field field = POSTERN_FIELD_FROM; field < POSTERN_FIELD_CONTENT; field++) {
		if (strlen(titles[field]) == size && strncasecmp(titles[field], name, size) == 0)
			return field;
	}
	if (size > strlen("Content-") && strncasecmp("Content-", name, strlen("Content-")) == 0)
		return POSTERN_FIELD_CONTENT;
	return POSTERN_FIELD_OTHER;
}

const char *postern_field_title(enum postern_field field)
{
	return titles[field];
}

bool postern_field_name_is_legal(const char *name, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (name[i] <= ' ' || name[i] >= 0x7f || name[i] == ':')
			return false;
	}
	return size > 0;
}

static enum postern_octets check_line_end(const char *body, size_t size, size_t at)
{
	size_t next = at + 1;

	if (body[at] == '\r') {
		if (next >= size || body[next] != '\n')
			return POSTERN_OCTETS_BARE_CR;
		next++;
	}
	if (next < size && is_wsp(body[next]))
		return POSTERN_OCTETS_OK;
	return body[at] == '\r' ? POSTERN_OCTETS_BARE_CR : POSTERN_OCTETS_BARE_LF;
}

enum postern_octets postern_field_check_octets(const char *body, size_t size, size_t *offset_r)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)body[i];
		enum postern_octets found;

		if ((c >= ' ' && c != 0x7f) || c == '\t')
			continue;
		found = c == '\r' || c == '\n' ? check_line_end(body, size, i)
					       : POSTERN_OCTETS_CONTROL;
		if (found != POSTERN_OCTETS_OK) {
			*offset_r = i;
			return found;
		}
	}
	return POSTERN_OCTETS_OK;
}

bool postern_field_has_blank_line(const char *body, size_t size)
{
	const char *end = body + size;
	const char *line = memchr(body, '\n', size);

	while (line != NULL) {
		line++;
		while (line < end && is_wsp(*line))
			line++;
		if (line == end || *line == '\r' || *line == '\n')
			return true;
		line = memchr(line, '\n', (size_t)(end - line));
	}
	return false;
}
