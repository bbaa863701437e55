/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOGIN_JOURNAL_SQLITE_H
#define POSTERN_LOGIN_JOURNAL_SQLITE_H

#include <limits.h>
#include <stddef.h>

#include <sqlite3.h>

#include "config.h"
#include "error.h"
#include "key.h"

/*
 * logins.db from the inside, for login_journal.c and login_journal_read.c alone.
 */

struct postern_login_journal_place {
	char folder[PATH_MAX];
	char path[PATH_MAX];
};

/* Without a symbolic link in it: SQLite is told to follow none, since the folder is the daemon's.
   */
int postern_login_journal_place_init(struct postern_login_journal_place *place,
				     const struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Opens the file, with the settings that both sides want; flags are SQLite's. *db_r is to be closed
   after a failure too. */
int postern_login_journal_db_open(const char *path, int flags, sqlite3 **db_r,
				  const char **error_r) POSTERN_WARN_UNUSED;

/* PRAGMA user_version of a file that is ours, or 0 of an empty one. */
int postern_login_journal_db_version(sqlite3 *db, const char *path, int *version_r,
				     const char **error_r) POSTERN_WARN_UNUSED;

/* The schema that is written and read. */
#define POSTERN_LOGIN_JOURNAL_VERSION 1
/* PRAGMA application_id: "PsLo". */
#define POSTERN_LOGIN_JOURNAL_ID 0x50734c6f

/* The failure of the call before. */
int postern_login_journal_failed(sqlite3 *db, const char *path, const char **error_r);

/* Column credential of the table used. */
#define POSTERN_LOGIN_CREDENTIAL_MAX (POSTERN_KEY_LABEL_MAX + 16)
void postern_login_journal_credential_key(const struct postern_fingerprint *key,
					  char text_r[POSTERN_LOGIN_CREDENTIAL_MAX]);
void postern_login_journal_credential_password(const char *label,
					       char text_r[POSTERN_LOGIN_CREDENTIAL_MAX]);

#endif
