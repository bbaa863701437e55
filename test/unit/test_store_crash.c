/* SPDX-License-Identifier: MIT */
#include "unit_dying.h"

#include <sqlite3.h>

/*
 * kill -9 at any point of a change. A child makes the change and dies at its n-th call that
 * writes, half of the octets written; for n = 1, 2, … until it lives. After each death the
 * store has to be as it was before the change or as it is after it, and where the change
 * touches both files, a door may only be closed (store.h).
 */

/* A change in a handle of its own, as the admin's command makes it. */
static int with_store(struct unit_store *unit, change_fn *change, const char **error_r)
{
	int ret = postern_store_open(&unit->config, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS,
				     &unit->store, error_r);

	if (ret == 0)
		ret = change(unit, error_r);
	postern_store_free(&unit->store);
	return ret;
}

struct seen {
	bool account, key, address;
	/* What the verifiers of the account "daniel" begin with; or of those that are
	   nobody's. */
	char generation;
	unsigned verifiers;
	bool mixed;
};

static int see_password(const struct postern_account_password *password, void *context)
{
	struct seen *seen = context;

	for (char **verifier = password->verifiers; *verifier != NULL; verifier++) {
		seen->mixed = seen->mixed ||
			(seen->verifiers > 0 && seen->generation != **verifier);
		seen->generation = **verifier;
		seen->verifiers++;
	}
	return 0;
}

static struct seen look(struct unit_store *unit)
{
	struct postern_account account;
	struct seen seen = { 0 };
	int ret;

	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS);
	ret = postern_store_account_find(unit->store, "daniel", &account, &unit->error);
	assert_true(ret >= 0);
	seen.account = ret == POSTERN_STORE_OK;
	ret = unit_key_find(unit, unit->store, 1);
	assert_true(ret >= 0);
	seen.key = ret == POSTERN_STORE_OK;
	if (seen.account) {
		ret = postern_store_address_has(unit->store, account.id, "x@example.org",
						&unit->error);
		assert_true(ret >= 0);
		seen.address = ret == POSTERN_STORE_OK;
		ok(unit, postern_store_password_each(unit->store, account.id, see_password, &seen,
						     &unit->error));
	}
	postern_store_free(&unit->store);
	return seen;
}

static int set_password(struct unit_store *unit, int64_t id, const char *prefix,
			const char **error_r)
{
	char texts[3][8];
	const char *const verifiers[] = { texts[0], texts[1], texts[2], NULL };

	for (int i = 0; i < 3; i++)
		snprintf(texts[i], sizeof(texts[i]), "%s%d", prefix, i);
	return postern_store_password_set(unit->store, id, "main", POSTERN_SERVICES_MAIL,
					  verifiers, error_r);
}

static int add_daniel(struct unit_store *unit, const char **error_r)
{
	struct postern_account account = { .name = "daniel" };
	struct postern_account_key key;

	if (postern_store_begin(unit->store, error_r) != 0 ||
	    postern_store_account_add(unit->store, &account, error_r) != 0)
		return -1;
	key = unit_key(account.id, 1);
	if (postern_store_key_add(unit->store, &key, error_r) != 0 ||
	    postern_store_address_add(unit->store, account.id, "x@example.org", error_r) != 0 ||
	    set_password(unit, account.id, "old", error_r) != 0)
		return -1;
	return postern_store_commit(unit->store, error_r);
}

static int remove_daniel(struct unit_store *unit, const char **error_r)
{
	struct postern_account account;

	if (postern_store_account_find(unit->store, "daniel", &account, error_r) != 0)
		return -1;
	return postern_store_account_remove(unit->store, account.id, error_r);
}

static int replace_password(struct unit_store *unit, const char **error_r)
{
	struct postern_account account;

	if (postern_store_account_find(unit->store, "daniel", &account, error_r) != 0)
		return -1;
	return set_password(unit, account.id, "new", error_r);
}

static int adding(struct unit_store *unit, const char **error_r)
{
	return with_store(unit, add_daniel, error_r);
}

static int removing(struct unit_store *unit, const char **error_r)
{
	return with_store(unit, remove_daniel, error_r);
}

static int replacing(struct unit_store *unit, const char **error_r)
{
	return with_store(unit, replace_password, error_r);
}

/* More deaths than this can be had of each change, so the counting works. */
#define DEATHS_MIN 5

static void adding_an_account_is_all_or_nothing(void **state)
{
	struct unit_store *unit = *state;
	unsigned n = 1;

	postern_store_free(&unit->store);
	for (;; n++) {
		bool lived = survives(unit, adding, n);
		struct seen seen = look(unit);

		assert_true(seen.account == seen.key && seen.account == seen.address);
		assert_int_equal(seen.verifiers, seen.account ? 3 : 0);
		assert_true(seen.account || !lived);
		if (lived)
			break;
		/* The next one starts from nothing; passwords of nobody may lie around. */
		if (seen.account)
			ok(unit, removing(unit, &unit->error));
	}
	assert_true(n > DEATHS_MIN);
}

static void removing_an_account_only_closes_doors(void **state)
{
	struct unit_store *unit = *state;
	unsigned n = 1, without_password = 0;

	postern_store_free(&unit->store);
	for (;; n++) {
		struct seen seen;
		bool lived;

		if (!look(unit).account || look(unit).verifiers == 0) {
			if (look(unit).account)
				ok(unit, removing(unit, &unit->error));
			ok(unit, adding(unit, &unit->error));
		}
		lived = survives(unit, removing, n);
		seen = look(unit);
		assert_true(seen.account == seen.key && seen.account == seen.address);
		assert_true(seen.verifiers == 0 || (seen.account && seen.verifiers == 3));
		if (seen.account && seen.verifiers == 0)
			without_password++;
		assert_true(!seen.account || !lived);
		if (lived)
			break;
	}
	assert_true(n > DEATHS_MIN);
	/* The point between the two commits was among them. */
	assert_true(without_password > 0);
}

