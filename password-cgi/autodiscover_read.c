/* SPDX-License-Identifier: MIT */
#include "autodiscover.h"

#include <string.h>

#include <expat.h>

struct reader {
	XML_Parser parser;
	char *address;
	size_t size, used;
	unsigned depth;
	/* Depth of the element that is being read; 0 outside of it. */
	unsigned inside;
	bool found, bad;
};

static void refuse(struct reader *reader)
{
	reader->bad = true;
	XML_StopParser(reader->parser, XML_FALSE);
}

/* expat puts the namespace before the name, with the separator between. */
static bool is_address(const char *name)
{
	const char *local = strrchr(name, '|');

	return strcmp(local != NULL ? local + 1 : name, "EMailAddress") == 0;
}

static void begin_element(void *context, const char *name, const char **attributes)
{
	struct reader *reader = context;

	(void)attributes;
	if (++reader->depth > POSTERN_AUTODISCOVER_DEPTH_MAX || reader->inside != 0) {
		refuse(reader);
	} else if (is_address(name)) {
		reader->inside = reader->depth;
		if (reader->found)
			refuse(reader);
		reader->found = true;
	}
}

static void end_element(void *context, const char *name)
{
	struct reader *reader = context;

	(void)name;
	if (reader->inside == reader->depth)
		reader->inside = 0;
	reader->depth--;
}

static void add_text(void *context, const char *text, int size)
{
	struct reader *reader = context;

	if (reader->inside == 0)
		return;
	if (reader->used + (size_t)size >= reader->size) {
		refuse(reader);
		return;
	}
	memcpy(reader->address + reader->used, text, (size_t)size);
	reader->used += (size_t)size;
}

static void begin_doctype(void *context, const char *name, const char *system_id,
			  const char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	refuse(context);
}

static void trim(char *text, size_t size)
{
	static const char blanks[] = " \t\r\n";
	size_t before;

	text[size] = '\0';
	while (size > 0 && strchr(blanks, text[size - 1]) != NULL)
		text[--size] = '\0';
	before = strspn(text, blanks);
	memmove(text, text + before, size - before + 1);
}

bool postern_autodiscover_read(const char *body, size_t body_size, char *address_r, size_t size)
{
	struct reader reader = { .address = address_r, .size = size };
	bool good;

	if (body_size > POSTERN_AUTODISCOVER_MAX)
		return false;
	reader.parser = XML_ParserCreateNS(NULL, '|');
	if (reader.parser == NULL)
		return false;
	XML_SetUserData(reader.parser, &reader);
	XML_SetElementHandler(reader.parser, begin_element, end_element);
	XML_SetCharacterDataHandler(reader.parser, add_text);
	XML_SetStartDoctypeDeclHandler(reader.parser, begin_doctype);
	good = XML_Parse(reader.parser, body, (int)body_size, 1) == XML_STATUS_OK && !reader.bad &&
		reader.found;
	XML_ParserFree(reader.parser);
	trim(address_r, reader.used);
	return good && *address_r != '\0';
}
