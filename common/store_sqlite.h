/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_STORE_SQLITE_H
#define POSTERN_STORE_SQLITE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <sqlite3.h>

#include "store_backend.h"

/*
 * The SQLite store from the inside, for the store_sqlite*.c files alone.
 *
 *     store_sqlite.c           opening, noticing that a file was replaced, the vtable
 *     store_sqlite_create.c    making a new store
 *     store_sqlite_schema.c    tables, and how an older schema becomes this one
 *     store_sqlite_upgrade.c   doing that to a store
 *     store_sqlite_change.c    transactions over both files, and snapshots of one
 *     store_sqlite_sql.c       every statement, and how one is run
 *     store_sqlite_<table>.c   rows in and out
 */

enum postern_sqlite_which {
	POSTERN_SQLITE_ACCOUNTS,  /* postern.db */
	POSTERN_SQLITE_VERIFIERS, /* verifiers.db */
	POSTERN_SQLITE_FILES
};

/* Milliseconds that an operation waits for a lock; a change, for those of both files together. */
#define POSTERN_SQLITE_BUSY_TIMEOUT 2000

/* What a store's folder looks like, copied from the config. */
struct postern_sqlite_place {
	char folder[PATH_MAX];
	char path[POSTERN_SQLITE_FILES][PATH_MAX];
	/* The group that may read each file; 0 for none but the owner. */
	gid_t group[POSTERN_SQLITE_FILES];
};

enum postern_sqlite_sql {
	POSTERN_SQL_ACCOUNTS_SNAPSHOT,
	POSTERN_SQL_ACCOUNTS_BEGIN,
	POSTERN_SQL_ACCOUNTS_COMMIT,
	POSTERN_SQL_ACCOUNTS_VERSION,
	POSTERN_SQL_ACCOUNT_FIND,
	POSTERN_SQL_ACCOUNT_HAS,
	POSTERN_SQL_ACCOUNT_ADD,
	POSTERN_SQL_ACCOUNT_UPDATE,
	POSTERN_SQL_ACCOUNT_REMOVE,
	POSTERN_SQL_ACCOUNT_EACH,
	POSTERN_SQL_KEY_FIND,
	POSTERN_SQL_KEY_ADD,
	POSTERN_SQL_KEY_UPDATE,
	POSTERN_SQL_KEY_REMOVE,
	POSTERN_SQL_KEY_EACH,
	POSTERN_SQL_KEY_EACH_OF,
	POSTERN_SQL_ADDRESS_ADD,
	POSTERN_SQL_ADDRESS_REMOVE,
	POSTERN_SQL_ADDRESS_HAS,
	POSTERN_SQL_ADDRESS_EACH,
	POSTERN_SQL_ADDRESS_EACH_OF,
	POSTERN_SQL_ADDRESS_OWNERS,
	POSTERN_SQL_DKIM_ADD,
	POSTERN_SQL_DKIM_STATE,
	POSTERN_SQL_DKIM_REMOVE,
	POSTERN_SQL_DKIM_EACH,
	POSTERN_SQL_DKIM_EACH_OF,
	POSTERN_SQL_VERIFIERS_BEGIN,
	POSTERN_SQL_VERIFIERS_COMMIT,
	POSTERN_SQL_PASSWORD_SET,
	POSTERN_SQL_PASSWORD_REMOVE,
	POSTERN_SQL_PASSWORDS_REMOVE,
	POSTERN_SQL_PASSWORD_EACH,
	POSTERN_SQL_PASSWORD_EACH_OF,
	POSTERN_SQL_VERIFIERS_CLEAR,
	POSTERN_SQL_VERIFIER_ADD,
	POSTERN_SQL_VERIFIER_EACH_OF,
	POSTERN_SQL_COUNT
};

struct postern_sqlite {
	struct postern_store base;
	struct postern_sqlite_place place;
	sqlite3 *db[POSTERN_SQLITE_FILES];
	/* Each file as it was when it was opened. */
	struct stat seen[POSTERN_SQLITE_FILES];
	/* How often they were opened. */
	unsigned opened;
	/* Prepared when first used. */
	sqlite3_stmt *prepared[POSTERN_SQL_COUNT];
	/* Walks under way: their statements must not be taken away from under them. */
	unsigned walks;
	bool in_snapshot;
	bool in_change;
	/* Something failed within the change: it cannot be committed any more. */
	bool spoilt;
	/* Something failed in a way that a new handle may mend. */
	bool stale;
};

/* store_sqlite.c */

