/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include <string.h>

#define ACCOUNT_COLUMNS "account.id, account.name, disabled, policy, account.created"
#define KEY_COLUMNS "fingerprint, label, type, services, preauth, key.created"
#define DKIM_COLUMNS "domain, selector, algorithm, state, rotation, created, changed"
#define PASSWORD_ROWS \
	"SELECT id, account_id, label, services, created, verifier FROM password" \
	" JOIN verifier ON password_id = id "

static const struct {
	enum postern_sqlite_which which;
	const char *text;
} statements[POSTERN_SQL_COUNT] = {
	[POSTERN_SQL_ACCOUNTS_SNAPSHOT] = { POSTERN_SQLITE_ACCOUNTS, "BEGIN" },
	[POSTERN_SQL_ACCOUNTS_BEGIN] = { POSTERN_SQLITE_ACCOUNTS, "BEGIN IMMEDIATE" },
	[POSTERN_SQL_ACCOUNTS_COMMIT] = { POSTERN_SQLITE_ACCOUNTS, "COMMIT" },
	[POSTERN_SQL_ACCOUNTS_VERSION] = { POSTERN_SQLITE_ACCOUNTS, "PRAGMA data_version" },
	[POSTERN_SQL_ACCOUNT_FIND] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT " ACCOUNT_COLUMNS " FROM account WHERE name = ?1" },
	[POSTERN_SQL_ACCOUNT_HAS] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT 1 FROM account WHERE id = ?1" },
	[POSTERN_SQL_ACCOUNT_ADD] = { POSTERN_SQLITE_ACCOUNTS,
		"INSERT INTO account (id, name, disabled, policy, created)"
		" VALUES (?1, ?2, ?3, ?4, ?5)" },
	[POSTERN_SQL_ACCOUNT_UPDATE] = { POSTERN_SQLITE_ACCOUNTS,
		"UPDATE account SET disabled = ?2, policy = ?3 WHERE id = ?1" },
	[POSTERN_SQL_ACCOUNT_REMOVE] = { POSTERN_SQLITE_ACCOUNTS,
		"DELETE FROM account WHERE id = ?1" },
	[POSTERN_SQL_ACCOUNT_EACH] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT " ACCOUNT_COLUMNS " FROM account ORDER BY name" },

	[POSTERN_SQL_KEY_FIND] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT " KEY_COLUMNS ", " ACCOUNT_COLUMNS
		" FROM key JOIN account ON account.id = account_id WHERE fingerprint = ?1" },
	[POSTERN_SQL_KEY_ADD] = { POSTERN_SQLITE_ACCOUNTS,
		"INSERT INTO key (fingerprint, account_id, label, type, services, preauth, created)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)" },
	[POSTERN_SQL_KEY_UPDATE] = { POSTERN_SQLITE_ACCOUNTS,
		"UPDATE key SET label = ?3, services = ?4, preauth = ?5"
		" WHERE fingerprint = ?1 AND account_id = ?2" },
	[POSTERN_SQL_KEY_REMOVE] = { POSTERN_SQLITE_ACCOUNTS,
		"DELETE FROM key WHERE fingerprint = ?1" },
	[POSTERN_SQL_KEY_EACH] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT " KEY_COLUMNS ", " ACCOUNT_COLUMNS
		" FROM key JOIN account ON account.id = account_id"
		" ORDER BY account.name, key.created, fingerprint" },
	[POSTERN_SQL_KEY_EACH_OF] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT " KEY_COLUMNS ", " ACCOUNT_COLUMNS
		" FROM key JOIN account ON account.id = account_id WHERE account_id = ?1"
		" ORDER BY key.created, fingerprint" },

	[POSTERN_SQL_ADDRESS_ADD] = { POSTERN_SQLITE_ACCOUNTS,
		"INSERT INTO address (address, account_id) VALUES (?2, ?1)" },
	[POSTERN_SQL_ADDRESS_REMOVE] = { POSTERN_SQLITE_ACCOUNTS,
		"DELETE FROM address WHERE address = ?2 AND account_id = ?1" },
	[POSTERN_SQL_ADDRESS_HAS] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT 1 FROM address WHERE address = ?2 AND account_id = ?1" },
	[POSTERN_SQL_ADDRESS_EACH] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT name, address FROM address JOIN account ON account.id = account_id"
		" ORDER BY name, address" },
	[POSTERN_SQL_ADDRESS_EACH_OF] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT name, address FROM address JOIN account ON account.id = account_id"
		" WHERE account_id = ?1 ORDER BY address" },
	[POSTERN_SQL_ADDRESS_OWNERS] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT name, address FROM address JOIN account ON account.id = account_id"
		" WHERE address = ?1 ORDER BY name" },

	[POSTERN_SQL_DKIM_ADD] = { POSTERN_SQLITE_ACCOUNTS,
		"INSERT INTO dkim (domain, selector, algorithm, state, rotation, created, changed)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)" },
	[POSTERN_SQL_DKIM_STATE] = { POSTERN_SQLITE_ACCOUNTS,
		"UPDATE dkim SET state = ?3, rotation = ?4, changed = ?5"
		" WHERE domain = ?1 AND selector = ?2" },
	[POSTERN_SQL_DKIM_REMOVE] = { POSTERN_SQLITE_ACCOUNTS,
		"DELETE FROM dkim WHERE domain = ?1 AND selector = ?2" },
	[POSTERN_SQL_DKIM_EACH] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT " DKIM_COLUMNS " FROM dkim ORDER BY domain, selector" },
	[POSTERN_SQL_DKIM_EACH_OF] = { POSTERN_SQLITE_ACCOUNTS,
		"SELECT " DKIM_COLUMNS " FROM dkim WHERE domain = ?1 ORDER BY selector" },

	[POSTERN_SQL_VERIFIERS_BEGIN] = { POSTERN_SQLITE_VERIFIERS, "BEGIN IMMEDIATE" },
	[POSTERN_SQL_VERIFIERS_COMMIT] = { POSTERN_SQLITE_VERIFIERS, "COMMIT" },
	[POSTERN_SQL_PASSWORD_SET] = { POSTERN_SQLITE_VERIFIERS,
		"INSERT INTO password (account_id, label, services, created)"
		" VALUES (?1, ?2, ?3, ?4)"
		" ON CONFLICT (account_id, label)"
		" DO UPDATE SET services = excluded.services, created = excluded.created"
		" RETURNING id" },
	[POSTERN_SQL_PASSWORD_REMOVE] = { POSTERN_SQLITE_VERIFIERS,
		"DELETE FROM password WHERE account_id = ?1 AND label = ?2" },
	[POSTERN_SQL_PASSWORDS_REMOVE] = { POSTERN_SQLITE_VERIFIERS,
		"DELETE FROM password WHERE account_id = ?1" },
	[POSTERN_SQL_PASSWORD_EACH] = { POSTERN_SQLITE_VERIFIERS,
		PASSWORD_ROWS "ORDER BY account_id, id, position" },
	[POSTERN_SQL_PASSWORD_EACH_OF] = { POSTERN_SQLITE_VERIFIERS,
		PASSWORD_ROWS "WHERE account_id = ?1 ORDER BY id, position" },
	[POSTERN_SQL_VERIFIERS_CLEAR] = { POSTERN_SQLITE_VERIFIERS,
		"DELETE FROM verifier WHERE password_id = ?1" },
	[POSTERN_SQL_VERIFIER_ADD] = { POSTERN_SQLITE_VERIFIERS,
		"INSERT INTO verifier (password_id, position, verifier) VALUES (?1, ?2, ?3)" },
	[POSTERN_SQL_VERIFIER_EACH_OF] = { POSTERN_SQLITE_VERIFIERS,
		"SELECT verifier FROM password JOIN verifier ON password_id = id"
		" WHERE id = ?1 AND account_id = ?2 ORDER BY position" },
};

