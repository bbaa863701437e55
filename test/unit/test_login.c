/* SPDX-License-Identifier: MIT */
#include "unit_store.h"

#include <sqlite3.h>

#include "login.h"
#include "password.h"

/*
 * Who gets in. Passwords are compared by the two functions here in place of the library's: a
 * verifier is "is:" and the password, and each comparison is counted, since what a refusal
 * costs is a promise too.
 */
static unsigned comparisons;
static bool comparing_fails;

int postern_password_verify(const char *password, const char *account, const char *verifier,
			    const struct postern_password_limits *limits, const char **error_r)
{
	(void)account;
	(void)limits;
	if (comparing_fails)
		return postern_error(error_r, "no memory for a comparison");
	if (strcmp(verifier, "costly") == 0)
		return POSTERN_PASSWORD_TOO_COSTLY;
	if (strncmp(verifier, "is:", 3) != 0)
		return POSTERN_PASSWORD_UNKNOWN_SCHEME;
	comparisons++;
	return strcmp(verifier + 3, password) == 0 ?
		POSTERN_PASSWORD_OK : POSTERN_PASSWORD_MISMATCH;
}

void postern_password_verify_nobody(const char *password)
{
	(void)password;
	comparisons++;
}

/* The keys of the house. */
enum {
	NO_KEY,
	KEY_ALICE,       /* all services, PREAUTH */
	KEY_ALICE_POP3,  /* POP3 alone, no PREAUTH */
	KEY_BOB,
	KEY_DISABLED,    /* of an account that is */
	KEY_KEY,         /* policy key */
	KEY_PASSWORD,    /* policy password */
	KEY_BOTH,        /* policy both */
	KEY_DISABLED_BOTH,
	KEY_POSTMASTER,  /* owns @example.org */
	KEY_UNKNOWN,     /* in no store */
};

#define OK POSTERN_LOGIN_OK
#define NOT_OURS POSTERN_LOGIN_NOT_OURS
#define MISMATCH POSTERN_LOGIN_MISMATCH
#define DISABLED POSTERN_LOGIN_DISABLED
#define OTHER POSTERN_LOGIN_OTHER_ACCOUNT
#define NOT_ALLOWED POSTERN_LOGIN_NOT_ALLOWED

#define IMAP POSTERN_SERVICE_IMAP
#define POP3 POSTERN_SERVICE_POP3
#define SUBMISSION POSTERN_SERVICE_SUBMISSION
#define SIEVE POSTERN_SERVICE_SIEVE
#define MAIL POSTERN_SERVICES_MAIL

static const struct {
	const char *name;
	enum postern_policy policy;
	bool disabled;
	unsigned key;
} accounts[] = {
	{ "alice", POSTERN_POLICY_ANY, false, KEY_ALICE },
	{ "bob", POSTERN_POLICY_ANY, false, KEY_BOB },
	{ "disabled", POSTERN_POLICY_ANY, true, KEY_DISABLED },
	{ "disabled-both", POSTERN_POLICY_BOTH, true, KEY_DISABLED_BOTH },
	{ "key", POSTERN_POLICY_KEY, false, KEY_KEY },
	{ "password", POSTERN_POLICY_PASSWORD, false, KEY_PASSWORD },
	{ "both", POSTERN_POLICY_BOTH, false, KEY_BOTH },
	{ "postmaster", POSTERN_POLICY_ANY, false, KEY_POSTMASTER },
	/* "tést", in NFC. */
	{ "t\xc3\xa9st", POSTERN_POLICY_ANY, false, NO_KEY },
	{ "empty", POSTERN_POLICY_ANY, false, NO_KEY },
	{ "devices", POSTERN_POLICY_ANY, false, NO_KEY },
	{ "odd", POSTERN_POLICY_ANY, false, NO_KEY },
	{ "costly", POSTERN_POLICY_ANY, false, NO_KEY },
};

static void set_verifiers(struct unit_store *unit, const char *name, const char *label,
			  unsigned services, const char *first, const char *second)
{
	const char *const verifiers[] = { first, second, NULL };
	struct postern_account account;

	ok(unit, postern_store_account_find(unit->store, name, &account, &unit->error));
	ok(unit, postern_store_password_set(unit->store, account.id, label, services, verifiers,
					    &unit->error));
}

