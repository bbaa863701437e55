/* SPDX-License-Identifier: MIT */
#include "identity_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

static bool is_ascii(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)text[i] >= 0x80)
			return false;
	}
	return true;
}

static enum postern_identity_characters classify(ucs4_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return POSTERN_CHARACTERS_CONTROL;
	/* U+2028 LS, PS, LRE, RLE, PDF, LRO, RLO; LRI, RLI, FSI, PDI. */
	if ((c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return POSTERN_CHARACTERS_BIDI;
	return POSTERN_CHARACTERS_OK;
}

enum postern_identity_characters postern_identity_text_check(const char *text, size_t size,
							     bool raw, unsigned *character_r)
{
	const uint8_t *pos = (const uint8_t *)text, *end = pos + size;

	while (pos < end) {
		enum postern_identity_characters found;
		ucs4_t c;

		pos += u8_mbtouc_unsafe(&c, pos, (size_t)(end - pos));
		if (raw && (c == '\t' || c == '\r' || c == '\n'))
			continue;
		found = classify(c);
		if (found != POSTERN_CHARACTERS_OK) {
			*character_r = c;
			return found;
		}
	}
	return POSTERN_CHARACTERS_OK;
}

/* U+0040, U+FE6B and U+FF20, which are all that NFKC makes an at-sign of. */
static bool has_at_sign(const char *text, size_t size)
{
	return memchr(text, '@', size) != NULL || memmem(text, size, "\xef\xb9\xab", 3) != NULL ||
	       memmem(text, size, "\xef\xbc\xa0", 3) != NULL;
}

bool postern_identity_text_may_turn(const char *text, size_t size, unsigned *character_r)
{
	const uint8_t *pos = (const uint8_t *)text, *end = pos + size;

	if (!has_at_sign(text, size))
		return false;
	while (pos < end) {
		ucs4_t c;

		pos += u8_mbtouc_unsafe(&c, pos, (size_t)(end - pos));
		if (c == 0x200e || c == 0x200f || c == 0x061c) {
			*character_r = c;
			return true;
		}
	}
	return false;
}

/* Full stops to a reader that NFKC leaves: U+3002 is one in IDNA2003 and in many address fields,
   U+A4F8, a letter of Lisu, is drawn like one. */
static bool is_full_stop(ucs4_t c)
{
	return c == 0x3002 || c == 0xa4f8;
}

/* U+FFF9 to U+FFFB are drawn as nothing and are not among what may be ignored; the few other
   characters of this category that are drawn stand in no domain. */
static bool is_invisible(ucs4_t c)
{
	return uc_is_property_default_ignorable_code_point(c) ||
	       uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cf);
}

/* Drops what a reader does not see, in place; octets that are left. */
static size_t fold_characters(uint8_t *text, size_t size)
{
	uint8_t *pos = text, *end = text + size, *out = text;

	while (pos < end) {
		ucs4_t c;
		int width = u8_mbtouc_unsafe(&c, pos, (size_t)(end - pos));

		if (is_full_stop(c))
			*out++ = '.';
		else if (!is_invisible(c)) {
			memmove(out, pos, (size_t)width);
			out += width;
		}
		pos += width;
	}
	return (size_t)(out - text);
}

static bool is_gap(uint8_t octet)
{
	return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

static const uint8_t *skip_gap(const uint8_t *pos, const uint8_t *end)
{
	while (pos < end && is_gap(*pos))
		pos++;
	return pos;
}

/* At a gap: whether it may be one of those in "bob @ example . test". One before a dot is; one before an
   at-sign only when there is one behind it too, and another in the domain: "Alice @ Wonderland.test" and
   "see @alice.liddell" are no addresses. */
static bool is_inner_gap(const uint8_t *gap, const uint8_t *end)
{
	const uint8_t *pos = skip_gap(gap, end);

	if (pos == end || *pos == '.')
		return pos < end;
	if (*pos != '@' || ++pos == end || !is_gap(*pos))
		return false;
	pos = skip_gap(pos, end);
	while (pos < end && !is_gap(*pos))
		pos++;
	pos = skip_gap(pos, end);
	return pos < end && *pos == '.';
}

/* Closes such gaps, in place; octets that are left. */
static size_t close_gaps(uint8_t *text, size_t size)
{
	const uint8_t *pos = text, *end = text + size;
	uint8_t *out = text;

	while (pos < end) {
		bool closes = is_gap(*pos) && is_inner_gap(pos, end);

		/* A gap that stays is looked at once. */
		while (!closes && pos < end && is_gap(*pos))
			*out++ = *pos++;
		if (closes)
			pos = skip_gap(pos, end);
		if (pos < end)
			*out++ = *pos++;
		if (closes)
			pos = skip_gap(pos, end);
	}
	return (size_t)(out - text);
}

int postern_identity_text_fold(const char *text, size_t size, char **folded_r, size_t *size_r,
			       const char **error_r)
{
	uint8_t *folded;

	*folded_r = NULL;
	*size_r = 0;
	if (!has_at_sign(text, size))
		return 0;
	if (is_ascii(text, size)) {
		folded = malloc(size);
		if (folded != NULL)
			memcpy(folded, text, size);
		*size_r = size;
	} else {
		folded = u8_normalize(UNINORM_NFKC, (const uint8_t *)text, size, NULL, size_r);
		if (folded != NULL)
			*size_r = fold_characters(folded, *size_r);
	}
	if (folded == NULL)
		return postern_error(error_r, "out of memory");
	*size_r = close_gaps(folded, *size_r);
	*folded_r = (char *)folded;
	return 0;
}

/* Beyond ASCII: no blanks, and of punctuation only hyphens, connectors and the middle dot of
   Catalan. */
static bool is_word_character(ucs4_t c)
{
	return c == 0xb7 ||
	       uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M |
						UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_S |
						UC_CATEGORY_MASK_Pd | UC_CATEGORY_MASK_Pc |
						UC_CATEGORY_MASK_Co | UC_CATEGORY_MASK_Cn);
}

static bool is_local_character(ucs4_t c)
{
	if (c < 0x80)
		return c > ' ' && c != 0x7f && strchr("()<>[]:;,\\@", (int)c) == NULL;
	return is_word_character(c);
}

static bool is_domain_character(ucs4_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		       c == '-' || c == '.' || c == '_';
	return is_word_character(c);
}

/* Punctuation that people put around an address: 'alice@example.test'. */
static bool is_wrapping(char c)
{
	return strchr("'\"`*|{}.", c) != NULL;
}

static const uint8_t *local_part_start(const uint8_t *start, const uint8_t *at_sign)
{
	const uint8_t *pos = at_sign;
	ucs4_t c;

	while (pos > start) {
		const uint8_t *before = u8_prev(&c, pos, start);

		if (before == NULL || !is_local_character(c))
			break;
		pos = before;
	}
	return pos;
}

static const uint8_t *domain_end(const uint8_t *pos, const uint8_t *end)
{
	const uint8_t *last = pos;

	while (pos < end) {
		ucs4_t c;

		pos += u8_mbtouc_unsafe(&c, pos, (size_t)(end - pos));
		if (!is_domain_character(c))
			break;
		if (c != '.' && c != '-' && c != '_') /* a sentence may end there */
			last = pos;
	}
	return last;
}

/* Behind a first label, one of two octets or more with a letter among them: not only the last
   one, because a reader may see the end of the domain earlier. */
static bool has_top_level(const uint8_t *domain, const uint8_t *end)
{
	const uint8_t *dot;
	size_t octets = 0;
	bool letter = false;

	while (domain < end && *domain == '.')
		domain++;
	dot = memchr(domain, '.', (size_t)(end - domain));
	if (dot == NULL)
		return false;
	for (const uint8_t *p = dot + 1; p < end; p++) {
		octets = *p == '.' ? 0 : octets + 1;
		letter = *p != '.' && (letter || (*p | 0x20) >= 'a'); /* or beyond ASCII */
		if (octets >= 2 && letter)
			return true;
	}
	return false;
}

bool postern_identity_text_next_address(const char *text, size_t size, size_t *pos,
					const char **address_r, size_t *address_size_r)
{
	const uint8_t *base = (const uint8_t *)text;
	const uint8_t *at_sign;

	while ((at_sign = memchr(base + *pos, '@', size - *pos)) != NULL) {
		/* From the at-sign before: so nothing is walked over twice. */
		const uint8_t *local = local_part_start(base + *pos, at_sign);
		const uint8_t *local_end = at_sign;
		const uint8_t *domain = at_sign + 1, *end;

		*pos = (size_t)(domain - base);
		while (local < local_end && is_wrapping((char)*local))
			local++;
		while (local_end > local && is_wrapping((char)local_end[-1]))
			local_end--;
		end = domain_end(domain, base + size);
		if (local < local_end && has_top_level(domain, end)) {
			*address_r = (const char *)local;
			*address_size_r = (size_t)(end - local);
			return true;
		}
	}
	return false;
}
