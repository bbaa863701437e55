/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "header_field.h"
#include "identity_text.h"

/* Addresses found in a text, joined by blanks. */
static const struct {
	const char *text, *found;
} shown[] = {
	{ "", "" }, { "Alice", "" }, { "@", "" }, { "a@", "" }, { "@b.test", "" }, { "a@b", "" },
	{ "a@b.test", "a@b.test" }, { "A <a@b.test>, c@d.test", "a@b.test c@d.test" },
	{ "a@b.test.", "a@b.test" }, { "a@b.test-_", "a@b.test" }, { "a@b.test's", "a@b.test" },
	{ "a@b_c.test", "a@b_c.test" }, { "a@b.c", "" }, { "a@b.1", "" }, { "a@b.10", "" },
	{ "a@b.cd.1", "a@b.cd.1" }, { "a@b.c.d", "" }, { "a@b.1.2", "" },
	{ "a@1.2c", "a@1.2c" }, { "x@b.aa", "x@b.aa" }, { "x@b.a1", "x@b.a1" }, { "a@.test", "" }, { "a@..b.test", "a@..b.test" }, { "a@..", "" }, { "a@-.test", "a@-.test" },
	{ "a @ b.test", "" }, { "a@ b.test", "" }, { "a @b.test", "" }, { "(@b.test)", "" },
	{ "'a@b.test'", "a@b.test" }, { "\"a@b.test\"", "a@b.test" }, { "\"@b.test\"", "" },
	{ "\"a\"@b.test", "a\"@b.test" }, { "*a@b.test*", "a@b.test" }, { "..a@b.test", "a@b.test" },
	{ "`a@b.test`", "a@b.test" }, { "{a|@b.test", "a|@b.test" },
	{ "a@b@c.test", "b@c.test" }, { "a@b.test@c.test", "a@b.test b.test@c.test" },
	{ "@@b.test", "" }, { "a,b@c.test", "b@c.test" }, { "a\\b@c.test", "b@c.test" },
	{ "[a:b@c.test]", "b@c.test" }, { "mailto:a@b.test?x", "a@b.test" },
	{ "\xc3\xa9@b.test", "\xc3\xa9@b.test" }, { "\xe2\x80\x9c" "a@b.test\xe2\x80\x9d", "a@b.test" },
	{ "\xe3\x80\x81" "a@b.test\xe3\x80\x81", "a@b.test" },
	{ "a\xef\xbc\xa0" "b.test", "a@b.test" }, { "a\xef\xb9\xab" "b.test", "a@b.test" },
	{ "a@b\xe3\x80\x82test", "a@b.test" }, { "a@b\xef\xbd\xa1test", "a@b.test" },
	{ "a@b\xe2\x80\xa4test", "a@b.test" }, { "a@b\xef\xbc\x8etest", "a@b.test" },
	{ "a@b.\xe4\xb8\xad", "a@b.\xe4\xb8\xad" }, { "\xe4\xb8\xad@b.test", "\xe4\xb8\xad@b.test" },
	{ "a\xe2\x80\x8b@\xe2\x80\x8d" "b\xc2\xad.test", "a@b.test" },
	{ "a@b\xe2\x80\x90" "c.test", "a@b\xe2\x80\x90" "c.test" },
	{ "a@b\xc2\xb7" "c.test", "a@b\xc2\xb7" "c.test" }, { "\xf0\x9f\x93\xa7 a@b.test", "a@b.test" },
	{ "a @", "" }, { "a \r\n@\tb . \ntest", "a@b.test" },
	{ "a@b\xea\x93\xb8test", "a@b.test" }, { "a@\xef\xbf\xbb" "b.test", "a@b.test" },
	{ "a\xc2\xa0@b.test", "" }, { "a\x7f@b.test", "" },
};