static int set_up(void **state)
{
	struct unit_store *unit;
	struct postern_account account;
	struct postern_account_key pop3;

	unit_store_set_up(state);
	unit = *state;
	unit->config.recipient_delimiter = '+';
	for (size_t i = 0; i < COUNT(accounts); i++) {
		char verifier[64];

		account = unit_account_add(unit, accounts[i].name);
		account.policy = accounts[i].policy;
		account.disabled = accounts[i].disabled;
		ok(unit, postern_store_account_update(unit->store, &account, &unit->error));
		if (accounts[i].key != NO_KEY)
			unit_key_add(unit, account.id, accounts[i].key);
		snprintf(verifier, sizeof(verifier), "is:%s-secret", accounts[i].name);
		if (strcmp(accounts[i].name, "empty") != 0)
			unit_password_set(unit, account.id, "main", MAIL, verifier);
	}
	ok(unit, postern_store_account_find(unit->store, "alice", &account, &unit->error));
	ok(unit, postern_store_address_add(unit->store, account.id, "a.liddell@example.org",
					   &unit->error));
	pop3 = unit_key(account.id, KEY_ALICE_POP3);
	pop3.services = POP3;
	pop3.preauth = false;
	strcpy(pop3.label, "old printer");
	ok(unit, postern_store_key_add(unit->store, &pop3, &unit->error));
	ok(unit, postern_store_account_find(unit->store, "postmaster", &account, &unit->error));
	ok(unit, postern_store_address_add(unit->store, account.id, "@example.org",
					   &unit->error));
	set_verifiers(unit, "devices", "main", MAIL, "is:main", NULL);
	set_verifiers(unit, "devices", "phone", IMAP | SUBMISSION, "is:phone", "is:never");
	set_verifiers(unit, "devices", "printer", SUBMISSION, "is:printer", NULL);
	set_verifiers(unit, "odd", "main", IMAP, "{NEW}x", "is:second");
	set_verifiers(unit, "odd", "locked", POP3, "*", "!");
	set_verifiers(unit, "odd", "web", SIEVE, "is:", NULL);
	set_verifiers(unit, "costly", "main", IMAP, "costly", "is:cheap");
	set_verifiers(unit, "costly", "only", POP3, "costly", NULL);
	comparing_fails = false;
	return 0;
}

static struct postern_fingerprint *fingerprint_of(unsigned key)
{
	static struct postern_fingerprint fingerprint;

	fingerprint = unit_fingerprint(key);
	return key != NO_KEY ? &fingerprint : NULL;
}

/* What the outcome promises about the login it comes with. */
static void check_login(const char *row, int outcome, const struct postern_login *login,
			const char *account, const char *label)
{
	if (outcome == NOT_OURS || outcome == OTHER) {
		check_row(row, login->account.id == 0 && login->account.name[0] == '\0');
		check_row(row, login->label[0] == '\0' && !login->preauth);
		return;
	}
	check_row(row, login->account.id != 0);
	check_row(row, account == NULL || strcmp(login->account.name, account) == 0);
	check_row(row, label == NULL || strcmp(login->label, label) == 0);
}

