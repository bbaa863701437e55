/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sender_cases.h"
#include "sender_rule.h"

/* The fewest hostile and honest cases of a rule. */
#define CASES_MIN 10

static bool is_same(const struct postern_address *address, const char *text)
{
	struct postern_address own;
	const char *error;

	if (text[0] == '@')
		return strcmp(address->domain, text + 1) == 0;
	if (postern_address_parse(text, strlen(text), &own, &error) < 0)
		fail_msg("%s: %s", text, error);
	return strcmp(address->local_part, own.local_part) == 0 &&
	       strcmp(address->domain, own.domain) == 0;
}

/* The addresses of alice, and those that the case adds. */
static int owns(const struct postern_address *address, void *context, const char **error_r)
{
	const struct sender_case *c = context;
	struct postern_address base;

	(void)error_r;
	if (!postern_address_base(address, '+', &base))
		base = *address;
	if (is_same(&base, "alice@example.test") || is_same(&base, "a.liddell@example.test"))
		return 0;
	for (size_t i = 0; i < SENDER_CASE_OWNS_MAX; i++) {
		if (c->owns[i] != NULL && is_same(&base, c->owns[i]))
			return 0;
	}
	return 1;
}

static unsigned allowed(const struct sender_case *c)
{
	unsigned allow = 0;

	if (c->allow != NULL && strstr(c->allow, "P4") != NULL)
		allow |= POSTERN_ALLOW_P4;
	if (c->allow != NULL && strstr(c->allow, "P15") != NULL)
		allow |= POSTERN_ALLOW_P15;
	return allow;
}

/* Sends a case through the rule as the milter does, which goes on after a refusal. */
static int run(const struct sender_case *c, struct postern_sender_rule **rule_r)
{
	struct sender_field field;
	size_t pos = 0;
	const char *error = NULL;
	int ret;

	assert_int_equal(postern_sender_rule_new(owns, (void *)c, allowed(c), rule_r, &error), 0);
	assert_null(postern_sender_rule_refusal(*rule_r));
	ret = postern_sender_rule_envelope_sender(*rule_r, c->mail, &error);
	while (sender_case_next_field(c, &pos, &field)) {
		int now = postern_sender_rule_field(*rule_r, field.name, field.name_size,
						    field.body, field.size, &error);

		if (ret != POSTERN_SENDER_OK)
			assert_int_equal(now, ret);
		ret = now;
		free(field.name);
	}
	if (ret == POSTERN_SENDER_OK)
		ret = postern_sender_rule_end_of_header(*rule_r, &error);
	else
		assert_int_equal(postern_sender_rule_end_of_header(*rule_r, &error), ret);
	return ret;
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~')
			return false;
	}
	return true;
}

/* Each way in which the outcome differs from the case is printed; true when there is none. */
static bool check(const struct sender_case *c)
{
	const struct postern_sender_refusal *refusal;
	struct postern_sender_rule *rule = NULL;
	int verdict = run(c, &rule);
	int expected = !c->hostile ? POSTERN_SENDER_OK
		     : strcmp(c->status, "5.7.1") == 0 ? POSTERN_SENDER_NOT_OWN
						       : POSTERN_SENDER_MALFORMED;
	bool good = verdict == expected;

	refusal = postern_sender_rule_refusal(rule);
	if (refusal != NULL)
		good = good && strcmp(refusal->rule, c->rule) == 0 &&
		       strstr(refusal->found, c->found) != NULL && is_ascii(refusal->found) &&
		       is_ascii(refusal->text) && is_ascii(refusal->field) &&
		       strlen(refusal->text) > 20 && refusal->text[0] != ' ';
	if (!good)
		fprintf(stderr, "%s:%u: %s: got %d %s %s \"%s\": %s\n", c->file, c->line, c->title,
			verdict, refusal == NULL ? "" : refusal->rule,
			refusal == NULL ? "" : refusal->field,
			refusal == NULL ? "" : refusal->found,
			refusal == NULL ? "" : refusal->text);
	else if (getenv("SENDER_CASES_PRINT") != NULL && refusal != NULL)
		fprintf(stderr, "%s %s: %s\n", refusal->rule, refusal->field, refusal->text);
	postern_sender_rule_free(&rule);
	assert_null(rule);
	return good;
}