static void test_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		size_t size = strlen(shown[i].text), folded_size, found_size, pos = 0;
		char *folded = NULL, all[128] = "";
		const char *found, *error = NULL;

		assert_int_equal(postern_identity_text_fold(shown[i].text, size, &folded,
							    &folded_size, &error), 0);
		while (folded != NULL &&
		       postern_identity_text_next_address(folded, folded_size, &pos, &found,
							  &found_size)) {
			strcat(all, all[0] == '\0' ? "" : " ");
			strncat(all, found, found_size);
		}
		if (strcmp(all, shown[i].found) != 0)
			fail_msg("%s: found %s", shown[i].text, all);
		free(folded);
	}
}

/* Octets that are no UTF-8 cannot come here; if they do, they end a word. */
static void test_invalid(void **state)
{
	const char *found;
	size_t pos = 0, found_size;

	(void)state;
	assert_true(postern_identity_text_next_address("\xff" "a@b.test", 9, &pos, &found,
						       &found_size));
	assert_int_equal(found_size, 8);
	assert_memory_equal(found, "a@b.test", 8);
}

/* Each at-sign is looked at once, and what is between two of them not more than twice. */
static void test_long(void **state)
{
	static const char *const pieces[] = { "@", "a@", "a.b@", "a", "\xc3\xa9@", "a@b.test" };
	const size_t size = 1 << 20;
	char *text = malloc(size);

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		const char *found;
		size_t pos = 0, found_size;

		for (size_t k = 0; k < size; k++)
			text[k] = pieces[i][k % strlen(pieces[i])];
		while (postern_identity_text_next_address(text, size, &pos, &found, &found_size))
			;
	}
	free(text);
}

static void test_check(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		bool raw;
		int expected;
		unsigned character;
	} cases[] = {
		{ "Alice", 5, false, POSTERN_CHARACTERS_OK, 0 },
		{ "a\0b", 3, false, POSTERN_CHARACTERS_CONTROL, 0 },
		{ "a\tb", 3, false, POSTERN_CHARACTERS_CONTROL, '\t' },
		{ "a\tb\r\n c", 7, true, POSTERN_CHARACTERS_OK, 0 },
		{ "a\x1f", 2, true, POSTERN_CHARACTERS_CONTROL, 0x1f },
		{ "\x7f", 1, false, POSTERN_CHARACTERS_CONTROL, 0x7f },
		{ "\xc2\x80", 2, true, POSTERN_CHARACTERS_CONTROL, 0x80 },
		{ "\xc2\x9f", 2, false, POSTERN_CHARACTERS_CONTROL, 0x9f },
		{ "\xc2\xa0", 2, false, POSTERN_CHARACTERS_OK, 0 },
		{ "\xe2\x80\xa7", 3, false, POSTERN_CHARACTERS_OK, 0 },
		{ "\xe2\x80\xa8", 3, false, POSTERN_CHARACTERS_BIDI, 0x2028 },
		{ "\xe2\x80\xae", 3, true, POSTERN_CHARACTERS_BIDI, 0x202e },
		{ "\xe2\x80\xaf", 3, false, POSTERN_CHARACTERS_OK, 0 },
		{ "\xe2\x81\xa5", 3, false, POSTERN_CHARACTERS_OK, 0 },
		{ "\xe2\x81\xa6", 3, false, POSTERN_CHARACTERS_BIDI, 0x2066 },
		{ "\xe2\x81\xa9", 3, true, POSTERN_CHARACTERS_BIDI, 0x2069 },
		{ "\xe2\x81\xaa", 3, false, POSTERN_CHARACTERS_OK, 0 },
		{ "\xe2\x80\x8f\xd8\x9c\xe2\x80\x8d", 8, false, POSTERN_CHARACTERS_OK, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned character = 0;

		assert_int_equal(postern_identity_text_check(cases[i].text, cases[i].size,
							     cases[i].raw, &character),
				 cases[i].expected);
		assert_int_equal(character, cases[i].character);
	}
}