static void by_key(void **state)
{
	static const struct {
		const char *name;
		unsigned key, service;
		const char *authzid;
		int outcome;
		const char *account;
	} cases[] = {
		{ "no key", NO_KEY, IMAP, NULL, NOT_OURS, NULL },
		{ "unknown key", KEY_UNKNOWN, IMAP, NULL, NOT_OURS, NULL },
		{ "unknown key names somebody", KEY_UNKNOWN, IMAP, "alice", NOT_OURS, NULL },
		{ "own", KEY_ALICE, IMAP, NULL, OK, "alice" },
		{ "empty authzid", KEY_ALICE, IMAP, "", OK, "alice" },
		{ "login name", KEY_ALICE, IMAP, "alice", OK, "alice" },
		{ "login name in capitals", KEY_ALICE, IMAP, "ALICE", OK, "alice" },
		{ "own address", KEY_ALICE, IMAP, "alice@example.org", OK, "alice" },
		{ "alias", KEY_ALICE, IMAP, "A.Liddell@example.ORG", OK, "alice" },
		{ "another account", KEY_ALICE, IMAP, "bob", OTHER, NULL },
		{ "another's address", KEY_ALICE, IMAP, "bob@example.org", OTHER, NULL },
		{ "nobody", KEY_ALICE, IMAP, "nobody", OTHER, NULL },
		{ "nobody's address", KEY_ALICE, IMAP, "nobody@example.org", OTHER, NULL },
		{ "own at another domain", KEY_ALICE, IMAP, "alice@example.com", OTHER, NULL },
		{ "master user", KEY_ALICE, IMAP, "alice*bob", OTHER, NULL },
		{ "not UTF-8", KEY_ALICE, IMAP, "\xff", OTHER, NULL },
		{ "blank", KEY_ALICE, IMAP, " ", OTHER, NULL },
		{ "control", KEY_ALICE, IMAP, "alice\n", OTHER, NULL },
		{ "own domain, no account's", KEY_POSTMASTER, IMAP, "info@example.org", OK,
		  "postmaster" },
		{ "own domain, but a name", KEY_POSTMASTER, IMAP, "bob@example.org", OTHER,
		  NULL },
		{ "service of the key", KEY_ALICE_POP3, POP3, NULL, OK, "alice" },
		{ "other service", KEY_ALICE_POP3, IMAP, NULL, NOT_ALLOWED, "alice" },
		{ "no service", KEY_ALICE, 0, NULL, NOT_ALLOWED, "alice" },
		{ "disabled", KEY_DISABLED, IMAP, NULL, DISABLED, "disabled" },
		{ "disabled, with its name", KEY_DISABLED, IMAP, "disabled", DISABLED,
		  "disabled" },
		{ "disabled, with another's", KEY_DISABLED, IMAP, "alice", DISABLED, NULL },
		{ "disabled and both", KEY_DISABLED_BOTH, IMAP, NULL, DISABLED, NULL },
		{ "policy key", KEY_KEY, SUBMISSION, NULL, OK, "key" },
		{ "policy password", KEY_PASSWORD, IMAP, NULL, NOT_ALLOWED, "password" },
		{ "policy both", KEY_BOTH, IMAP, NULL, NOT_ALLOWED, "both" },
		{ "policy both, its name", KEY_BOTH, IMAP, "both", NOT_ALLOWED, "both" },
		{ "policy both, another's", KEY_BOTH, IMAP, "alice", OTHER, NULL },
	};
	struct unit_store *unit = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_login login;
		int outcome = postern_login_by_key(unit->store, &unit->config,
			fingerprint_of(cases[i].key), cases[i].service, cases[i].authzid, &login,
			&unit->error);

		check_row(cases[i].name, outcome == cases[i].outcome);
		check_login(cases[i].name, outcome, &login, cases[i].account, NULL);
	}
}

static void by_key_says_what_the_key_is(void **state)
{
	struct unit_store *unit = *state;
	struct postern_login login;

	assert_int_equal(postern_login_by_key(unit->store, &unit->config,
		fingerprint_of(KEY_ALICE), IMAP, NULL, &login, &unit->error), OK);
	assert_string_equal(login.label, "Thunderbird");
	assert_true(login.preauth);
	assert_int_equal(postern_login_by_key(unit->store, &unit->config,
		fingerprint_of(KEY_ALICE_POP3), POP3, NULL, &login, &unit->error), OK);
	assert_string_equal(login.label, "old printer");
	assert_false(login.preauth);
}

static void authzids_are_prepared_and_can_be_ignored(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account account;
	struct postern_login login;

	ok(unit, postern_store_account_find(unit->store, "t\xc3\xa9st", &account, &unit->error));
	unit_key_add(unit, account.id, 100);
	/* NFC, NFD, and another letter. */
	assert_int_equal(postern_login_by_key(unit->store, &unit->config, fingerprint_of(100),
		IMAP, "t\xc3\xa9st", &login, &unit->error), OK);
	assert_int_equal(postern_login_by_key(unit->store, &unit->config, fingerprint_of(100),
		IMAP, "te\xcc\x81st", &login, &unit->error), OK);
	assert_int_equal(postern_login_by_key(unit->store, &unit->config, fingerprint_of(100),
		IMAP, "te\xcc\x81st@example.org", &login, &unit->error), OK);
	assert_int_equal(postern_login_by_key(unit->store, &unit->config, fingerprint_of(100),
		IMAP, "test", &login, &unit->error), OTHER);

	unit->config.ignore_authzid = true;
	assert_int_equal(postern_login_by_key(unit->store, &unit->config,
		fingerprint_of(KEY_ALICE), IMAP, "bob", &login, &unit->error), OK);
	assert_string_equal(login.account.name, "alice");
	assert_int_equal(postern_login_by_key(unit->store, &unit->config,
		fingerprint_of(KEY_DISABLED), IMAP, "bob", &login, &unit->error), DISABLED);
}

