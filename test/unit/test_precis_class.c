/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdbool.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "precis.h"
#include "precis_class.h"

#define CODE_POINTS 0x110000

#define VALID POSTERN_PRECIS_VALID
#define FREEFORM POSTERN_PRECIS_FREEFORM_ONLY
#define CONTEXT POSTERN_PRECIS_CONTEXT
#define DISALLOWED POSTERN_PRECIS_DISALLOWED
#define UNASSIGNED POSTERN_PRECIS_UNASSIGNED

/* One or more of each rule of RFC 8264, 8. */
static void test_classes(void **state)
{
	static const struct {
		uint32_t character;
		enum postern_precis_class expected;
	} cases[] = {
		{ 0xdf, VALID }, { 0x3c2, VALID }, { 0x6fd, VALID }, { 0xf0b, VALID },
		{ 0x3007, VALID }, { 0xb7, CONTEXT }, { 0x375, CONTEXT }, { 0x5f3, CONTEXT },
		{ 0x30fb, CONTEXT }, { 0x660, CONTEXT }, { 0x669, CONTEXT }, { 0x6f0, CONTEXT },
		{ 0x66a, FREEFORM }, { 0x640, DISALLOWED }, { 0x7fa, DISALLOWED },
		{ 0x302e, DISALLOWED }, { 0x3031, DISALLOWED }, { 0x3035, DISALLOWED },
		{ 0x303b, DISALLOWED }, { 0x378, UNASSIGNED }, { 0xe0fff, UNASSIGNED },
		{ 0xffff, DISALLOWED }, { 0xfdd0, DISALLOWED }, { 0x10ffff, DISALLOWED },
		{ 0x21, VALID }, { '@', VALID }, { 0x7e, VALID }, { 0x20, FREEFORM },
		{ 0, DISALLOWED }, { 9, DISALLOWED }, { 0x7f, DISALLOWED }, { 0x9f, DISALLOWED },
		{ 0x200c, CONTEXT }, { 0x200d, CONTEXT }, { 0x1100, DISALLOWED },
		{ 0x11ff, DISALLOWED }, { 0xa97c, DISALLOWED }, { 0xd7fb, DISALLOWED },
		{ 0xac00, VALID }, { 0x3131, FREEFORM }, { 0xad, DISALLOWED },
		{ 0x200b, DISALLOWED }, { 0xfe0f, DISALLOWED }, { 0x180b, DISALLOWED },
		{ 0xe0100, DISALLOWED }, { 0x2163, FREEFORM }, { 0xfb01, FREEFORM },
		{ 0x212b, FREEFORM }, { 0xa0, FREEFORM }, { 'a', VALID }, { 0xe9, VALID },
		{ 0x301, VALID }, { 0x966, VALID }, { 0x1f88, FREEFORM }, { 0x2180, FREEFORM },
		{ 0x20dd, FREEFORM }, { 0x1680, FREEFORM }, { 0x221e, FREEFORM },
		{ 0x1f511, FREEFORM }, { 0x2014, FREEFORM }, { 0xe000, DISALLOWED },
		{ 0xd800, DISALLOWED }, { 0x2028, DISALLOWED }, { 0x202e, DISALLOWED },
		{ 0x600, DISALLOWED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (postern_precis_class(cases[i].character) != cases[i].expected)
			fail_msg("U+%04X: %d, not %d", cases[i].character,
				 postern_precis_class(cases[i].character), cases[i].expected);
	}
}

static uint32_t *to_u32(const char *utf8, size_t *size_r)
{
	uint32_t *text = u8_to_u32((const uint8_t *)utf8, strlen(utf8), NULL, size_r);

	assert_non_null(text);
	return text;
}

/* RFC 5892, appendix A. The character in question is the only CONTEXT one, or all are alike. */
static void test_context(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		/* A.1: Devanagari after a virama; Persian between HEH and ALEF; through a mark */
		{ "\u0915\u094d\u200c\u0937", true },
		{ "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc", true },
		{ "\u0628\u064e\u200c\u064e\u0627", true },
		{ "\u0627\u200c\u0628", false }, /* ALEF joins to the right only */
		{ "\u0628\u200c", false },
		{ "\u200c\u0628", false },
		{ "\u064e\u200c\u0628", false },
		{ "\u0628\u200c\u064e", false },
		{ "a\u200cb", false },
		{ "\u200c", false },
		/* A.2 */
		{ "\u0915\u094d\u200d\u0937", true },
		{ "\u0628\u200d\u0627", false },
		{ "\u200d", false },
		/* A.3 */
		{ "l\u00b7l", true },
		{ "l\u00b7", false },
		{ "\u00b7l", false },
		{ "l\u00b7\u00b7l", false },
		{ "L\u00b7L", false },
		/* A.4 */
		{ "\u0375\u03b1", true },
		{ "\u03b1\u0375", false },
		{ "\u0375a", false },
		/* A.5, A.6 */
		{ "\u05d0\u05f3", true },
		{ "\u05d0\u05f4\u05d1", true },
		{ "\u05f3\u05d0", false },
		{ "a\u05f4", false },
		/* A.7 */
		{ "\u30fb\u3042", true },
		{ "\u30a2\u30fb", true },
		{ "\u4e00\u30fb", true },
		{ "a\u30fb", false },
		{ "\u30fb\u30fb", false },
		/* A.8, A.9 */
		{ "\u0660\u0661", true },
		{ "\u06f0\u06f1", true },
		{ "\u0660\u06f1", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t size, seen = 0;
		uint32_t *text = to_u32(cases[i].text, &size);
		bool good = true;

		for (size_t at = 0; at < size; at++) {
			if (postern_precis_class(text[at]) != CONTEXT)
				continue;
			seen++;
			good = good && postern_precis_context_allows(text, size, at);
		}
		free(text);
		assert_true(seen > 0);
		if (good != cases[i].good)
			fail_msg("case %zu, \"%s\"", i, cases[i].text);
	}
}

/* RFC 5893, 2. */
static void test_bidi(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		/* no right-to-left characters: the rule does not apply */
		{ "abc", true }, { "1", true }, { "-a-", true },
		/* R and AL, with EN or AN, and NSM at the end */
		{ "\u05d0\u05d1", true }, { "\u0627\u0628", true }, { "\u05d01", true },
		{ "\u0627\u0661", true }, { "\u05d0\u05b0", true }, { "\u05d0-\u05d1", true },
		/* rule 1: begins with R or AL */
		{ "1\u05d0", false }, { "\u0661\u05d0", false }, { "-\u05d0", false },
		{ "\u05b0\u05d0", false },
		/* rule 2: no L */
		{ "\u05d0a", false }, { "\u05d0a\u05d1", false },
		/* rule 3: ends with R, AL, EN or AN */
		{ "\u05d0-", false }, { "\u05d0-\u05b0", false },
		/* rule 4: EN and AN exclude each other */
		{ "\u05d01\u0661", false },
		/* rule 5: a left-to-right text has none */
		{ "a\u05d0", false }, { "a\u05d0b", false }, { "a\u0661", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t size;
		uint32_t *text = to_u32(cases[i].text, &size);

		if (postern_precis_bidi_allows(text, size) != cases[i].good)
			fail_msg("case %zu, \"%s\"", i, cases[i].text);
		free(text);
	}
}

static enum postern_precis_class class_of_name(const char *name)
{
	static const struct {
		const char *name;
		enum postern_precis_class class;
	} names[] = {
		{ "VALID", VALID }, { "FREEFORM", FREEFORM }, { "CONTEXT", CONTEXT },
		{ "DISALLOWED", DISALLOWED }, { "UNASSIGNED", UNASSIGNED },
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(names[i].name, name) == 0)
			return names[i].class;
	}
	fail_msg("no class \"%s\"", name);
	return DISALLOWED;
}