int postern_sqlite_db_failed(sqlite3 *db, const char *path, const char **error_r)
{
	int code = db != NULL ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;
	const char *message = db != NULL ? sqlite3_errmsg(db) : "no memory";

	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return postern_error(error_r, "%s is locked by another change: try again when "
				     "that is done", path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return postern_error(error_r, "%s is damaged (%s): restore both files of the store "
				     "from one backup", path, message);
	case SQLITE_READONLY:
		if (sqlite3_extended_errcode(db) == SQLITE_READONLY)
			return postern_error(error_r, "%s cannot be written: see who owns it, and "
					     "whether its file system is read-only", path);
		/* Else said to a reader who cannot make or mend what stands beside the file. */
		/* fall through */
	case SQLITE_CANTOPEN:
		return postern_error(error_r, "%s cannot be read (%s): its -wal and -shm files "
			"have to be beside it and readable; a postern command that root runs "
			"makes them", path, message);
	case SQLITE_FULL:
		return postern_error(error_r, "%s cannot grow: the disk is full", path);
	default:
		return postern_error(error_r, "%s: %s", path, message);
	}
}

int postern_sqlite_failed(struct postern_sqlite *store, enum postern_sqlite_which which,
			  const char **error_r)
{
	/* A lock goes away by itself. Of the rest, much is mended by a handle that looks at the
	   files anew, and none of it is made worse. */
	if ((sqlite3_errcode(store->db[which]) & 0xff) != SQLITE_BUSY)
		store->stale = true;
	return postern_sqlite_db_failed(store->db[which], store->place.path[which], error_r);
}

