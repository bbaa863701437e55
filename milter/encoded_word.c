/* SPDX-License-Identifier: MIT */
#include "encoded_word.h"

#include <string.h>

#include "charset.h"

struct encoded_word {
	const struct postern_charset *charset;
	char encoding;
	const char *payload;
	size_t payload_size;
};

struct decoder {
	const char *pos, *end;
	/* Octets of words that belong together, not yet converted; charset is NULL when there
	   are none. */
	char *octets;
	size_t octets_size;
	const struct postern_charset *charset;
	/* Where those words begin. */
	const char *start;
	bool ascii_trail;
	size_t text_max;
	struct postern_decoded *decoded;
};

bool postern_encoded_word_present(const char *text, size_t size)
{
	return memmem(text, size, "=?", 2) != NULL;
}

static bool is_token(char c)
{
	return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?.=", c) == NULL;
}

/* charset ["*" language] "?" encoding "?" payload "?=" behind "=?" (RFC 2047, 2; RFC 2231, 5).
   *pos is then behind it. */
static int parse_word(const char **pos, const char *end, struct encoded_word *word_r)
{
	const char *name = *pos, *p = *pos, *name_end, *stop;

	while (p < end && is_token(*p))
		p++;
	name_end = memchr(name, '*', (size_t)(p - name));
	if (name_end == NULL)
		name_end = p;
	if (end - p < 3 || p[0] != '?' || p[2] != '?')
		return POSTERN_ENCODED_BROKEN;
	word_r->encoding = (char)(p[1] | 0x20);
	word_r->payload = p + 3;
	stop = memchr(word_r->payload, '?', (size_t)(end - word_r->payload));
	if (stop == NULL || end - stop < 2 || stop[1] != '=')
		return POSTERN_ENCODED_BROKEN;
	word_r->payload_size = (size_t)(stop - word_r->payload);
	*pos = stop + 2;
	word_r->charset = postern_charset_find(name, (size_t)(name_end - name));
	return word_r->charset == NULL ? POSTERN_ENCODED_CHARSET : POSTERN_ENCODED_OK;
}

