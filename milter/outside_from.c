/* SPDX-License-Identifier: MIT */
#include "outside_from.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <unistr.h>

#include "charset.h"
#include "encoded_word.h"
#include "header_field.h"
#include "identity_text.h"
#include "mailbox_list.h"

/* What is looked for, and who is told. */
struct search {
	postern_outside_domain_fn *fn;
	void *context;
	const char **error_r;
};

static int no_memory(const struct search *search)
{
	return postern_error(search->error_r, "no memory to read a field");
}

/* Returns 0 when all of it was read and asked for, 1 when it could not be read, -1, or what fn ended the
   walk with in *ended_r. */
static int read_strictly(const struct search *search, const char *body, size_t size, int *ended_r)
{
	struct postern_mailbox_list list;
	struct postern_mailbox mailbox;
	enum postern_mailbox_outcome outcome;
	char *room;
	size_t offset;

	if (postern_field_check_octets(body, size, &offset) != POSTERN_OCTETS_OK)
		return 1;
	room = malloc(POSTERN_MAILBOX_ROOM(size));
	if (room == NULL)
		return no_memory(search);
	postern_mailbox_list_init(&list, body, size, room);
	while ((outcome = postern_mailbox_list_next(&list, &mailbox)) == POSTERN_MAILBOX_FOUND &&
	       *ended_r == 0)
		*ended_r = search->fn(mailbox.address.domain, search->context, search->error_r);
	free(room);
	if (outcome == POSTERN_MAILBOX_NO_MEMORY)
		return no_memory(search);
	return outcome == POSTERN_MAILBOX_END || *ended_r != 0 ? 0 : 1;
}

static bool is_domain_octet(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.' || (c & 0x80) != 0;
}

/* Whatever stands behind an at-sign. */
static int search_domains(const struct search *search, const char *text, size_t size)
{
	const char *end = text + size;
	char domain[POSTERN_DOMAIN_MAX + 1];

	for (const char *at = text; (at = memchr(at, '@', (size_t)(end - at))) != NULL; at++) {
		const char *stop = at + 1;
		int ret;

		while (stop < end && is_domain_octet(*stop))
			stop++;
		while (stop > at + 1 && stop[-1] == '.')
			stop--;
		ret = postern_domain_normalize(at + 1, (size_t)(stop - at - 1), domain,
					       search->error_r);
		if (ret == POSTERN_ADDRESS_MALFORMED)
			continue;
		if (ret == 0)
			ret = search->fn(domain, search->context, search->error_r);
		if (ret != 0)
			return ret;
	}
	return 0;
}

/* Readers do not agree on where a comment begins in a field that is broken. */
enum comments {
	COMMENTS_ANYWHERE,
	COMMENTS_NOT_IN_QUOTES,
	COMMENTS_NOWHERE,
	COMMENTS_COUNT
};

/* Takes out comments, quotes and blanks. Returns the size. */
static size_t strip(const char *body, size_t size, enum comments comments, char *text_r)
{
	bool quoted = false, escaped = false;
	unsigned depth = 0;
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		bool literal = comments == COMMENTS_NOWHERE ||
			(comments == COMMENTS_NOT_IN_QUOTES && (quoted || escaped));

		quoted ^= body[i] == '"' && depth == 0 && !escaped;
		escaped = body[i] == '\\' && !escaped;
		if (body[i] == '(' && !literal)
			depth++;
		else if (body[i] == ')' && depth > 0 && !literal)
			depth--;
		else if (depth == 0 && (unsigned char)body[i] > ' ' &&
			 strchr(literal ? "\"\\" : "\"\\)", body[i]) == NULL)
			text_r[used++] = body[i];
	}
	return used;
}

static int search_stripped(const struct search *search, const char *text, size_t size)
{
	int ways = memchr(text, '(', size) == NULL ? 1 : COMMENTS_COUNT, ret = 0;
	char *stripped = malloc(size + 1);

	if (stripped == NULL)
		return no_memory(search);
	for (int i = 0; ret == 0 && i < ways; i++)
		ret = search_domains(search, stripped, strip(text, size, (enum comments)i, stripped));
	free(stripped);
	return ret;
}

