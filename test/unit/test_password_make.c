/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <dlfcn.h>
#include <uninorm.h>

#include "password.h"
#include "secret.h"

static const struct {
	const char *scheme, *start;
} schemes[] = {
	{ "yescrypt", "$y$" },
	{ "gost-yescrypt", "$gy$" },
	{ "scrypt", "$7$" },
	{ "bcrypt", "$2b$10$" },
	{ "sha512-crypt", "$6$rounds=100000$" },
	{ "sha256-crypt", "$5$rounds=100000$" },
	{ "md5-crypt", "$1$" },
	{ "argon2id", "{ARGON2ID}$argon2id$v=19$m=65536,t=2,p=1$" },
	{ "scram-sha-256", "{SCRAM-SHA-256}15000," },
	{ "scram-sha-1", "{SCRAM-SHA-1}15000," },
	{ "cram-md5", "{CRAM-MD5}" },
	{ "plain", "{PLAIN}" },
};

static char *make(const char *password, const char *scheme)
{
	const char *error = "";
	char *verifier = NULL;

	if (postern_password_make(password, scheme, &verifier, &error) != 0)
		fail_msg("%s: %s", scheme, error);
	return verifier;
}

static int verify(const char *password, const char *verifier)
{
	/* The least that an admin can allow. */
	const struct postern_password_limits limits = { .max_rounds = 1, .max_bcrypt_cost = 1 };
	const char *error = "";
	int ret = postern_password_verify(password, "alice", verifier, &limits, &error);

	if (ret < 0)
		fail_msg("%s: %s", verifier, error);
	return ret;
}

static void test_schemes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(schemes); i++) {
		char *verifier = make("te\u0301st pass\u00a0word", schemes[i].scheme);
		char *another = make("te\u0301st pass\u00a0word", schemes[i].scheme);
		size_t size = strlen(verifier);

		assert_memory_equal(verifier, schemes[i].start, strlen(schemes[i].start));
		assert_string_equal(postern_password_scheme(verifier), schemes[i].scheme);
		/* A salt of its own, where there is one. */
		if (strcmp(schemes[i].scheme, "cram-md5") != 0 &&
		    strcmp(schemes[i].scheme, "plain") != 0)
			assert_string_not_equal(verifier, another);

		/* The prepared form was stored: both ways to type it are right. */
		assert_int_equal(verify("t\u00e9st pass word", verifier), POSTERN_PASSWORD_OK);
		assert_int_equal(verify("te\u0301st pass\u00a0word", verifier), POSTERN_PASSWORD_OK);
		assert_int_equal(verify("test pass word", verifier), POSTERN_PASSWORD_MISMATCH);

		for (size_t at = 0; at < size; at++)
			assert_true(verifier[at] != '\n' && verifier[at] != '\t');
		assert_true(size <= POSTERN_VERIFIER_MAX);
		postern_secret_free(&verifier);
		postern_secret_free(&another);
	}
}

static void test_names(void **state)
{
	char *verifier;

	(void)state;
	verifier = make("password", "YesCrypt");
	assert_string_equal(postern_password_scheme(verifier), "yescrypt");
	postern_secret_free(&verifier);
	verifier = make("password", "MD5-CRYPT");
	assert_string_equal(postern_password_scheme(verifier), "md5-crypt");
	postern_secret_free(&verifier);
}

static void test_scheme_check(void **state)
{
	const char *error = "";

	(void)state;
	for (size_t i = 0; i < COUNT(schemes); i++)
		assert_int_equal(postern_password_scheme_check(schemes[i].scheme, &error), 0);
	assert_int_equal(postern_password_scheme_check("sha-crypt", &error), -1);
	assert_non_null(strstr(error, "\"sha-crypt\""));
	/* The reason names them all. */
	for (size_t i = 0; i < COUNT(schemes); i++)
		assert_non_null(strstr(error, schemes[i].scheme));
}