/* Every code point against Perl, which has its own copy of the Unicode data and takes each
   property by name. Where one of the two has a newer Unicode, it may know characters that the
   other does not; never both more. */
static void test_walk_perl(void **state)
{
	unsigned first, last, newer_here = 0, newer_there = 0;
	unsigned long compared = 0;
	char version[32] = "", command[PATH_MAX + 16], name[32];
	const char *script = getenv("PRECIS_CLASSES");
	FILE *perl;

	(void)state;
	if (script == NULL || system("perl -MUnicode::Normalize -e 1") != 0) {
		print_message("# skipped: PRECIS_CLASSES does not name the script, or there is no "
			      "Perl with Unicode::Normalize\n");
		skip();
	}
	snprintf(command, sizeof(command), "perl '%s'", script);
	perl = popen(command, "r");
	assert_non_null(perl);
	assert_int_equal(fscanf(perl, "%31s", version), 1);
	while (fscanf(perl, "%x %x %31s", &first, &last, name) == 3) {
		enum postern_precis_class there = class_of_name(name);

		for (uint32_t code = first; code <= last; code++, compared++) {
			enum postern_precis_class here = postern_precis_class(code);

			if (here == there)
				continue;
			if (there == UNASSIGNED)
				newer_here++;
			else if (here == UNASSIGNED)
				newer_there++;
			else
				fail_msg("U+%04X: %d, in Perl %s", code, here, name);
		}
	}
	assert_int_equal(pclose(perl), 0);
	assert_int_equal(compared, CODE_POINTS);
	if (newer_here != 0 || newer_there != 0)
		print_message("# %u characters only here, %u only in Perl's Unicode %s\n",
			      newer_here, newer_there, version);
	assert_true(newer_here == 0 || newer_there == 0);
}

