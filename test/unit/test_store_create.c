/* SPDX-License-Identifier: MIT */
#include "unit_store_files.h"

#include <sys/wait.h>

/* Making a store: where, for whom, and never over another. */

static void create_sets_owner_and_mode(void **state)
{
	static const struct {
		const char *name;
		gid_t store_group, verifier_group;
		mode_t folder, accounts, verifiers;
	} cases[] = {
		{ "root alone", 0, 0, 0750, 0600, 0600 },
		{ "store group", UNIT_STORE_GROUP, 0, 0750, 0640, 0600 },
		{ "same group", UNIT_STORE_GROUP, UNIT_STORE_GROUP, 0750, 0640, 0640 },
		{ "two groups", UNIT_STORE_GROUP, UNIT_VERIFIER_GROUP, 0751, 0640, 0640 },
	};
	struct unit_store *unit = *state;

	if (geteuid() != 0)
		skip();
	/* Whatever the admin's umask. */
	umask(0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		unit->config.store_group = cases[i].store_group;
		unit->config.verifier_group = cases[i].verifier_group;
		ok(unit, postern_store_create(&unit->config, &unit->error));
		check_row(cases[i].name, mode_of(unit->path) == cases[i].folder);
		check_row(cases[i].name, mode_of(unit->accounts) == cases[i].accounts);
		check_row(cases[i].name, mode_of(unit->verifiers) == cases[i].verifiers);
		check_row(cases[i].name, group_of(unit->path) == cases[i].store_group);
		check_row(cases[i].name, group_of(unit->accounts) == cases[i].store_group);
		check_row(cases[i].name, group_of(unit->verifiers) == cases[i].verifier_group);
		check_row(cases[i].name, exists(unit->accounts, "-wal"));
		check_row(cases[i].name, exists(unit->accounts, "-shm"));
		check_row(cases[i].name, exists(unit->verifiers, "-wal"));
		check_row(cases[i].name, !exists(unit->accounts, ".new"));
		check_row(cases[i].name, !exists(unit->verifiers, ".new"));
		check_row(cases[i].name, open_result(unit, POSTERN_STORE_WRITE |
						     POSTERN_STORE_VERIFIERS) == 0);
		unit_folder_remove(unit->path);
	}
	umask(022);
}

static void create_refuses_what_is_there(void **state)
{
	struct unit_store *unit = *state;

	ok(unit, postern_store_create(&unit->config, &unit->error));
	fails(unit, postern_store_create(&unit->config, &unit->error), "there already");
	unlink(unit->verifiers);
	fails(unit, postern_store_create(&unit->config, &unit->error), "there already");
	unlink(unit->accounts);
	unit_write(unit->verifiers, "x", 0600);
	fails(unit, postern_store_create(&unit->config, &unit->error), "there already");
	assert_false(exists(unit->accounts, ""));
	/* The -wal and -shm of the old store are still there, and must not become the new
	   one's. */
	assert_true(exists(unit->accounts, "-wal"));
	unlink(unit->verifiers);
	ok(unit, postern_store_create(&unit->config, &unit->error));
	assert_int_equal(open_result(unit, POSTERN_STORE_WRITE), 0);
}

/* A writer that was killed leaves its change in -wal. Beside another postern.db it would be
   that one's. */
static void create_knows_nothing_of_the_store_before(void **state)
{
	struct unit_store *unit = *state;
	int status;
	pid_t pid;

	ok(unit, postern_store_create(&unit->config, &unit->error));
	pid = fork();
	if (pid == 0) {
		unit->store = unit_store_open(unit, POSTERN_STORE_WRITE);
		unit_account_add(unit, "old");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	unlink(unit->accounts);
	unlink(unit->verifiers);
	ok(unit, postern_store_create(&unit->config, &unit->error));
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS);
	assert_int_equal(unit_account_find(unit, unit->store, "old"), POSTERN_STORE_NOT_FOUND);
	unit_account_add(unit, "old");
}

static void create_takes_over_from_an_interrupted_one(void **state)
{
	struct unit_store *unit = *state;
	char left[PATH_MAX + 64];

	assert_int_equal(mkdir(unit->path, 0700), 0);
	for (int i = 0; i < 2; i++) {
		snprintf(left, sizeof(left), "%s.new", i == 0 ? unit->accounts : unit->verifiers);
		unit_write(left, "half of something", 0600);
	}
	ok(unit, postern_store_create(&unit->config, &unit->error));
	assert_false(exists(unit->accounts, ".new"));
	assert_false(exists(unit->verifiers, ".new"));
	/* A folder with things in it keeps its mode. */
	assert_int_equal(mode_of(unit->path), 0700);
}

static void create_refuses_bad_places(void **state)
{
	struct unit_store *unit = *state;
	char long_path[PATH_MAX];

	assert_int_equal(mkdir(unit->path, 0700), 0);
	assert_int_equal(chmod(unit->path, 0777), 0);
	fails(unit, postern_store_create(&unit->config, &unit->error), "writable by others");
	assert_int_equal(rmdir(unit->path), 0);
	unit_write(unit->path, "x", 0600);
	fails(unit, postern_store_create(&unit->config, &unit->error), "not a folder");
	unlink(unit->path);
	unit->config.store_group = (gid_t)-1;
	fails(unit, postern_store_create(&unit->config, &unit->error), "store_group");
	assert_false(exists(unit->path, ""));
	unit->config.store_group = unit_store_group();
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	unit->config.store = long_path;
	fails(unit, postern_store_create(&unit->config, &unit->error), "too long");
}

#define TEST_EMPTY(name) \
	cmocka_unit_test_setup_teardown(name, unit_store_set_up_empty, unit_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EMPTY(create_sets_owner_and_mode),
		TEST_EMPTY(create_refuses_what_is_there),
		TEST_EMPTY(create_knows_nothing_of_the_store_before),
		TEST_EMPTY(create_takes_over_from_an_interrupted_one),
		TEST_EMPTY(create_refuses_bad_places),
	};

	return cmocka_run_group_tests_name("store_create", tests, NULL, NULL);
}
