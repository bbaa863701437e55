/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include <time.h>

int postern_sqlite_dkim_add(struct postern_store *base,
			    const struct postern_dkim_selector *selector, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct postern_sqlite_single single;

	if (postern_sqlite_single_start(store, POSTERN_SQL_DKIM_ADD, &single, error_r) < 0)
		return -1;
	sqlite3_bind_text(single.statement, 1, selector->domain, -1, SQLITE_STATIC);
	sqlite3_bind_text(single.statement, 2, selector->selector, -1, SQLITE_STATIC);
	sqlite3_bind_text(single.statement, 3, selector->algorithm, -1, SQLITE_STATIC);
	sqlite3_bind_text(single.statement, 4, selector->state, -1, SQLITE_STATIC);
	sqlite3_bind_text(single.statement, 5, selector->rotation, -1, SQLITE_STATIC);
	sqlite3_bind_int64(single.statement, 6, time(NULL));
	return postern_sqlite_single_end(store, &single, error_r);
}

/* ?1 the domain, ?2 the selector, ?3 the state where there is one, and then ?4 and ?5. */
static int change(struct postern_sqlite *store, enum postern_sqlite_sql sql, const char *domain,
		  const char *selector, const char *state, const char *rotation,
		  const char **error_r)
{
	struct postern_sqlite_single single;

	if (postern_sqlite_single_start(store, sql, &single, error_r) < 0)
		return -1;
	sqlite3_bind_text(single.statement, 1, domain, -1, SQLITE_STATIC);
	sqlite3_bind_text(single.statement, 2, selector, -1, SQLITE_STATIC);
	if (state != NULL) {
		sqlite3_bind_text(single.statement, 3, state, -1, SQLITE_STATIC);
		sqlite3_bind_text(single.statement, 4, rotation, -1, SQLITE_STATIC);
		sqlite3_bind_int64(single.statement, 5, time(NULL));
	}
	return postern_sqlite_single_end(store, &single, error_r);
}

int postern_sqlite_dkim_set_state(struct postern_store *base, const char *domain,
				  const char *selector, const char *state, const char *rotation,
				  const char **error_r)
{
	return change((struct postern_sqlite *)base, POSTERN_SQL_DKIM_STATE, domain, selector,
		      state, rotation, error_r);
}

int postern_sqlite_dkim_remove(struct postern_store *base, const char *domain,
			       const char *selector, const char **error_r)
{
	return change((struct postern_sqlite *)base, POSTERN_SQL_DKIM_REMOVE, domain, selector,
		      NULL, NULL, error_r);
}

struct dkim_walk {
	postern_dkim_fn *fn;
	void *context;
};

static int dkim_row(sqlite3_stmt *statement, void *context)
{
	struct dkim_walk *walk = context;
	struct postern_dkim_selector row;

	if (postern_sqlite_text(statement, 0, row.domain, sizeof(row.domain), NULL) < 0 ||
	    postern_sqlite_text(statement, 1, row.selector, sizeof(row.selector), NULL) < 0 ||
	    postern_sqlite_text(statement, 2, row.algorithm, sizeof(row.algorithm), NULL) < 0 ||
	    postern_sqlite_text(statement, 3, row.state, sizeof(row.state), NULL) < 0 ||
	    postern_sqlite_text(statement, 4, row.rotation, sizeof(row.rotation), NULL) < 0)
		return -1;
	row.created = sqlite3_column_int64(statement, 5);
	row.changed = sqlite3_column_int64(statement, 6);
	return walk->fn(&row, walk->context);
}

int postern_sqlite_dkim_each(struct postern_store *base, const char *domain,
			     postern_dkim_fn *fn, void *context, const char **error_r)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;
	struct dkim_walk walk = { .fn = fn, .context = context };
	enum postern_sqlite_sql sql =
		domain != NULL ? POSTERN_SQL_DKIM_EACH_OF : POSTERN_SQL_DKIM_EACH;
	sqlite3_stmt *statement = NULL;

	if (postern_sqlite_refresh(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0 ||
	    postern_sqlite_statement(store, sql, &statement, error_r) < 0)
		return -1;
	if (domain != NULL)
		sqlite3_bind_text(statement, 1, domain, -1, SQLITE_STATIC);
	return postern_sqlite_walk(store, sql, &statement, dkim_row, &walk, error_r);
}