static const struct {
	const char *name, *login, *password;
	unsigned service, key;
	int precheck, outcome;
	const char *label;
} by_password_cases[] = {
	{ "right", "alice", "alice-secret", IMAP, NO_KEY, OK, OK, "main" },
	{ "capitals in the name", "Alice", "alice-secret", IMAP, NO_KEY, OK, OK, "main" },
	{ "wrong", "alice", "bob-secret", IMAP, NO_KEY, OK, MISMATCH, "" },
	{ "capitals in the password", "alice", "Alice-secret", IMAP, NO_KEY, OK, MISMATCH, "" },
	{ "empty", "alice", "", IMAP, NO_KEY, OK, MISMATCH, "" },
	{ "empty with own key", "alice", "", IMAP, KEY_ALICE, OK, MISMATCH, "" },
	{ "empty, of an empty verifier", "odd", "", SIEVE, NO_KEY, OK, MISMATCH, "" },
	{ "nobody", "nobody", "x", IMAP, NO_KEY, NOT_OURS, NOT_OURS, NULL },
	{ "not a name", "\xff", "x", IMAP, NO_KEY, NOT_OURS, NOT_OURS, NULL },
	{ "no name", "", "x", IMAP, NO_KEY, NOT_OURS, NOT_OURS, NULL },
	{ "an address is no name", "alice@example.org", "alice-secret", IMAP, NO_KEY, NOT_OURS,
	  NOT_OURS, NULL },
	{ "name in NFD", "te\xcc\x81st", "t\xc3\xa9st-secret", IMAP, NO_KEY, OK, OK, "main" },
	{ "no password of ours", "empty", "x", IMAP, NO_KEY, OK, NOT_OURS, NULL },
	{ "none for the service", "odd", "x", SUBMISSION, NO_KEY, OK, NOT_OURS, NULL },

	/* Keys on the connection. */
	{ "own key", "alice", "alice-secret", IMAP, KEY_ALICE, OK, OK, "main" },
	{ "own key, wrong", "alice", "x", IMAP, KEY_ALICE, OK, MISMATCH, "" },
	{ "own key of another service", "alice", "alice-secret", IMAP, KEY_ALICE_POP3, OK, OK,
	  "main" },
	{ "unknown key", "alice", "alice-secret", IMAP, KEY_UNKNOWN, OK, OK, "main" },
	{ "another's key", "alice", "alice-secret", IMAP, KEY_BOB, OTHER, OTHER, NULL },
	{ "another's key, wrong", "alice", "x", IMAP, KEY_BOB, OTHER, OTHER, NULL },
	{ "another's key, nobody", "nobody", "x", IMAP, KEY_BOB, OTHER, OTHER, NULL },
	{ "key of policy password", "alice", "alice-secret", IMAP, KEY_PASSWORD, OTHER, OTHER,
	  NULL },
	{ "key of a disabled one", "alice", "alice-secret", IMAP, KEY_DISABLED, OTHER, OTHER,
	  NULL },
	{ "unknown key, nobody", "nobody", "x", IMAP, KEY_UNKNOWN, NOT_OURS, NOT_OURS, NULL },

	/* State and policy. */
	{ "disabled", "disabled", "disabled-secret", IMAP, NO_KEY, DISABLED, DISABLED, "" },
	{ "disabled, own key", "disabled", "disabled-secret", IMAP, KEY_DISABLED, DISABLED,
	  DISABLED, "" },
	{ "disabled, wrong", "disabled", "x", IMAP, NO_KEY, DISABLED, DISABLED, "" },
	{ "disabled and both", "disabled-both", "disabled-both-secret", IMAP, KEY_DISABLED_BOTH,
	  DISABLED, DISABLED, "" },
	{ "policy key", "key", "key-secret", IMAP, NO_KEY, NOT_ALLOWED, NOT_ALLOWED, "" },
	{ "policy key with it", "key", "key-secret", IMAP, KEY_KEY, NOT_ALLOWED, NOT_ALLOWED, "" },
	{ "policy password", "password", "password-secret", IMAP, NO_KEY, OK, OK, "main" },
	{ "policy password, key", "password", "password-secret", IMAP, KEY_PASSWORD, OK, OK,
	  "main" },
	{ "policy both", "both", "both-secret", IMAP, KEY_BOTH, OK, OK, "main" },
	{ "policy both, wrong", "both", "x", IMAP, KEY_BOTH, OK, MISMATCH, "" },
	{ "policy both, empty", "both", "", IMAP, KEY_BOTH, OK, MISMATCH, "" },
	{ "policy both, no key", "both", "both-secret", IMAP, NO_KEY, NOT_ALLOWED, NOT_ALLOWED,
	  "" },
	{ "policy both, unknown key", "both", "both-secret", IMAP, KEY_UNKNOWN, NOT_ALLOWED,
	  NOT_ALLOWED, "" },
	{ "policy both, another's", "both", "both-secret", IMAP, KEY_ALICE, OTHER, OTHER, NULL },

	/* Several passwords. */
	{ "main", "devices", "main", POP3, NO_KEY, OK, OK, "main" },
	{ "phone for IMAP", "devices", "phone", IMAP, NO_KEY, OK, OK, "phone" },
	{ "phone for POP3", "devices", "phone", POP3, NO_KEY, OK, MISMATCH, "" },
	{ "third", "devices", "printer", SUBMISSION, NO_KEY, OK, OK, "printer" },
	{ "first verifier decides", "devices", "never", IMAP, NO_KEY, OK, MISMATCH, "" },

	/* Verifiers that cannot be compared. */
	{ "unknown scheme first", "odd", "second", IMAP, NO_KEY, OK, OK, "main" },
	{ "locked", "odd", "*", POP3, NO_KEY, OK, MISMATCH, "" },
	{ "costly first", "costly", "cheap", IMAP, NO_KEY, OK, OK, "main" },
};

