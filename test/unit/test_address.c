/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "address.h"

/* Text with its size, so that a NUL can stand in it. */
#define TEXT(literal) (literal), sizeof(literal) - 1
#define X4(text) text text text text
#define X10(text) text text text text text text text text text text
#define X20(text) X10(text) X10(text)
#define X30(text) X10(text) X10(text) X10(text)
#define X60 X20("xxx")
#define LABEL "abcdefghij." /* 11 octets */
#define DOMAIN_242 X20(LABEL) LABEL LABEL
#define E_ACUTE "\xc3\xa9"

static const struct {
	const char *text;
	size_t size;
	const char *local_part, *domain;
} good[] = {
	{ TEXT("alice@example.test"), "alice", "example.test" },
	{ TEXT("ALICE@Example.TEST"), "alice", "example.test" },
	{ TEXT("a.liddell@example.test"), "a.liddell", "example.test" },
	{ TEXT("alice+tag@example.test"), "alice+tag", "example.test" },
	{ TEXT("!#$%&'*+-/=?^_`{|}~@example.test"), "!#$%&'*+-/=?^_`{|}~", "example.test" },
	{ TEXT("a@b"), "a", "b" },
	{ TEXT("1@2.3"), "1", "2.3" },
	{ TEXT("a@x--y.test"), "a", "x--y.test" },
	{ TEXT("\"alice\"@example.test"), "alice", "example.test" },
	{ TEXT("\"Alice.\"@example.test"), "alice.", "example.test" },
	{ TEXT("\".a..b\"@example.test"), ".a..b", "example.test" },
	{ TEXT(X60 "xxxx@example.test"), X60 "xxxx", "example.test" },
	{ TEXT("a@" X60 "xxx.test"), "a", X60 "xxx.test" },
	{ TEXT("a@" DOMAIN_242 "abcdefghij.ab"), "a", DOMAIN_242 "abcdefghij.ab" },
	/* UTF-8: NFC, ASCII letters alone folded */
	{ TEXT("Ren" E_ACUTE "@example.test"), "ren" E_ACUTE, "example.test" },
	{ TEXT("Rene\xcc\x81@example.test"), "ren" E_ACUTE, "example.test" },
	{ TEXT("\"Rene\xcc\x81\"@example.test"), "ren" E_ACUTE, "example.test" },
	{ TEXT("\xc3\x89mile@example.test"), "\xc3\x89mile", "example.test" },
	{ TEXT("\xe7\x94\xa8\xe6\x88\xb7@example.test"), "\xe7\x94\xa8\xe6\x88\xb7", "example.test" },
	{ TEXT("a\xe2\x80\x8d" "b@example.test"), "a\xe2\x80\x8d" "b", "example.test" },
	{ TEXT("a\xe2\x80\x8c" "b@example.test"), "a\xe2\x80\x8c" "b", "example.test" },
	{ TEXT("\xe2\x84\xab@example.test"), "\xc3\x85", "example.test" }, /* angstrom sign */
	/* IDNA2008 */
	{ TEXT("a@b\xc3\xbc" "cher.example"), "a", "xn--bcher-kva.example" },
	{ TEXT("a@B\xc3\x9c" "CHER.Example"), "a", "xn--bcher-kva.example" },
	{ TEXT("a@bu\xcc\x88" "cher.example"), "a", "xn--bcher-kva.example" },
	{ TEXT("a@XN--Bcher-KVA.example"), "a", "xn--bcher-kva.example" },
	{ TEXT("a@mail.xn--bcher-kva.example"), "a", "mail.xn--bcher-kva.example" },
	{ TEXT("a@fa\xc3\x9f.example"), "a", "xn--fa-hia.example" },
	{ TEXT("a@\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.test"), "a", "xn--9dbne9b.test" },
};

