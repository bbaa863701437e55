/* SPDX-License-Identifier: MIT */
#include "unit_store_files.h"

#include <time.h>

/* What happens to the files of a store that is open: damage, exchange, locks. */

/* Damage: every operation fails, or says what is true; none says "not found" of what is there. */

static void damage_is_a_failure(void **state)
{
	struct unit_store *unit = *state;
	char noise[4096];
	struct stat status;

	for (unsigned i = 0; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof(name), "user%u", i);
		unit_key_add(unit, unit_account_add(unit, name).id, i);
	}
	postern_store_free(&unit->store);
	memset(noise, 0xa5, sizeof(noise));
	assert_int_equal(stat(unit->accounts, &status), 0);
	for (off_t at = 0; at < status.st_size; at += 4096) {
		char whole[4096];
		struct postern_store *store = NULL;
		int fd = open(unit->accounts, O_RDWR);

		assert_int_equal(pread(fd, whole, sizeof(whole), at), sizeof(whole));
		assert_int_equal(pwrite(fd, noise, sizeof(noise), at), sizeof(noise));
		close(fd);
		if (postern_store_open(&unit->config, POSTERN_STORE_READ, &store,
				       &unit->error) == 0) {
			for (unsigned i = 0; i < 200; i++) {
				int ret = unit_key_find(unit, store, i);

				assert_true(ret == POSTERN_STORE_OK || ret == -1);
			}
		}
		postern_store_free(&store);
		fd = open(unit->accounts, O_RDWR);
		assert_int_equal(pwrite(fd, whole, sizeof(whole), at), sizeof(whole));
		close(fd);
	}
	unit_write(unit->accounts, "This is not a database, and long enough to be read as one. "
		   "It is not a database, and long enough to be read as one, is it not?", 0600);
	assert_int_equal(open_result(unit, POSTERN_STORE_READ), -1);
	assert_non_null(strstr(unit->error, "damaged"));
}

static void foreign_rows_are_a_failure(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account account = unit_account_add(unit, "a");
	char sql[512];

	unit_key_add(unit, account.id, 1);
	sqlite3_snprintf(sizeof(sql), sql, "UPDATE key SET label = '%s'",
			 "12345678901234567890123456789012345678901234567890123456789012345678901"
			 "12345678901234567890123456789012345678901234567890123456789012345678901");
	execute(unit->accounts, sql);
	assert_int_equal(unit_key_find(unit, unit->store, 1), -1);
	assert_non_null(strstr(unit->error, "label"));
	execute(unit->accounts, "UPDATE key SET label = 'a' || char(0) || 'b'");
	assert_int_equal(unit_key_find(unit, unit->store, 1), -1);
	execute(unit->accounts, "UPDATE key SET label = 'fine'");
	assert_int_equal(unit_key_find(unit, unit->store, 1), POSTERN_STORE_OK);
}

/* A part of a change that fails takes the whole of it along, whoever overlooks the failure. */
static void a_failure_within_a_change_spoils_it(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account account;
	struct postern_account_key key;

	execute(unit->accounts, "CREATE TRIGGER refuse BEFORE INSERT ON key WHEN new.label = 'bad'"
		" BEGIN SELECT raise(ABORT, 'refused by the test'); END");
	ok(unit, postern_store_begin(unit->store, &unit->error));
	account = unit_account_add(unit, "a");
	key = unit_key(account.id, 1);
	strcpy(key.label, "bad");
	fails(unit, postern_store_key_add(unit->store, &key, &unit->error), "refused by the test");
	key = unit_key(account.id, 2);
	fails(unit, postern_store_key_add(unit->store, &key, &unit->error), "failed before");
	fails(unit, postern_store_commit(unit->store, &unit->error), "nothing was changed");
	assert_int_equal(unit_account_find(unit, unit->store, "a"), POSTERN_STORE_NOT_FOUND);
	assert_int_equal(unit_key_find(unit, unit->store, 2), POSTERN_STORE_NOT_FOUND);
	unit_account_add(unit, "a");
}

/* Exchange under an open handle. */

