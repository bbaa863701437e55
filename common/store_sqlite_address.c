/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

/* All statements about one address: ?1 the account, ?2 the address. */
static void bind(sqlite3_stmt *statement, int64_t account_id, const char *address)
{
	sqlite3_bind_int64(statement, 1, account_id);
	sqlite3_bind_text(statement, 2, address, -1, SQLITE_STATIC);
}

static int change(struct postern_sqlite *store, enum postern_sqlite_sql sql, int64_t account_id,
		  const char *address, const char **error_r)
{
	struct postern_sqlite_single single;

	if (postern_sqlite_single_start(store, sql, &single, error_r) < 0)
		return -1;
	bind(single.statement, account_id, address);
	return postern_sqlite_single_end(store, &single, error_r);
}

int postern_sqlite_address_add(struct postern_store *base, int64_t account_id,
			       const char *address, const char **error_r)
{
	return change((struct postern_sqlite *)base, POSTERN_SQL_ADDRESS_ADD, account_id, address,
		      error_r);
}

int postern_sqlite_address_remove(struct postern_store *base, int64_t account_id,
				  const char *address, const char **error_r)
{
	return change((struct postern_sqlite *)base, POSTERN_SQL_ADDRESS_REMOVE, account_id,
		      address, error_r);
}

int postern_sqlite_address_has(struct postern_store *base, int64_t account_id,
			       const char *address, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    postern_sqlite_statement(store, POSTERN_SQL_ADDRESS_HAS, &statement, error_r) < 0)
		return -1;
	bind(statement, account_id, address);
	ret = postern_sqlite_step(store, POSTERN_SQL_ADDRESS_HAS, statement, error_r);
	if (ret >= 0)
		ret = ret == POSTERN_SQLITE_ROW ? POSTERN_STORE_OK : POSTERN_STORE_NOT_FOUND;
	postern_sqlite_done(store, POSTERN_SQL_ADDRESS_HAS, &statement);
	return ret;
}

struct address_walk {
	postern_address_fn *fn;
	void *context;
};

static int address_row(sqlite3_stmt *statement, void *context)
{
	struct address_walk *walk = context;
	char name[POSTERN_ACCOUNT_NAME_MAX + 1];
	char address[2 * POSTERN_ADDRESS_MAX + 1];

	if (postern_sqlite_text(statement, 0, name, sizeof(name), NULL) < 0 ||
	    postern_sqlite_text(statement, 1, address, sizeof(address), NULL) < 0)
		return -1;
	return walk->fn(name, address, walk->context);
}

int postern_sqlite_address_each(struct postern_store *base, int64_t account_id,
				postern_address_fn *fn, void *context, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct address_walk walk = { .fn = fn, .context = context };
	enum postern_sqlite_sql sql =
		account_id != 0 ? POSTERN_SQL_ADDRESS_EACH_OF : POSTERN_SQL_ADDRESS_EACH;
	sqlite3_stmt *statement = NULL;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    postern_sqlite_statement(store, sql, &statement, error_r) < 0)
		return -1;
	if (account_id != 0)
		sqlite3_bind_int64(statement, 1, account_id);
	return postern_sqlite_walk(store, sql, &statement, address_row, &walk, error_r);
}

int postern_sqlite_address_owners(struct postern_store *base, const char *address,
				  postern_address_fn *fn, void *context, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct address_walk walk = { .fn = fn, .context = context };
	sqlite3_stmt *statement = NULL;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    postern_sqlite_statement(store, POSTERN_SQL_ADDRESS_OWNERS, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_text(statement, 1, address, -1, SQLITE_STATIC);
	return postern_sqlite_walk(store, POSTERN_SQL_ADDRESS_OWNERS, &statement, address_row, &walk,
				   error_r);
}
