/* SPDX-License-Identifier: MIT */
#include "unit_store.h"

#include "live_session.h"

/* Which sessions go on when the store changes, and what their line may be. */

#define IMAP POSTERN_SERVICE_IMAP
#define KEY POSTERN_LIVE_BY_KEY
#define PASSWORD POSTERN_LIVE_BY_PASSWORD
#define MASTER POSTERN_LIVE_BY_MASTER
#define GOES_ON POSTERN_LIVE_GOES_ON
#define ENDS POSTERN_LIVE_ENDS

#define KEY_ALICE 1
#define KEY_BOB 2
#define KEY_NOBODY 3
#define NO_KEY 0

static const struct {
	const char *line;
	bool good;
} lines[] = {
	{ "imap password 1 - alice", true },
	{ "submission master 9223372036854775807 - al ice@example.org", true },
	{ "pop3 key 7 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 \xc3\xa4", true },
	{ "", false },
	{ "imap", false },
	{ "imap password 1 -", false },
	{ "imap password 1 - ", false },
	{ "lmtp password 1 - alice", false },
	{ "imap,pop3 password 1 - alice", false },
	{ "imap cookie 1 - alice", false },
	{ "imap password 0 - alice", false },
	{ "imap password -1 - alice", false },
	{ "imap password 1x - alice", false },
	{ "imap password  - alice", false },
	/* A key's session without its key, and a key that is none. */
	{ "imap key 1 - alice", false },
	{ "imap password 1 AAAA alice", false },
};

static void test_lines(void **state)
{
	struct postern_live_session session;
	char text[POSTERN_LIVE_TEXT_MAX], long_line[2 * POSTERN_LIVE_TEXT_MAX];
	const char *error;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int ret = postern_live_session_parse(lines[i].line, strlen(lines[i].line), &session,
						     &error);

		if ((ret == 0) != lines[i].good)
			fail_msg("\"%s\": %d", lines[i].line, ret);
		if (ret == 0)
			assert_string_equal(postern_live_session_format(&session, text),
					    lines[i].line);
	}
	memset(long_line, 'a', sizeof(long_line));
	memcpy(long_line, "imap password 1 - ", 18);
	assert_int_equal(postern_live_session_parse(long_line, 18 + 255, &session, &error), 0);
	assert_int_equal(postern_live_session_parse(long_line, 18 + 256, &session, &error), -1);
	assert_int_equal(postern_live_session_parse(long_line, sizeof(long_line), &session, &error),
			 -1);
	assert_int_equal(postern_live_session_parse("imap password 1 - a\0b", 21, &session, &error),
			 -1);
}

static struct postern_live_session session_of(const struct postern_account *account,
					      enum postern_live_by by, unsigned key)
{
	struct postern_live_session session = {
		.service = IMAP, .by = by, .account_id = account->id, .has_key = key != NO_KEY,
		.key = unit_fingerprint(key),
	};

	strcpy(session.account, account->name);
	return session;
}

static void check(struct unit_store *unit, const struct postern_account *account,
		  enum postern_live_by by, unsigned key, int expected)
{
	struct postern_live_session session = session_of(account, by, key);
	int outcome = postern_live_session_check(unit->store, &unit->config, &session,
						 &unit->error);

	if (outcome != expected)
		fail_msg("%s by %d with key %u: %d instead of %d", account->name, (int)by, key,
			 outcome, expected);
}

static void set_policy(struct unit_store *unit, struct postern_account *account,
		       enum postern_policy policy, bool disabled)
{
	account->policy = policy;
	account->disabled = disabled;
	ok(unit, postern_store_account_update(unit->store, account, &unit->error));
}

static const struct {
	enum postern_policy policy;
	bool disabled;
	/* By key, by password, by password beside the key, by a master user. */
	int outcomes[4];
} policies[] = {
	{ POSTERN_POLICY_ANY, false, { GOES_ON, GOES_ON, GOES_ON, GOES_ON } },
	{ POSTERN_POLICY_KEY, false, { GOES_ON, ENDS, ENDS, GOES_ON } },
	{ POSTERN_POLICY_PASSWORD, false, { ENDS, GOES_ON, GOES_ON, GOES_ON } },
	{ POSTERN_POLICY_BOTH, false, { ENDS, ENDS, GOES_ON, GOES_ON } },
	{ POSTERN_POLICY_ANY, true, { ENDS, ENDS, ENDS, ENDS } },
};