static void test_rule_file(const char *name)
{
	char path[1024];
	struct sender_cases cases;
	size_t hostile = 0, honest = 0, bad = 0;

	snprintf(path, sizeof(path), "%s/%s.cases", POSTERN_CASES_DIR, name);
	sender_cases_load(path, &cases);
	for (size_t i = 0; i < cases.count; i++) {
		*(cases.cases[i].hostile ? &hostile : &honest) += 1;
		if (!check(&cases.cases[i]))
			bad++;
	}
	sender_cases_free(&cases);
	assert_true(hostile >= CASES_MIN);
	assert_true(honest >= CASES_MIN);
	assert_int_equal(bad, 0);
}

static void test_cases(void **state)
{
	test_rule_file(*state);
}

static int owns_unknown(const struct postern_address *address, void *context,
			const char **error_r)
{
	(void)address;
	(void)context;
	return postern_error(error_r, "store is gone");
}

#define FIELD(name, body) name, strlen(name), body, strlen(body)

/* Not known is neither yes nor no, and stays so to the end of the message. */
static void test_owns_fails(void **state)
{
	static const struct {
		const char *mail, *name, *body;
	} cases[] = {
		{ "<alice@example.test>", "X-A", "x" },
		{ "<>", "From", "alice@example.test" },
		{ "<>", "Sender", "alice@example.test" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct postern_sender_rule *rule = NULL;
		const char *error = NULL;

		assert_int_equal(postern_sender_rule_new(owns_unknown, NULL, 0, &rule, &error), 0);
		if (postern_sender_rule_envelope_sender(rule, cases[i].mail, &error) == 0)
			assert_true(postern_sender_rule_field(rule, FIELD(cases[i].name, cases[i].body),
							      &error) < 0);
		assert_non_null(error);
		assert_true(postern_sender_rule_field(rule, FIELD("X-B", " y"), &error) < 0);
		assert_true(postern_sender_rule_end_of_header(rule, &error) < 0);
		assert_null(postern_sender_rule_refusal(rule));
		postern_sender_rule_free(&rule);
	}
}

/* The own address is known, the one in the name is not found out. */
static int owns_first(const struct postern_address *address, void *context, const char **error_r)
{
	(void)context;
	if (strcmp(address->local_part, "alice") == 0)
		return 0;
	return postern_error(error_r, "store is gone");
}

static void test_owns_fails_for_shown(void **state)
{
	struct postern_sender_rule *rule = NULL;
	const char *error = NULL;

	(void)state;
	assert_int_equal(postern_sender_rule_new(owns_first, NULL, 0, &rule, &error), 0);
	assert_true(postern_sender_rule_field(rule, FIELD("From", " \"bob@example.test\" "
							  "<alice@example.test>"), &error) < 0);
	postern_sender_rule_free(&rule);
}

static void test_facts(void **state)
{
	const struct sender_case none = { .hostile = false };
	struct postern_sender_rule *rule = NULL;
	const char *error = NULL;

	(void)state;
	assert_int_equal(postern_sender_rule_new(owns, (void *)&none, 0, &rule, &error), 0);
	assert_string_equal(postern_sender_rule_from_domain(rule), "");
	assert_false(postern_sender_rule_has_date(rule));
	assert_false(postern_sender_rule_has_message_id(rule));
	assert_int_equal(postern_sender_rule_field(rule, FIELD("Sender", "alice@example.test"),
						   &error), 0);
	assert_string_equal(postern_sender_rule_from_domain(rule), "");
	assert_int_equal(postern_sender_rule_field(rule, FIELD("From", " Alice <alice@Example.Test>, "
							       "alice@example.test"), &error), 0);
	assert_string_equal(postern_sender_rule_from_domain(rule), "example.test");
	assert_int_equal(postern_sender_rule_field(rule, FIELD("date", " x"), &error), 0);
	assert_true(postern_sender_rule_has_date(rule));
	assert_int_equal(postern_sender_rule_field(rule, FIELD("Message-Id", " x"), &error), 0);
	assert_true(postern_sender_rule_has_message_id(rule));
	assert_int_equal(postern_sender_rule_end_of_header(rule, &error), 0);
	postern_sender_rule_free(&rule);
	postern_sender_rule_free(&rule);
}

/* One of each form that libmilter and the command may give; and what was refused stays refused. */
static void test_envelope_sender(void **state)
{
	static const struct {
		const char *sender;
		int expected;
	} cases[] = {
		{ "", POSTERN_SENDER_OK }, { "<>", POSTERN_SENDER_OK },
		{ "alice@example.test", POSTERN_SENDER_OK }, { "a", POSTERN_SENDER_MALFORMED },
		{ "<", POSTERN_SENDER_MALFORMED }, { "alice@example.test>", POSTERN_SENDER_MALFORMED },
	};
	const struct sender_case none = { .hostile = false };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct postern_sender_rule *rule = NULL;
		const char *error = NULL;

		assert_int_equal(postern_sender_rule_new(owns, (void *)&none, 0, &rule, &error), 0);
		assert_int_equal(postern_sender_rule_envelope_sender(rule, cases[i].sender, &error),
				 cases[i].expected);
		assert_int_equal(postern_sender_rule_envelope_sender(rule, "<>", &error),
				 cases[i].expected);
		postern_sender_rule_free(&rule);
	}
}

