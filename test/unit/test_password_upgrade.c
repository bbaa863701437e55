/* SPDX-License-Identifier: MIT */
#include "unit_dying.h"

#include <sys/resource.h>
#include <time.h>

#include "password.h"
#include "password_upgrade.h"
#include "secret.h"

/*
 * Old verifiers become the configured ones: when, which, and that whatever stops it leaves the old
 * ones or the new ones.
 */
#define MD5 "$1$abcdefgh$f4FAhCjxUf8AsFu5Ck2gF/" /* secret-1 */
#define PASSWORD "secret-1"
#define BCRYPT "$2b$05$aaaaaaaaaaaaaaaaaaaaauyOYxwWzZjBV2GHrrTRVdLFLvEMFLRq2"
#define YESCRYPT "$y$j9T$aaaaaaaaaaaaaaaaaaaaaa$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
#define SCRAM "{SCRAM-SHA-256}4096,MTExMTExMTExMTExMTEx,MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=," \
	"MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
#define SERVICES (POSTERN_SERVICE_IMAP | POSTERN_SERVICE_POP3)

static char yescrypt[] = "yescrypt", scram[] = "scram-sha-256", md5[] = "md5-crypt", plain[] = "plain";
static char *good_schemes[] = { yescrypt, scram, NULL };

static const struct {
	const char *verifiers[3];
	char *schemes[3];
	bool wanted;
} cases[] = {
	{ { MD5 }, { yescrypt, scram }, true },
	{ { "{MD5-CRYPT}" MD5 }, { yescrypt, scram }, true },
	{ { "{PLAIN}secret-1" }, { yescrypt, scram }, true },
	{ { "*" }, { yescrypt, scram }, true },
	{ { BCRYPT }, { yescrypt, scram }, true },
	{ { YESCRYPT }, { yescrypt, scram }, true },
	{ { SCRAM }, { yescrypt, scram }, true },
	{ { SCRAM, YESCRYPT }, { yescrypt, scram }, true },
	{ { YESCRYPT, SCRAM }, { yescrypt, scram }, false },
	{ { YESCRYPT, SCRAM }, { yescrypt }, true },
	{ { YESCRYPT }, { yescrypt, plain }, true },
	/* Never anything weaker. */
	{ { YESCRYPT }, { md5 }, false },
	{ { BCRYPT }, { scram }, false },
	{ { MD5 }, { plain }, false },
	{ { MD5 }, { md5 }, false },
};

static void test_when(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *verifiers[3] = { NULL };

		for (size_t j = 0; cases[i].verifiers[j] != NULL; j++)
			verifiers[j] = strdup(cases[i].verifiers[j]);
		if (postern_password_upgrade_wanted(verifiers, cases[i].schemes) != cases[i].wanted)
			fail_msg("case %zu", i);
		for (size_t j = 0; j < COUNT(verifiers); j++)
			free(verifiers[j]);
	}
}

static struct postern_account add_account(struct unit_store *unit)
{
	struct postern_account account = unit_account_add(unit, "alice");
	const char *verifiers[] = { MD5, NULL };

	unit->config.password_schemes = good_schemes;
	ok(unit, postern_store_password_set(unit->store, account.id, "main",
					    POSTERN_SERVICE_SUBMISSION, verifiers, &unit->error));
	ok(unit, postern_store_password_set(unit->store, account.id, "phone", SERVICES, verifiers,
					    &unit->error));
	return account;
}

static int upgrade(struct unit_store *unit, const char *label, const char *password)
{
	struct postern_account account;
	struct postern_store *store = unit_store_open(unit, POSTERN_STORE_VERIFIERS);
	int ret;

	ok(unit, postern_store_account_find(store, "alice", &account, &unit->error));
	ret = postern_password_upgrade(store, &unit->config, &account, label, password,
				       &unit->error);
	postern_store_free(&store);
	return ret;
}

struct seen {
	unsigned passwords, old, new, wrong;
};

static int see(const struct postern_account_password *password, void *context)
{
	struct seen *seen = context;
	const char *scheme[2] = { postern_password_scheme(password->verifiers[0]), "" }, *error;
	bool is_phone = strcmp(password->label, "phone") == 0;

	if (password->verifiers[1] != NULL)
		scheme[1] = postern_password_scheme(password->verifiers[1]);
	seen->passwords++;
	assert_int_equal(password->services, is_phone ? SERVICES : POSTERN_SERVICE_SUBMISSION);
	if (strcmp(scheme[0], "md5-crypt") == 0 && password->verifiers[1] == NULL)
		seen->old++;
	else if (is_phone && strcmp(scheme[0], "yescrypt") == 0 && strcmp(scheme[1], scram) == 0)
		seen->new++;
	else
		seen->wrong++;
	for (char **verifier = password->verifiers; *verifier != NULL; verifier++)
		assert_int_equal(postern_password_verify(PASSWORD, "alice", *verifier, NULL, &error),
				 POSTERN_PASSWORD_OK);
	return 0;
}

static struct seen look(struct unit_store *unit)
{
	struct postern_store *store = unit_store_open(unit, POSTERN_STORE_VERIFIERS);
	struct seen seen = { 0 };