static void test_policies(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account alice = unit_account_add(unit, "alice");

	unit_key_add(unit, alice.id, KEY_ALICE);
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		set_policy(unit, &alice, policies[i].policy, policies[i].disabled);
		check(unit, &alice, KEY, KEY_ALICE, policies[i].outcomes[0]);
		check(unit, &alice, PASSWORD, NO_KEY, policies[i].outcomes[1]);
		check(unit, &alice, PASSWORD, KEY_ALICE, policies[i].outcomes[2]);
		check(unit, &alice, MASTER, NO_KEY, policies[i].outcomes[3]);
	}
}

static void test_keys_and_accounts(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account alice = unit_account_add(unit, "alice");
	struct postern_account bob = unit_account_add(unit, "bob");
	struct postern_account again;
	struct postern_fingerprint key = unit_fingerprint(KEY_ALICE);

	unit_key_add(unit, alice.id, KEY_ALICE);
	unit_key_add(unit, bob.id, KEY_BOB);
	check(unit, &alice, KEY, KEY_NOBODY, ENDS);
	/* It has become another's. */
	check(unit, &alice, KEY, KEY_BOB, ENDS);
	check(unit, &alice, PASSWORD, KEY_BOB, ENDS);
	ok(unit, postern_store_key_remove(unit->store, &key, &unit->error));
	check(unit, &alice, KEY, KEY_ALICE, ENDS);
	check(unit, &alice, PASSWORD, KEY_ALICE, GOES_ON);

	ok(unit, postern_store_account_remove(unit->store, alice.id, &unit->error));
	check(unit, &alice, PASSWORD, NO_KEY, ENDS);
	check(unit, &alice, MASTER, NO_KEY, ENDS);
	again = unit_account_add(unit, "alice");
	check(unit, &alice, PASSWORD, NO_KEY, ENDS);
	check(unit, &again, PASSWORD, NO_KEY, GOES_ON);
}

static void test_service_taken_away(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account alice = unit_account_add(unit, "alice");
	struct postern_account_key key = unit_key(alice.id, KEY_ALICE);

	ok(unit, postern_store_key_add(unit->store, &key, &unit->error));
	check(unit, &alice, KEY, KEY_ALICE, GOES_ON);
	key.services = POSTERN_SERVICE_POP3;
	ok(unit, postern_store_key_update(unit->store, &key, &unit->error));
	check(unit, &alice, KEY, KEY_ALICE, ENDS);
}

/* Neither a yes nor a no. */
static void test_no_store(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account alice = unit_account_add(unit, "alice");

	assert_int_equal(unlink(unit->accounts), 0);
	check(unit, &alice, PASSWORD, NO_KEY, -1);
	check(unit, &alice, KEY, KEY_ALICE, -1);
}

static int64_t version(struct unit_store *unit, struct postern_store *store)
{
	int64_t number;

	ok(unit, postern_store_version(store, &number, &unit->error));
	return number;
}

/* Another handle's changes, and no others. */
static void test_version(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_READ);
	struct postern_account alice = unit_account_add(unit, "alice");
	int64_t seen = version(unit, reader);

	assert_int_equal(version(unit, reader), seen);
	unit_key_add(unit, alice.id, KEY_ALICE);
	assert_int_not_equal(version(unit, reader), seen);
	seen = version(unit, reader);
	assert_int_equal(unit_key_find(unit, reader, KEY_ALICE), POSTERN_STORE_OK);
	assert_int_equal(version(unit, reader), seen);
	set_policy(unit, &alice, POSTERN_POLICY_KEY, false);
	assert_int_not_equal(version(unit, reader), seen);
	postern_store_free(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test_setup_teardown(test_policies, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_keys_and_accounts, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_service_taken_away, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_no_store, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_version, unit_store_set_up,
						unit_store_tear_down),
	};

	return cmocka_run_group_tests_name("live_session", tests, NULL, NULL);
}
