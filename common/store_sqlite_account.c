/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* In the order of enum postern_policy. */
static const char *const policies[] = { "any", "key", "password", "both" };

#define POLICY_COUNT (sizeof(policies) / sizeof(policies[0]))
#define POLICY_TEXT_MAX 16

int postern_sqlite_account_row(sqlite3_stmt *statement, int column,
			       struct postern_account *account_r, const char **error_r)
{
	char policy[POLICY_TEXT_MAX];
	size_t i = 0;

	if (postern_sqlite_text(statement, column + 1, account_r->name, sizeof(account_r->name),
				error_r) < 0 ||
	    postern_sqlite_text(statement, column + 3, policy, sizeof(policy), error_r) < 0)
		return -1;
	while (i < POLICY_COUNT && strcmp(policies[i], policy) != 0)
		i++;
	if (i == POLICY_COUNT)
		return postern_error(error_r, "the store holds an unknown policy");
	account_r->id = sqlite3_column_int64(statement, column);
	account_r->disabled = sqlite3_column_int(statement, column + 2) != 0;
	account_r->policy = (enum postern_policy)i;
	account_r->created = sqlite3_column_int64(statement, column + 4);
	return 0;
}

int postern_sqlite_account_find(struct postern_store *base, const char *name,
				struct postern_account *account_r, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    postern_sqlite_statement(store, POSTERN_SQL_ACCOUNT_FIND, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	ret = postern_sqlite_step(store, POSTERN_SQL_ACCOUNT_FIND, statement, error_r);
	if (ret == POSTERN_SQLITE_ROW)
		ret = postern_sqlite_account_row(statement, 0, account_r, error_r);
	else if (ret > 0)
		ret = POSTERN_STORE_NOT_FOUND;
	postern_sqlite_done(store, POSTERN_SQL_ACCOUNT_FIND, &statement);
	return ret;
}

/* 1 to 2^63 - 1. Random, so that an id is never given twice and a forgotten password of an
   account that is gone cannot become a later one's. */
static int random_id(int64_t *id_r, const char **error_r)
{
	uint64_t number;

	do {
		if (getentropy(&number, sizeof(number)) < 0)
			return postern_error(error_r, "no random numbers: %m");
		number &= INT64_MAX;
	} while (number == 0);
	*id_r = (int64_t)number;
	return 0;
}

static int insert_account(struct postern_sqlite *store, const struct postern_account *account,
			  const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_sqlite_statement(store, POSTERN_SQL_ACCOUNT_ADD, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, account->id);
	sqlite3_bind_text(statement, 2, account->name, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 3, account->disabled);
	sqlite3_bind_text(statement, 4, policies[account->policy], -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, account->created);
	return postern_sqlite_run(store, POSTERN_SQL_ACCOUNT_ADD, &statement, error_r);
}

int postern_sqlite_account_add(struct postern_store *base, struct postern_account *account,
			       const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct postern_account added = *account;
	bool own;
	int ret;

	if (random_id(&added.id, error_r) < 0)
		return -1;
	added.created = time(NULL);
	if (postern_sqlite_change_start(store, &own, error_r) < 0)
		return -1;
	/* That two ids of 63 random bits meet is not provided for: it would be called EXISTS,
	   and the second attempt draws another. */
	ret = insert_account(store, &added, error_r);
	ret = postern_sqlite_change_end(store, own, ret, error_r);
	if (ret == POSTERN_STORE_OK)
		*account = added;
	return ret;
}

int postern_sqlite_account_update(struct postern_store *base,
				  const struct postern_account *account, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct postern_sqlite_single single;

	if (postern_sqlite_single_start(store, POSTERN_SQL_ACCOUNT_UPDATE, &single, error_r) < 0)
		return -1;
	sqlite3_bind_int64(single.statement, 1, account->id);
	sqlite3_bind_int(single.statement, 2, account->disabled);
	sqlite3_bind_text(single.statement, 3, policies[account->policy], -1, SQLITE_STATIC);
	return postern_sqlite_single_end(store, &single, error_r);
}

static int remove_rows(struct postern_sqlite *store, enum postern_sqlite_sql sql,
		       int64_t account_id, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_sqlite_statement(store, sql, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, account_id);
	return postern_sqlite_run(store, sql, &statement, error_r);
}

int postern_sqlite_account_remove(struct postern_store *base, int64_t account_id,
				  const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	bool own;
	int ret;

	if (postern_sqlite_change_start(store, &own, error_r) < 0)
		return -1;
	/* Keys and addresses go with it: ON DELETE CASCADE. */
	ret = remove_rows(store, POSTERN_SQL_ACCOUNT_REMOVE, account_id, error_r);
	if (ret == POSTERN_STORE_OK && store->db[POSTERN_SQLITE_VERIFIERS] != NULL &&
	    remove_rows(store, POSTERN_SQL_PASSWORDS_REMOVE, account_id, error_r) < 0)
		ret = -1;
	return postern_sqlite_change_end(store, own, ret, error_r);
}

struct account_walk {
	postern_account_fn *fn;
	void *context;
};

static int account_row(sqlite3_stmt *statement, void *context)
{
	struct account_walk *walk = context;
	struct postern_account account;

	if (postern_sqlite_account_row(statement, 0, &account, NULL) < 0)
		return -1;
	return walk->fn(&account, walk->context);
}

int postern_sqlite_account_each(struct postern_store *base, postern_account_fn *fn,
				void *context, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct account_walk walk = { .fn = fn, .context = context };
	sqlite3_stmt *statement = NULL;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    postern_sqlite_statement(store, POSTERN_SQL_ACCOUNT_EACH, &statement, error_r) < 0)
		return -1;
	return postern_sqlite_walk(store, POSTERN_SQL_ACCOUNT_EACH, &statement, account_row, &walk,
				   error_r);
}