	ok(unit, postern_store_password_each(store, 0, see, &seen, &unit->error));
	postern_store_free(&store);
	assert_int_equal(seen.passwords, 2);
	assert_int_equal(seen.wrong, 0);
	return seen;
}

static void test_upgrades_one(void **state)
{
	struct unit_store *unit = *state;

	add_account(unit);
	assert_int_equal(upgrade(unit, "phone", "secret-2"), POSTERN_PASSWORD_KEPT);
	assert_int_equal(upgrade(unit, "laptop", PASSWORD), POSTERN_PASSWORD_KEPT);
	assert_int_equal(look(unit).old, 2);
	assert_int_equal(upgrade(unit, "phone", PASSWORD), POSTERN_PASSWORD_UPGRADED);
	assert_int_equal(look(unit).new, 1);
	assert_int_equal(look(unit).old, 1);
	assert_int_equal(upgrade(unit, "phone", PASSWORD), POSTERN_PASSWORD_KEPT);
}

/* The old verifiers have to be those that are there, to the last one. */
static void test_changed_meanwhile(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account account = add_account(unit);
	char *nothing[] = { NULL }, md5_verifier[] = MD5, other_verifier[] = BCRYPT;
	char *other[] = { other_verifier, NULL }, *more[] = { md5_verifier, other_verifier, NULL };
	char *right[] = { md5_verifier, NULL }, **wrong[] = { nothing, other, more };
	const char *new[] = { YESCRYPT, NULL };
	struct postern_account_password password = { .id = 1, .account_id = account.id };
	struct postern_store *store =
		unit_store_open(unit, POSTERN_STORE_VERIFIERS | POSTERN_STORE_UPGRADE);

	for (size_t i = 0; i < COUNT(wrong); i++) {
		password.verifiers = wrong[i];
		assert_int_equal(postern_store_password_upgrade(store, &password, new, &unit->error),
				 POSTERN_STORE_NOT_FOUND);
	}
	password.verifiers = right;
	password.account_id++;
	assert_int_equal(postern_store_password_upgrade(store, &password, new, &unit->error),
			 POSTERN_STORE_NOT_FOUND);
	password.account_id--;
	password.id = 77;
	assert_int_equal(postern_store_password_upgrade(store, &password, new, &unit->error),
			 POSTERN_STORE_NOT_FOUND);
	password.id = 1;
	assert_int_equal(look(unit).old, 2);
	/* Nothing else can be done with that handle. */
	assert_int_equal(postern_store_password_remove(store, account.id, "main", &unit->error), -1);
	assert_int_equal(postern_store_account_remove(store, account.id, &unit->error), -1);
	assert_int_equal(postern_store_password_upgrade(store, &password, new, &unit->error),
			 POSTERN_STORE_OK);
	postern_store_free(&store);
}

static void test_not_while_locked(void **state)
{
	struct unit_store *unit = *state;
	struct timespec begin, end;

	add_account(unit);
	ok(unit, postern_store_begin(unit->store, &unit->error));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(upgrade(unit, "phone", PASSWORD), -1);
	clock_gettime(CLOCK_MONOTONIC, &end);
	/* Two seconds are what a change waits for a lock. */
	assert_true(end.tv_sec - begin.tv_sec < 2);
	postern_store_rollback(unit->store);
	assert_int_equal(look(unit).old, 2);
	assert_int_equal(upgrade(unit, "phone", PASSWORD), POSTERN_PASSWORD_UPGRADED);
}

/* As with a full disk: no file can grow. */
static void test_not_without_room(void **state)
{
	struct unit_store *unit = *state;
	const struct rlimit none = { 0, RLIM_INFINITY };
	struct rlimit before;

	add_account(unit);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(upgrade(unit, "phone", PASSWORD), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(look(unit).old, 2);
	assert_int_equal(upgrade(unit, "phone", PASSWORD), POSTERN_PASSWORD_UPGRADED);
}

static int upgrade_phone(struct unit_store *unit, const char **error_r)
{
	(void)error_r;
	return upgrade(unit, "phone", PASSWORD);
}

static void test_killed_anywhere(void **state)
{
	struct unit_store *unit = *state;
	unsigned n = 1, old = 0, new = 0;
	bool alive = false;
	struct postern_account account = add_account(unit);

	postern_store_free(&unit->store);
	for (; !alive; n++) {
		alive = survives(unit, upgrade_phone, n);
		if (look(unit).new == 1) {
			new++;
			/* Once more, from the beginning. */
			unit->store = unit_store_open(unit, POSTERN_STORE_WRITE |
						      POSTERN_STORE_VERIFIERS);
			ok(unit, postern_store_account_remove(unit->store, account.id,
							      &unit->error));
			account = add_account(unit);
			postern_store_free(&unit->store);
		} else {
			old++;
			assert_false(alive);
		}
	}
	/* It dies before it commits, and after. */
	assert_true(old >= 3 && new >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when),
		cmocka_unit_test_setup_teardown(test_upgrades_one, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_changed_meanwhile, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_not_while_locked, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_not_without_room, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_killed_anywhere, unit_store_set_up,
						unit_store_tear_down),
	};

	return cmocka_run_group_tests_name("password_upgrade", tests, NULL, NULL);
}