static void test_fields(void **state)
{
	static const struct {
		const char *name;
		enum postern_field field;
		bool legal;
	} cases[] = {
		{ "From", POSTERN_FIELD_FROM, true }, { "FROM", POSTERN_FIELD_FROM, true },
		{ "From ", POSTERN_FIELD_FROM, false }, { "\tfrom\t", POSTERN_FIELD_FROM, false },
		{ "Fro", POSTERN_FIELD_OTHER, true }, { "Froms", POSTERN_FIELD_OTHER, true },
		{ "", POSTERN_FIELD_OTHER, false }, { " ", POSTERN_FIELD_OTHER, false },
		{ "Sender", POSTERN_FIELD_SENDER, true },
		{ "resent-from", POSTERN_FIELD_RESENT_FROM, true },
		{ "Resent-Sender", POSTERN_FIELD_RESENT_SENDER, true },
		{ "Subject", POSTERN_FIELD_SUBJECT, true }, { "Date", POSTERN_FIELD_DATE, true },
		{ "To", POSTERN_FIELD_TO, true }, { "CC", POSTERN_FIELD_CC, true },
		{ "Reply-To", POSTERN_FIELD_REPLY_TO, true },
		{ "Message-Id", POSTERN_FIELD_MESSAGE_ID, true },
		{ "Mime-Version", POSTERN_FIELD_MIME_VERSION, true },
		{ "content-type", POSTERN_FIELD_CONTENT, true },
		{ "Content-", POSTERN_FIELD_OTHER, true }, { "Contents", POSTERN_FIELD_OTHER, true },
		{ "X\x7f", POSTERN_FIELD_OTHER, false }, { "X\xc3\xa9", POSTERN_FIELD_OTHER, false },
		{ "X:", POSTERN_FIELD_OTHER, false }, { "!~", POSTERN_FIELD_OTHER, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = strlen(cases[i].name);

		if (postern_field_classify(cases[i].name, size) != cases[i].field ||
		    postern_field_name_is_legal(cases[i].name, size) != cases[i].legal)
			fail_msg("%s", cases[i].name);
	}
	assert_string_equal(postern_field_title(POSTERN_FIELD_RESENT_FROM), "Resent-From");
	assert_string_equal(postern_field_title(POSTERN_FIELD_OTHER), "");
}

static void test_octets(void **state)
{
	static const struct {
		const char *body;
		size_t size;
		int expected;
		size_t offset;
		bool blank_line;
	} cases[] = {
		{ "", 0, POSTERN_OCTETS_OK, 0, false },
		{ " a\tb ~\x80\xff", 8, POSTERN_OCTETS_OK, 0, false },
		{ "a\n b\r\n\tc", 8, POSTERN_OCTETS_OK, 0, false },
		{ "\n a", 3, POSTERN_OCTETS_OK, 0, false },
		{ "a\0", 2, POSTERN_OCTETS_CONTROL, 1, false },
		{ "a\x1f", 2, POSTERN_OCTETS_CONTROL, 1, false },
		{ "a\x7f", 2, POSTERN_OCTETS_CONTROL, 1, false },
		{ "a\n", 2, POSTERN_OCTETS_BARE_LF, 1, true },
		{ "a\nb", 3, POSTERN_OCTETS_BARE_LF, 1, false },
		{ "a\r", 2, POSTERN_OCTETS_BARE_CR, 1, false },
		{ "a\rb", 3, POSTERN_OCTETS_BARE_CR, 1, false },
		{ "a\r b", 4, POSTERN_OCTETS_BARE_CR, 1, false },
		{ "a\r\n", 3, POSTERN_OCTETS_BARE_CR, 1, true },
		{ "a\r\nb", 4, POSTERN_OCTETS_BARE_CR, 1, false },
		{ "a\n \n b", 6, POSTERN_OCTETS_OK, 0, true },
		{ "a\n\t ", 4, POSTERN_OCTETS_OK, 0, true },
		{ "a\r\n \r\n b", 8, POSTERN_OCTETS_OK, 0, true },
		{ " \n a\n b", 7, POSTERN_OCTETS_OK, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t offset = 0;

		assert_int_equal(postern_field_check_octets(cases[i].body, cases[i].size, &offset),
				 cases[i].expected);
		assert_int_equal(offset, cases[i].offset);
		assert_int_equal(postern_field_has_blank_line(cases[i].body, cases[i].size),
				 cases[i].blank_line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown), cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_check), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
