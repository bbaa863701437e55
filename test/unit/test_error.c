/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <pthread.h>

#include "error.h"

static void returns_minus_one_and_points_at_the_text(void **state)
{
	const char *error = NULL;

	(void)state;
	assert_int_equal(postern_error(&error, "%s: %d", "a", 7), -1);
	assert_string_equal(error, "a: 7");
	assert_ptr_equal(error, postern_error_last());
}

static void takes_no_pointer(void **state)
{
	(void)state;
	assert_int_equal(postern_error(NULL, "alone"), -1);
	assert_string_equal(postern_error_last(), "alone");
}

static void wraps_its_own_text(void **state)
{
	const char *error;

	(void)state;
	(void)postern_error(&error, "inner");
	(void)postern_error(&error, "outer: %s", error);
	assert_string_equal(error, "outer: inner");
}

static void keeps_errno(void **state)
{
	const char *error;

	(void)state;
	errno = ENOENT;
	(void)postern_error(&error, "%m");
	assert_string_equal(error, "No such file or directory");
	assert_int_equal(errno, ENOENT);
}

static void is_one_line(void **state)
{
	const char *error;

	(void)state;
	(void)postern_error(&error, "a\nb\r\tc\x7f");
	assert_string_equal(error, "a b  c ");
}

static void is_cut_between_characters(void **state)
{
	char letters[4096];
	const char *error;

	(void)state;
	/* Two octets each: an odd prefix shifts where the cut falls. */
	for (size_t prefix = 0; prefix < 4; prefix++) {
		memset(letters, 'x', prefix);
		for (size_t i = prefix; i < sizeof(letters) - 2; i += 2)
			memcpy(letters + i, "é", 2);
		letters[sizeof(letters) - 2 + (prefix & 1) - 1] = '\0';
		(void)postern_error(&error, "%s", letters);
		assert_true(strlen(error) < 1024 && strlen(error) > 1015);
		assert_string_equal(error + strlen(error) - 3, "…");
		/* What stands in front of the mark is a whole character. */
		assert_memory_equal(error + strlen(error) - 5, "é", 2);
	}
}

static void *fail_elsewhere(void *unused)
{
	(void)unused;
	(void)postern_error(NULL, "elsewhere");
	return NULL;
}

static void belongs_to_its_thread(void **state)
{
	const char *error;
	pthread_t thread;

	(void)state;
	(void)postern_error(&error, "here");
	assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(error, "here");
	assert_string_equal(postern_error_last(), "here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(returns_minus_one_and_points_at_the_text),
		cmocka_unit_test(takes_no_pointer),
		cmocka_unit_test(wraps_its_own_text),
		cmocka_unit_test(keeps_errno),
		cmocka_unit_test(is_one_line),
		cmocka_unit_test(is_cut_between_characters),
		cmocka_unit_test(belongs_to_its_thread),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
