/* SPDX-License-Identifier: MIT */
#include "unit_store_files.h"

/* Opening a store: whose files are believed, and which. */

static void open_never_makes_a_store(void **state)
{
	struct unit_store *unit = *state;
	static const unsigned flags[] = {
		POSTERN_STORE_READ, POSTERN_STORE_WRITE,
		POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS,
	};

	for (size_t i = 0; i < COUNT(flags); i++)
		assert_int_equal(open_result(unit, flags[i]), -1);
	assert_int_equal(mkdir(unit->path, 0700), 0);
	for (size_t i = 0; i < COUNT(flags); i++) {
		assert_int_equal(open_result(unit, flags[i]), -1);
		assert_non_null(strstr(unit->error, "missing"));
	}
	assert_false(exists(unit->accounts, ""));
	unit_write(unit->accounts, "", 0600);
	for (size_t i = 0; i < COUNT(flags); i++)
		assert_int_equal(open_result(unit, flags[i]), -1);
	assert_false(exists(unit->verifiers, ""));
}

static void open_judges_modes(void **state)
{
	struct unit_store *unit = *state;
	const struct {
		const char *name, *path;
		mode_t mode;
		unsigned flags;
		int result;
	} cases[] = {
		{ "0640", unit->accounts, 0640, POSTERN_STORE_READ, 0 },
		{ "0600", unit->accounts, 0600, POSTERN_STORE_READ, 0 },
		{ "0644", unit->accounts, 0644, POSTERN_STORE_READ, -1 },
		{ "0660", unit->accounts, 0660, POSTERN_STORE_READ, -1 },
		{ "0666", unit->accounts, 0666, POSTERN_STORE_WRITE, -1 },
		{ "0604", unit->verifiers, 0604, POSTERN_STORE_READ, 0 },
		{ "0604 with verifiers", unit->verifiers, 0604, POSTERN_STORE_VERIFIERS, -1 },
		{ "0620 with verifiers", unit->verifiers, 0620, POSTERN_STORE_VERIFIERS, -1 },
		{ "folder 0755", unit->path, 0755, POSTERN_STORE_READ, 0 },
		{ "folder 0770", unit->path, 0770, POSTERN_STORE_READ, -1 },
		{ "folder 0757", unit->path, 0757, POSTERN_STORE_VERIFIERS, -1 },
	};

	postern_store_free(&unit->store);
	for (size_t i = 0; i < COUNT(cases); i++) {
		mode_t before = mode_of(cases[i].path);

		assert_int_equal(chmod(cases[i].path, cases[i].mode), 0);
		check_row(cases[i].name, open_result(unit, cases[i].flags) == cases[i].result);
		assert_int_equal(chmod(cases[i].path, before), 0);
	}
}

static void open_judges_owner_and_group(void **state)
{
	struct unit_store *unit = *state;

	if (geteuid() != 0)
		skip();
	postern_store_free(&unit->store);
	assert_int_equal(chown(unit->accounts, OTHER, UNIT_STORE_GROUP), 0);
	assert_int_equal(open_result(unit, POSTERN_STORE_READ), -1);
	assert_non_null(strstr(unit->error, "neither root"));
	assert_int_equal(chown(unit->accounts, 0, UNIT_STORE_GROUP + 7), 0);
	assert_int_equal(open_result(unit, POSTERN_STORE_READ), -1);
	assert_non_null(strstr(unit->error, "not the store_group"));
	assert_int_equal(chown(unit->accounts, 0, UNIT_STORE_GROUP), 0);
	assert_int_equal(open_result(unit, POSTERN_STORE_READ), 0);
	/* Of a folder that is closed and a user that is not in the group, the one that is. */
	assert_int_equal(chmod(unit->path, 0700), 0);
	assert_int_equal(seteuid(OTHER), 0);
	assert_int_equal(open_result(unit, POSTERN_STORE_READ), -1);
	assert_int_equal(seteuid(0), 0);
	assert_non_null(strstr(unit->error, "extra_groups"));
	assert_int_equal(setegid(UNIT_STORE_GROUP), 0);
	assert_int_equal(seteuid(OTHER), 0);
	assert_int_equal(open_result(unit, POSTERN_STORE_READ), -1);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	assert_non_null(strstr(unit->error, "is closed to the group"));
	assert_int_equal(chmod(unit->path, 0750), 0);
	/* 0600 root is fine for whatever group; 0640 is not. */
	assert_int_equal(chown(unit->verifiers, 0, UNIT_STORE_GROUP), 0);
	assert_int_equal(open_result(unit, POSTERN_STORE_VERIFIERS), 0);
	assert_int_equal(chmod(unit->verifiers, 0640), 0);
	assert_int_equal(open_result(unit, POSTERN_STORE_VERIFIERS), -1);
	assert_non_null(strstr(unit->error, "not the verifier_group"));
	assert_int_equal(chown(unit->path, OTHER, 0), 0);
	assert_int_equal(open_result(unit, POSTERN_STORE_READ), -1);
}

static void open_refuses_links(void **state)
{
	struct unit_store *unit = *state;
	char elsewhere[PATH_MAX + 64];

	postern_store_free(&unit->store);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere.db", unit->folder);
	rename_to(unit->accounts, elsewhere);
	assert_int_equal(symlink(elsewhere, unit->accounts), 0);
	assert_int_equal(open_result(unit, POSTERN_STORE_READ), -1);
	assert_non_null(strstr(unit->error, "symbolic link"));
}

