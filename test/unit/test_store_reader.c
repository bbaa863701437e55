/* SPDX-License-Identifier: MIT */
#include "unit_store_files.h"

#include <grp.h>
#include <sys/wait.h>

/* Readers that may not write: the auth process and the milter. */

/* postern.conf(5) says how to make a copy, and how to put it back. */
static void back_up(const char *from, const char *to)
{
	sqlite3 *source = NULL, *target = NULL;
	sqlite3_backup *backup;

	assert_int_equal(sqlite3_open(from, &source), SQLITE_OK);
	assert_int_equal(sqlite3_open(to, &target), SQLITE_OK);
	backup = sqlite3_backup_init(target, "main", source, "main");
	assert_non_null(backup);
	assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
	assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
	sqlite3_close(source);
	sqlite3_close(target);
}

static void put_back(const char *copy_path, const char *path, mode_t mode, gid_t group)
{
	char name[PATH_MAX + 64];

	snprintf(name, sizeof(name), "%s-wal", path);
	unlink(name);
	snprintf(name, sizeof(name), "%s-shm", path);
	unlink(name);
	rename_to(copy_path, path);
	assert_int_equal(chmod(path, mode), 0);
	assert_int_equal(chown(path, (uid_t)-1, group), 0);
}

/* A process of another user and of the store's group that reads when told to. */
struct reader {
	pid_t pid;
	int to, from;
};

static void reader_main(struct unit_store *unit, int from, int to)
{
	struct postern_store *store = NULL;
	gid_t group = UNIT_STORE_GROUP;
	unsigned char n;
	signed char answer;

	if (setgroups(1, &group) < 0 || setresgid(OTHER, OTHER, OTHER) < 0 ||
	    setresuid(OTHER, OTHER, OTHER) < 0)
		_exit(2);
	while (read(from, &n, 1) == 1) {
		answer = -1;
		if (store != NULL || postern_store_open(&unit->config, POSTERN_STORE_READ, &store,
							&unit->error) == 0)
			answer = (signed char)unit_key_find(unit, store, n);
		if (answer < 0)
			fprintf(stderr, "# reader: %s\n", unit->error);
		if (write(to, &answer, 1) != 1)
			_exit(3);
	}
	postern_store_free(&store);
	_exit(0);
}

static struct reader reader_start(struct unit_store *unit)
{
	struct reader reader;
	int down[2], up[2];

	assert_int_equal(pipe2(down, O_CLOEXEC), 0);
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	reader.pid = fork();
	if (reader.pid == 0) {
		close(down[1]);
		close(up[0]);
		reader_main(unit, down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	reader.to = down[1];
	reader.from = up[0];
	return reader;
}

/* An outcome of key_find, or -1. */
static int reader_find(struct reader *reader, unsigned char n)
{
	signed char answer = -2;

	assert_int_equal(write(reader->to, &n, 1), 1);
	assert_int_equal(read(reader->from, &answer, 1), 1);
	return answer;
}

static void reader_end(struct reader *reader)
{
	int status;

	close(reader->to);
	close(reader->from);
	assert_int_equal(waitpid(reader->pid, &status, 0), reader->pid);
	assert_int_equal(status, 0);
}

/* The readers are forked while no handle is open: SQLite takes what a child inherits for its
   own. They open theirs when they are asked first. */
static void a_reader_needs_no_right_to_write(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account account;
	struct reader early, late[20];

	if (geteuid() != 0)
		skip();
	account = unit_account_add(unit, "a");
	unit_key_add(unit, account.id, 1);
	postern_store_free(&unit->store);
	early = reader_start(unit);
	for (size_t i = 0; i < COUNT(late); i++)
		late[i] = reader_start(unit);

	/* No writer anywhere. */
	assert_int_equal(reader_find(&early, 1), POSTERN_STORE_OK);
	assert_int_equal(reader_find(&early, 2), POSTERN_STORE_NOT_FOUND);
	/* A writer comes: each commit is seen at once, by who was there and by who comes. */
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE);
	for (unsigned char n = 2; n < COUNT(late); n++) {
		struct postern_fingerprint fingerprint = unit_fingerprint(n);

		unit_key_add(unit, account.id, n);
		assert_int_equal(reader_find(&early, n), POSTERN_STORE_OK);
		assert_int_equal(reader_find(&late[n], n), POSTERN_STORE_OK);
		if (n % 2 == 0) {
			ok(unit, postern_store_key_remove(unit->store, &fingerprint,
							  &unit->error));
			assert_int_equal(reader_find(&early, n), POSTERN_STORE_NOT_FOUND);
			assert_int_equal(reader_find(&late[n], n), POSTERN_STORE_NOT_FOUND);
		}
	}
	/* It goes; others come and go, as the admin's command does. */
	postern_store_free(&unit->store);
	assert_int_equal(reader_find(&early, 19), POSTERN_STORE_OK);
	for (unsigned char n = 20; n < 40; n++) {
		unit->store = unit_store_open(unit, POSTERN_STORE_WRITE);
		unit_key_add(unit, account.id, n);
		postern_store_free(&unit->store);
		assert_int_equal(reader_find(&early, n), POSTERN_STORE_OK);
	}
	/* While a change is under way. */
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE);
	ok(unit, postern_store_begin(unit->store, &unit->error));
	unit_key_add(unit, account.id, 40);
	assert_int_equal(reader_find(&early, 40), POSTERN_STORE_NOT_FOUND);
	ok(unit, postern_store_commit(unit->store, &unit->error));
	assert_int_equal(reader_find(&early, 40), POSTERN_STORE_OK);
	/* A later one holds the ends of the pipes of those before it. */
	for (size_t i = COUNT(late); i-- > 0;)
		reader_end(&late[i]);
	reader_end(&early);
}

