/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdbool.h>

#include "own_address.h"
#include "ownership.h"

/* Who is asked, in what order, and that no snapshot is kept meanwhile. What is asked is the test's. */

static struct {
	int snapshot, store, maps;
	bool begun, asked_store, asked_maps;
} world;

static struct postern_store *const a_store = (struct postern_store *)&world;

int __wrap_postern_snapshot_store(struct postern_snapshot *snapshot, struct postern_store **store_r,
				  const char **error_r);
int __wrap_postern_snapshot_store(struct postern_snapshot *snapshot, struct postern_store **store_r,
				  const char **error_r)
{
	(void)snapshot;
	if (world.snapshot < 0)
		return postern_error(error_r, "no store");
	world.begun = true;
	*store_r = a_store;
	return 0;
}

void __wrap_postern_snapshot_drop(struct postern_snapshot *snapshot);
void __wrap_postern_snapshot_drop(struct postern_snapshot *snapshot)
{
	(void)snapshot;
	assert_true(world.begun && world.store < 0);
	world.begun = false;
}

void __wrap_postern_snapshot_end(struct postern_snapshot *snapshot);
void __wrap_postern_snapshot_end(struct postern_snapshot *snapshot)
{
	(void)snapshot;
	world.begun = false;
}

int __wrap_postern_ownership_check(struct postern_store *store, const struct postern_config *config,
				   const struct postern_account *account,
				   const struct postern_address *address, const char **error_r);
int __wrap_postern_ownership_check(struct postern_store *store, const struct postern_config *config,
				   const struct postern_account *account,
				   const struct postern_address *address, const char **error_r)
{
	(void)config;
	(void)account;
	(void)address;
	assert_true(world.begun && store == a_store);
	world.asked_store = true;
	return world.store < 0 ? postern_error(error_r, "a broken store") : world.store;
}

int __wrap_postern_ownership_in_maps(struct postern_sender_maps *maps,
				     const struct postern_config *config,
				     const struct postern_account *account,
				     const struct postern_address *address, const char **error_r);
int __wrap_postern_ownership_in_maps(struct postern_sender_maps *maps,
				     const struct postern_config *config,
				     const struct postern_account *account,
				     const struct postern_address *address, const char **error_r)
{
	(void)maps;
	(void)config;
	(void)account;
	(void)address;
	assert_true(world.asked_store && !world.begun);
	world.asked_maps = true;
	return world.maps < 0 ? postern_error(error_r, "a broken table") : world.maps;
}

static void test_who_is_asked(void **state)
{
	static const struct {
		const char *name;
		int snapshot, store, maps, expected;
		bool asked_store, asked_maps, begun;
	} cases[] = {
		{ "no store", -1, 0, 0, -1, false, false, false },
		{ "a broken store", 0, -1, 0, -1, true, false, false },
		{ "own by the store", 0, POSTERN_OWN, -1, 0, true, false, true },
		{ "own by a table", 0, POSTERN_NOT_OWN, POSTERN_OWN, 0, true, true, false },
		{ "not own", 0, POSTERN_NOT_OWN, POSTERN_NOT_OWN, 1, true, true, false },
		{ "a broken table", 0, POSTERN_NOT_OWN, -1, -1, true, true, false },
	};
	const struct postern_generation generation = { .config = NULL };
	const struct postern_account account = { .id = 1 };
	const struct postern_address address = { .domain = "example.org" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_snapshot snapshot = { .pool = NULL };
		const char *error = NULL;

		memset(&world, 0, sizeof(world));
		world.snapshot = cases[i].snapshot;
		world.store = cases[i].store;
		world.maps = cases[i].maps;
		check_row(cases[i].name, postern_own_address_ask(&generation, &snapshot, &account, &address,
								 &error) == cases[i].expected);
		check_row(cases[i].name, world.asked_store == cases[i].asked_store &&
			  world.asked_maps == cases[i].asked_maps);
		check_row(cases[i].name, world.begun == cases[i].begun);
		check_row(cases[i].name, (error != NULL) == (cases[i].expected < 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
