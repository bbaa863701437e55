/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "escape.h"

struct escape_case {
	const char *name;
	const char *data;
	size_t data_size; /* 0: up to the NUL */
	const char *text;  /* postern_escape */
	const char *ascii; /* postern_escape_ascii; NULL: the same */
};

static const struct escape_case cases[] = {
	{ "nothing", "", 0, "", NULL },
	{ "ascii", "user@example.org \"~!", 0, "user@example.org \"~!", NULL },
	{ "backslash", "a\\x0Ab", 0, "a\\x5Cx0Ab", NULL },
	{ "line ends", "a\r\nb", 0, "a\\x0D\\x0Ab", NULL },
	{ "nul", "a\0b", 3, "a\\x00b", NULL },
	{ "tab", "a\tb", 0, "a\\x09b", NULL },
	{ "escape and delete", "\x1b[2J\x7f", 0, "\\x1B[2J\\x7F", NULL },
	{ "letters", "Bücher", 0, "Bücher", "B\\xC3\\xBCcher" },
	{ "combining", "te\xcc\x81st", 0, "te\xcc\x81st", "te\\xCC\\x81st" },
	{ "four octets", "\xf0\x9f\x94\x91", 0, "\xf0\x9f\x94\x91", "\\xF0\\x9F\\x94\\x91" },
	{ "C1 control", "\xc2\x85", 0, "\\xC2\\x85", NULL },
	{ "no-break space", "\xc2\xa0", 0, "\\xC2\\xA0", NULL },
	{ "right to left override", "\xe2\x80\xae", 0, "\\xE2\\x80\\xAE", NULL },
	{ "isolate", "\xe2\x81\xa6", 0, "\\xE2\\x81\\xA6", NULL },
	{ "line separator", "\xe2\x80\xa8", 0, "\\xE2\\x80\\xA8", NULL },
	{ "zero width space", "\xe2\x80\x8b", 0, "\\xE2\\x80\\x8B", NULL },
	{ "byte order mark", "\xef\xbb\xbf", 0, "\\xEF\\xBB\\xBF", NULL },
	{ "stray continuation", "a\x80z", 0, "a\\x80z", NULL },
	{ "cut short", "a\xe2\x82", 0, "a\\xE2\\x82", NULL },
	{ "overlong", "\xc0\xaf", 0, "\\xC0\\xAF", NULL },
	{ "surrogate", "\xed\xa0\x80", 0, "\\xED\\xA0\\x80", NULL },
	{ "beyond Unicode", "\xf4\x90\x80\x80", 0, "\\xF4\\x90\\x80\\x80", NULL },
	{ "0xff", "\xff\xfe", 0, "\\xFF\\xFE", NULL },
};

static void escapes(void **state)
{
	char text[POSTERN_ESCAPED_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct escape_case *row = &cases[i];
		size_t size = row->data_size != 0 ? row->data_size : strlen(row->data);
		const char *ascii = row->ascii != NULL ? row->ascii : row->text;

		check_row(row->name, strcmp(postern_escape(row->data, size, text, sizeof(text)),
					    row->text) == 0);
		check_row(row->name, strcmp(postern_escape_ascii(row->data, size, text,
								 sizeof(text)), ascii) == 0);
		check_row(row->name, postern_escape(row->data, size, text, sizeof(text)) == text);
	}
}

static void cuts(void **state)
{
	static const struct {
		const char *data;
		size_t size;
		const char *text, *ascii;
	} rows[] = {
		/* size counts the NUL. */
		{ "1234567", 8, "1234567", "1234567" },
		{ "12345678", 8, "1234…", "1234..." },
		{ "123456789", 9, "12345…", "12345..." },
		/* Never inside a character, or an escape. */
		{ "123üüüü", 8, "123…", "123..." },
		{ "12\n\n\n", 8, "12…", "12..." },
		{ "1\n\n", 8, "1…", "1..." },
		{ "\n\n\n\n", 8, "\\x0A…", "\\x0A..." },
		{ "\xf0\x9f\x94\x91\xf0\x9f\x94\x91", 8, "\xf0\x9f\x94\x91…", "\\xF0..." },
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(text, '#', sizeof(text));
		postern_escape(rows[i].data, strlen(rows[i].data), text, rows[i].size);
		check_row(rows[i].data, strcmp(text, rows[i].text) == 0);
		check_row(rows[i].data, text[rows[i].size] == '#');
		postern_escape_ascii(rows[i].data, strlen(rows[i].data), text, rows[i].size);
		check_row(rows[i].data, strcmp(text, rows[i].ascii) == 0);
		check_row(rows[i].data, text[rows[i].size] == '#');
	}
}

/* Every pair of octets at every size: bounded, ended, and free of what it must not hold. */
static void never_lets_a_control_through(void **state)
{
	char text[16];

	(void)state;
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		char data[4] = { (char)(pair >> 8), (char)pair, 'a', 'b' };

		for (size_t size = 8; size < sizeof(text); size++) {
			memset(text, '#', sizeof(text));
			postern_escape_ascii(data, sizeof(data), text, size);
			assert_true(strlen(text) < size);
			assert_int_equal(text[size], '#');
			for (const char *p = text; *p != '\0'; p++)
				assert_true(*p >= ' ' && *p < 0x7f);
		}
	}
}

static void quotes(void **state)
{
	char text[16];

	(void)state;
	assert_string_equal(postern_escape_quotes("", text, sizeof(text)), "");
	assert_string_equal(postern_escape_quotes("a\"b\\x0a", text, sizeof(text)), "a\\x22b\\x0a");
	assert_string_equal(postern_escape_quotes("\"\"\"\"", text, sizeof(text)), "\\x22\\x22\\x22");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(cuts),
		cmocka_unit_test(quotes),
		cmocka_unit_test(never_lets_a_control_through),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
