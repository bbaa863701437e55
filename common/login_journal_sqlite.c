/* SPDX-License-Identifier: MIT */
#include "login_journal_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds that either side waits for the other. */
#define BUSY_TIMEOUT 2000

int postern_login_journal_place_init(struct postern_login_journal_place *place,
				     const struct postern_config *config, const char **error_r)
{
	char store[PATH_MAX];

	if (realpath(config->store, store) == NULL)
		return postern_error(error_r, "cannot find the store %s: %m", config->store);
	if (strlen(store) + sizeof("/logins/logins.db-journal") > sizeof(place->path))
		return postern_error(error_r, "the path of the store is too long");
	strcpy(place->folder, store);
	strcat(place->folder, "/logins");
	strcpy(place->path, place->folder);
	strcat(place->path, "/logins.db");
	return 0;
}

int postern_login_journal_failed(sqlite3 *db, const char *path, const char **error_r)
{
	int code = db != NULL ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;

	if (code == SQLITE_FULL)
		return postern_error(error_r, "%s cannot grow: the disk is full", path);
	return postern_error(error_r, "%s: %s", path,
			     db != NULL ? sqlite3_errmsg(db) : "no memory");
}

int postern_login_journal_db_open(const char *path, int flags, sqlite3 **db_r,
				  const char **error_r)
{
	*db_r = NULL;
	if (sqlite3_open_v2(path, db_r, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
			    NULL) != SQLITE_OK)
		return postern_login_journal_failed(*db_r, path, error_r);
	sqlite3_extended_result_codes(*db_r, 1);
	sqlite3_busy_timeout(*db_r, BUSY_TIMEOUT);
	sqlite3_db_config(*db_r, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(*db_r, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (sqlite3_exec(*db_r, "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;"
			 "PRAGMA temp_store = MEMORY;", NULL, NULL, NULL) != SQLITE_OK)
		return postern_login_journal_failed(*db_r, path, error_r);
	return 0;
}

static int read_number(sqlite3 *db, const char *path, const char *sql, int *number_r,
		       const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		ret = postern_login_journal_failed(db, path, error_r);
	else
		*number_r = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return ret;
}

int postern_login_journal_db_version(sqlite3 *db, const char *path, int *version_r,
				     const char **error_r)
{
	int id;

	if (read_number(db, path, "PRAGMA application_id", &id, error_r) < 0 ||
	    read_number(db, path, "PRAGMA user_version", version_r, error_r) < 0)
		return -1;
	if (id == POSTERN_LOGIN_JOURNAL_ID && *version_r == POSTERN_LOGIN_JOURNAL_VERSION)
		return 0;
	if (id == 0 && *version_r == 0)
		return 0;
	return postern_error(error_r, "%s is no login record of this postern (schema version %d): "
			     "move it away, and a new one begins", path, *version_r);
}

/* One letter says which it is. */
void postern_login_journal_credential_key(const struct postern_fingerprint *key,
					  char text_r[POSTERN_LOGIN_CREDENTIAL_MAX])
{
	strcpy(text_r, "k:");
	postern_fingerprint_format(key, text_r + 2);
}

void postern_login_journal_credential_password(const char *label,
					       char text_r[POSTERN_LOGIN_CREDENTIAL_MAX])
{
	snprintf(text_r, POSTERN_LOGIN_CREDENTIAL_MAX, "p:%s", label);
}
