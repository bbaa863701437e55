/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "precis.h"
#include "secret.h"

typedef int prepare_fn(const char *text, char **prepared_r, const char **error_r);

struct prepare_case {
	const char *text;
	const char *prepared; /* NULL: refused, and then the reason has to say */
	const char *reason;
};

static void assert_prepared(prepare_fn *prepare, const struct prepare_case *expected)
{
	const char *error = "";
	char *prepared = NULL, *again = NULL;
	int ret = prepare(expected->text, &prepared, &error);

	if (expected->prepared == NULL) {
		if (ret != POSTERN_PRECIS_REFUSED)
			fail_msg("\"%s\" was not refused but %d", expected->text, ret);
		assert_null(prepared);
		if (strstr(error, expected->reason) == NULL)
			fail_msg("\"%s\": \"%s\" does not say \"%s\"", expected->text, error,
				 expected->reason);
		return;
	}
	if (ret != POSTERN_PRECIS_OK)
		fail_msg("\"%s\": %d, %s", expected->text, ret, error);
	assert_string_equal(prepared, expected->prepared);
	/* What is prepared stays as it is. */
	assert_int_equal(prepare(prepared, &again, &error), POSTERN_PRECIS_OK);
	assert_string_equal(again, prepared);
	postern_secret_free(&prepared);
	postern_secret_free(&again);
}

