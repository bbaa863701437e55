/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "socketmap.h"

static void netstrings(void **state)
{
	static const struct {
		const char *data;
		int outcome;
		const char *text;
		size_t used;
	} cases[] = {
		{ "", POSTERN_SOCKETMAP_MORE, NULL, 0 },
		{ "3", POSTERN_SOCKETMAP_MORE, NULL, 0 },
		{ "3:ab", POSTERN_SOCKETMAP_MORE, NULL, 0 },
		{ "3:abc", POSTERN_SOCKETMAP_MORE, NULL, 0 },
		{ "3:abc,", POSTERN_SOCKETMAP_COMPLETE, "abc", 6 },
		{ "3:abc,3:def,", POSTERN_SOCKETMAP_COMPLETE, "abc", 6 },
		{ "0:,", POSTERN_SOCKETMAP_COMPLETE, "", 3 },
		{ "00003:abc,", POSTERN_SOCKETMAP_COMPLETE, "abc", 10 },
		{ "3:abcd", -1, NULL, 0 },
		{ ":abc,", -1, NULL, 0 },
		{ "-1:a,", -1, NULL, 0 },
		{ "x", -1, NULL, 0 },
		{ "3 abc,", -1, NULL, 0 },
		{ "2049:", -1, NULL, 0 },
		{ "2048:", POSTERN_SOCKETMAP_MORE, NULL, 0 },
		{ "99999999999999999999999999:", -1, NULL, 0 },
		{ "000000000000000000000003", -1, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = NULL, *error = "";
		size_t size = 0, used = 0;

		check_row(cases[i].data,
			  postern_socketmap_parse(cases[i].data, strlen(cases[i].data), &text, &size,
						  &used, &error) == cases[i].outcome);
		if (cases[i].text == NULL)
			continue;
		check_row(cases[i].data, size == strlen(cases[i].text) &&
			  memcmp(text, cases[i].text, size) == 0 && used == cases[i].used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netstrings),
	};

	return cmocka_run_group_tests_name("socketmap", tests, NULL, NULL);
}
