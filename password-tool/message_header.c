/* SPDX-License-Identifier: MIT */
#include "message_header.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Size of the line at position, its end not counted; *next_r is where the one after it begins. */
static size_t line_size(const struct postern_message_header *header, size_t position,
			size_t *next_r)
{
	const char *line = header->data + position;
	size_t left = header->size - position;
	const char *end = memchr(line, '\n', left);
	size_t size = end == NULL ? left : (size_t)(end - line);

	*next_r = position + size + (end != NULL);
	return end != NULL && size > 0 && line[size - 1] == '\r' ? size - 1 : size;
}

static bool is_blank(char octet)
{
	return octet == ' ' || octet == '\t';
}

void postern_message_header_init(struct postern_message_header *header, const char *data,
				 size_t size)
{
	static const char mailbox_line[] = "From ";
	size_t at = strlen(mailbox_line), next;

	memset(header, 0, sizeof(*header));
	header->data = data;
	header->size = size;
	if (size < strlen(mailbox_line) || memcmp(data, mailbox_line, strlen(mailbox_line)) != 0)
		return;
	while (at < size && is_blank(data[at]))
		at++;
	/* "From : x" is a field, and an attack. */
	if (at < size && data[at] != ':') {
		(void)line_size(header, 0, &next);
		header->position = next;
	}
}

void postern_message_header_deinit(struct postern_message_header *header)
{
	free(header->body);
	header->body = NULL;
}

/* All lines of the field, from its colon on. */
static void unfold(struct postern_message_header *header, const char *body, size_t body_size,
		   size_t next, struct postern_message_field *field_r)
{
	size_t end = next, used = body_size;

	while (end < header->size && is_blank(header->data[end]))
		(void)line_size(header, end, &end);
	free(header->body);
	header->body = postern_memory_new(1, body_size + (end - next) + 1);
	memcpy(header->body, body, body_size);
	while (next < end) {
		const char *line = header->data + next;
		size_t size = line_size(header, next, &next);

		header->body[used++] = '\n';
		memcpy(header->body + used, line, size);
		used += size;
	}
	header->position = end;
	field_r->body = header->body;
	field_r->body_size = used;
}

/* Postfix takes blanks before the colon away. 0 for a line that it takes for no field at all. */
static size_t name_size(const char *line, size_t size)
{
	size_t name = 0, end;

	while (name < size && line[name] > ' ' && line[name] < 0x7f && line[name] != ':')
		name++;
	end = name;
	while (end < size && is_blank(line[end]))
		end++;
	return end < size && line[end] == ':' ? name : 0;
}

bool postern_message_header_next(struct postern_message_header *header,
				 struct postern_message_field *field_r)
{
	const char *line = header->data + header->position;
	const char *body;
	size_t size, next;

	if (header->position >= header->size)
		return false;
	size = line_size(header, header->position, &next);
	field_r->name = line;
	field_r->name_size = name_size(line, size);
	if (field_r->name_size == 0)
		return false;
	body = (const char *)memchr(line, ':', size) + 1;
	unfold(header, body, size - (size_t)(body - line), next, field_r);
	return true;
}