int postern_sqlite_statement(struct postern_sqlite *store, enum postern_sqlite_sql sql,
			     sqlite3_stmt **statement_r, const char **error_r)
{
	enum postern_sqlite_which which = statements[sql].which;
	sqlite3_stmt *prepared = store->prepared[sql], *fresh = NULL;

	if (prepared != NULL && !sqlite3_stmt_busy(prepared)) {
		*statement_r = prepared;
		return 0;
	}
	if (sqlite3_prepare_v3(store->db[which], statements[sql].text, -1,
			       SQLITE_PREPARE_PERSISTENT, &fresh, NULL) != SQLITE_OK) {
		sqlite3_finalize(fresh);
		return postern_sqlite_failed(store, which, error_r);
	}
	if (prepared == NULL)
		store->prepared[sql] = fresh;
	*statement_r = fresh;
	return 0;
}

void postern_sqlite_done(struct postern_sqlite *store, enum postern_sqlite_sql sql,
			 sqlite3_stmt **statement)
{
	if (*statement == NULL)
		return;
	if (*statement == store->prepared[sql]) {
		/* Resetting ends the read, so that the next one sees what was committed since. */
		sqlite3_reset(*statement);
		sqlite3_clear_bindings(*statement);
	} else {
		sqlite3_finalize(*statement);
	}
	*statement = NULL;
}

void postern_sqlite_forget_statements(struct postern_sqlite *store)
{
	for (size_t i = 0; i < POSTERN_SQL_COUNT; i++) {
		sqlite3_finalize(store->prepared[i]);
		store->prepared[i] = NULL;
	}
}

int postern_sqlite_step(struct postern_sqlite *store, enum postern_sqlite_sql sql,
			sqlite3_stmt *statement, const char **error_r)
{
	enum postern_sqlite_which which = statements[sql].which;

	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return POSTERN_SQLITE_ROW;
	case SQLITE_DONE:
		return POSTERN_SQLITE_NO_ROW;
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_ROWID:
		return POSTERN_SQLITE_TAKEN;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return POSTERN_SQLITE_ORPHAN;
	default:
		return postern_sqlite_failed(store, which, error_r);
	}
}

int postern_sqlite_run(struct postern_sqlite *store, enum postern_sqlite_sql sql,
		       sqlite3_stmt **statement, const char **error_r)
{
	int ret = postern_sqlite_step(store, sql, *statement, error_r);

	switch (ret) {
	case POSTERN_SQLITE_ROW:
	case POSTERN_SQLITE_NO_ROW:
		ret = sqlite3_changes(store->db[statements[sql].which]) > 0 ?
			POSTERN_STORE_OK : POSTERN_STORE_NOT_FOUND;
		break;
	case POSTERN_SQLITE_TAKEN:
		ret = POSTERN_STORE_EXISTS;
		break;
	case POSTERN_SQLITE_ORPHAN:
		ret = POSTERN_STORE_NOT_FOUND;
		break;
	}
	postern_sqlite_done(store, sql, statement);
	return ret;
}

int postern_sqlite_walk(struct postern_sqlite *store, enum postern_sqlite_sql sql,
			sqlite3_stmt **statement, postern_sqlite_row_fn *row, void *context,
			const char **error_r)
{
	int ret = 0, step;

	store->walks++;
	while ((step = postern_sqlite_step(store, sql, *statement, error_r)) ==
	       POSTERN_SQLITE_ROW) {
		ret = row(*statement, context);
		if (ret != 0)
			break;
	}
	store->walks--;
	if (step < 0)
		ret = -1;
	else if (ret < 0)
		*error_r = postern_error_last();
	postern_sqlite_done(store, sql, statement);
	return ret;
}

int postern_sqlite_text(sqlite3_stmt *statement, int column, char *text_r, size_t size,
			const char **error_r)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	size_t length = (size_t)sqlite3_column_bytes(statement, column);

	if (text == NULL || length >= size || memchr(text, '\0', length) != NULL) {
		return postern_error(error_r, "the store holds a %s that postern did not write: "
				     "restore both of its files from one backup",
				     sqlite3_column_name(statement, column));
	}
	memcpy(text_r, text, length + 1);
	return 0;
}
