/* SPDX-License-Identifier: MIT */
#include "precis_class.h"

#include <stdlib.h>

#include <uninorm.h>
#include <unictype.h>

/* RFC 8264, 9, letters as there. */
#define LETTER_DIGITS /* A */ \
	(UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lu | UC_CATEGORY_MASK_Lo | UC_CATEGORY_MASK_Nd | \
	 UC_CATEGORY_MASK_Lm | UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Mc)
#define OTHER_LETTER_DIGITS /* R */ \
	(UC_CATEGORY_MASK_Lt | UC_CATEGORY_MASK_Nl | UC_CATEGORY_MASK_No | UC_CATEGORY_MASK_Me)
#define SPACES UC_CATEGORY_MASK_Zs      /* N */
#define SYMBOLS UC_CATEGORY_MASK_S      /* O */
#define PUNCTUATION UC_CATEGORY_MASK_P  /* P */

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t character, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	}
	return false;
}

#define IN_RANGES(character, ranges) \
	in_ranges(character, ranges, sizeof(ranges) / sizeof((ranges)[0]))

/* F, the same as RFC 5892, 2.6. */
static bool find_exception(uint32_t character, enum postern_precis_class *class_r)
{
	static const struct range valid[] = {
		{ 0x00df, 0x00df }, { 0x03c2, 0x03c2 }, { 0x06fd, 0x06fe }, { 0x0f0b, 0x0f0b },
		{ 0x3007, 0x3007 },
	};
	static const struct range context[] = {
		{ 0x00b7, 0x00b7 }, { 0x0375, 0x0375 }, { 0x05f3, 0x05f4 }, { 0x30fb, 0x30fb },
		{ 0x0660, 0x0669 }, { 0x06f0, 0x06f9 },
	};
	static const struct range disallowed[] = {
		{ 0x0640, 0x0640 }, { 0x07fa, 0x07fa }, { 0x302e, 0x302f }, { 0x3031, 0x3035 },
		{ 0x303b, 0x303b },
	};

	if (IN_RANGES(character, valid))
		*class_r = POSTERN_PRECIS_VALID;
	else if (IN_RANGES(character, context))
		*class_r = POSTERN_PRECIS_CONTEXT;
	else if (IN_RANGES(character, disallowed))
		*class_r = POSTERN_PRECIS_DISALLOWED;
	else
		return false;
	return true;
}

/* I: Hangul_Syllable_Type L, V or T. libunistring has no such property, and Unicode 16 gave
   Grapheme_Cluster_Break=V to letters that are not Hangul; but these blocks are full, so they
   stay as they are. */
static bool is_old_hangul_jamo(uint32_t character)
{
	static const struct range jamo[] = {
		{ 0x1100, 0x11ff }, { 0xa960, 0xa97c }, { 0xd7b0, 0xd7c6 }, { 0xd7cb, 0xd7fb },
	};

	return IN_RANGES(character, jamo);
}

/* M */
static bool is_ignorable(uint32_t character)
{
	return uc_is_property_default_ignorable_code_point(character) ||
		uc_is_property_not_a_character(character);
}

/* Q: toNFKC(cp) != cp */
static bool has_compat(uint32_t character)
{
	uint32_t buffer[UC_DECOMPOSITION_MAX_LENGTH];
	size_t size = sizeof(buffer) / sizeof(buffer[0]);
	uint32_t *normal = u32_normalize(UNINORM_NFKC, &character, 1, buffer, &size);
	bool same = normal != NULL && size == 1 && normal[0] == character;

	if (normal != buffer)
		free(normal);
	return !same;
}

static bool has_category(uint32_t character, uint32_t mask)
{
	return uc_is_general_category_withtable(character, mask);
}

enum postern_precis_class postern_precis_class(uint32_t character)
{
	enum postern_precis_class class;

	/* The order is the RFC's. G, BackwardCompatible, is empty. */
	if (find_exception(character, &class))
		return class;
	if (has_category(character, UC_CATEGORY_MASK_Cn) &&
	    !uc_is_property_not_a_character(character))
		return POSTERN_PRECIS_UNASSIGNED;       /* J */
	if (character >= 0x21 && character <= 0x7e)
		return POSTERN_PRECIS_VALID;            /* K: ASCII7 */
	if (uc_is_property_join_control(character))
		return POSTERN_PRECIS_CONTEXT;          /* H */
	if (is_old_hangul_jamo(character) || is_ignorable(character) ||
	    has_category(character, UC_CATEGORY_MASK_Cc))
		return POSTERN_PRECIS_DISALLOWED;       /* I, M, L */
	/* No rule lets a surrogate in, but NFKC would make another character of it. */
	if (has_category(character, UC_CATEGORY_MASK_Cs))
		return POSTERN_PRECIS_DISALLOWED;
	if (has_compat(character))
		return POSTERN_PRECIS_FREEFORM_ONLY;
	if (has_category(character, LETTER_DIGITS))
		return POSTERN_PRECIS_VALID;
	if (has_category(character, OTHER_LETTER_DIGITS | SPACES | SYMBOLS | PUNCTUATION))
		return POSTERN_PRECIS_FREEFORM_ONLY;
	return POSTERN_PRECIS_DISALLOWED;
}

const char *postern_precis_class_name(uint32_t character)
{
	if (has_category(character, UC_CATEGORY_MASK_Cc))
		return "a control character";
	if (has_category(character, SPACES))
		return "a blank";
	if (has_category(character, UC_CATEGORY_MASK_Co))
		return "a private-use character";
	if (postern_precis_class(character) == POSTERN_PRECIS_UNASSIGNED)
		return "a character that Unicode does not have";
	if (is_ignorable(character))
		return "an invisible character";
	if (has_category(character, SYMBOLS | PUNCTUATION))
		return "a symbol";
	return "a character that RFC 8264 forbids";
}
