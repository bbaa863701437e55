/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "charset.h"
#include "encoded_word.h"
#include "iso_2022_jp.h"

static const struct {
	const char *text;
	int outcome;
	const char *expected; /* the decoded text, or what was found */
	const char *octets;   /* NULL for none */
} cases[] = {
	{ "", 0, "", NULL },
	{ "Alice", 0, "Alice", NULL },
	{ "= ? =", 0, "= ? =", NULL },
	{ "=?utf-8?q?a?=", 0, "a", NULL },
	{ "=?UTF-8?Q?A_b=3D=c3=A9?=", 0, "A b=\xc3\xa9", NULL },
	{ "x =?utf-8?q?a?= y", 0, "x a y", NULL },
	{ "x=?utf-8?q?a?=y", 0, "xay", NULL },
	{ "=?utf-8?q?a?= =?utf-8?q?b?=", 0, "ab", NULL },
	{ "=?utf-8?q?a?= \t=?utf-8?b?Yg==?=", 0, "ab", NULL },
	{ "=?utf-8?q?a?==?utf-8?q?b?=", 0, "ab", NULL },
	{ "=?utf-8?q?a?= x =?utf-8?q?b?=", 0, "a x b", NULL },
	{ "=?utf-8?q?a?= =?us-ascii?q?b?= =?iso-8859-1?q?=E9?=", 0, "ab\xc3\xa9", NULL },
	{ " =?utf-8?q?a?= ", 0, " a ", NULL },
	{ "=?utf-8?q?=C3?= =?utf-8?q?=A9?=", 0, "\xc3\xa9", NULL },
	{ "=?utf-8?q?\?=", 0, "", NULL },
	{ "=?utf-8?b?\?=", 0, "", NULL },
	{ "=?utf-8?b?YQ==?=", 0, "a", NULL },
	{ "=?utf-8?b?YWI=?=", 0, "ab", NULL },
	{ "=?utf-8?b?YWJj?=", 0, "abc", NULL },
	{ "=?utf-8?B?YWJjZA==?=", 0, "abcd", NULL },
	{ "=?iso-8859-1?b?+/8=?=", 0, "\xc3\xbb\xc3\xbf", NULL },
	{ "=?utf-8*en-gb?q?a?=", 0, "a", NULL },
	{ "=?utf-8?q?a=00b?=", 0, "a", NULL }, /* compared up to the NUL */
	{ "=?koi8-r?q?=C1?=", 0, "\xd0\xb0", NULL },
	{ "=?windows-1255?b?4Ozp8Q==?=", 0, "\xd7\x90\xd7\x9c\xd7\x99\xd7\xa1", NULL },
	/* a letter that waits for the mark behind it */
	{ "=?windows-1258?q?a=CC?=", 0, "\xc3\xa0", NULL },
	{ "=?windows-1258?q?a?=", 0, "a", NULL },
	{ "=?gb2312?q?a=81=40b?= c", 0, "a\xe4\xb8\x82" "b c", "a@b c" },
	{ "=?gbk?q?=81=40?= =?utf-8?q?b?=", 0, "\xe4\xb8\x82" "b", "@b" },
	{ "x =?big5?b?pKQ=?=", 0, "x \xe4\xb8\xad", "x " },
	{ "=?shift_jis?q?=83=41?=", 0, "\xe3\x82\xa2", "A" },
	{ "=?euc-kr?q?=B0=A1?=", 0, "\xea\xb0\x80", NULL },
	{ "=?iso-2022-jp?q?=1B$B$\"=1B(Ba?=", 0, "\xe3\x81\x82" "a", NULL },
	{ "=?iso-2022-jp?q?=1B$@$\"=1B(J?=", 0, "\xe3\x81\x82", NULL },
	{ "=?iso-2022-jp?q?=1B(I1=1B(B?=", 0, "\xef\xbd\xb1", NULL },
	{ "=?iso-2022-jp?q?=1B$(D0!=1B(B?=", 0, "\xe4\xb8\x82", NULL },
	{ "=?iso-2022-jp?q?a?= =?iso-2022-jp?q?b?=", 0, "ab", NULL },

	{ "=?", POSTERN_ENCODED_BROKEN, "=?", NULL },
	{ "a =?", POSTERN_ENCODED_BROKEN, "=?", NULL },
	{ "=?utf-8", POSTERN_ENCODED_BROKEN, "=?utf-8", NULL },
	{ "=?utf-8?", POSTERN_ENCODED_BROKEN, "=?utf-8?", NULL },
	{ "=?utf-8?q", POSTERN_ENCODED_BROKEN, "=?utf-8?q", NULL },
	{ "=?utf-8?q?", POSTERN_ENCODED_BROKEN, "=?utf-8?q?", NULL },
	{ "=?utf-8?q?a", POSTERN_ENCODED_BROKEN, "=?utf-8?q?a", NULL },
	{ "=?utf-8?q?a?", POSTERN_ENCODED_BROKEN, "=?utf-8?q?a?", NULL },
	{ "=?utf-8?q?a?b?=", POSTERN_ENCODED_BROKEN, "=?utf-8?q?a?b?=", NULL },
	{ "=?utf-8?qq?a?=", POSTERN_ENCODED_BROKEN, "=?utf-8?qq?a?=", NULL },
	{ "=?utf-8?x?a?= b", POSTERN_ENCODED_BROKEN, "=?utf-8?x?a?=", NULL },
	{ "=?utf 8?q?a?=", POSTERN_ENCODED_BROKEN, "=?utf 8?q?a?=", NULL },
	{ "=?utf=8?q?a?=", POSTERN_ENCODED_BROKEN, "=?utf=8?q?a?=", NULL },
	{ "=?\xc3\xa9?q?a?=", POSTERN_ENCODED_BROKEN, "=?\xc3\xa9?q?a?=", NULL },
	{ "=?utf-8?q?a b?= c", POSTERN_ENCODED_BROKEN, "=?utf-8?q?a b?=", NULL },
	{ "=?\x7f?q?a?=", POSTERN_ENCODED_BROKEN, "=?\x7f?q?a?=", NULL },
	{ "=?utf-8?q?\xc3\xa9?=", POSTERN_ENCODED_BROKEN, "=?utf-8?q?\xc3\xa9?=", NULL },
	{ "=?utf-8?q?\x7f?=", POSTERN_ENCODED_BROKEN, "=?utf-8?q?\x7f?=", NULL },
	{ "=?utf-8?q?=?=", POSTERN_ENCODED_BROKEN, "=?utf-8?q?=?=", NULL },
	{ "=?utf-8?q?=4?=", POSTERN_ENCODED_BROKEN, "=?utf-8?q?=4?=", NULL },
	{ "=?utf-8?q?=G4?=", POSTERN_ENCODED_BROKEN, "=?utf-8?q?=G4?=", NULL },
	{ "=?utf-8?q?=4G?=", POSTERN_ENCODED_BROKEN, "=?utf-8?q?=4G?=", NULL },
	{ "=?utf-8?q?=4!?=", POSTERN_ENCODED_BROKEN, "=?utf-8?q?=4!?=", NULL },
	{ "=?utf-8?b?YQ=?=", POSTERN_ENCODED_BROKEN, "=?utf-8?b?YQ=?=", NULL },
	{ "=?utf-8?b?Y===?=", POSTERN_ENCODED_BROKEN, "=?utf-8?b?Y===?=", NULL },
	{ "=?utf-8?b?====?=", POSTERN_ENCODED_BROKEN, "=?utf-8?b?====?=", NULL },
	{ "=?utf-8?b?YQ==YQ==?=", POSTERN_ENCODED_BROKEN, "=?utf-8?b?YQ==YQ==?=", NULL },
	{ "=?utf-8?b?Y-Jj?=", POSTERN_ENCODED_BROKEN, "=?utf-8?b?Y-Jj?=", NULL },
	{ "=?utf-8?b?{{{{?=", POSTERN_ENCODED_BROKEN, "=?utf-8?b?{{{{?=", NULL },
	{ "=?utf-8?b?YWJj|?=", POSTERN_ENCODED_BROKEN, "=?utf-8?b?YWJj|?=", NULL },
	{ "=?utf-8?q?=3D=3F?=", POSTERN_ENCODED_BROKEN, "=?", NULL },
	{ "=?utf-8?q?=3D?= =?us-ascii?q?=3F?=", POSTERN_ENCODED_BROKEN, "=?", NULL },

	{ "=?utf-7?q?a?=", POSTERN_ENCODED_CHARSET, "=?utf-7?q?a?=", NULL },
	{ "a =?x?q?a?=", POSTERN_ENCODED_CHARSET, "=?x?q?a?=", NULL },
	{ "=?*en?q?a?=", POSTERN_ENCODED_CHARSET, "=?*en?q?a?=", NULL },
	{ "=??q?a?=", POSTERN_ENCODED_CHARSET, "=??q?a?=", NULL },
	{ "=?utf-88?q?a?=", POSTERN_ENCODED_CHARSET, "=?utf-88?q?a?=", NULL },

	{ "=?utf-8?q?=C3?=", POSTERN_ENCODED_INVALID, "=?utf-8?q?=C3?=", NULL },
	{ "=?utf-8?q?=C3?= x =?utf-8?q?a?=", POSTERN_ENCODED_INVALID, "=?utf-8?q?=C3?=", NULL },
	{ "=?utf-8?q?=C3?= x", POSTERN_ENCODED_INVALID, "=?utf-8?q?=C3?=", NULL },
	{ "=?utf-8?q?=C3?= =?us-ascii?q?a?=", POSTERN_ENCODED_INVALID, "=?utf-8?q?=C3?= ", NULL },
	{ "=?us-ascii?q?=80?=", POSTERN_ENCODED_INVALID, "=?us-ascii?q?=80?=", NULL },
	{ "=?windows-1252?q?=81?=", POSTERN_ENCODED_INVALID, "=?windows-1252?q?=81?=", NULL },
	{ "=?big5?q?=A4?=", POSTERN_ENCODED_INVALID, "=?big5?q?=A4?=", NULL },
	{ "=?iso-2022-jp?q?=1B$B$\"?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=1B$B$\"?=", NULL },
	{ "=?iso-2022-jp?q?=1B?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=1B?=", NULL },
	{ "=?iso-2022-jp?q?=1B(H?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=1B(H?=", NULL },
	{ "=?iso-2022-jp?q?=0E1=0F?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=0E1=0F?=", NULL },
	{ "=?iso-2022-jp?q?=0E?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=0E?=", NULL },
	{ "=?iso-2022-jp?q?=0F?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=0F?=", NULL },
	{ "=?iso-2022-jp?q?=E9?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=E9?=", NULL },
	{ "=?iso-2022-jp?q?=1B$B$?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=1B$B$?=", NULL },
	{ "=?iso-2022-jp?q?=1B$B$=20?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=1B$B$=20?=", NULL },
	{ "=?iso-2022-jp?q?=1B$B=E9=E9?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=1B$B=E9=E9?=",
	  NULL },
	{ "=?iso-2022-jp?q?=1B$B=7F=7F?=", POSTERN_ENCODED_INVALID, "=?iso-2022-jp?q?=1B$B=7F=7F?=",
	  NULL },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = strlen(cases[i].text);
		/* On the heap in the exact size, so that a sanitizer sees a step beyond. */
		char *text = malloc(size), *room = malloc(POSTERN_DECODED_ROOM(size));
		struct postern_decoded decoded;
		const char *error = NULL, *got;
		size_t got_size;
		int ret;

		if (size > 0)
			memcpy(text, cases[i].text, size);
		ret = postern_encoded_words_decode(text, size, room, &decoded, &error);
		got = ret == 0 ? decoded.text : decoded.found;
		got_size = ret == 0 ? decoded.size : decoded.found_size;
		if (ret != cases[i].outcome || got_size < strlen(cases[i].expected) ||
		    memcmp(got, cases[i].expected, strlen(cases[i].expected)) != 0)
			fail_msg("%s: outcome %d, %.*s", cases[i].text, ret, (int)got_size, got);
		if (memchr(got, '\0', got_size) == NULL)
			assert_int_equal(got_size, strlen(cases[i].expected));
		if (ret == 0) {
			assert_int_equal(decoded.octets_size,
					 cases[i].octets == NULL ? 0 : strlen(cases[i].octets));
			if (cases[i].octets != NULL)
				assert_memory_equal(decoded.octets, cases[i].octets,
						    decoded.octets_size);
		}
		free(text);
		free(room);
	}
}