static void to_utf8(uint32_t code, uninorm_t form, char utf8_r[64])
{
	uint32_t text[18];
	size_t count = COUNT(text), size = 63;

	assert_ptr_equal(u32_normalize(form, &code, 1, text, &count), text);
	assert_ptr_equal(u32_to_u8(text, count, (uint8_t *)utf8_r, &size), utf8_r);
	utf8_r[size] = '\0';
}

/* For every character that may be a name by itself: both normal forms find the same one, it
   stays as it is, and it is in lower case. */
static void test_walk_names(void **state)
{
	unsigned long good = 0;

	(void)state;
	for (uint32_t code = 1; code < CODE_POINTS; code++) {
		char nfc[64], nfd[64], *by_nfc = NULL, *by_nfd = NULL, *again = NULL;
		const char *error;
		enum postern_precis_class class = postern_precis_class(code);

		/* CJK, Hangul and the planes that are empty: a sample will do. */
		if (class == UNASSIGNED || (code >= 0xd800 && code < 0xe000) ||
		    (code > 0x3400 && code % 7 != 0))
			continue;
		to_utf8(code, UNINORM_NFC, nfc);
		to_utf8(code, UNINORM_NFD, nfd);
		if (postern_precis_username(nfc, &by_nfc, &error) != 0) {
			assert_null(by_nfc);
			assert_int_not_equal(postern_precis_username(nfd, &by_nfd, &error), 0);
			continue;
		}
		good++;
		assert_int_equal(postern_precis_username(nfd, &by_nfd, &error), 0);
		assert_string_equal(by_nfc, by_nfd);
		assert_int_equal(postern_precis_username(by_nfc, &again, &error), 0);
		assert_string_equal(by_nfc, again);
		if (class == DISALLOWED)
			fail_msg("U+%04X came through", code);
		free(by_nfc);
		free(by_nfd);
		free(again);
	}
	assert_true(good > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_bidi),
		cmocka_unit_test(test_walk_perl),
		cmocka_unit_test(test_walk_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