static void test_password(void **state)
{
	static const struct prepare_case cases[] = {
		/* RFC 8265, 4.3, examples 12 to 16; 17 and 18 are refused */
		{ "correct horse battery staple", "correct horse battery staple", NULL },
		{ "Correct Horse Battery Staple", "Correct Horse Battery Staple", NULL },
		{ "πßå", "πßå", NULL },
		{ "Jack of ♦s", "Jack of ♦s", NULL },
		{ "foo\u1680bar", "foo bar", NULL },
		{ "", NULL, "empty" },
		{ "my cat is a \tby", NULL, "a control character" },
		/* kept: case, blanks, width, compatibility characters, emoji */
		{ "  a  b  ", "  a  b  ", NULL },
		{ "Ａ１ﾊﾟ", "Ａ１ﾊﾟ", NULL },
		{ "ﬁ Ⅳ ² ①", "ﬁ Ⅳ ² ①", NULL },
		{ "🔑🐎", "🔑🐎", NULL },
		/* one password in two forms */
		{ "te\u0301st \u00a0\u2002\u200a", "t\u00e9st    ", NULL },
		{ "t\u00e9st    ", "t\u00e9st    ", NULL },
		{ "\u2126\u212b", "\u03a9\u00c5", NULL },
		{ "a\u0323\u0307", "\u1ea1\u0307", NULL },
		{ "a\u0307\u0323", "\u1ea1\u0307", NULL },
		{ "\u1112\u1161\u11ab", "\ud55c", NULL },
		{ "\u3000", " ", NULL },
		/* refused */
		{ "a\x7f", NULL, "a control character" },
		{ "a\xc2\x85", NULL, "a control character" },
		{ "a\nb", NULL, "a control character" },
		{ "a\u00ad", NULL, "an invisible character" },
		{ "a\u200b", NULL, "an invisible character" },
		{ "a\ufeff", NULL, "an invisible character" },
		{ "a\u200d", NULL, "a joiner" },
		{ "👩\u200d🔧", NULL, "a joiner" },
		{ "a\u00b7b", NULL, "a joiner" },
		{ "a\u0378", NULL, "Unicode does not have" },
		{ "a\ue000", NULL, "a private-use character" },
		{ "a\U0010fffd", NULL, "a private-use character" },
		{ "a\ufdd0", NULL, "an invisible character" },
		{ "a\u0640", NULL, "RFC 8264" },
		{ "\u1112", NULL, "RFC 8264" },
		/* not UTF-8: stray and cut octets, over-long, surrogate, too large */
		{ "a\x80", NULL, "UTF-8" },
		{ "a\xc3", NULL, "UTF-8" },
		{ "\xc0\xaf", NULL, "UTF-8" },
		{ "\xed\xa0\x80", NULL, "UTF-8" },
		{ "\xf4\x90\x80\x80", NULL, "UTF-8" },
		{ "caf\xe9", NULL, "UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_prepared(postern_precis_password, &cases[i]);
}

static void test_username(void **state)
{
	static const struct prepare_case cases[] = {
		/* RFC 8265, 3.5: examples 1 to 7 are good */
		{ "juliet@example.com", "juliet@example.com", NULL },
		{ "fussball", "fussball", NULL },
		{ "fu\u00dfball", "fu\u00dfball", NULL },
		{ "\u03c0", "\u03c0", NULL },
		{ "\u03a3", "\u03c3", NULL },
		{ "\u03c3", "\u03c3", NULL },
		{ "\u03c2", "\u03c2", NULL },
		/* … and 8 to 11 are not */
		{ "foo bar", NULL, "a blank (U+0020)" },
		{ "", NULL, "empty" },
		{ "henry\u2163", NULL, "(U+2163)" },
		{ "\u221e", NULL, "a symbol (U+221E)" },
		/* case, width, normal form */
		{ "Daniel", "daniel", NULL },
		{ "DANIEL@Example.ORG", "daniel@example.org", NULL },
		{ "\u00c9MILE", "\u00e9mile", NULL },
		{ "e\u0301mile", "\u00e9mile", NULL },
		{ "E\u0301MILE", "\u00e9mile", NULL },
		{ "\uff24\uff41n\uff11", "dan1", NULL },
		{ "\u1112\u1161\u11ab@b\u00fccher.example", "\ud55c@b\u00fccher.example", NULL },
		{ "x@BU\u0308CHER.example", "x@b\u00fccher.example", NULL },
		{ "\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2", NULL },
		{ "\u1e9e", "\u00df", NULL },
		{ "\u0130", "i\u0307", NULL },
		{ "a.b+c_d-e!#$%&'*/=?^`{|}~", "a.b+c_d-e!#$%&'*/=?^`{|}~", NULL },
		/* "@" */
		{ "@", NULL, "empty on either side" },
		{ "a@", NULL, "empty on either side" },
		{ "@b", NULL, "empty on either side" },
		{ "a@b@c", NULL, "\"@\" twice" },
		{ "a\uff20b", "a@b", NULL },
		{ "a\uff20", NULL, "empty on either side" },
		{ "a@b\uff20c", NULL, "\"@\" twice" },
		/* the line protocols around */
		{ "a\tb", NULL, "a control character (U+0009)" },
		{ "a\nb", NULL, "a control character (U+000A)" },
		{ "a\u2028b", NULL, "(U+2028)" },
		{ "a\u200bb", NULL, "an invisible character (U+200B)" },
		{ "a\xff", NULL, "UTF-8" },
		{ "\u3000", NULL, "a blank" },
		{ "\u1f88", NULL, "(U+1F88)" },
		/* a middle dot between two l, in either case */
		{ "co\u00b7laboraci\u00f3", NULL, "(U+00B7)" },
		{ "col\u00b7laboraci\u00f3", "col\u00b7laboraci\u00f3", NULL },
		{ "COL\u00b7LABORACI\u00d3", "col\u00b7laboraci\u00f3", NULL },
		/* right to left: each side of "@" by itself */
		{ "\u05d3\u05e0\u05d9\u05d0\u05dc", "\u05d3\u05e0\u05d9\u05d0\u05dc", NULL },
		{ "\u05d3\u05e0\u05d9@example.org", "\u05d3\u05e0\u05d9@example.org", NULL },
		{ "\u05d31", "\u05d31", NULL },
		{ "\u05d3a", NULL, "right-to-left" },
		{ "a\u05d3", NULL, "right-to-left" },
		{ "1\u05d3", NULL, "right-to-left" },
		{ "\u05d3-", NULL, "right-to-left" },
		{ "\u05d31\u0661", NULL, "right-to-left" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_prepared(postern_precis_username, &cases[i]);
}

static void test_username_length(void **state)
{
	static const struct {
		size_t count;
		const char *piece;
		int expected;
	} cases[] = {
		{ 255, "a", POSTERN_PRECIS_OK },
		{ 256, "a", POSTERN_PRECIS_REFUSED },
		{ 127, "\u00e9", POSTERN_PRECIS_OK },
		{ 128, "\u00e9", POSTERN_PRECIS_REFUSED },
		/* 381 octets that become 254 */
		{ 127, "e\u0301", POSTERN_PRECIS_OK },
		{ 10000, "e\u0301", POSTERN_PRECIS_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t size = strlen(cases[i].piece);
		char *name = calloc(cases[i].count, size + 1), *prepared = NULL, *end = name;
		const char *error;

		assert_non_null(name);
		for (size_t n = 0; n < cases[i].count; n++)
			end = stpcpy(end, cases[i].piece);
		assert_int_equal(postern_precis_username(name, &prepared, &error),
				 cases[i].expected);
		free(name);
		free(prepared);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_username),
		cmocka_unit_test(test_username_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