static void test_present(void **state)
{
	(void)state;
	assert_true(postern_encoded_word_present("a =?", 4));
	assert_false(postern_encoded_word_present("a =?", 3));
	assert_false(postern_encoded_word_present("", 0));
}

/* The characters that take the most room in UTF-8 find it. */
static void test_growth(void **state)
{
	static const char *const words[] = {
		"=?iso-2022-jp?q?=1B(I111111111111111111111111111111=1B(B?=",
		"=?windows-1252?b?gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICA?=",
		"=?big5-hkscs?b?iGKIYohiiGKIYohiiGKIYohiiGKIYohi?=",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t size = strlen(words[i]);
		char *room = malloc(POSTERN_DECODED_ROOM(size));
		struct postern_decoded decoded;
		const char *error = NULL;

		assert_int_equal(postern_encoded_words_decode(words[i], size, room, &decoded, &error),
				 0);
		assert_true(decoded.size > 0);
		free(room);
	}
}

/* Every character set by name is one that iconv can convert from, and lets ASCII letters be. */
static void test_charsets(void **state)
{
	static const char *const names[] = {
		"utf-8", "US-ASCII", "iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4",
		"iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-9",
		"iso-8859-10", "iso-8859-11", "iso-8859-13", "iso-8859-14", "iso-8859-15",
		"iso-8859-16", "windows-874", "tis-620", "windows-1250", "windows-1251",
		"windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
		"windows-1257", "windows-1258", "cp437", "cp850", "cp852", "cp866", "koi8-r",
		"koi8-u", "macintosh", "gb2312", "gbk", "gb18030", "big5", "big5-hkscs",
		"shift_jis", "euc-jp", "iso-2022-jp", "euc-kr", "ks_c_5601-1987",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct postern_charset *charset = postern_charset_find(names[i],
									      strlen(names[i]));
		char text[16];
		size_t used = 0;
		const char *error = NULL;

		assert_non_null(charset);
		assert_int_equal(postern_charset_decode(charset, "Alice@a.b", 9, text, &used,
							sizeof(text), &error), 0);
		assert_int_equal(used, 9);
		assert_memory_equal(text, "Alice@a.b", 9);
	}
}

/* A text that does not fit is not cut. */
static void test_no_room(void **state)
{
	static const char *const names[] = { "utf-8", "us-ascii", "koi8-r", "iso-2022-jp" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct postern_charset *charset = postern_charset_find(names[i],
									      strlen(names[i]));
		char text[4];
		size_t used = 1;
		const char *error = NULL;

		assert_int_equal(postern_charset_decode(charset, "abcd", 4, text, &used,
							sizeof(text), &error),
				 POSTERN_CHARSET_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_present),
		cmocka_unit_test(test_growth), cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
