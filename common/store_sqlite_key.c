/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include <string.h>
#include <time.h>

/* The account's columns stand behind the key's in KEY_FIND and KEY_EACH. */
#define ACCOUNT_COLUMN 6

static int read_row(sqlite3_stmt *statement, struct postern_account_key *key_r,
		    struct postern_account *account_r, const char **error_r)
{
	const void *octets = sqlite3_column_blob(statement, 0);

	if (octets == NULL || sqlite3_column_bytes(statement, 0) != POSTERN_FINGERPRINT_SIZE)
		return postern_error(error_r, "the store holds a key without a fingerprint");
	if (postern_sqlite_text(statement, 1, key_r->label, sizeof(key_r->label), error_r) < 0 ||
	    postern_sqlite_text(statement, 2, key_r->type, sizeof(key_r->type), error_r) < 0 ||
	    postern_sqlite_account_row(statement, ACCOUNT_COLUMN, account_r, error_r) < 0)
		return -1;
	memcpy(key_r->fingerprint.octets, octets, POSTERN_FINGERPRINT_SIZE);
	/* A service that a newer postern knows is none of ours. */
	key_r->services = (unsigned)sqlite3_column_int(statement, 3) & POSTERN_SERVICES_ALL;
	key_r->preauth = sqlite3_column_int(statement, 4) != 0;
	key_r->created = sqlite3_column_int64(statement, 5);
	key_r->account_id = account_r->id;
	strcpy(key_r->account_name, account_r->name);
	return 0;
}

static void bind_fingerprint(sqlite3_stmt *statement,
			     const struct postern_fingerprint *fingerprint)
{
	sqlite3_bind_blob(statement, 1, fingerprint->octets, POSTERN_FINGERPRINT_SIZE,
			  SQLITE_STATIC);
}

int postern_sqlite_key_find(struct postern_store *base,
			    const struct postern_fingerprint *fingerprint,
			    struct postern_account_key *key_r, struct postern_account *account_r,
			    const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    postern_sqlite_statement(store, POSTERN_SQL_KEY_FIND, &statement, error_r) < 0)
		return -1;
	bind_fingerprint(statement, fingerprint);
	ret = postern_sqlite_step(store, POSTERN_SQL_KEY_FIND, statement, error_r);
	if (ret == POSTERN_SQLITE_ROW)
		ret = read_row(statement, key_r, account_r, error_r);
	else if (ret > 0)
		ret = POSTERN_STORE_NOT_FOUND;
	postern_sqlite_done(store, POSTERN_SQL_KEY_FIND, &statement);
	return ret;
}

int postern_sqlite_key_add(struct postern_store *base, struct postern_account_key *key,
			   const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct postern_sqlite_single single;
	int64_t created = time(NULL);
	int ret;

	if (postern_sqlite_single_start(store, POSTERN_SQL_KEY_ADD, &single, error_r) < 0)
		return -1;
	bind_fingerprint(single.statement, &key->fingerprint);
	sqlite3_bind_int64(single.statement, 2, key->account_id);
	sqlite3_bind_text(single.statement, 3, key->label, -1, SQLITE_STATIC);
	sqlite3_bind_text(single.statement, 4, key->type, -1, SQLITE_STATIC);
	sqlite3_bind_int64(single.statement, 5, key->services);
	sqlite3_bind_int(single.statement, 6, key->preauth);
	sqlite3_bind_int64(single.statement, 7, created);
	ret = postern_sqlite_single_end(store, &single, error_r);
	if (ret == POSTERN_STORE_OK)
		key->created = created;
	return ret;
}

int postern_sqlite_key_update(struct postern_store *base, const struct postern_account_key *key,
			      const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct postern_sqlite_single single;

	if (postern_sqlite_single_start(store, POSTERN_SQL_KEY_UPDATE, &single, error_r) < 0)
		return -1;
	bind_fingerprint(single.statement, &key->fingerprint);
	sqlite3_bind_int64(single.statement, 2, key->account_id);
	sqlite3_bind_text(single.statement, 3, key->label, -1, SQLITE_STATIC);
	sqlite3_bind_int64(single.statement, 4, key->services);
	sqlite3_bind_int(single.statement, 5, key->preauth);
	return postern_sqlite_single_end(store, &single, error_r);
}

int postern_sqlite_key_remove(struct postern_store *base,
			      const struct postern_fingerprint *fingerprint,
			      const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct postern_sqlite_single single;

	if (postern_sqlite_single_start(store, POSTERN_SQL_KEY_REMOVE, &single, error_r) < 0)
		return -1;
	bind_fingerprint(single.statement, fingerprint);
	return postern_sqlite_single_end(store, &single, error_r);
}

struct key_walk {
	postern_key_fn *fn;
	void *context;
};

static int key_row(sqlite3_stmt *statement, void *context)
{
	struct key_walk *walk = context;
	struct postern_account_key key;
	struct postern_account account;

	if (read_row(statement, &key, &account, NULL) < 0)
		return -1;
	return walk->fn(&key, walk->context);
}

int postern_sqlite_key_each(struct postern_store *base, int64_t account_id, postern_key_fn *fn,
			    void *context, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct key_walk walk = { .fn = fn, .context = context };
	enum postern_sqlite_sql sql =
		account_id != 0 ? POSTERN_SQL_KEY_EACH_OF : POSTERN_SQL_KEY_EACH;
	sqlite3_stmt *statement = NULL;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    postern_sqlite_statement(store, sql, &statement, error_r) < 0)
		return -1;
	if (account_id != 0)
		sqlite3_bind_int64(statement, 1, account_id);
	return postern_sqlite_walk(store, sql, &statement, key_row, &walk, error_r);
}