static void replacing_a_password_leaves_the_old_or_the_new(void **state)
{
	struct unit_store *unit = *state;
	unsigned n = 1, old = 0;

	postern_store_free(&unit->store);
	ok(unit, adding(unit, &unit->error));
	for (;; n++) {
		bool lived = survives(unit, replacing, n);
		struct seen seen = look(unit);

		assert_true(seen.account && !seen.mixed);
		assert_int_equal(seen.verifiers, 3);
		assert_true(seen.generation == 'n' || !lived);
		if (seen.generation == 'o')
			old++;
		if (lived)
			break;
		if (seen.generation == 'n') {
			ok(unit, removing(unit, &unit->error));
			ok(unit, adding(unit, &unit->error));
		}
	}
	assert_true(n > DEATHS_MIN);
	assert_true(old > 0);
}

static int importing_with(struct unit_store *unit, const char **error_r)
{
	char name[32];

	if (postern_store_begin(unit->store, error_r) < 0)
		return -1;
	/* More than the page cache holds, so that pages are written before the commit. */
	for (unsigned i = 0; i < 300; i++) {
		struct postern_account account = { 0 };
		struct postern_account_key key;

		snprintf(account.name, sizeof(account.name), "user%u", i);
		if (postern_store_account_add(unit->store, &account, error_r) != 0)
			return -1;
		key = unit_key(account.id, 1000 + i);
		snprintf(name, sizeof(name), "@d%u.example", i);
		if (postern_store_key_add(unit->store, &key, error_r) != 0 ||
		    postern_store_address_add(unit->store, account.id, name, error_r) != 0 ||
		    set_password(unit, account.id, "new", error_r) != 0)
			return -1;
	}
	return postern_store_commit(unit->store, error_r);
}

static int importing(struct unit_store *unit, const char **error_r)
{
	return with_store(unit, importing_with, error_r);
}

static int count_account(const struct postern_account *account, void *context)
{
	(void)account;
	++*(unsigned *)context;
	return 0;
}

static void an_import_is_all_or_nothing(void **state)
{
	struct unit_store *unit = *state;
	bool lived = false;

	postern_store_free(&unit->store);
	/* Not every point of a long change: the spaces grow. */
	for (unsigned n = 1; !lived; n += 1 + n / 8) {
		unsigned count = 0;

		lived = survives(unit, importing, n);
		unit->store = unit_store_open(unit, POSTERN_STORE_READ);
		ok(unit, postern_store_account_each(unit->store, count_account, &count,
						    &unit->error));
		postern_store_free(&unit->store);
		assert_true(count == 300 || (count == 0 && !lived));
		/* Committed, and then died: as good as lived. */
		lived = lived || count == 300;
	}
}

static int creating(struct unit_store *unit, const char **error_r)
{
	return postern_store_create(&unit->config, error_r);
}

static void creating_leaves_nothing_half_made(void **state)
{
	struct unit_store *unit = *state;
	unsigned n = 1;

	for (;; n++) {
		bool lived = survives(unit, creating, n);
		bool accounts = access(unit->accounts, F_OK) == 0;
		bool verifiers = access(unit->verifiers, F_OK) == 0;

		assert_true(accounts == verifiers);
		if (accounts)
			assert_false(look(unit).account);
		else
			ok(unit, creating(unit, &unit->error));
		if (lived)
			break;
		unlink(unit->accounts);
		unlink(unit->verifiers);
	}
	assert_true(n > DEATHS_MIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_store_set_up, unit_store_tear_down)
#define TEST_EMPTY(name) \
	cmocka_unit_test_setup_teardown(name, unit_store_set_up_empty, unit_store_tear_down)

static void move(const char *path, const char *to)
{
	if (rename(path, to) < 0)
		fail_msg("rename %s: %m", path);
}

/* What is left when create dies between its two renames, which are not among SQLite's calls. */
static void creating_goes_on_after_half_a_rename(void **state)
{
	struct unit_store *unit = *state;
	char new_accounts[PATH_MAX + 64], aside[PATH_MAX + 64];

	snprintf(new_accounts, sizeof(new_accounts), "%s.new", unit->accounts);
	snprintf(aside, sizeof(aside), "%s/aside", unit->folder);
	ok(unit, creating(unit, &unit->error));
	move(unit->accounts, new_accounts);
	ok(unit, creating(unit, &unit->error));
	assert_false(look(unit).account);
	assert_int_equal(access(new_accounts, F_OK), -1);

	/* The verifiers of one store beside the new postern.db of another are somebody's. */
	move(unit->accounts, new_accounts);
	unlink(unit->verifiers);
	move(new_accounts, aside);
	ok(unit, creating(unit, &unit->error));
	unlink(unit->accounts);
	move(aside, new_accounts);
	fails(unit, creating(unit, &unit->error), "verifiers.db is there already");
	assert_int_equal(access(unit->verifiers, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(adding_an_account_is_all_or_nothing),
		TEST(removing_an_account_only_closes_doors),
		TEST(replacing_a_password_leaves_the_old_or_the_new),
		TEST(an_import_is_all_or_nothing),
		TEST_EMPTY(creating_leaves_nothing_half_made),
		TEST_EMPTY(creating_goes_on_after_half_a_rename),
	};

	/* Nor has this process to wait for the disk. */
	die_at(0);
	return cmocka_run_group_tests_name("store_crash", tests, NULL, NULL);
}