static const struct {
	const char *text;
	size_t size;
} bad[] = {
	{ TEXT("") }, { TEXT("@") }, { TEXT("alice") }, { TEXT("alice@") }, { TEXT("@example.test") },
	{ TEXT("<alice@example.test>") }, { TEXT(" alice@example.test") },
	{ TEXT("alice@example.test ") }, { TEXT("alice @example.test") },
	{ TEXT("alice@ example.test") }, { TEXT("al\tice@example.test") },
	{ TEXT("alice@example.test\n") }, { TEXT("al\0ice@example.test") },
	{ TEXT("alice@example\0.test") }, { TEXT("alice\x7f@example.test") },
	{ TEXT("alice(x)@example.test") }, { TEXT("alice@(x)example.test") },
	{ TEXT(".alice@example.test") }, { TEXT("alice.@example.test") },
	{ TEXT("a..b@example.test") }, { TEXT(".@example.test") }, { TEXT("alice.") },
	{ TEXT("alice@bob@example.test") }, { TEXT("alice@example.test,bob@victim.test") },
	{ TEXT("@route.test:alice@example.test") },
	{ TEXT("alice@.example.test") }, { TEXT("alice@example.test.") },
	{ TEXT("alice@example..test") }, { TEXT("alice@-example.test") },
	{ TEXT("alice@example-.test") }, { TEXT("alice@exa_mple.test") },
	{ TEXT("alice@[192.0.2.1]") }, { TEXT("alice@[IPv6:2001:db8::1]") },
	{ TEXT("alice@example.test:25") },
	{ TEXT(X60 "xxxxx@example.test") }, { TEXT("a@" X60 "xxxx.test") },
	{ TEXT("a@" DOMAIN_242 "abcdefghij.abc") },
	/* quoted local-parts that other software would split elsewhere */
	{ TEXT("\"\"@example.test") }, { TEXT("\"alice@example.test") }, { TEXT("\"alice\"") },
	{ TEXT("\"bob@victim.test\"@example.test") }, { TEXT("\"al ice\"@example.test") },
	{ TEXT("\"al\\ice\"@example.test") }, { TEXT("\"al\\\"ice\"@example.test") },
	{ TEXT("\"alice\".x@example.test") }, { TEXT("x.\"alice\"@example.test") },
	{ TEXT("\"a<b\"@example.test") }, { TEXT("\"a,b\"@example.test") },
	{ TEXT("\"alice\" @example.test") }, { TEXT("\"") }, { TEXT("\"al\nice\"@example.test") },
	/* Unicode */
	{ TEXT("ren\xe9@example.test") }, { TEXT("alice@b\xfc" "cher.example") },
	{ TEXT("al\xc0\xaf@example.test") },
	{ TEXT("a\xe2\x80\xae@example.test") }, /* U+202E */
	{ TEXT("a\xc2\xa0" "b@example.test") }, /* no-break space */
	{ TEXT("a\xc2\x85@example.test") }, { TEXT("a\xc2\x80@example.test") }, /* C1 */
	{ TEXT("a\xc2\xad@example.test") }, /* soft hyphen */
	{ TEXT("a\xe2\x80\x8b@example.test") }, /* zero width space */
	{ TEXT("a\xef\xbc\xa0victim@example.test") }, /* fullwidth at-sign */
	{ TEXT("a\xe2\x80\xa4@example.test") }, /* one dot leader */
	{ TEXT("a\xef\xbc\x8e" "b.c@example.test") }, /* fullwidth stop */
	{ TEXT("\xe2\x84\xaa@example.test") }, /* kelvin sign */
	{ TEXT("a\xcd\xbe@example.test") }, /* Greek question mark */
	{ TEXT("alice@\xe2\x84\xaa.test") }, { TEXT("alice@v\xc4\xb0" "ctim.test") },
	{ TEXT("alice@example\xe3\x80\x82test") }, /* ideographic full stop */
	{ TEXT("alice@\xef\xbd\x85xample.test") }, /* fullwidth e */
	{ TEXT("alice@a\xe2\x80\x8d" "b.test") }, { TEXT("alice@\xf0\x9f\x92\xa9.test") },
	{ TEXT("alice@xn--.test") }, { TEXT("alice@xn--a.test") }, { TEXT("alice@xn--zzzz.test") },
	{ TEXT("alice@xn--ASCII-.test") }, { TEXT("alice@x.XN--A.test") },
	{ TEXT("alice@\xd7\x90" "a.test") }, /* mixed directions in a label */
	{ TEXT("alice@-\xc3\xbc.test") }, { TEXT("alice@\xc3\xbc-.test") },
	{ TEXT("alice@x.-\xc3\xbc") }, { TEXT("alice@\xc3\xbc-") },
	{ TEXT("alice@\xc3\xbc..test") },
	{ TEXT("alice@\xc3\xbc.test.") }, { TEXT("alice@\xc3\xbc_.test") },
	/* a domain that its small letters (U+023A to U+2C65), NFC (U+0958) or punycode make too
	   long */
	{ TEXT("a@" X30(X4("\xc8\xba"))) },
	{ TEXT("a@" X20(X4("\xe0\xa5\x98"))) },
	{ TEXT("a@" X20(X4("\xc3\xa9"))) },
	{ TEXT("a@" X10(X4("\xf0\x9f\x92\xa9"))) },
	{ TEXT("a@" X10("\xf0\x90\x90\xa8.\xc3\xa9.\xf0\x90\x90\xa8" "a.\xc3\xa9" "b.")
	       X10("\xc3\xa9.\xc3\xa9.") "a") },
	/* 64 octets that NFC makes longer: U+0958 becomes two characters */
	{ TEXT(X20("\xe0\xa5\x98") "abcd@example.test") },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct postern_address address;
		const char *error = NULL;

		if (postern_address_parse(good[i].text, good[i].size, &address, &error) < 0)
			fail_msg("%s: %s", good[i].text, error);
		assert_string_equal(address.local_part, good[i].local_part);
		assert_string_equal(address.domain, good[i].domain);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct postern_address address;
		const char *error = NULL;

		if (postern_address_parse(bad[i].text, bad[i].size, &address, &error) == 0)
			fail_msg("%zu, %s: read as %s@%s", i, bad[i].text, address.local_part,
				 address.domain);
		assert_non_null(error);
	}
}

