/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_UNIT_STORE_H
#define POSTERN_UNIT_STORE_H

/* A store in a folder of its own, for the tests of what reads and changes one. */

#include "unit.h"

#include "config.h"
#include "store.h"

/* Groups that need not have a name. */
#define UNIT_STORE_GROUP 54001
#define UNIT_VERIFIER_GROUP 54002

struct unit_store {
	char folder[PATH_MAX];
	char path[PATH_MAX + 8];
	char accounts[PATH_MAX + 32], verifiers[PATH_MAX + 32];
	char *domains[3];
	struct postern_config config;
	struct postern_store *store;
	const char *error;
};

/* What has to succeed; error is printed where it does not. */
#define ok(unit, expression) \
	do { \
		if ((expression) != 0) \
			fail_msg("%s: %s", #expression, (unit)->error != NULL ? \
				 (unit)->error : "an outcome"); \
	} while (0)

/* What has to fail with a text that says so. */
#define fails(unit, expression, text) \
	do { \
		(unit)->error = NULL; \
		if ((expression) != -1) \
			fail_msg("%s did not fail", #expression); \
		if ((unit)->error == NULL || strstr((unit)->error, (text)) == NULL) \
			fail_msg("%s: \"%s\" does not say \"%s\"", #expression, (unit)->error, \
				 (text)); \
	} while (0)

static inline gid_t unit_store_group(void)
{
	return geteuid() == 0 ? UNIT_STORE_GROUP : getegid();
}

static inline struct unit_store *unit_store_prepare(void)
{
	static char first[] = "example.org", second[] = "example.net";
	struct unit_store *unit = calloc(1, sizeof(*unit));

	assert_non_null(unit);
	unit_folder_make(unit->folder);
	/* Readers of other users have to get as far as the store. */
	assert_int_equal(chmod(unit->folder, 0755), 0);
	snprintf(unit->path, sizeof(unit->path), "%s/store", unit->folder);
	snprintf(unit->accounts, sizeof(unit->accounts), "%s/postern.db", unit->path);
	snprintf(unit->verifiers, sizeof(unit->verifiers), "%s/verifiers.db", unit->path);
	unit->domains[0] = first;
	unit->domains[1] = second;
	unit->config.store = unit->path;
	unit->config.store_group = unit_store_group();
	unit->config.domains = unit->domains;
	return unit;
}

static inline struct postern_store *unit_store_open(struct unit_store *unit, unsigned flags)
{
	struct postern_store *store = NULL;

	ok(unit, postern_store_open(&unit->config, flags, &store, &unit->error));
	return store;
}

/* A cmocka setup: *state is a unit_store with an empty store, open for everything. */
static inline int unit_store_set_up(void **state)
{
	struct unit_store *unit = unit_store_prepare();

	*state = unit;
	ok(unit, postern_store_create(&unit->config, &unit->error));
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS);
	return 0;
}

/* The same without a store. */
static inline int unit_store_set_up_empty(void **state)
{
	*state = unit_store_prepare();
	return 0;
}

static inline int unit_store_tear_down(void **state)
{
	struct unit_store *unit = *state;

	postern_store_free(&unit->store);
	unit_folder_remove(unit->folder);
	free(unit);
	return 0;
}

static inline struct postern_account unit_account_add(struct unit_store *unit, const char *name)
{
	struct postern_account account = { 0 };

	snprintf(account.name, sizeof(account.name), "%s", name);
	ok(unit, postern_store_account_add(unit->store, &account, &unit->error));
	return account;
}

/* The key number n: any number, any octets. */
static inline struct postern_fingerprint unit_fingerprint(unsigned n)
{
	struct postern_fingerprint fingerprint;

	for (size_t i = 0; i < sizeof(fingerprint.octets); i++)
		fingerprint.octets[i] = (uint8_t)((n * 2654435761u >> (i % 4 * 8)) + i);
	return fingerprint;
}

static inline struct postern_account_key unit_key(int64_t account_id, unsigned n)
{
	struct postern_account_key key = {
		.fingerprint = unit_fingerprint(n), .account_id = account_id,
		.label = "Thunderbird", .type = "Ed25519",
		.services = POSTERN_SERVICES_MAIL, .preauth = true,
	};

	return key;
}

static inline void unit_key_add(struct unit_store *unit, int64_t account_id, unsigned n)
{
	struct postern_account_key key = unit_key(account_id, n);

	ok(unit, postern_store_key_add(unit->store, &key, &unit->error));
}

static inline void unit_password_set(struct unit_store *unit, int64_t account_id,
				     const char *label, unsigned services, const char *verifier)
{
	const char *const verifiers[] = { verifier, NULL };

	ok(unit, postern_store_password_set(unit->store, account_id, label, services, verifiers,
					    &unit->error));
}

/* What key_find says to this handle: an outcome or -1. */
static inline int unit_key_find(struct unit_store *unit, struct postern_store *store, unsigned n)
{
	struct postern_fingerprint fingerprint = unit_fingerprint(n);
	struct postern_account_key key;
	struct postern_account account;

	unit->error = NULL;
	return postern_store_key_find(store, &fingerprint, &key, &account, &unit->error);
}

static inline int unit_account_find(struct unit_store *unit, struct postern_store *store,
				    const char *name)
{
	struct postern_account account;

	unit->error = NULL;
	return postern_store_account_find(store, name, &account, &unit->error);
}

/* Counts verifiers; for password_each. */
static inline int unit_count_verifiers(const struct postern_account_password *password,
				       void *context)
{
	for (char **verifier = password->verifiers; *verifier != NULL; verifier++)
		++*(unsigned *)context;
	return 0;
}

static inline unsigned unit_verifiers(struct unit_store *unit, struct postern_store *store,
				      int64_t account_id)
{
	unsigned count = 0;

	ok(unit, postern_store_password_each(store, account_id, unit_count_verifiers, &count,
					     &unit->error));
	return count;
}

#endif
