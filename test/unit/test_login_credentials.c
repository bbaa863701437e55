/* SPDX-License-Identifier: MIT */
#include "unit_store.h"

#include "login_credentials.h"
#include "password.h"
#include "secret.h"

/*
 * Which verifier a mechanism gets that never sees the password. Their octets tell
 * them apart.
 */
#define SCRAM_1 "{SCRAM-SHA-256}4096,MTExMTExMTExMTExMTEx,MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=," \
	"MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
#define SCRAM_2 "{SCRAM-SHA-256}4096,MjIyMjIyMjIyMjIyMjIy,MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI=," \
	"MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI="
#define CRAM "{CRAM-MD5}0000000000000000000000000000000000000000000000000000000000000001"
#define MD5 "$1$abcdefgh$f4FAhCjxUf8AsFu5Ck2gF/"
#define PLAIN "{PLAIN}secret-1"

#define IMAP POSTERN_SERVICE_IMAP
#define POP3 POSTERN_SERVICE_POP3

static void set(struct unit_store *unit, const struct postern_account *account, const char *label,
		unsigned services, const char *first, const char *second)
{
	const char *verifiers[] = { first, second, NULL };

	ok(unit, postern_store_password_set(unit->store, account->id, label, services, verifiers,
					    &unit->error));
}

static void set_up_accounts(struct unit_store *unit)
{
	struct postern_account alice = unit_account_add(unit, "alice");
	struct postern_account bob = unit_account_add(unit, "bob");
	struct postern_account eve = unit_account_add(unit, "eve");
	struct postern_account key = unit_account_add(unit, "key");
	struct postern_account nothing = unit_account_add(unit, "nothing");

	(void)nothing;
	set(unit, &alice, "main", IMAP, MD5, SCRAM_1);
	set(unit, &alice, "second", IMAP | POP3, SCRAM_2, CRAM);
	set(unit, &bob, "main", IMAP, PLAIN, SCRAM_1);
	set(unit, &eve, "main", IMAP, SCRAM_1, NULL);
	set(unit, &key, "main", IMAP, SCRAM_1, NULL);
	eve.disabled = true;
	key.policy = POSTERN_POLICY_KEY;
	ok(unit, postern_store_account_update(unit->store, &eve, &unit->error));
	ok(unit, postern_store_account_update(unit->store, &key, &unit->error));
}

static const struct {
	const char *name, *scheme;
	unsigned service;
	int outcome;
	const char *verifier, *label;
} cases[] = {
	{ "alice", "scram-sha-256", IMAP, POSTERN_LOGIN_OK, SCRAM_1, "main" },
	{ "alice", "SCRAM-SHA-256", POP3, POSTERN_LOGIN_OK, SCRAM_2, "second" },
	{ "ALICE", "SCRAM-SHA-256", POP3, POSTERN_LOGIN_OK, SCRAM_2, "second" },
	{ "alice", "CRAM-MD5", IMAP, POSTERN_LOGIN_OK, CRAM, "second" },
	{ "alice", "SCRAM-SHA-1", IMAP, POSTERN_LOGIN_MISMATCH, NULL, "" },
	{ "alice", "PLAIN", IMAP, POSTERN_LOGIN_MISMATCH, NULL, "" },
	{ "alice", "MD5-CRYPT", POP3, POSTERN_LOGIN_MISMATCH, NULL, "" },
	/* Its own scheme before what it could be made of. */
	{ "bob", "SCRAM-SHA-256", IMAP, POSTERN_LOGIN_OK, SCRAM_1, "main" },
	{ "bob", "SCRAM-SHA-1", IMAP, POSTERN_LOGIN_OK, PLAIN, "main" },
	{ "bob", "PLAIN", IMAP, POSTERN_LOGIN_OK, PLAIN, "main" },
	{ "bob", "SCRAM-SHA-256", POP3, POSTERN_LOGIN_NOT_OURS, NULL, "" },
	{ "eve", "SCRAM-SHA-256", IMAP, POSTERN_LOGIN_DISABLED, NULL, "" },
	{ "key", "SCRAM-SHA-256", IMAP, POSTERN_LOGIN_NOT_ALLOWED, NULL, "" },
	{ "nothing", "SCRAM-SHA-256", IMAP, POSTERN_LOGIN_NOT_OURS, NULL, "" },
	{ "nobody", "SCRAM-SHA-256", IMAP, POSTERN_LOGIN_NOT_OURS, NULL, "" },
	{ "\xff", "SCRAM-SHA-256", IMAP, POSTERN_LOGIN_NOT_OURS, NULL, "" },
};