static void test_case(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "Alice@Cased.Test", "Alice@cased.test" },
		{ "\"Al.\"@cased.test", "\"Al.\"@cased.test" },
		{ "Ren\xc3\x89@cased.test", "Ren\xc3\x89@cased.test" },
		{ "Alice@other.test", "alice@other.test" },
		{ "Alice@sub.cased.test", "alice@sub.cased.test" },
	};
	static char more[] = "more.test", cased[] = "cased.test";
	char *domains[] = { more, cased, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct postern_address address;
		char text[2 * POSTERN_ADDRESS_MAX];
		const char *error;

		assert_int_equal(postern_address_parse(cases[i].text, strlen(cases[i].text), &address,
						       &error), 0);
		postern_address_apply_case(&address, NULL);
		postern_address_apply_case(&address, domains);
		postern_address_format(&address, text, sizeof(text));
		assert_string_equal(text, cases[i].expected);
	}
}

/* What format writes, parse reads back as the same address. */
static void test_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct postern_address address, again;
		char text[2 * POSTERN_ADDRESS_MAX];
		const char *error = NULL;

		assert_int_equal(postern_address_parse(good[i].text, good[i].size, &address,
						       &error), 0);
		postern_address_format(&address, text, sizeof(text));
		assert_int_equal(postern_address_parse(text, strlen(text), &again, &error), 0);
		assert_string_equal(address.local_part, again.local_part);
		assert_string_equal(address.domain, again.domain);
	}
}

static void test_format_quotes(void **state)
{
	struct postern_address address = { .domain = "example.test" };
	char text[2 * POSTERN_ADDRESS_MAX];
	static const char *const quoted[] = { ".a", "a.", "a..b", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++) {
		strcpy(address.local_part, quoted[i]);
		postern_address_format(&address, text, sizeof(text));
		assert_int_equal(text[0], '"');
	}
	strcpy(address.local_part, "a.b");
	postern_address_format(&address, text, sizeof(text));
	assert_string_equal(text, "a.b@example.test");
}

static void test_base(void **state)
{
	static const struct {
		const char *local_part;
		char delimiter;
		const char *base; /* NULL for none */
	} cases[] = {
		{ "alice+tag", '+', "alice" }, { "alice+a+b", '+', "alice" },
		{ "alice++", '+', "alice" }, { "alice-tag", '-', "alice" },
		{ "alice+", '+', NULL }, { "+tag", '+', NULL }, { "+a+b", '+', NULL },
		{ "alice", '+', NULL }, { "alice-tag", '+', NULL }, { "alice+tag", '\0', NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct postern_address address = { .domain = "example.test" }, base;
		bool found;

		strcpy(address.local_part, cases[i].local_part);
		found = postern_address_base(&address, cases[i].delimiter, &base);
		assert_int_equal(found, cases[i].base != NULL);
		if (found) {
			assert_string_equal(base.local_part, cases[i].base);
			assert_string_equal(base.domain, "example.test");
		}
	}
}

static void test_path(void **state)
{
	static const struct {
		const char *path, *domain; /* NULL for what has no address */
	} cases[] = {
		{ "<alice@Example.ORG>", "example.org" },
		{ "<>", NULL },
		{ "", NULL },
		{ "<", NULL },
		{ "alice@example.org", NULL },
		{ "<alice@example.org", NULL },
		{ "alice@example.org>", NULL },
		{ "<alice>", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct postern_address address;
		const char *error = NULL;
		int ret = postern_address_parse_path(cases[i].path, &address, &error);

		if (ret != (cases[i].domain != NULL ? 0 : POSTERN_ADDRESS_MALFORMED))
			fail_msg("%s: %d", cases[i].path, ret);
		if (ret == 0)
			assert_string_equal(address.domain, cases[i].domain);
		else
			assert_non_null(error);
	}
}

static void test_domain(void **state)
{
	char domain[POSTERN_DOMAIN_MAX + 1];
	const char *error = NULL;

	(void)state;
	assert_int_equal(postern_domain_normalize(TEXT("Mail.Example"), domain, &error), 0);
	assert_string_equal(domain, "mail.example");
	assert_true(postern_domain_normalize(TEXT(""), domain, &error) < 0);
	assert_true(postern_domain_normalize(TEXT("a\0b"), domain, &error) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_format), cmocka_unit_test(test_case), cmocka_unit_test(test_format_quotes),
		cmocka_unit_test(test_base), cmocka_unit_test(test_path), cmocka_unit_test(test_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