static void by_password(void **state)
{
	struct unit_store *unit = *state;

	for (size_t i = 0; i < COUNT(by_password_cases); i++) {
		const char *row = by_password_cases[i].name;
		struct postern_login login;
		int outcome;

		comparisons = 0;
		outcome = postern_login_by_password(unit->store, &unit->config,
			by_password_cases[i].login, by_password_cases[i].password,
			by_password_cases[i].service, fingerprint_of(by_password_cases[i].key),
			&login, &unit->error);
		if (outcome != by_password_cases[i].outcome)
			fail_msg("case \"%s\": %d", row, outcome);
		check_login(row, outcome, &login, NULL, by_password_cases[i].label);
		/* No refusal is cheaper than a wrong password. */
		check_row(row, comparisons >= 1);
	}
}

static void precheck_never_compares(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_READ);

	comparisons = 0;
	for (size_t i = 0; i < COUNT(by_password_cases); i++) {
		const char *row = by_password_cases[i].name;
		struct postern_login login;
		int outcome = postern_login_precheck(reader, &unit->config,
			by_password_cases[i].login, fingerprint_of(by_password_cases[i].key),
			&login, &unit->error);

		check_row(row, outcome == by_password_cases[i].precheck);
		check_login(row, outcome, &login, NULL, "");
	}
	assert_int_equal(comparisons, 0);
	postern_store_free(&reader);
}

static void an_unknown_name_costs_one_comparison(void **state)
{
	struct unit_store *unit = *state;
	struct postern_login login;

	comparisons = 0;
	assert_int_equal(postern_login_by_password(unit->store, &unit->config, "nobody", "x", IMAP,
						   NULL, &login, &unit->error), NOT_OURS);
	assert_int_equal(comparisons, 1);
	assert_int_equal(postern_login_by_password(unit->store, &unit->config, "alice", "x", IMAP,
						   NULL, &login, &unit->error), MISMATCH);
	assert_int_equal(comparisons, 2);
}

static void failures_stay_failures(void **state)
{
	struct unit_store *unit = *state;
	struct postern_login login;
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_READ);

	/* All that could be compared is over the admin's limit: the log has to say so. */
	fails(unit, postern_login_by_password(unit->store, &unit->config, "costly", "x", POP3,
					      NULL, &login, &unit->error), "more work");
	comparing_fails = true;
	fails(unit, postern_login_by_password(unit->store, &unit->config, "alice", "x", IMAP, NULL,
					      &login, &unit->error), "no memory");
	comparing_fails = false;
	assert_int_equal(login.account.id, 0);
	fails(unit, postern_login_by_password(reader, &unit->config, "alice", "alice-secret", IMAP,
					      NULL, &login, &unit->error), "without passwords");
	assert_int_equal(login.account.id, 0);

	unlink(unit->verifiers);
	fails(unit, postern_login_by_password(unit->store, &unit->config, "alice", "alice-secret",
					      IMAP, NULL, &login, &unit->error), "missing");
	unlink(unit->accounts);
	fails(unit, postern_login_by_password(unit->store, &unit->config, "alice", "alice-secret",
					      IMAP, NULL, &login, &unit->error), "missing");
	fails(unit, postern_login_precheck(reader, &unit->config, "nobody", NULL, &login,
					   &unit->error), "missing");
	fails(unit, postern_login_by_key(reader, &unit->config, fingerprint_of(KEY_ALICE), IMAP,
					 NULL, &login, &unit->error), "missing");
	fails(unit, postern_login_by_key(reader, &unit->config, fingerprint_of(KEY_UNKNOWN), IMAP,
					 NULL, &login, &unit->error), "missing");
	postern_store_free(&reader);
}