static void test_refused(void **state)
{
	char password[POSTERN_PASSWORD_MAX + 2];
	static const struct {
		const char *scheme;
		size_t size;
		const char *expected; /* NULL: good */
	} lengths[] = {
		{ "yescrypt", 511, NULL },
		{ "yescrypt", 512, "too long: at most 511" },
		{ "bcrypt", 72, NULL },
		{ "bcrypt", 73, "too long for bcrypt: at most 72" },
		{ "md5-crypt", 511, NULL },
		{ "scram-sha-256", POSTERN_PASSWORD_MAX, NULL },
		{ "scram-sha-256", POSTERN_PASSWORD_MAX + 1, "too long: at most 1024" },
		{ "argon2id", POSTERN_PASSWORD_MAX, NULL },
		{ "cram-md5", POSTERN_PASSWORD_MAX, NULL },
		{ "plain", POSTERN_VERIFIER_MAX - 7, NULL },
		{ "plain", POSTERN_VERIFIER_MAX - 6, "too long to be stored" },
	};
	static const struct {
		const char *password, *scheme, *expected;
	} cases[] = {
		{ "password", "des-crypt", "no password scheme \"des-crypt\"" },
		{ "password", "", "use one of yescrypt, " },
		{ "password", "ssha", ", plain" },
		{ "password", "a\nb", "\"a\\x0Ab\"" },
		{ "", "yescrypt", "empty" },
		{ "tab\there", "yescrypt", "a control character" },
		{ "caf\xe9", "plain", "UTF-8" },
		{ "a\u200b", "scram-sha-256", "an invisible character" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *error = "";
		char *verifier = password;

		assert_int_equal(postern_password_make(cases[i].password, cases[i].scheme, &verifier,
						       &error), -1);
		assert_null(verifier);
		assert_non_null(strstr(error, cases[i].expected));
	}
	for (size_t i = 0; i < COUNT(lengths); i++) {
		const char *error = "";
		char *verifier = NULL;
		int ret;

		memset(password, 'p', lengths[i].size);
		password[lengths[i].size] = '\0';
		ret = postern_password_make(password, lengths[i].scheme, &verifier, &error);
		if (lengths[i].expected != NULL) {
			assert_int_equal(ret, -1);
			assert_non_null(strstr(error, lengths[i].expected));
			continue;
		}
		assert_int_equal(ret, 0);
		assert_int_equal(verify(password, verifier), POSTERN_PASSWORD_OK);
		/* Nothing was cut off. */
		password[lengths[i].size - 1] = 'q';
		assert_int_equal(verify(password, verifier), POSTERN_PASSWORD_MISMATCH);
		postern_secret_free(&verifier);
	}
}

static void test_quality(void **state)
{
	static const struct {
		const char *password, *account, *expected; /* NULL: good */
	} cases[] = {
		{ "alice-secret-1", "alice", NULL },
		{ "bob-secret-1", "bob@example.test", NULL },
		{ "Zebra.Kiosk", "alice", NULL },
		{ "four random words here", "alice", NULL },
		{ "日本語のパスワード", "alice", NULL },
		/* no composition rules, blanks and emoji welcome */
		{ "plumb lazily orbit", "alice", NULL },
		{ "🐎🔋📎🍀🚲🧀🎻🪣", "alice", NULL },
		{ "short7!", "alice", "at least 8 characters" },
		{ "日本語のパス", "alice", "at least 8 characters" },
		{ "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", "alice", "at least 8" },
		{ "password", "alice", "first that are guessed" },
		{ "Password1", "alice", "first that are guessed" },
		{ "p4ssw0rd123", "alice", "first that are guessed" },
		{ "qwertyuiop", "alice", "first that are guessed" },
		{ "1234567890", "alice", "first that are guessed" },
		{ "aaaaaaaaaaaa", "alice", "first that are guessed" },
		{ "jonathan", "alice", "first that are guessed" },
		{ "24.12.1975", "alice", "first that are guessed" },
		{ "wonderland", "wonderland", "name of the account" },
		{ "WonderLand", "wonderland@example.org", "name of the account" },
		{ "zirkelquadrat", "a@zirkelquadrat.example", "name of the account" },
		{ "zirkelquadrat.example", "a@zirkelquadrat.example", "name of the account" },
		{ "a@zirkelquadrat.example", "a@zirkelquadrat.example", "name of the account" },
		{ "zirkelquadrat1", "a@zirkelquadrat.example", "first that are guessed" },
		{ "", "alice", "empty" },
		{ "tab\tin the middle", "alice", "a control character" },
		{ "caf\xe9 caf\xe9 caf\xe9", "alice", "UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *error = "";
		int ret = postern_password_check_quality(cases[i].password, cases[i].account, 8,
							 &error);

		if (cases[i].expected == NULL ? ret != 0 :
		    ret != POSTERN_PASSWORD_WEAK || strstr(error, cases[i].expected) == NULL)
			fail_msg("%s: %d \"%s\"", cases[i].password, ret, error);
		/* A reason may end in a log. */
		if (strstr("this password", cases[i].password) == NULL)
			assert_null(strstr(error, cases[i].password));
	}
}

static void test_quality_length(void **state)
{
	char password[POSTERN_PASSWORD_MAX + 2] = "";
	const char *error = "";

	(void)state;
	for (size_t i = 0; i < sizeof(password) - 1; i++)
		password[i] = "plumb lazily orbit "[(i * i) % 19];
	assert_int_equal(postern_password_check_quality(password, "alice", 8, &error),
			 POSTERN_PASSWORD_WEAK);
	assert_non_null(strstr(error, "too long"));
	password[POSTERN_PASSWORD_MAX] = '\0';
	assert_int_equal(postern_password_check_quality(password, "alice", 8, &error), 0);
	assert_int_equal(postern_password_check_quality("lazily in orbit", "alice", 16, &error),
			 POSTERN_PASSWORD_WEAK);
	assert_non_null(strstr(error, "at least 16"));
	assert_int_equal(postern_password_check_quality("lazily in orbit", "alice", 15, &error), 0);
}

/* The call for a result on the heap that fails, from 1; 0 for none. */
static unsigned no_memory;

/* Stands before libunistring's, which the preparation of a password and of a name calls. */
uint32_t *u32_normalize(uninorm_t form, const uint32_t *text, size_t size, uint32_t *result,
			size_t *length)
{
	uint32_t *(*next)(uninorm_t form, const uint32_t *text, size_t size, uint32_t *result,
			  size_t *length);

	*(void **)&next = dlsym(RTLD_NEXT, "u32_normalize");
	assert_non_null(next);
	if (result == NULL && no_memory > 0 && --no_memory == 0)
		return NULL;
	return next(form, text, size, result, length);
}

static void test_quality_without_memory(void **state)
{
	static const char password[] = "w\u00fcnderl\u00e4nd";
	const char *error;

	(void)state;
	for (unsigned call = 1; call <= 2; call++) {
		no_memory = call;
		error = "";
		assert_int_equal(postern_password_check_quality(password, password, 8, &error), -1);
		assert_non_null(strstr(error, "out of memory"));
	}
	assert_int_equal(postern_password_check_quality(password, password, 8, &error),
			 POSTERN_PASSWORD_WEAK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schemes),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_scheme_check),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_quality),
		cmocka_unit_test(test_quality_without_memory),
		cmocka_unit_test(test_quality_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