static int search_as_it_is(const struct search *search, const char *text, size_t size)
{
	int ret = search_domains(search, text, size);

	return ret != 0 ? ret : search_stripped(search, text, size);
}

/* As a screen shows it: no character that is not drawn, another at-sign or full stop as the one of
   ASCII. */
static int search_shown(const struct search *search, const char *text, size_t size)
{
	char *folded = NULL;
	size_t folded_size;
	int ret = 0;

	if (u8_check((const uint8_t *)text, size) != NULL)
		return 0;
	if (postern_identity_text_fold(text, size, &folded, &folded_size, search->error_r) < 0)
		return -1;
	if (folded != NULL)
		ret = search_as_it_is(search, folded, folded_size);
	free(folded);
	return ret;
}

/* As a reader has it who drops what is not ASCII, and controls. */
static int search_ascii(const struct search *search, const char *text, size_t size)
{
	char *ascii = malloc(size + 1);
	size_t used = 0;
	int ret;

	if (ascii == NULL)
		return no_memory(search);
	for (size_t i = 0; i < size; i++) {
		if (text[i] >= ' ' && text[i] < 0x7f)
			ascii[used++] = text[i];
	}
	ret = search_as_it_is(search, ascii, used);
	free(ascii);
	return ret;
}

static int search_text(const struct search *search, const char *text, size_t size)
{
	int ret = search_as_it_is(search, text, size);

	if (ret == 0)
		ret = search_shown(search, text, size);
	if (ret == 0)
		ret = search_ascii(search, text, size);
	return ret;
}

/* Decodes encoded words wherever they stand, and goes on behind the "=?" of what is none. text_r has
   room for what decoding makes of size octets at the most. Returns 0 with the size, or -1. */
static int decode(const struct search *search, const char *body, size_t size, char *text_r,
		  size_t *size_r)
{
	const char *pos = body, *end = body + size;
	char *room = malloc(POSTERN_DECODED_ROOM(size) + 1);
	int ret = 1;

	*size_r = 0;
	if (room == NULL)
		return no_memory(search);
	while (ret > 0 && pos < end) {
		struct postern_decoded decoded;

		ret = postern_encoded_words_decode(pos, (size_t)(end - pos), room, &decoded,
						   search->error_r);
		if (ret < 0)
			break;
		memcpy(text_r + *size_r, decoded.text, decoded.size);
		*size_r += decoded.size;
		/* In what was decoded where that holds encoded words again: all of it is there. */
		if (ret > 0 && decoded.found >= pos && decoded.found < end)
			pos = decoded.found + 2;
		else
			ret = 0;
	}
	free(room);
	return ret < 0 ? -1 : 0;
}

static int search_decoded(const struct search *search, const char *body, size_t size)
{
	char *text;
	size_t text_size;
	int ret;

	if (!postern_encoded_word_present(body, size))
		return 0;
	text = malloc(POSTERN_CHARSET_GROWTH * size);
	if (text == NULL)
		return no_memory(search);
	ret = decode(search, body, size, text, &text_size);
	if (ret == 0)
		ret = search_text(search, text, text_size);
	free(text);
	return ret;
}

int postern_outside_from_each(const char *body, size_t size, postern_outside_domain_fn *fn,
			      void *context, const char **error_r)
{
	struct search search = { .fn = fn, .context = context, .error_r = error_r };
	int ret, ended = 0;

	if (size > POSTERN_OUTSIDE_FROM_MAX)
		size = POSTERN_OUTSIDE_FROM_MAX;
	ret = read_strictly(&search, body, size, &ended);
	if (ret <= 0)
		return ret < 0 ? ret : ended;
	ret = search_text(&search, body, size);
	return ret != 0 ? ret : search_decoded(&search, body, size);
}