static void test_which_verifier(void **state)
{
	struct unit_store *unit = *state;

	set_up_accounts(unit);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct postern_login login;
		char *verifier = NULL;
		int outcome = postern_login_credentials(unit->store, &unit->config, cases[i].name,
			cases[i].scheme, cases[i].service, NULL, &login, &verifier, &unit->error);

		if (outcome != cases[i].outcome)
			fail_msg("case %zu: %d", i, outcome);
		if (cases[i].verifier == NULL)
			assert_null(verifier);
		else
			assert_string_equal(verifier, cases[i].verifier);
		assert_string_equal(login.label, cases[i].label);
		assert_int_equal(login.account.id != 0, outcome != POSTERN_LOGIN_NOT_OURS);
		postern_secret_free(&verifier);
	}
}

static char *decoy(struct unit_store *unit, const char *name, const char *scheme)
{
	char *verifier = NULL;

	ok(unit, postern_login_credentials_decoy(unit->store, name, scheme, &verifier,
						 &unit->error));
	return verifier;
}

/* Of "{SCHEME}count,salt,…". */
static void cut_keys(char *verifier)
{
	strchr(strchr(verifier, ',') + 1, ',')[0] = '\0';
}

static void test_decoy_is_whole(void **state)
{
	static const char *const schemes[] = { "SCRAM-SHA-256", "SCRAM-SHA-1" };
	struct unit_store *unit = *state;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		char *verifier = decoy(unit, "nobody", schemes[i]);

		assert_non_null(verifier);
		assert_string_equal(postern_password_scheme(verifier),
				    i == 0 ? "scram-sha-256" : "scram-sha-1");
		assert_int_equal(postern_password_verify("nobody", "nobody", verifier, NULL, &unit->error),
				 POSTERN_PASSWORD_MISMATCH);
		postern_secret_free(&verifier);
	}
	assert_null(decoy(unit, "nobody", "CRAM-MD5"));
	assert_null(decoy(unit, "nobody", "PLAIN"));
}

static void test_decoys_salt(void **state)
{
	static const struct {
		const char *name, *scheme;
		bool same;
	} others[] = {
		{ "nobody", "SCRAM-SHA-256", true },
		{ "NoBody", "SCRAM-SHA-256", true },
		{ "nobody2", "SCRAM-SHA-256", false },
		{ "nobody", "SCRAM-SHA-1", false },
		{ "\xff", "SCRAM-SHA-256", false },
	};
	struct unit_store *unit = *state;
	char *first = decoy(unit, "nobody", "SCRAM-SHA-256");
	char *again = decoy(unit, "nobody", "SCRAM-SHA-256");

	/* Nobody who knows the store's id knows a key that it lets in. */
	assert_string_not_equal(first, again);
	postern_secret_free(&again);
	cut_keys(first);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char *other = decoy(unit, others[i].name, others[i].scheme);

		cut_keys(other);
		if ((strcmp(strchr(first, '}'), strchr(other, '}')) == 0) != others[i].same)
			fail_msg("case %zu: %s, %s", i, first, other);
		postern_secret_free(&other);
	}
	postern_secret_free(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_which_verifier, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_decoy_is_whole, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_decoys_salt, unit_store_set_up,
						unit_store_tear_down),
	};

	return cmocka_run_group_tests_name("login_credentials", tests, NULL, NULL);
}
