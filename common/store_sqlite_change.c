/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include <time.h>

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* data_version is the connection's own, of 32 bits. */
int postern_sqlite_version(struct postern_store *base, int64_t *version_r, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    postern_sqlite_statement(store, POSTERN_SQL_ACCOUNTS_VERSION, &statement, error_r) < 0)
		return -1;
	ret = postern_sqlite_step(store, POSTERN_SQL_ACCOUNTS_VERSION, statement, error_r);
	if (ret == POSTERN_SQLITE_ROW) {
		*version_r = (int64_t)store->opened << 32 |
			(sqlite3_column_int64(statement, 0) & UINT32_MAX);
	}
	postern_sqlite_done(store, POSTERN_SQL_ACCOUNTS_VERSION, &statement);
	return ret < 0 ? -1 : 0;
}

static int step(struct postern_sqlite *store, enum postern_sqlite_sql sql, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_sqlite_statement(store, sql, &statement, error_r) < 0)
		return -1;
	ret = postern_sqlite_step(store, sql, statement, error_r);
	postern_sqlite_done(store, sql, &statement);
	return ret < 0 ? -1 : 0;
}

static void take_back(sqlite3 *db)
{
	/* After a failure SQLite may have rolled back on its own. */
	if (db != NULL && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

int postern_sqlite_snapshot_begin(struct postern_store *base, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;

	if (store->in_snapshot)
		return postern_error(error_r, "a snapshot of the store is taken already");
	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    step(store, POSTERN_SQL_ACCOUNTS_SNAPSHOT, error_r) < 0)
		return -1;
	store->in_snapshot = true;
	return 0;
}

void postern_sqlite_snapshot_end(struct postern_store *base)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	const char *ignored;

	if (!store->in_snapshot)
		return;
	/* Nothing was written: taking it back is as good as committing. After a failure SQLite may have
	   done so, and its reason is still to be told. */
	if (store->stale || step(store, POSTERN_SQL_ACCOUNTS_COMMIT, &ignored) < 0)
		take_back(store->db[POSTERN_SQLITE_ACCOUNTS]);
	store->in_snapshot = false;
}

/* Every change locks postern.db first, so that two of them cannot wait for each other. */
int postern_sqlite_begin(struct postern_store *base, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	sqlite3 *verifiers;
	long started = milliseconds(), left;
	int ret;

	if (store->in_change)
		return postern_error(error_r, "a change of the store is under way already");
	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0)
		return -1;
	verifiers = store->db[POSTERN_SQLITE_VERIFIERS];
	if (verifiers != NULL &&
	    postern_sqlite_refresh(store, POSTERN_SQLITE_VERIFIERS, error_r) < 0)
		return -1;
	if (step(store, POSTERN_SQL_ACCOUNTS_BEGIN, error_r) < 0)
		return -1;
	verifiers = store->db[POSTERN_SQLITE_VERIFIERS];
	if (verifiers != NULL) {
		left = POSTERN_SQLITE_BUSY_TIMEOUT - (milliseconds() - started);
		sqlite3_busy_timeout(verifiers, left > 1 ? (int)left : 1);
		ret = step(store, POSTERN_SQL_VERIFIERS_BEGIN, error_r);
		sqlite3_busy_timeout(verifiers, POSTERN_SQLITE_BUSY_TIMEOUT);
		if (ret < 0) {
			take_back(store->db[POSTERN_SQLITE_ACCOUNTS]);
			return -1;
		}
	}
	store->in_change = true;
	store->spoilt = false;
	return 0;
}

/* verifiers.db first: what a crash in between leaves opens no door (store.h). */
int postern_sqlite_commit(struct postern_store *base, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	int ret = 0;

	if (!store->in_change)
		return postern_error(error_r, "there is no change of the store to commit");
	if (store->spoilt)
		ret = postern_error(error_r, "a part of the change failed: nothing was changed");
	if (ret == 0 && store->db[POSTERN_SQLITE_VERIFIERS] != NULL)
		ret = step(store, POSTERN_SQL_VERIFIERS_COMMIT, error_r);
	if (ret == 0)
		ret = step(store, POSTERN_SQL_ACCOUNTS_COMMIT, error_r);
	if (ret < 0) {
		postern_sqlite_rollback(base);
		return -1;
	}
	store->in_change = false;
	return 0;
}

void postern_sqlite_rollback(struct postern_store *base)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;

	take_back(store->db[POSTERN_SQLITE_VERIFIERS]);
	take_back(store->db[POSTERN_SQLITE_ACCOUNTS]);
	store->in_change = false;
	store->spoilt = false;
}

int postern_sqlite_change_start(struct postern_sqlite *store, bool *own_r, const char **error_r)
{
	*own_r = !store->in_change;
	if (!store->in_change)
		return postern_sqlite_begin(&store->base, error_r);
	return postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r);
}

int postern_sqlite_upgrade_start(struct postern_sqlite *store, const char **error_r)
{
	if (store->in_change)
		return postern_error(error_r, "a change of the store is under way already");
	if (postern_sqlite_refresh(store, POSTERN_SQLITE_VERIFIERS, error_r) < 0)
		return -1;
	return step(store, POSTERN_SQL_VERIFIERS_BEGIN, error_r);
}

int postern_sqlite_upgrade_end(struct postern_sqlite *store, int result, const char **error_r)
{
	if (result == POSTERN_STORE_OK)
		result = step(store, POSTERN_SQL_VERIFIERS_COMMIT, error_r);
	if (result != POSTERN_STORE_OK)
		take_back(store->db[POSTERN_SQLITE_VERIFIERS]);
	return result;
}

int postern_sqlite_change_end(struct postern_sqlite *store, bool own, int result,
			      const char **error_r)
{
	if (result < 0)
		store->spoilt = true;
	if (!own)
		return result;
	if (result == POSTERN_STORE_OK)
		return postern_sqlite_commit(&store->base, error_r);
	postern_sqlite_rollback(&store->base);
	return result;
}

int postern_sqlite_single_start(struct postern_sqlite *store, enum postern_sqlite_sql sql,
				struct postern_sqlite_single *single_r, const char **error_r)
{
	*single_r = (struct postern_sqlite_single){ .sql = sql };
	if (postern_sqlite_change_start(store, &single_r->own, error_r) < 0)
		return -1;
	if (postern_sqlite_statement(store, sql, &single_r->statement, error_r) < 0)
		return postern_sqlite_change_end(store, single_r->own, -1, error_r);
	return 0;
}

int postern_sqlite_single_end(struct postern_sqlite *store, struct postern_sqlite_single *single,
			      const char **error_r)
{
	int ret = postern_sqlite_run(store, single->sql, &single->statement, error_r);

	return postern_sqlite_change_end(store, single->own, ret, error_r);
}
