/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include <string.h>

/*
 * steps[which][n] turns schema n into schema n + 1, and PRAGMA user_version counts the steps
 * taken; a new store takes them all. A step once released is never edited: the next change is
 * the next step. A handle reads one schema alone: an older program must not take a guess at
 * newer tables.
 */
static const char *const account_steps[] = {
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE account ("
	" id INTEGER PRIMARY KEY CHECK (id > 0),"
	" name TEXT NOT NULL UNIQUE,"
	" disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),"
	" policy TEXT NOT NULL CHECK (policy IN ('any', 'key', 'password', 'both')),"
	" created INTEGER NOT NULL"
	") STRICT;"

	/* WITHOUT ROWID: the row lies in the tree of the fingerprints itself, so that a look-up
	   is one descent and not two. */
	"CREATE TABLE key ("
	" fingerprint BLOB PRIMARY KEY CHECK (length(fingerprint) = 32),"
	" account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" label TEXT NOT NULL,"
	" type TEXT NOT NULL,"
	" services INTEGER NOT NULL CHECK (services > 0),"
	" preauth INTEGER NOT NULL CHECK (preauth IN (0, 1)),"
	" created INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX key_account ON key (account_id);"

	"CREATE TABLE address ("
	" address TEXT NOT NULL,"
	" account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" PRIMARY KEY (address, account_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX address_account ON address (account_id);"

	"CREATE TABLE dkim ("
	" domain TEXT NOT NULL,"
	" selector TEXT NOT NULL,"
	" algorithm TEXT NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN ('published', 'active', 'retired')),"
	" created INTEGER NOT NULL,"
	" PRIMARY KEY (domain, selector)"
	") STRICT, WITHOUT ROWID;",

	/* Where a rotation stands, and since when a selector is in its state. */
	"ALTER TABLE dkim ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE dkim ADD COLUMN rotation TEXT NOT NULL DEFAULT ''"
	" CHECK (rotation IN ('', 'waits', 'seen', 'fades', 'gone'));"
	"UPDATE dkim SET changed = created;",
};

static const char *const verifier_steps[] = {
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"

	/* account_id is a row of the other file, which no FOREIGN KEY can say. */
	"CREATE TABLE password ("
	" id INTEGER PRIMARY KEY,"
	" account_id INTEGER NOT NULL CHECK (account_id > 0),"
	" label TEXT NOT NULL,"
	" services INTEGER NOT NULL CHECK (services > 0),"
	" created INTEGER NOT NULL,"
	" UNIQUE (account_id, label)"
	") STRICT;"

	"CREATE TABLE verifier ("
	" password_id INTEGER NOT NULL REFERENCES password (id) ON DELETE CASCADE,"
	" position INTEGER NOT NULL,"
	" verifier TEXT NOT NULL CHECK (verifier <> ''),"
	" PRIMARY KEY (password_id, position)"
	") STRICT, WITHOUT ROWID;",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	/* PRAGMA application_id, by which file(1) and we tell our files: "PsAc", "PsVe". */
	int application_id;
	const char *const *steps;
	int version;
} schemas[POSTERN_SQLITE_FILES] = {
	[POSTERN_SQLITE_ACCOUNTS] = { 0x50734163, account_steps, COUNT(account_steps) },
	[POSTERN_SQLITE_VERIFIERS] = { 0x50735665, verifier_steps, COUNT(verifier_steps) },
};

static int run(sqlite3 *db, const char *path, const char *sql, const char **error_r)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return postern_sqlite_db_failed(db, path, error_r);
	return 0;
}

static int write_store_id(sqlite3 *db, const char *path, const void *store_id,
			  const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret = 0;

	if (sqlite3_prepare_v2(db, "INSERT INTO meta VALUES ('store_id', ?1)", -1, &statement,
			       NULL) != SQLITE_OK ||
	    sqlite3_bind_blob(statement, 1, store_id, POSTERN_SQLITE_STORE_ID_SIZE,
			      SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_DONE)
		ret = postern_sqlite_db_failed(db, path, error_r);
	sqlite3_finalize(statement);
	return ret;
}

int postern_sqlite_schema_make(sqlite3 *db, enum postern_sqlite_which which,
			       const void *store_id, const char *path, const char **error_r)
{
	char pragmas[96];

	sqlite3_snprintf(sizeof(pragmas), pragmas, "PRAGMA application_id = %d;"
			 "PRAGMA user_version = %d;", schemas[which].application_id,
			 schemas[which].version);
	if (run(db, path, "BEGIN IMMEDIATE;", error_r) < 0 || run(db, path, pragmas, error_r) < 0)
		return -1;
	for (int i = 0; i < schemas[which].version; i++) {
		if (run(db, path, schemas[which].steps[i], error_r) < 0)
			return -1;
	}
	if (write_store_id(db, path, store_id, error_r) < 0)
		return -1;
	return run(db, path, "COMMIT;", error_r);
}

static int read_number(sqlite3 *db, const char *path, const char *sql, int *number_r,
		       const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		ret = postern_sqlite_db_failed(db, path, error_r);
	else
		*number_r = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return ret;
}

int postern_sqlite_schema_check(sqlite3 *db, enum postern_sqlite_which which, const char *path,
				const char **error_r)
{
	int application_id, version;

	if (read_number(db, path, "PRAGMA application_id", &application_id, error_r) < 0 ||
	    read_number(db, path, "PRAGMA user_version", &version, error_r) < 0)
		return -1;
	if (application_id != schemas[which].application_id) {
		return postern_error(error_r, "%s is not a file of a postern store: restore it "
				     "from a backup", path);
	}
	if (version != schemas[which].version) {
		return postern_error(error_r, "%s has schema version %d, and this postern reads "
			"version %d: %s", path, version, schemas[which].version,
			version > 0 && version < schemas[which].version ?
			"run \"postern upgrade\", and restart what still uses the older one" :
			"use the postern that wrote it");
	}
	return 0;
}

static int take_steps(sqlite3 *db, enum postern_sqlite_which which, int version, const char *path,
		      const char **error_r)
{
	char pragma[48];

	for (int i = version; i < schemas[which].version; i++) {
		if (run(db, path, schemas[which].steps[i], error_r) < 0)
			return -1;
	}
	sqlite3_snprintf(sizeof(pragma), pragma, "PRAGMA user_version = %d;",
			 schemas[which].version);
	return run(db, path, pragma, error_r);
}

int postern_sqlite_schema_upgrade(sqlite3 *db, enum postern_sqlite_which which, const char *path,
				  const char **error_r)
{
	int application_id, version, ret;

	/* The lock first: another may be taking the same steps. */
	if (run(db, path, "BEGIN IMMEDIATE;", error_r) < 0)
		return -1;
	ret = read_number(db, path, "PRAGMA application_id", &application_id, error_r);
	if (ret == 0)
		ret = read_number(db, path, "PRAGMA user_version", &version, error_r);
	if (ret == 0 && application_id == schemas[which].application_id && version > 0 &&
	    version < schemas[which].version)
		ret = take_steps(db, which, version, path, error_r);
	else if (ret == 0)
		ret = postern_sqlite_schema_check(db, which, path, error_r);
	if (ret == 0)
		ret = run(db, path, "COMMIT;", error_r);
	/* What was not committed goes when db is closed. */
	return ret;
}

int postern_sqlite_schema_store_id(sqlite3 *db, const char *path,
				   unsigned char id_r[POSTERN_SQLITE_STORE_ID_SIZE],
				   const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret = -1, rc;

	rc = sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE name = 'store_id'", -1,
				&statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW &&
	    sqlite3_column_bytes(statement, 0) == POSTERN_SQLITE_STORE_ID_SIZE) {
		memcpy(id_r, sqlite3_column_blob(statement, 0), POSTERN_SQLITE_STORE_ID_SIZE);
		ret = 0;
	} else if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
		postern_error(error_r, "%s has no store_id: restore both files of the store "
			      "from one backup", path);
	} else {
		postern_sqlite_db_failed(db, path, error_r);
	}
	sqlite3_finalize(statement);
	return ret;
}
