/* SPDX-License-Identifier: MIT */
#include "precis_class.h"

#include <string.h>

#include <unictype.h>

static bool has_script(uint32_t character, const char *name)
{
	const uc_script_t *script = uc_script(character);

	return script != NULL && strcmp(script->name, name) == 0;
}

/* RFC 5892, A.1 and A.2 */
static bool follows_virama(const uint32_t *text, size_t index)
{
	return index > 0 && uc_combining_class(text[index - 1]) == UC_CCC_VR;
}

/* A.1: (Joining_Type:{L,D}) (Joining_Type:T)* U+200C (Joining_Type:T)* (Joining_Type:{R,D}) */
static bool breaks_cursive_joining(const uint32_t *text, size_t size, size_t index)
{
	size_t before = index, after = index + 1;
	int type;

	while (before > 0 && uc_joining_type(text[before - 1]) == UC_JOINING_TYPE_T)
		before--;
	if (before == 0)
		return false;
	type = uc_joining_type(text[before - 1]);
	if (type != UC_JOINING_TYPE_L && type != UC_JOINING_TYPE_D)
		return false;
	while (after < size && uc_joining_type(text[after]) == UC_JOINING_TYPE_T)
		after++;
	if (after == size)
		return false;
	type = uc_joining_type(text[after]);
	return type == UC_JOINING_TYPE_R || type == UC_JOINING_TYPE_D;
}

static bool has_any_in(const uint32_t *text, size_t size, uint32_t first, uint32_t last)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] >= first && text[i] <= last)
			return true;
	}
	return false;
}

static bool has_japanese(const uint32_t *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (has_script(text[i], "Hiragana") || has_script(text[i], "Katakana") ||
		    has_script(text[i], "Han"))
			return true;
	}
	return false;
}

bool postern_precis_context_allows(const uint32_t *text, size_t size, size_t index)
{
	uint32_t character = text[index];

	switch (character) {
	case 0x200c: /* A.1 ZERO WIDTH NON-JOINER */
		return follows_virama(text, index) || breaks_cursive_joining(text, size, index);
	case 0x200d: /* A.2 ZERO WIDTH JOINER */
		return follows_virama(text, index);
	case 0x00b7: /* A.3 MIDDLE DOT, as in Catalan */
		return index > 0 && text[index - 1] == 'l' && index + 1 < size &&
			text[index + 1] == 'l';
	case 0x0375: /* A.4 GREEK LOWER NUMERAL SIGN */
		return index + 1 < size && has_script(text[index + 1], "Greek");
	case 0x05f3: /* A.5 HEBREW PUNCTUATION GERESH */
	case 0x05f4: /* A.6 HEBREW PUNCTUATION GERSHAYIM */
		return index > 0 && has_script(text[index - 1], "Hebrew");
	case 0x30fb: /* A.7 KATAKANA MIDDLE DOT */
		return has_japanese(text, size);
	}
	if (character >= 0x0660 && character <= 0x0669) /* A.8 ARABIC-INDIC DIGITS */
		return !has_any_in(text, size, 0x06f0, 0x06f9);
	if (character >= 0x06f0 && character <= 0x06f9) /* A.9 EXTENDED ARABIC-INDIC DIGITS */
		return !has_any_in(text, size, 0x0660, 0x0669);
	return false;
}

/* Sets of bidirectional classes, as bits. */
#define BIDI(class) (1U << UC_BIDI_##class)
#define RIGHT_TO_LEFT (BIDI(R) | BIDI(AL) | BIDI(AN))
/* Rule 2 */
#define ALLOWED \
	(RIGHT_TO_LEFT | BIDI(EN) | BIDI(ES) | BIDI(CS) | BIDI(ET) | BIDI(ON) | BIDI(BN) | \
	 BIDI(NSM))

static unsigned bidi_bit(uint32_t character)
{
	return 1U << uc_bidi_class(character);
}

bool postern_precis_bidi_allows(const uint32_t *text, size_t size)
{
	unsigned first, last, seen = 0;

	for (size_t i = 0; i < size; i++)
		seen |= bidi_bit(text[i]);
	if ((seen & RIGHT_TO_LEFT) == 0)
		return true;

	first = bidi_bit(text[0]);
	while (size > 1 && bidi_bit(text[size - 1]) == BIDI(NSM))
		size--;
	last = bidi_bit(text[size - 1]);
	/* Rules 1 to 4. By 5, a text that begins from the left has no right-to-left characters
	   at all, and 6 is about such ones only. */
	return (first & (BIDI(R) | BIDI(AL))) != 0 && (seen & ~ALLOWED) == 0 &&
		(last & (RIGHT_TO_LEFT | BIDI(EN))) != 0 &&
		(seen & (BIDI(EN) | BIDI(AN))) != (BIDI(EN) | BIDI(AN));
}
