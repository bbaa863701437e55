/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <malloc.h>

#include "auth_results.h"
#include "outside.h"
#include "outside_from.h"

/* A postern_outside_domain_fn: each of them once, a blank behind it. */
static int collect(const char *domain, void *context, const char **error_r)
{
	char *found = context;
	char word[POSTERN_DOMAIN_MAX + 2];

	(void)error_r;
	snprintf(word, sizeof(word), "%s ", domain);
	if (strstr(found, word) == NULL)
		strcat(found, word);
	return 0;
}

static int stop(const char *domain, void *context, const char **error_r)
{
	(void)domain;
	(void)context;
	(void)error_r;
	return 7;
}

static void domains_in_from(void **state)
{
	static const struct {
		const char *body, *found;
	} cases[] = {
		{ " alice@example.test", "example.test " },
		{ " Alice <alice@Example.TEST>, bob@example.org", "example.test example.org " },
		{ " \"bob@example.org\" <alice@example.test>", "example.test " },
		{ " (bob@example.org) alice@example.test", "example.test " },
		{ " alice@b\xc3\xbc" "cher.example", "xn--bcher-kva.example " },
		{ "", "" },
		{ " undisclosed:;", "" },
		/* Read in one way up to where it cannot be, then searched. */
		{ " alice@example.test, <", "example.test " },
		{ " <@a.example,@b.example:c@d.example>", "a.example b.example d.example " },
		{ " alice@(x)example.test", "example.test " },
		{ " alice@\n example.test", "example.test " },
		{ " alice@\"example.test\"", "example.test " },
		{ " a@b.example.", "b.example " },
		{ " a@@b.example", "b.example " },
		{ " a@-.example, <", "" },
		{ " \x01 a@b.example", "b.example " },
		{ " (a@b.example", "b.example " },
		/* A comment begins, or does not, as the reader sees it. */
		{ " \"(\" <a@b .example>", "b b.example " },
		{ " \\( <a@b .example>", "b b.example " },
		{ " \"\\\"(\" <a@b(c) .example>", "b b.example " },
		{ " ( <a@b .example>", "b b.example " },
		/* What a screen does not show, or shows as another character. */
		{ " alice@exam\xe2\x80\x8bple.test", "example.test " },
		{ " alice@exam\xc2\xadple.test", "example.test " },
		{ " alice@example.test\xef\xbb\xbf", "example.test " },
		{ " alice@example\xe3\x80\x82test (", "example.test exampletest " },
		{ " alice@example\xef\xbc\x8etest", "example.test exampletest " },
		{ " alice\xef\xbc\xa0" "example.test", "example.test " },
		/* What is dropped by who wants ASCII. */
		{ " <alice@\x80" "example.test>", "example.test " },
		{ " <alice@example.test\xff>", "example.test " },
		{ " <alice@exam\x7fple.test>", "exam example.test " },
		/* Encoded words where none may be. */
		{ " =?utf-8?q?alice=40example.test?=", "example.test " },
		{ " =?utf-8?b?PGFsaWNlQGV4YW1wbGUudGVzdD4=?=", "example.test " },
		{ " =?utf-8?q?alice=40example.test?=, carol@example.org", "example.org example.test " },
		{ " <=?utf-8?q?alice=40example.test?=>", "example.test " },
		{ " alice@=?utf-8?q?example.test?=", "example.test " },
		{ " =?x-none?q?x?= =?utf-8?q?alice=40example.test?=", "example.test " },
		{ " =? =?utf-8?q?a=4?= =?utf-8?q?alice=40example.test?=", "example.test " },
		/* Encoded twice. */
		{ " =?utf-8?q?alice=40example.test_=3D=3Futf-8?=", "example.test " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char found[512] = "";
		const char *error;

		assert_int_equal(0, postern_outside_from_each(cases[i].body, strlen(cases[i].body),
							      collect, found, &error));
		assert_string_equal(cases[i].found, found);
	}
}

static void a_walk_ends_when_told(void **state)
{
	static const char *const bodies[] = { "a@b.example", "<a@b.example", "a@(x)b.example" };
	const char *error;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_int_equal(7, postern_outside_from_each(bodies[i], strlen(bodies[i]), stop, NULL,
							      &error));
}

/* There is one generation, and it stays. */

void __wrap_postern_generation_ref(struct postern_generation *generation);
void __wrap_postern_generation_ref(struct postern_generation *generation)
{
	assert_non_null(generation);
}

void __wrap_postern_generation_unref(struct postern_generation **generation);
void __wrap_postern_generation_unref(struct postern_generation **generation)
{
	*generation = NULL;
}

static size_t memory_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Of one word that does not end libopendkim keeps as much as there is, for each signature. */
static void a_word_without_end_is_not_kept(void **state)
{
	static char domain[] = "example.test", word[65535];
	char *domains[] = { domain, NULL }, *none[] = { NULL };
	struct postern_config config = { .own_domain_from_outside = POSTERN_OUTSIDE_MARK,
					 .domains = domains, .outside_exempt_senders = none };
	struct postern_generation generation = { .config = &config };
	struct postern_endpoint client = { .port = 25 };
	struct postern_outside *outside;
	const char *error = NULL;
	char signature[256];
	size_t before;

	(void)state;
	assert_int_equal(postern_networks_new(none, &generation.outside_exempt, &error), 0);
	outside = postern_outside_new(&generation, &client, "mx.example.test");
	assert_non_null(outside);
	postern_outside_sender(outside, "<a@example.org>");
	postern_outside_field(outside, "From", " alice@example.test");
	for (int i = 0; i < 16; i++) {
		snprintf(signature, sizeof(signature), " v=1; a=rsa-sha256; c=relaxed/relaxed; "
			 "d=example.org; s=s; h=From; l=%d; bh=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=;"
			 " b=MDEy", 90000000 + i);
		postern_outside_field(outside, "DKIM-Signature", signature);
	}
	postern_outside_end_of_header(outside);
	before = memory_in_use();
	memset(word, 'x', sizeof(word));
	for (int i = 0; i < 200; i++) {
		postern_outside_body(outside, word, sizeof(word));
		assert_in_range(memory_in_use(), 0, before + 8000000);
	}
	assert_null(postern_outside_end(outside, NULL));
	/* None of ours: they are all of another domain. */
	assert_non_null(strstr(postern_outside_result(outside), "dkim=none"));
	postern_outside_free(&outside);
	postern_networks_free(&generation.outside_exempt);
}

static void results_in_a_name(void **state)
{
	static const struct {
		const char *value;
		bool by;
	} cases[] = {
		{ " mx.example.test; none", true },
		{ "mx.example.test;none", true },
		{ " MX.Example.Test 1; dkim=pass", true },
		{ "\n\tmx.example.test\n\t;", true },
		{ " (a(b)\\)) mx.example.test(c);", true },
		{ " \"mx.example.test\"; x", true },
		{ " \"mx.\\example.test\"; x", true },
		{ " mx.example.test", true },
		{ " mx.example.test.", true },
		{ " mx.example.test.org; x", false },
		{ " mx.example.testing; x", false },
		{ " mx.example; x", false },
		{ " x.mx.example.test; x", false },
		/* Readers do not agree on what may stand before the name. */
		{ " \x0bmx.example.test; x", true },
		{ " \x7fmx.example.test; x", true },
		{ " \xc2\xa0mx.example.test; x", true },
		{ " ;mx.example.test; x", true },
		{ " \\ mx.example.test; x", true },
		{ " \" mx.example.test\"; x", true },
		{ " (\"(\") MX.example.test; x", true },
		{ " (mx.example.test) other; x", true },
		{ " other; mx.example.test", true },
		{ " other; spf=pass smtp.helo=mx.example.test", false },
		{ " other; spf=pass smtp.mailfrom=x@mx.example.test", false },
		{ "", false },
		{ " \"", false },
		{ " \"mx.example.tes\\", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (postern_auth_results_is_by(cases[i].value, "mx.example.test") != cases[i].by)
			fail_msg("\"%s\"", cases[i].value);
	}
}

static void name_of_the_field(void **state)
{
	(void)state;
	assert_true(postern_auth_results_is_name("Authentication-Results"));
	assert_true(postern_auth_results_is_name("AUTHENTICATION-results \t"));
	assert_false(postern_auth_results_is_name("Authentication-Results2"));
	assert_false(postern_auth_results_is_name("Authentication-Result"));
	assert_false(postern_auth_results_is_name("ARC-Authentication-Results"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_in_from),
		cmocka_unit_test(a_walk_ends_when_told),
		cmocka_unit_test(a_word_without_end_is_not_kept),
		cmocka_unit_test(results_in_a_name),
		cmocka_unit_test(name_of_the_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
