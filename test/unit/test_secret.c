/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "secret.h"

/* The library frees through this (linked with --wrap=free): what it frees can still be
   looked at. */
void __real_free(void *memory);
void __wrap_free(void *memory);

static void *watched;
static unsigned char at_free[64];
static size_t at_free_size;

void __wrap_free(void *memory)
{
	if (memory != NULL && memory == watched)
		memcpy(at_free, memory, at_free_size);
	__real_free(memory);
}

static void wipes_every_octet(void **state)
{
	unsigned char data[16];

	(void)state;
	memset(data, 'x', sizeof(data));
	postern_wipe(data + 1, sizeof(data) - 2);
	assert_int_equal(data[0], 'x');
	assert_int_equal(data[15], 'x');
	for (size_t i = 1; i < 15; i++)
		assert_int_equal(data[i], 0);
	postern_wipe(NULL, 0);
}

static void wipes_a_text_before_it_is_freed(void **state)
{
	char *text = strdup("hunter2");

	(void)state;
	watched = text;
	at_free_size = sizeof("hunter2");
	memset(at_free, 'x', sizeof(at_free));
	postern_secret_free(&text);
	assert_null(text);
	for (size_t i = 0; i < sizeof("hunter2"); i++)
		assert_int_equal(at_free[i], 0);
	postern_secret_free(&text);
}

static void wipes_a_size_before_it_is_freed(void **state)
{
	void *data = malloc(32);

	(void)state;
	assert_non_null(data);
	memset(data, 'x', 32);
	watched = data;
	at_free_size = 32;
	memset(at_free, 'x', sizeof(at_free));
	postern_secret_free_sized(&data, 32);
	assert_null(data);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(at_free[i], 0);
	postern_secret_free_sized(&data, 0);
}

static void compares(void **state)
{
	static const struct {
		const char *a, *b;
		size_t size;
		bool equal;
	} cases[] = {
		{ "abc", "abc", 3, true },
		{ "abc", "abd", 3, false },
		{ "xbc", "abc", 3, false },
		{ "axc", "abc", 3, false },
		{ "abc", "abd", 2, true },
		{ "", "x", 0, true },
		/* Differences that cancel out in a sum or an exclusive or of all. */
		{ "ab", "ba", 2, false },
		{ "\x01\x01", "\x02\x02", 2, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		check_row(cases[i].a, postern_secret_equal(cases[i].a, cases[i].b,
							   cases[i].size) == cases[i].equal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wipes_every_octet),
		cmocka_unit_test(wipes_a_text_before_it_is_freed),
		cmocka_unit_test(wipes_a_size_before_it_is_freed),
		cmocka_unit_test(compares),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