static void changes_count_at_once(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_READ);
	struct postern_account account;
	struct postern_login login;
	const struct {
		bool disabled;
		enum postern_policy policy;
		int outcome;
	} steps[] = {
		{ false, POSTERN_POLICY_ANY, OK },
		{ true, POSTERN_POLICY_ANY, DISABLED },
		{ false, POSTERN_POLICY_BOTH, NOT_ALLOWED },
		{ false, POSTERN_POLICY_KEY, OK },
	};

	ok(unit, postern_store_account_find(unit->store, "alice", &account, &unit->error));
	for (size_t i = 0; i < COUNT(steps); i++) {
		account.disabled = steps[i].disabled;
		account.policy = steps[i].policy;
		ok(unit, postern_store_account_update(unit->store, &account, &unit->error));
		assert_int_equal(postern_login_by_key(reader, &unit->config,
			fingerprint_of(KEY_ALICE), IMAP, NULL, &login, &unit->error),
			steps[i].outcome);
	}
	ok(unit, postern_store_key_remove(unit->store, fingerprint_of(KEY_ALICE), &unit->error));
	assert_int_equal(postern_login_by_key(reader, &unit->config, fingerprint_of(KEY_ALICE),
					      IMAP, NULL, &login, &unit->error), NOT_OURS);
	ok(unit, postern_store_account_remove(unit->store, account.id, &unit->error));
	assert_int_equal(postern_login_by_key(reader, &unit->config,
		fingerprint_of(KEY_ALICE_POP3), POP3, NULL, &login, &unit->error), NOT_OURS);
	assert_int_equal(postern_login_by_password(unit->store, &unit->config, "alice",
		"alice-secret", IMAP, NULL, &login, &unit->error), NOT_OURS);
	postern_store_free(&reader);
}

/* A password whose account is gone opens nothing, nor does it for who gets the name next. */
static void a_name_given_again_has_no_old_password(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *without = unit_store_open(unit, POSTERN_STORE_WRITE);
	struct postern_account account;
	struct postern_login login;

	ok(unit, postern_store_account_find(without, "alice", &account, &unit->error));
	ok(unit, postern_store_account_remove(without, account.id, &unit->error));
	assert_int_equal(unit_verifiers(unit, unit->store, account.id), 1);
	unit_account_add(unit, "alice");
	assert_int_equal(postern_login_by_password(unit->store, &unit->config, "alice",
		"alice-secret", IMAP, NULL, &login, &unit->error), NOT_OURS);
	postern_store_free(&without);
}

static void outcomes_have_words(void **state)
{
	(void)state;
	for (int outcome = OK; outcome <= NOT_ALLOWED; outcome++) {
		const char *text = postern_login_outcome_text(outcome);

		assert_non_null(text);
		assert_int_equal(text[strlen(text) - 1], '.');
		assert_null(strpbrk(postern_login_outcome_word(outcome), " \t"));
		for (const char *p = text; *p != '\0'; p++)
			assert_true(*p >= ' ' && *p < 0x7f);
	}
	/* A wrong password and an unknown name read the same. */
	assert_string_equal(postern_login_outcome_text(NOT_OURS),
			    postern_login_outcome_text(MISMATCH));
	assert_string_equal(postern_login_outcome_word(-1), "failure");
	assert_non_null(strstr(postern_login_outcome_text(-1), "again later"));
	assert_non_null(strstr(postern_login_outcome_text(DISABLED), "disabled"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, unit_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_key),
		TEST(by_key_says_what_the_key_is),
		TEST(authzids_are_prepared_and_can_be_ignored),
		TEST(by_password),
		TEST(precheck_never_compares),
		TEST(an_unknown_name_costs_one_comparison),
		TEST(failures_stay_failures),
		TEST(changes_count_at_once),
		TEST(a_name_given_again_has_no_old_password),
		cmocka_unit_test(outcomes_have_words),
	};

	return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