bool postern_encoded_words_whole(const char *text, size_t size)
{
	const char *pos = text, *end = text + size;
	struct encoded_word word;

	while ((pos = memmem(pos, (size_t)(end - pos), "=?", 2)) != NULL) {
		pos += 2;
		if (parse_word(&pos, end, &word) == POSTERN_ENCODED_BROKEN)
			return false;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* RFC 2047, 4.2. */
static bool decode_q(const char *payload, size_t size, char *octets, size_t *used)
{
	for (size_t i = 0; i < size; i++) {
		int high, low;

		if (payload[i] <= ' ' || payload[i] >= 0x7f)
			return false;
		if (payload[i] != '=') {
			octets[(*used)++] = payload[i] == '_' ? ' ' : payload[i];
			continue;
		}
		if (size - i < 3)
			return false;
		high = hex_digit(payload[i + 1]);
		low = hex_digit(payload[i + 2]);
		if (high < 0 || low < 0)
			return false;
		octets[(*used)++] = (char)(high << 4 | low);
		i += 2;
	}
	return true;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* RFC 2047, 4.1, and RFC 4648, 4 with its padding: readers make different things of what lacks
   it or goes on behind it. */
static bool decode_b(const char *payload, size_t size, char *octets, size_t *used)
{
	size_t padding = 0;

	if (size % 4 != 0)
		return false;
	while (padding < 2 && padding < size && payload[size - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < size; i += 4) {
		size_t digits = i + 4 == size ? 4 - padding : 4;
		unsigned long group = 0;

		for (size_t k = 0; k < 4; k++) {
			int digit = k < digits ? base64_digit(payload[i + k]) : 0;

			if (digit < 0)
				return false;
			group = group << 6 | (unsigned long)digit;
		}
		for (size_t k = 0; k < digits - 1; k++)
			octets[(*used)++] = (char)(group >> (16 - 8 * k) & 0xff);
	}
	return true;
}

static bool decode_payload(const struct encoded_word *word, char *octets, size_t *used)
{
	switch (word->encoding) {
	case 'q':
		return decode_q(word->payload, word->payload_size, octets, used);
	case 'b':
		return decode_b(word->payload, word->payload_size, octets, used);
	default:
		return false;
	}
}

static void put_ascii(struct postern_decoded *decoded, const char *octets, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)octets[i] < 0x80)
			decoded->octets[decoded->octets_size++] = octets[i];
	}
}

static int fail(struct postern_decoded *decoded, const char *found, const char *end, int outcome)
{
	decoded->found = found;
	decoded->found_size = (size_t)(end - found);
	return outcome;
}

/* Converts the words that were put together; decoder->pos is behind them. */
static int flush(struct decoder *decoder, const char **error_r)
{
	struct postern_decoded *decoded = decoder->decoded;
	int ret;

	if (decoder->charset == NULL)
		return POSTERN_ENCODED_OK;
	put_ascii(decoded, decoder->octets, decoder->octets_size);
	decoder->ascii_trail |= postern_charset_has_ascii_trail(decoder->charset);
	ret = postern_charset_decode(decoder->charset, decoder->octets, decoder->octets_size,
				     decoded->text, &decoded->size, decoder->text_max, error_r);
	decoder->charset = NULL;
	decoder->octets_size = 0;
	if (ret == POSTERN_CHARSET_INVALID)
		return fail(decoded, decoder->start, decoder->pos, POSTERN_ENCODED_INVALID);
	return ret;
}

static bool is_blank(const char *text, const char *end)
{
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	return text == end;
}

/* What stands outside of encoded words, up to end. */
static int put_literal(struct decoder *decoder, const char *end, const char **error_r)
{
	struct postern_decoded *decoded = decoder->decoded;
	size_t size = (size_t)(end - decoder->pos);
	int ret = flush(decoder, error_r);

	if (ret != POSTERN_ENCODED_OK)
		return ret;
	memcpy(decoded->text + decoded->size, decoder->pos, size);
	decoded->size += size;
	put_ascii(decoded, decoder->pos, size);
	decoder->pos = end;
	return POSTERN_ENCODED_OK;
}

/* decoder->pos is at "=?". A character may be split over two words of one character set: RFC
   2047, 5 forbids it, many mailers do it. */
static int put_word(struct decoder *decoder, const char **error_r)
{
	const char *start = decoder->pos, *behind = start + 2;
	struct encoded_word word;
	int ret = parse_word(&behind, decoder->end, &word);

	if (ret != POSTERN_ENCODED_OK)
		return fail(decoder->decoded, start, decoder->end, ret);
	if (word.charset != decoder->charset || !postern_charset_is_stateless(word.charset)) {
		ret = flush(decoder, error_r);
		if (ret != POSTERN_ENCODED_OK)
			return ret;
		decoder->start = start;
		decoder->charset = word.charset;
	}
	decoder->pos = behind;
	if (!decode_payload(&word, decoder->octets, &decoder->octets_size))
		return fail(decoder->decoded, start, behind, POSTERN_ENCODED_BROKEN);
	return POSTERN_ENCODED_OK;
}

static int decode_all(struct decoder *decoder, const char **error_r)
{
	bool behind_word = false;

	for (;;) {
		const char *word = memmem(decoder->pos, (size_t)(decoder->end - decoder->pos),
					  "=?", 2);
		int ret = POSTERN_ENCODED_OK;

		if (word == NULL)
			return put_literal(decoder, decoder->end, error_r);
		/* Blanks between two encoded words are not part of the text (RFC 2047, 6.2). */
		if (behind_word && is_blank(decoder->pos, word))
			decoder->pos = word;
		else
			ret = put_literal(decoder, word, error_r);
		if (ret == POSTERN_ENCODED_OK)
			ret = put_word(decoder, error_r);
		if (ret != POSTERN_ENCODED_OK)
			return ret;
		behind_word = true;
	}
}

int postern_encoded_words_decode(const char *text, size_t size, char *room,
				 struct postern_decoded *decoded_r, const char **error_r)
{
	struct decoder decoder = {
		.pos = text, .end = text + size, .octets = room,
		.text_max = POSTERN_CHARSET_GROWTH * size, .decoded = decoded_r,
	};
	int ret;

	*decoded_r = (struct postern_decoded){
		.octets = room + size, .text = room + 2 * size,
	};
	ret = decode_all(&decoder, error_r);
	if (!decoder.ascii_trail)
		decoded_r->octets_size = 0;
	/* Encoded twice: some readers decode twice. */
	if (ret == POSTERN_ENCODED_OK &&
	    postern_encoded_word_present(decoded_r->text, decoded_r->size))
		return fail(decoded_r, decoded_r->text, decoded_r->text + decoded_r->size,
			    POSTERN_ENCODED_BROKEN);
	return ret;
}