static void open_refuses_other_schemas_and_files(void **state)
{
	static const struct {
		const char *name, *sql, *text;
	} cases[] = {
		{ "newer", "PRAGMA user_version = 9", "schema version 9" },
		{ "none", "PRAGMA user_version = 0", "schema version 0" },
		{ "not ours", "PRAGMA application_id = 1", "not a file of a postern store" },
	};
	struct unit_store *unit = *state;
	char saved[PATH_MAX + 64];

	postern_store_free(&unit->store);
	snprintf(saved, sizeof(saved), "%s/saved", unit->folder);
	for (int which = 0; which < 2; which++) {
		const char *path = which == 0 ? unit->accounts : unit->verifiers;

		for (size_t i = 0; i < COUNT(cases); i++) {
			copy(path, saved, mode_of(path));
			execute(path, cases[i].sql);
			check_row(cases[i].name, open_result(unit, POSTERN_STORE_WRITE |
							     POSTERN_STORE_VERIFIERS) == -1);
			check_row(cases[i].name, strstr(unit->error, cases[i].text) != NULL);
			rename_to(saved, path);
			assert_int_equal(open_result(unit, POSTERN_STORE_VERIFIERS), 0);
		}
	}
	/* One for the other. */
	copy(unit->accounts, unit->verifiers, 0600);
	assert_int_equal(open_result(unit, POSTERN_STORE_VERIFIERS), -1);
	assert_non_null(strstr(unit->error, "not a file of a postern store"));
}

/* The columns that step 2 added are taken away again. */
#define BACK_TO_1 \
	"ALTER TABLE dkim DROP COLUMN rotation; ALTER TABLE dkim DROP COLUMN changed;" \
	"INSERT INTO dkim VALUES ('example.org', 's', 'rsa2048', 'active', 1700000000);" \
	"PRAGMA user_version = 1"

static int check_upgraded(const struct postern_dkim_selector *selector, void *context)
{
	int *count = context;

	assert_string_equal(selector->selector, "s");
	assert_string_equal(selector->rotation, "");
	assert_int_equal(selector->changed, 1700000000);
	++*count;
	return 0;
}

static void upgrade_takes_the_steps(void **state)
{
	struct unit_store *unit = *state;
	int count = 0;

	postern_store_free(&unit->store);
	/* Nothing to do is fine. */
	ok(unit, postern_store_upgrade(&unit->config, &unit->error));
	execute(unit->accounts, BACK_TO_1);
	fails(unit, open_result(unit, POSTERN_STORE_READ), "postern upgrade");
	ok(unit, postern_store_upgrade(&unit->config, &unit->error));
	ok(unit, postern_store_open(&unit->config, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS,
				    &unit->store, &unit->error));
	ok(unit, postern_store_dkim_each(unit->store, NULL, check_upgraded, &count, &unit->error));
	assert_int_equal(count, 1);
	assert_true(exists(unit->accounts, "-wal"));
}

/* A step that fails half-way leaves the file as it was, and newer or foreign ones are let be. */
static void upgrade_is_whole_or_nothing(void **state)
{
	struct unit_store *unit = *state;

	postern_store_free(&unit->store);
	execute(unit->accounts, BACK_TO_1);
	execute(unit->accounts, "ALTER TABLE dkim ADD COLUMN rotation TEXT");
	fails(unit, postern_store_upgrade(&unit->config, &unit->error), "duplicate column");
	/* The first column, which worked, was taken back. */
	execute(unit->accounts, "ALTER TABLE dkim DROP COLUMN rotation;"
		"ALTER TABLE dkim ADD COLUMN changed INTEGER; ALTER TABLE dkim DROP COLUMN changed");
	ok(unit, postern_store_upgrade(&unit->config, &unit->error));
	execute(unit->accounts, "PRAGMA user_version = 9");
	fails(unit, postern_store_upgrade(&unit->config, &unit->error), "schema version 9");
	execute(unit->accounts, "PRAGMA application_id = 1");
	fails(unit, postern_store_upgrade(&unit->config, &unit->error), "not a file of a postern");
}

static void open_refuses_halves_of_two_stores(void **state)
{
	struct unit_store *unit = *state;
	char saved[PATH_MAX + 64];

	postern_store_free(&unit->store);
	snprintf(saved, sizeof(saved), "%s/saved", unit->folder);
	copy(unit->verifiers, saved, 0600);
	unit_folder_remove(unit->path);
	ok(unit, postern_store_create(&unit->config, &unit->error));
	rename_to(saved, unit->verifiers);
	assert_int_equal(open_result(unit, POSTERN_STORE_VERIFIERS), -1);
	assert_non_null(strstr(unit->error, "two different stores"));
	assert_int_equal(open_result(unit, POSTERN_STORE_READ), 0);
	unlink(unit->verifiers);
	assert_int_equal(open_result(unit, POSTERN_STORE_VERIFIERS), -1);
	assert_non_null(strstr(unit->error, "missing"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_store_set_up, unit_store_tear_down)
#define TEST_EMPTY(name) \
	cmocka_unit_test_setup_teardown(name, unit_store_set_up_empty, unit_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EMPTY(open_never_makes_a_store),
		TEST(open_judges_modes),
		TEST(open_judges_owner_and_group),
		TEST(open_refuses_links),
		TEST(open_refuses_other_schemas_and_files),
		TEST(upgrade_takes_the_steps),
		TEST(upgrade_is_whole_or_nothing),
		TEST(open_refuses_halves_of_two_stores),
	};

	return cmocka_run_group_tests_name("store_open", tests, NULL, NULL);
}
