/* SPDX-License-Identifier: MIT */
#include "escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <unictype.h>
#include <unistr.h>

/* Octets of \xHH. */
#define ESCAPE_SIZE 4

struct output {
	char *text;
	size_t used;
	/* Where the text ended when there was still room for the mark behind it. */
	size_t safe_end;
	/* Octets for text, its NUL not counted. */
	size_t room;
	const char *mark;
};

/* A character that shows as itself: everything else could move the cursor, turn the reading
   direction, end the line or stand there unseen. */
static bool is_plain(ucs4_t character)
{
	if (character == '\\')
		return false;
	return character == ' ' ||
		uc_is_general_category_withtable(character,
			UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N |
			UC_CATEGORY_MASK_P | UC_CATEGORY_MASK_S);
}

static bool append(struct output *output, const char *piece, size_t size)
{
	size_t mark_size = strlen(output->mark);

	if (output->used + size > output->room) {
		memcpy(output->text + output->safe_end, output->mark, mark_size);
		output->used = output->safe_end + mark_size;
		return false;
	}
	memcpy(output->text + output->used, piece, size);
	output->used += size;
	if (output->used + mark_size <= output->room)
		output->safe_end = output->used;
	return true;
}

static bool append_octet(struct output *output, uint8_t octet)
{
	static const char digits[] = "0123456789ABCDEF";
	char piece[ESCAPE_SIZE] = { '\\', 'x', digits[octet >> 4], digits[octet & 15] };

	return append(output, piece, sizeof(piece));
}

static const char *escape(const void *data, size_t data_size, char *text_r, size_t size,
			  bool ascii)
{
	struct output output = { .text = text_r, .room = size - 1, .mark = ascii ? "..." : "…" };
	const uint8_t *octets = data;
	size_t at = 0;
	bool fits = true;

	while (fits && at < data_size) {
		ucs4_t character;
		int length = u8_mbtoucr(&character, octets + at, data_size - at);
		bool plain = length > 0 && is_plain(character) && !(ascii && length > 1);

		if (plain) {
			fits = append(&output, (const char *)octets + at, (size_t)length);
			at += (size_t)length;
			continue;
		}
		for (int i = 0; fits && i < (length > 0 ? length : 1); i++)
			fits = append_octet(&output, octets[at++]);
	}
	text_r[output.used] = '\0';
	return text_r;
}

const char *postern_escape(const void *data, size_t data_size, char *text_r, size_t size)
{
	return escape(data, data_size, text_r, size, false);
}

const char *postern_escape_ascii(const void *data, size_t data_size, char *text_r, size_t size)
{
	return escape(data, data_size, text_r, size, true);
}

const char *postern_escape_quotes(const char *text, char *text_r, size_t size)
{
	static const char quote[] = "\\x22";
	size_t used = 0;

	for (; *text != '\0' && used + sizeof(quote) <= size; text++) {
		if (*text == '"') {
			memcpy(text_r + used, quote, strlen(quote));
			used += strlen(quote);
		} else {
			text_r[used++] = *text;
		}
	}
	text_r[used] = '\0';
	return text_r;
}
