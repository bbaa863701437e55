/* SPDX-License-Identifier: MIT */
#include <stdbool.h>

#include "unit.h"

#include "key.h"

static const char alice_text[] = "88Is7jrTlUzY7g1924LFVe_bwcwbOGMJHjSBVYTPjDU";
#define ALICE_HEX "f3c22cee3ad3954cd8ee0d7ddb82c555efdbc1cc1b3863091e34815584cf8c35"
#define ALICE_COLONS \
	"F3:C2:2C:EE:3A:D3:95:4C:D8:EE:0D:7D:DB:82:C5:55:" \
	"EF:DB:C1:CC:1B:38:63:09:1E:34:81:55:84:CF:8C:35"

static void test_fingerprint_text(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "88Is7jrTlUzY7g1924LFVe_bwcwbOGMJHjSBVYTPjDU", true },
		{ "88Is7jrTlUzY7g1924LFVe_bwcwbOGMJHjSBVYTPjDU=", true },
		{ ALICE_HEX, true },
		{ ALICE_COLONS, true },
		{ "", false },
		{ "88Is7jrTlUzY7g1924LFVe_bwcwbOGMJHjSBVYTPjD", false },
		{ "88Is7jrTlUzY7g1924LFVe_bwcwbOGMJHjSBVYTPjDU==", false },
		{ "88Is7jrTlUzY7g1924LFVe/bwcwbOGMJHjSBVYTPjDU", false },
		{ "88Is7jrTlUzY7g1924LFVe_bwcwbOGMJHjSBVYTPjDV", false },
		{ "88Is7jrTlUzY7g1924LFVe_bwcwbOGMJHjSBVYTPjD=", false },
		{ ALICE_HEX "0", false },
		{ "g3c22cee3ad3954cd8ee0d7ddb82c555efdbc1cc1b3863091e34815584cf8c35", false },
		{ "F3-C2:2C:EE:3A:D3:95:4C:D8:EE:0D:7D:DB:82:C5:55:"
		  "EF:DB:C1:CC:1B:38:63:09:1E:34:81:55:84:CF:8C:35", false },
		{ " " ALICE_HEX, false },
		{ ALICE_HEX "\n", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_fingerprint fingerprint;
		char text[POSTERN_FINGERPRINT_TEXT_MAX];
		const char *error = NULL;
		int ret = postern_fingerprint_parse(cases[i].text, &fingerprint, &error);

		if (!cases[i].good) {
			if (ret != -1)
				fail_msg("accepted: %s", cases[i].text);
			assert_non_null(strstr(error, "expected 43 characters"));
			continue;
		}
		assert_int_equal(ret, 0);
		postern_fingerprint_format(&fingerprint, text);
		assert_string_equal(text, alice_text);
	}
}

static void test_spki(void **state)
{
	struct postern_fingerprint fingerprint;
	char text[POSTERN_FINGERPRINT_TEXT_MAX];
	const char *error = NULL;

	(void)state;
	/* SHA-256 of "abc" (FIPS 180-4). */
	assert_int_equal(postern_fingerprint_of_spki("abc", 3, &fingerprint, &error), 0);
	postern_fingerprint_format(&fingerprint, text);
	assert_string_equal(text, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fingerprint_text),
		cmocka_unit_test(test_spki),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