static void a_removed_file_is_a_failure_until_it_is_back(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *reader;
	char away[PATH_MAX + 64];
	unsigned count = 0;

	unit_key_add(unit, unit_account_add(unit, "a").id, 1);
	reader = unit_store_open(unit, POSTERN_STORE_VERIFIERS);
	assert_int_equal(unit_key_find(unit, reader, 1), POSTERN_STORE_OK);
	snprintf(away, sizeof(away), "%s/away", unit->folder);
	rename_to(unit->accounts, away);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(unit_key_find(unit, reader, 1), -1);
		assert_non_null(strstr(unit->error, "missing"));
	}
	fails(unit, postern_store_begin(unit->store, &unit->error), "missing");
	assert_false(exists(unit->accounts, ""));
	rename_to(away, unit->accounts);
	assert_int_equal(unit_key_find(unit, reader, 1), POSTERN_STORE_OK);
	unit_account_add(unit, "b");

	rename_to(unit->verifiers, away);
	fails(unit, postern_store_password_each(reader, 0, unit_count_verifiers, &count,
						&unit->error), "missing");
	rename_to(away, unit->verifiers);
	ok(unit, postern_store_password_each(reader, 0, unit_count_verifiers, &count,
					     &unit->error));
	postern_store_free(&reader);
}

static void a_replaced_file_is_read_when_it_is_good(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *reader;
	char saved[PATH_MAX + 64], bad[PATH_MAX + 64];

	unit_key_add(unit, unit_account_add(unit, "a").id, 1);
	/* Freed, so that the file is whole without its -wal. */
	postern_store_free(&unit->store);
	snprintf(saved, sizeof(saved), "%s/saved", unit->folder);
	snprintf(bad, sizeof(bad), "%s/bad", unit->folder);
	copy(unit->accounts, saved, 0640);
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS);
	unit_key_add(unit, unit_account_add(unit, "b").id, 2);
	postern_store_free(&unit->store);

	reader = unit_store_open(unit, POSTERN_STORE_READ);
	assert_int_equal(unit_key_find(unit, reader, 2), POSTERN_STORE_OK);
	unit_write(bad, "no database at all", 0640);
	assert_int_equal(chown(bad, (uid_t)-1, unit_store_group()), 0);
	rename_to(bad, unit->accounts);
	assert_int_equal(unit_key_find(unit, reader, 2), -1);
	assert_int_equal(unit_key_find(unit, reader, 2), -1);
	rename_to(saved, unit->accounts);
	/* What was true of the old file is not told of the new one. */
	assert_int_equal(unit_key_find(unit, reader, 2), POSTERN_STORE_NOT_FOUND);
	assert_int_equal(unit_key_find(unit, reader, 1), POSTERN_STORE_OK);
	postern_store_free(&reader);
}

static void a_snapshot_is_of_one_state_and_one_file(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_READ);
	char saved[PATH_MAX + 64];

	fails(unit, postern_store_snapshot_begin(unit->store, &unit->error), "readers");
	unit_account_add(unit, "a");
	ok(unit, postern_store_snapshot_begin(reader, &unit->error));
	fails(unit, postern_store_snapshot_begin(reader, &unit->error), "already");
	assert_int_equal(unit_account_find(unit, reader, "a"), POSTERN_STORE_OK);
	unit_account_add(unit, "b");
	assert_int_equal(unit_account_find(unit, reader, "b"), POSTERN_STORE_NOT_FOUND);
	postern_store_snapshot_end(reader);
	postern_store_snapshot_end(reader); /* nothing to end is fine */
	assert_int_equal(unit_account_find(unit, reader, "b"), POSTERN_STORE_OK);

	postern_store_free(&unit->store);
	snprintf(saved, sizeof(saved), "%s/saved", unit->folder);
	copy(unit->accounts, saved, 0640);
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS);
	unit_account_add(unit, "c");
	postern_store_free(&unit->store);
	ok(unit, postern_store_snapshot_begin(reader, &unit->error));
	assert_int_equal(unit_account_find(unit, reader, "c"), POSTERN_STORE_OK);
	rename_to(saved, unit->accounts);
	assert_int_equal(unit_account_find(unit, reader, "c"), POSTERN_STORE_OK);
	postern_store_snapshot_end(reader);
	assert_int_equal(unit_account_find(unit, reader, "c"), POSTERN_STORE_NOT_FOUND);
	/* One that nobody ended. */
	ok(unit, postern_store_snapshot_begin(reader, &unit->error));
	assert_int_equal(unit_account_find(unit, reader, "a"), POSTERN_STORE_OK);
	postern_store_free(&reader);
}

/* SQLite ends the transaction by itself then. */
static void a_failure_in_a_snapshot_is_told(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_READ);

	unit_account_add(unit, "a");
	assert_int_equal(unit_account_find(unit, reader, "a"), POSTERN_STORE_OK);
	ok(unit, postern_store_snapshot_begin(reader, &unit->error));
	assert_int_equal(unit_account_find(unit, reader, "a"), POSTERN_STORE_OK);
	sqlite3_hard_heap_limit64(1);
	fails(unit, unit_account_find(unit, reader, "a"), "memory");
	sqlite3_hard_heap_limit64(0);
	postern_store_snapshot_end(reader);
	assert_non_null(strstr(unit->error, "memory"));
	unit_account_add(unit, "b");
	assert_int_equal(unit_account_find(unit, reader, "b"), POSTERN_STORE_OK);
	postern_store_free(&reader);
}