/* As after a restore that left -wal and -shm out: the reader cannot make them, and the next
   command of root's does. */
static void a_reader_waits_for_a_writer_to_make_the_companions(void **state)
{
	struct unit_store *unit = *state;
	struct reader reader;
	char wal[PATH_MAX + 64], shm[PATH_MAX + 64];

	if (geteuid() != 0)
		skip();
	unit_key_add(unit, unit_account_add(unit, "a").id, 1);
	postern_store_free(&unit->store);
	snprintf(wal, sizeof(wal), "%s-wal", unit->accounts);
	snprintf(shm, sizeof(shm), "%s-shm", unit->accounts);
	assert_int_equal(unlink(wal), 0);
	assert_int_equal(unlink(shm), 0);
	reader = reader_start(unit);
	assert_int_equal(reader_find(&reader, 1), -1);
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE);
	assert_int_equal(reader_find(&reader, 1), POSTERN_STORE_OK);
	reader_end(&reader);
}

/* A large change writes to -wal before its commit. */
static void a_killed_writer_leaves_nothing_to_read(void **state)
{
	struct unit_store *unit = *state;
	struct reader reader;
	char wal[PATH_MAX + 64];
	struct stat left;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	unit_key_add(unit, unit_account_add(unit, "a").id, 1);
	postern_store_free(&unit->store);
	reader = reader_start(unit);
	assert_int_equal(reader_find(&reader, 1), POSTERN_STORE_OK);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db = NULL;

		_exit(sqlite3_open(unit->accounts, &db) == SQLITE_OK &&
		      sqlite3_exec(db, "PRAGMA cache_size = 10; BEGIN; DELETE FROM key;"
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)"
			" INSERT INTO dkim SELECT i, 's', 'a', 'active', 0, 0, '' FROM n;",
			NULL, NULL, NULL) == SQLITE_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(wal, sizeof(wal), "%s-wal", unit->accounts);
	assert_int_equal(stat(wal, &left), 0);
	assert_true(left.st_size > 50000);
	assert_int_equal(reader_find(&reader, 1), POSTERN_STORE_OK);
	/* The next command that may write cleans up. */
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE);
	assert_int_equal(reader_find(&reader, 1), POSTERN_STORE_OK);
	postern_store_free(&unit->store);
	assert_int_equal(stat(wal, &left), 0);
	assert_int_equal(left.st_size, 0);
	assert_int_equal(reader_find(&reader, 1), POSTERN_STORE_OK);
	reader_end(&reader);
}

static void a_backup_can_be_restored(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account account;
	struct reader reader;
	char accounts[PATH_MAX + 64], verifiers[PATH_MAX + 64];

	if (geteuid() != 0)
		skip();
	snprintf(accounts, sizeof(accounts), "%s/accounts.backup", unit->folder);
	snprintf(verifiers, sizeof(verifiers), "%s/verifiers.backup", unit->folder);
	account = unit_account_add(unit, "a");
	unit_key_add(unit, account.id, 1);
	unit_password_set(unit, account.id, "main", 1, "v");
	/* From under an open handle, with the change in -wal still. */
	back_up(unit->verifiers, verifiers);
	back_up(unit->accounts, accounts);
	unit_key_add(unit, account.id, 2);
	postern_store_free(&unit->store);
	reader = reader_start(unit);
	put_back(accounts, unit->accounts, 0640, UNIT_STORE_GROUP);
	put_back(verifiers, unit->verifiers, 0600, 0);

	/* The command that root runs. */
	unit->store = unit_store_open(unit, POSTERN_STORE_READ);
	assert_int_equal(unit_account_find(unit, unit->store, "a"), POSTERN_STORE_OK);
	postern_store_free(&unit->store);
	assert_int_equal(reader_find(&reader, 1), POSTERN_STORE_OK);
	assert_int_equal(reader_find(&reader, 2), POSTERN_STORE_NOT_FOUND);
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS);
	assert_int_equal(unit_verifiers(unit, unit->store, account.id), 1);
	unit_key_add(unit, account.id, 3);
	assert_int_equal(reader_find(&reader, 3), POSTERN_STORE_OK);
	postern_store_free(&unit->store);
	assert_int_equal(reader_find(&reader, 3), POSTERN_STORE_OK);
	reader_end(&reader);
}

static void a_reader_of_no_group_reads_nothing(void **state)
{
	struct unit_store *unit = *state;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0) {
		struct postern_store *store = NULL;

		if (setgroups(0, NULL) < 0 || setresgid(OTHER, OTHER, OTHER) < 0 ||
		    setresuid(OTHER, OTHER, OTHER) < 0)
			_exit(2);
		_exit(postern_store_open(&unit->config, POSTERN_STORE_READ, &store,
					 &unit->error) == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* And a member of the store's group does not read verifiers. */
	pid = fork();
	if (pid == 0) {
		struct postern_store *store = NULL;
		gid_t group = UNIT_STORE_GROUP;

		if (setgroups(1, &group) < 0 || setresgid(OTHER, OTHER, OTHER) < 0 ||
		    setresuid(OTHER, OTHER, OTHER) < 0)
			_exit(2);
		_exit(postern_store_open(&unit->config, POSTERN_STORE_VERIFIERS, &store,
					 &unit->error) == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_store_set_up, unit_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reader_needs_no_right_to_write),
		TEST(a_reader_waits_for_a_writer_to_make_the_companions),
		TEST(a_killed_writer_leaves_nothing_to_read),
		TEST(a_backup_can_be_restored),
		TEST(a_reader_of_no_group_reads_nothing),
	};

	return cmocka_run_group_tests_name("store_reader", tests, NULL, NULL);
}