/* What the user reads says what was found and what to do. */
static void test_texts(void **state)
{
	static const struct {
		const char *name, *body, *found, *advice;
	} cases[] = {
		{ "From", " bob@example.test", "<bob@example.test> in From is not yours",
		  "send with an address of your own" },
		{ "From", " \"bob@example.test\" <alice@example.test>", "shows bob@example.test",
		  "take it out of the name" },
		{ "From", " alice@example.test,", "an address is missing",
		  "write it as Name <local-part@domain>" },
		{ "From", " Us: alice@example.test;", "(Us: alice@example.test;)",
		  "write your own address" },
		{ "From", "", "From (empty) cannot be read", "write it as" },
		{ "From", " =?utf-7?q?x?= <alice@example.test>", "character set", "UTF-8" },
		{ "From", " =?utf-8?q?=?= <alice@example.test>", "cannot be decoded", "UTF-8" },
		{ "X-A", "a\x01", "a control character (0x01)", "take it out" },
		{ "X-A", "a\rb", "a broken line end (0x0D)", "CRLF" },
		{ "X A", "", "without a legal field name (X A)", "take it out" },
	};
	const struct sender_case none = { .hostile = false };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct postern_sender_rule *rule = NULL;
		const char *error = NULL, *text;

		assert_int_equal(postern_sender_rule_new(owns, (void *)&none, 0, &rule, &error), 0);
		assert_true(postern_sender_rule_field(rule, FIELD(cases[i].name, cases[i].body),
						      &error) > 0);
		text = postern_sender_rule_refusal(rule)->text;
		if (strstr(text, cases[i].found) == NULL || strstr(text, cases[i].advice) == NULL)
			fail_msg("%s", text);
		postern_sender_rule_free(&rule);
	}
}

/* More different Content fields than anybody has. */
static void test_content_fields(void **state)
{
	const struct sender_case none = { .hostile = false };
	struct postern_sender_rule *rule = NULL;
	const char *error = NULL;
	char name[32];

	(void)state;
	assert_int_equal(postern_sender_rule_new(owns, (void *)&none, 0, &rule, &error), 0);
	for (unsigned i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "Content-%u", i);
		assert_int_equal(postern_sender_rule_field(rule, FIELD(name, "x"), &error), 0);
	}
	assert_int_equal(postern_sender_rule_field(rule, FIELD("Content-64", "x"), &error),
			 POSTERN_SENDER_MALFORMED);
	assert_string_equal(postern_sender_rule_refusal(rule)->rule, "P15");
	postern_sender_rule_free(&rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_cases, (void *)"P1"),
		cmocka_unit_test_prestate(test_cases, (void *)"P2"),
		cmocka_unit_test_prestate(test_cases, (void *)"P3"),
		cmocka_unit_test_prestate(test_cases, (void *)"P4"),
		cmocka_unit_test_prestate(test_cases, (void *)"P5"),
		cmocka_unit_test_prestate(test_cases, (void *)"P6"),
		cmocka_unit_test_prestate(test_cases, (void *)"P7"),
		cmocka_unit_test_prestate(test_cases, (void *)"P8"),
		cmocka_unit_test_prestate(test_cases, (void *)"P9"),
		cmocka_unit_test_prestate(test_cases, (void *)"P10"),
		cmocka_unit_test_prestate(test_cases, (void *)"P11"),
		cmocka_unit_test_prestate(test_cases, (void *)"P12"),
		cmocka_unit_test_prestate(test_cases, (void *)"P14"),
		cmocka_unit_test_prestate(test_cases, (void *)"P15"),
		cmocka_unit_test(test_owns_fails),
		cmocka_unit_test(test_owns_fails_for_shown),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_envelope_sender),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_content_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