static void a_mode_that_turns_bad_is_a_failure(void **state)
{
	struct unit_store *unit = *state;

	unit_account_add(unit, "a");
	assert_int_equal(chmod(unit->accounts, 0666), 0);
	assert_int_equal(unit_account_find(unit, unit->store, "a"), -1);
	assert_non_null(strstr(unit->error, "writable by others"));
	assert_int_equal(chmod(unit->accounts, 0640), 0);
	assert_int_equal(unit_account_find(unit, unit->store, "a"), POSTERN_STORE_OK);
}

struct exchange {
	struct unit_store *unit;
	char away[PATH_MAX + 64];
};

static int exchange_within(const struct postern_account *account, void *context)
{
	struct exchange *exchange = context;

	rename_to(exchange->unit->accounts, exchange->away);
	copy(exchange->away, exchange->unit->accounts, 0640);
	assert_int_equal(unit_account_find(exchange->unit, exchange->unit->store, account->name),
			 -1);
	return 0;
}

static void a_walk_is_not_moved_to_another_file(void **state)
{
	struct unit_store *unit = *state;
	struct exchange exchange = { .unit = unit };

	unit_account_add(unit, "a");
	postern_store_free(&unit->store);
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS);
	snprintf(exchange.away, sizeof(exchange.away), "%s/away", unit->folder);
	ok(unit, postern_store_account_each(unit->store, exchange_within, &exchange,
					    &unit->error));
	assert_int_equal(unit_account_find(unit, unit->store, "a"), POSTERN_STORE_OK);

	ok(unit, postern_store_begin(unit->store, &unit->error));
	rename_to(exchange.away, unit->accounts);
	assert_int_equal(unit_account_find(unit, unit->store, "a"), -1);
	postern_store_rollback(unit->store);
	assert_int_equal(unit_account_find(unit, unit->store, "a"), POSTERN_STORE_OK);
}

/* Locks. */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void a_lock_is_waited_for_two_seconds(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *other = unit_store_open(unit, POSTERN_STORE_WRITE |
						      POSTERN_STORE_VERIFIERS);
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_READ);
	struct postern_account account = { .name = "b" };
	sqlite3 *foreign = NULL;
	double started;

	unit_account_add(unit, "a");
	ok(unit, postern_store_begin(other, &unit->error));
	started = seconds();
	fails(unit, postern_store_account_add(unit->store, &account, &unit->error), "locked");
	assert_true(seconds() - started > 1.8 && seconds() - started < 4);
	/* Readers do not wait for a change. */
	started = seconds();
	assert_int_equal(unit_account_find(unit, reader, "a"), POSTERN_STORE_OK);
	assert_true(seconds() - started < 1);
	postern_store_rollback(other);
	ok(unit, postern_store_account_add(unit->store, &account, &unit->error));

	/* A lock on the second file: the first one is let go of again. */
	assert_int_equal(sqlite3_open(unit->verifiers, &foreign), SQLITE_OK);
	assert_int_equal(sqlite3_exec(foreign, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	started = seconds();
	fails(unit, postern_store_begin(unit->store, &unit->error), "verifiers.db is locked");
	assert_true(seconds() - started < 4);
	assert_int_equal(sqlite3_exec(foreign, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	ok(unit, postern_store_begin(other, &unit->error));
	postern_store_rollback(other);
	sqlite3_close(foreign);
	postern_store_free(&other);
	postern_store_free(&reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_store_set_up, unit_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(damage_is_a_failure),
		TEST(foreign_rows_are_a_failure),
		TEST(a_failure_within_a_change_spoils_it),
		TEST(a_removed_file_is_a_failure_until_it_is_back),
		TEST(a_replaced_file_is_read_when_it_is_good),
		TEST(a_snapshot_is_of_one_state_and_one_file),
		TEST(a_failure_in_a_snapshot_is_told),
		TEST(a_mode_that_turns_bad_is_a_failure),
		TEST(a_walk_is_not_moved_to_another_file),
		TEST(a_lock_is_waited_for_two_seconds),
	};

	return cmocka_run_group_tests_name("store_faults", tests, NULL, NULL);
}
