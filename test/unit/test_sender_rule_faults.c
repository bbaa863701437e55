/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <idn2.h>
#include <uninorm.h>

#include "sender_rule.h"

/*
 * The rule without memory or converters: each call that can fail is made to fail once (the program
 * is linked with --wrap), and the message must come out as not checked, never as good and never as
 * refused.
 */
static unsigned long calls, failing_call;

static bool fails(void)
{
	return ++calls == failing_call;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

iconv_t __real_iconv_open(const char *to, const char *from);
iconv_t __wrap_iconv_open(const char *to, const char *from);
iconv_t __wrap_iconv_open(const char *to, const char *from)
{
	if (!fails())
		return __real_iconv_open(to, from);
	errno = ENOMEM;
	return (iconv_t)-1;
}

uint8_t *__real_u8_normalize(uninorm_t form, const uint8_t *text, size_t size, uint8_t *result,
			     size_t *length);
uint8_t *__wrap_u8_normalize(uninorm_t form, const uint8_t *text, size_t size, uint8_t *result,
			     size_t *length);
uint8_t *__wrap_u8_normalize(uninorm_t form, const uint8_t *text, size_t size, uint8_t *result,
			     size_t *length)
{
	return fails() ? NULL : __real_u8_normalize(form, text, size, result, length);
}

int __real_idn2_lookup_u8(const uint8_t *text, uint8_t **name, int flags);
int __wrap_idn2_lookup_u8(const uint8_t *text, uint8_t **name, int flags);
int __wrap_idn2_lookup_u8(const uint8_t *text, uint8_t **name, int flags)
{
	return fails() ? IDN2_MALLOC : __real_idn2_lookup_u8(text, name, flags);
}

static int owns(const struct postern_address *address, void *context, const char **error_r)
{
	(void)context;
	if (fails())
		return postern_error(error_r, "store is gone");
	return strcmp(address->domain, "example.test") != 0 &&
	       strcmp(address->domain, "xn--bcher-kva.example") != 0;
}

static int run(void)
{
	static const char from[] =
		" \"alice\xef\xbc\xa0" "example.test \xc3\xa9\" (alice@example.test) <alice@example.test>,"
		" =?iso-2022-jp?q?=1B$B$=22=1B=28B_alice=40example.test?= <alice@example.test>,"
		" =?koi8-r?q?=C1?= (=?gbk?q?=81=40_x?=) <alice@example.test>,"
		" \"\xc3\xa9@b\xc3\xbc" "cher.example\" <\xc3\xa9@b\xc3\xbc" "cher.example>";
	struct postern_sender_rule *rule = NULL;
	const char *error = NULL;
	int ret;

	calls = 0;
	ret = postern_sender_rule_new(owns, NULL, 0, &rule, &error);
	if (ret == 0)
		ret = postern_sender_rule_envelope_sender(rule, "<\xc3\xa9@b\xc3\xbc" "cher.example>",
							  &error);
	if (ret == 0)
		ret = postern_sender_rule_field(rule, "From", 4, from, strlen(from), &error);
	if (rule != NULL) {
		int end = postern_sender_rule_end_of_header(rule, &error);

		assert_int_equal(end, ret);
		if (postern_sender_rule_refusal(rule) != NULL)
			fail_msg("call %lu: %s", failing_call, postern_sender_rule_refusal(rule)->text);
	}
	if (ret < 0)
		assert_non_null(error);
	postern_sender_rule_free(&rule);
	return ret;
}

static void test_each_call(void **state)
{
	unsigned long all;

	(void)state;
	failing_call = 0;
	assert_int_equal(run(), 0);
	all = calls;
	assert_true(all > 10);
	for (failing_call = 1; failing_call <= all; failing_call++)
		assert_int_equal(run(), -1);
	failing_call = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_call) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