int postern_sqlite_place_init(struct postern_sqlite_place *place,
			      const struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Owner, group and mode of a file of the store, as they are now. */
int postern_sqlite_examine(const struct postern_sqlite_place *place,
			   enum postern_sqlite_which which, struct stat *status_r,
			   const char **error_r) POSTERN_WARN_UNUSED;

/* Makes sure that the handle is on the files that are there now; opens it anew if it was not.
   Each operation begins with it. */
int postern_sqlite_refresh(struct postern_sqlite *store, enum postern_sqlite_which which,
			   const char **error_r) POSTERN_WARN_UNUSED;

/* store_sqlite_create.c */

int postern_sqlite_create(const struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;

/* store_sqlite_upgrade.c */

int postern_sqlite_upgrade(const struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;

/* store_sqlite_schema.c */

#define POSTERN_SQLITE_STORE_ID_SIZE POSTERN_STORE_ID_SIZE

/* Fills an empty database with the tables of the newest schema, in one transaction. */
int postern_sqlite_schema_make(sqlite3 *db, enum postern_sqlite_which which,
			       const void *store_id, const char *path, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Is this one of our files, and of the schema that we know? */
int postern_sqlite_schema_check(sqlite3 *db, enum postern_sqlite_which which, const char *path,
				const char **error_r) POSTERN_WARN_UNUSED;

/* Takes the steps that the file lacks, in one transaction; none is fine. */
int postern_sqlite_schema_upgrade(sqlite3 *db, enum postern_sqlite_which which, const char *path,
				  const char **error_r) POSTERN_WARN_UNUSED;

int postern_sqlite_schema_store_id(sqlite3 *db, const char *path,
				   unsigned char id_r[POSTERN_SQLITE_STORE_ID_SIZE],
				   const char **error_r) POSTERN_WARN_UNUSED;

/* store_sqlite_sql.c */

/* Gives the prepared statement, ready for its values; one that is being walked is prepared a
   second time. postern_sqlite_done takes it back, and accepts NULL. */
int postern_sqlite_statement(struct postern_sqlite *store, enum postern_sqlite_sql sql,
			     sqlite3_stmt **statement_r, const char **error_r)
	POSTERN_WARN_UNUSED;
void postern_sqlite_done(struct postern_sqlite *store, enum postern_sqlite_sql sql,
			 sqlite3_stmt **statement);
void postern_sqlite_forget_statements(struct postern_sqlite *store);

/* Steps a statement that gives at most one row. */
enum postern_sqlite_step {
	POSTERN_SQLITE_ROW = 0,
	POSTERN_SQLITE_NO_ROW = 1,
	/* A PRIMARY KEY or UNIQUE has it already. */
	POSTERN_SQLITE_TAKEN = 2,
	/* A FOREIGN KEY points at nothing. */
	POSTERN_SQLITE_ORPHAN = 3,
};
int postern_sqlite_step(struct postern_sqlite *store, enum postern_sqlite_sql sql,
			sqlite3_stmt *statement, const char **error_r) POSTERN_WARN_UNUSED;

/* Steps a statement that changes rows and takes it back: POSTERN_STORE_OK, EXISTS (taken),
   NOT_FOUND (no row was changed, or orphan). */
int postern_sqlite_run(struct postern_sqlite *store, enum postern_sqlite_sql sql,
		       sqlite3_stmt **statement, const char **error_r) POSTERN_WARN_UNUSED;

/* Calls row for each row and takes the statement back. What row returns other than 0 ends
   the walk and is returned; with a negative one the failure is the thread's latest. */
typedef int postern_sqlite_row_fn(sqlite3_stmt *statement, void *context);
int postern_sqlite_walk(struct postern_sqlite *store, enum postern_sqlite_sql sql,
			sqlite3_stmt **statement, postern_sqlite_row_fn *row, void *context,
			const char **error_r) POSTERN_WARN_UNUSED;

/* Copies a column. A text that does not fit, or has a NUL in it, was not written by us: a
   failure. */
int postern_sqlite_text(sqlite3_stmt *statement, int column, char *text_r, size_t size,
			const char **error_r) POSTERN_WARN_UNUSED;

/* The failure of the call before, with what to do about it; marks the handle stale where a
   new one may help. */
int postern_sqlite_failed(struct postern_sqlite *store, enum postern_sqlite_which which,
			  const char **error_r);
/* The same without a handle. */
int postern_sqlite_db_failed(sqlite3 *db, const char *path, const char **error_r);

/* store_sqlite_change.c */

int postern_sqlite_version(struct postern_store *base, int64_t *version_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_sqlite_snapshot_begin(struct postern_store *base, const char **error_r)
	POSTERN_WARN_UNUSED;
void postern_sqlite_snapshot_end(struct postern_store *base);
int postern_sqlite_begin(struct postern_store *base, const char **error_r) POSTERN_WARN_UNUSED;
int postern_sqlite_commit(struct postern_store *base, const char **error_r) POSTERN_WARN_UNUSED;
void postern_sqlite_rollback(struct postern_store *base);

/* Around each change: makes it a transaction of its own outside of one. end commits when
   result is POSTERN_STORE_OK and takes back otherwise; it returns the result. */
int postern_sqlite_change_start(struct postern_sqlite *store, bool *own_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_sqlite_change_end(struct postern_sqlite *store, bool own, int result,
			      const char **error_r) POSTERN_WARN_UNUSED;

/* A change of one statement: start prepares it, the caller binds its parameters, and end runs it
   (postern_sqlite_run) and ends the change. When start has failed nothing is left to be done. */
struct postern_sqlite_single {
	enum postern_sqlite_sql sql;
	sqlite3_stmt *statement;
	bool own;
};
int postern_sqlite_single_start(struct postern_sqlite *store, enum postern_sqlite_sql sql,
				struct postern_sqlite_single *single_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_sqlite_single_end(struct postern_sqlite *store, struct postern_sqlite_single *single,
			      const char **error_r) POSTERN_WARN_UNUSED;

/* The same for a change that touches verifiers.db alone, and may lock nothing else. */
int postern_sqlite_upgrade_start(struct postern_sqlite *store, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_sqlite_upgrade_end(struct postern_sqlite *store, int result, const char **error_r)
	POSTERN_WARN_UNUSED;

/* store_sqlite_account.c */

/* Reads id, name, disabled, policy, created out of five columns. */
int postern_sqlite_account_row(sqlite3_stmt *statement, int column,
			       struct postern_account *account_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_sqlite_account_find(struct postern_store *base, const char *name,
				struct postern_account *account_r, const char **error_r);
int postern_sqlite_account_add(struct postern_store *base, struct postern_account *account,
			       const char **error_r);
int postern_sqlite_account_update(struct postern_store *base,
				  const struct postern_account *account, const char **error_r);
int postern_sqlite_account_remove(struct postern_store *base, int64_t account_id,
				  const char **error_r);
int postern_sqlite_account_each(struct postern_store *base, postern_account_fn *fn,
				void *context, const char **error_r);

/* store_sqlite_key.c */

int postern_sqlite_key_find(struct postern_store *base,
			    const struct postern_fingerprint *fingerprint,
			    struct postern_account_key *key_r, struct postern_account *account_r,
			    const char **error_r);
int postern_sqlite_key_add(struct postern_store *base, struct postern_account_key *key,
			   const char **error_r);
int postern_sqlite_key_update(struct postern_store *base, const struct postern_account_key *key,
			      const char **error_r);
int postern_sqlite_key_remove(struct postern_store *base,
			      const struct postern_fingerprint *fingerprint,
			      const char **error_r);
int postern_sqlite_key_each(struct postern_store *base, int64_t account_id, postern_key_fn *fn,
			    void *context, const char **error_r);

/* store_sqlite_password.c */

int postern_sqlite_password_set(struct postern_store *base, int64_t account_id,
				const char *label, unsigned services,
				const char *const *verifiers, const char **error_r);
int postern_sqlite_password_remove(struct postern_store *base, int64_t account_id,
				   const char *label, const char **error_r);
int postern_sqlite_password_upgrade(struct postern_store *base,
				    const struct postern_account_password *password,
				    const char *const *verifiers, const char **error_r);
int postern_sqlite_password_each(struct postern_store *base, int64_t account_id,
				 postern_password_fn *fn, void *context, const char **error_r);

/* store_sqlite_address.c */

int postern_sqlite_address_add(struct postern_store *base, int64_t account_id,
			       const char *address, const char **error_r);
int postern_sqlite_address_remove(struct postern_store *base, int64_t account_id,
				  const char *address, const char **error_r);
int postern_sqlite_address_has(struct postern_store *base, int64_t account_id,
			       const char *address, const char **error_r);
int postern_sqlite_address_each(struct postern_store *base, int64_t account_id,
				postern_address_fn *fn, void *context, const char **error_r);
int postern_sqlite_address_owners(struct postern_store *base, const char *address,
				  postern_address_fn *fn, void *context, const char **error_r);

/* store_sqlite_dkim.c */

int postern_sqlite_dkim_add(struct postern_store *base,
			    const struct postern_dkim_selector *selector, const char **error_r);
int postern_sqlite_dkim_set_state(struct postern_store *base, const char *domain,
				  const char *selector, const char *state, const char *rotation,
				  const char **error_r);
int postern_sqlite_dkim_remove(struct postern_store *base, const char *domain,
			       const char *selector, const char **error_r);
int postern_sqlite_dkim_each(struct postern_store *base, const char *domain,
			     postern_dkim_fn *fn, void *context, const char **error_r);

#endif
