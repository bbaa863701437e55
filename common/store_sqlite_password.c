/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "password.h"
#include "secret.h"

static int account_exists(struct postern_sqlite *store, int64_t account_id, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_sqlite_statement(store, POSTERN_SQL_ACCOUNT_HAS, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, account_id);
	ret = postern_sqlite_step(store, POSTERN_SQL_ACCOUNT_HAS, statement, error_r);
	postern_sqlite_done(store, POSTERN_SQL_ACCOUNT_HAS, &statement);
	if (ret < 0)
		return -1;
	return ret == POSTERN_SQLITE_ROW ? POSTERN_STORE_OK : POSTERN_STORE_NOT_FOUND;
}

static int upsert_password(struct postern_sqlite *store, int64_t account_id, const char *label,
			   unsigned services, int64_t *id_r, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_sqlite_statement(store, POSTERN_SQL_PASSWORD_SET, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, account_id);
	sqlite3_bind_text(statement, 2, label, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, services);
	sqlite3_bind_int64(statement, 4, time(NULL));
	ret = postern_sqlite_step(store, POSTERN_SQL_PASSWORD_SET, statement, error_r);
	if (ret == POSTERN_SQLITE_ROW)
		*id_r = sqlite3_column_int64(statement, 0);
	else if (ret > 0)
		ret = postern_error(error_r, "the password could not be written");
	postern_sqlite_done(store, POSTERN_SQL_PASSWORD_SET, &statement);
	return ret;
}

static int replace_verifiers(struct postern_sqlite *store, int64_t password_id,
			     const char *const *verifiers, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_sqlite_statement(store, POSTERN_SQL_VERIFIERS_CLEAR, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, password_id);
	if (postern_sqlite_run(store, POSTERN_SQL_VERIFIERS_CLEAR, &statement, error_r) < 0)
		return -1;
	for (int i = 0; verifiers[i] != NULL; i++) {
		if (postern_sqlite_statement(store, POSTERN_SQL_VERIFIER_ADD, &statement,
					     error_r) < 0)
			return -1;
		sqlite3_bind_int64(statement, 1, password_id);
		sqlite3_bind_int(statement, 2, i);
		sqlite3_bind_text(statement, 3, verifiers[i], -1, SQLITE_STATIC);
		if (postern_sqlite_run(store, POSTERN_SQL_VERIFIER_ADD, &statement, error_r) < 0)
			return -1;
	}
	return 0;
}

int postern_sqlite_password_set(struct postern_store *base, int64_t account_id,
				const char *label, unsigned services,
				const char *const *verifiers, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	int64_t password_id = 0;
	bool own;
	int ret;

	if (postern_sqlite_change_start(store, &own, error_r) < 0)
		return -1;
	ret = account_exists(store, account_id, error_r);
	if (ret == POSTERN_STORE_OK)
		ret = upsert_password(store, account_id, label, services, &password_id, error_r);
	if (ret == POSTERN_STORE_OK)
		ret = replace_verifiers(store, password_id, verifiers, error_r);
	return postern_sqlite_change_end(store, own, ret, error_r);
}

int postern_sqlite_password_remove(struct postern_store *base, int64_t account_id,
				   const char *label, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct postern_sqlite_single single;

	if (postern_sqlite_single_start(store, POSTERN_SQL_PASSWORD_REMOVE, &single, error_r) < 0)
		return -1;
	sqlite3_bind_int64(single.statement, 1, account_id);
	sqlite3_bind_text(single.statement, 2, label, -1, SQLITE_STATIC);
	return postern_sqlite_single_end(store, &single, error_r);
}

struct comparison {
	char **verifiers;
	size_t count;
};

static int compare_row(sqlite3_stmt *statement, void *context)
{
	struct comparison *comparison = context;
	const char *expected = comparison->verifiers[comparison->count];
	char verifier[POSTERN_VERIFIER_MAX + 1];
	bool same;

	if (expected == NULL)
		return POSTERN_STORE_NOT_FOUND;
	if (postern_sqlite_text(statement, 0, verifier, sizeof(verifier), NULL) < 0)
		return -1;
	same = strcmp(verifier, expected) == 0;
	postern_wipe(verifier, sizeof(verifier));
	if (!same)
		return POSTERN_STORE_NOT_FOUND;
	comparison->count++;
	return 0;
}

/* Are the verifiers of a password those that were read before? */
static int is_unchanged(struct postern_sqlite *store,
			const struct postern_account_password *password, const char **error_r)
{
	struct comparison comparison = { .verifiers = password->verifiers };
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_sqlite_statement(store, POSTERN_SQL_VERIFIER_EACH_OF, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, password->id);
	sqlite3_bind_int64(statement, 2, password->account_id);
	ret = postern_sqlite_walk(store, POSTERN_SQL_VERIFIER_EACH_OF, &statement, compare_row,
				  &comparison, error_r);
	if (ret == 0 && password->verifiers[comparison.count] != NULL)
		ret = POSTERN_STORE_NOT_FOUND;
	return ret;
}

int postern_sqlite_password_upgrade(struct postern_store *base,
				    const struct postern_account_password *password,
				    const char *const *verifiers, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	int ret;

	if (postern_sqlite_upgrade_start(store, error_r) < 0)
		return -1;
	ret = is_unchanged(store, password, error_r);
	if (ret == POSTERN_STORE_OK)
		ret = replace_verifiers(store, password->id, verifiers, error_r);
	return postern_sqlite_upgrade_end(store, ret, error_r);
}

/* A row is one verifier; the rows of one password follow each other. */
struct password_walk {
	postern_password_fn *fn;
	void *context;
	struct postern_account_password password;
	char *verifiers[POSTERN_STORE_VERIFIERS_MAX + 1];
	size_t count;
};

static void forget_verifiers(struct password_walk *walk)
{
	while (walk->count > 0)
		postern_secret_free(&walk->verifiers[--walk->count]);
}

/* Hands on the password whose rows have all been read, if there is one. */
static int end_password(struct password_walk *walk)
{
	int ret = 0;

	if (walk->count > 0) {
		walk->verifiers[walk->count] = NULL;
		walk->password.verifiers = walk->verifiers;
		ret = walk->fn(&walk->password, walk->context);
	}
	forget_verifiers(walk);
	return ret;
}

static int password_row(sqlite3_stmt *statement, void *context)
{
	struct password_walk *walk = context;
	struct postern_account_password *password = &walk->password;
	char verifier[POSTERN_VERIFIER_MAX + 1];
	int64_t id = sqlite3_column_int64(statement, 0);
	int ret = 0;

	if (walk->count > 0 && id != password->id && (ret = end_password(walk)) != 0)
		return ret;
	if (walk->count == POSTERN_STORE_VERIFIERS_MAX)
		return postern_error(NULL, "the store holds too many verifiers of one password");
	if (postern_sqlite_text(statement, 2, password->label, sizeof(password->label), NULL) < 0 ||
	    postern_sqlite_text(statement, 5, verifier, sizeof(verifier), NULL) < 0)
		return -1;
	password->id = id;
	password->account_id = sqlite3_column_int64(statement, 1);
	password->services = (unsigned)sqlite3_column_int(statement, 3) & POSTERN_SERVICES_ALL;
	password->created = sqlite3_column_int64(statement, 4);
	walk->verifiers[walk->count] = strdup(verifier);
	if (walk->verifiers[walk->count] == NULL)
		ret = postern_error(NULL, "no memory for a verifier");
	else
		walk->count++;
	postern_wipe(verifier, sizeof(verifier));
	return ret;
}

int postern_sqlite_password_each(struct postern_store *base, int64_t account_id,
				 postern_password_fn *fn, void *context, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct password_walk walk = { .fn = fn, .context = context };
	enum postern_sqlite_sql sql =
		account_id != 0 ? POSTERN_SQL_PASSWORD_EACH_OF : POSTERN_SQL_PASSWORD_EACH;
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_VERIFIERS, error_r) < 0 ||
	    postern_sqlite_statement(store, sql, &statement, error_r) < 0)
		return -1;
	if (account_id != 0)
		sqlite3_bind_int64(statement, 1, account_id);
	ret = postern_sqlite_walk(store, sql, &statement, password_row, &walk, error_r);
	if (ret == 0) {
		ret = end_password(&walk);
		if (ret < 0)
			*error_r = postern_error_last();
	}
	forget_verifiers(&walk);
	return ret;
}
