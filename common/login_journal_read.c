/* SPDX-License-Identifier: MIT */
#include "login_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "login_datagram.h"
#include "login_journal_sqlite.h"

struct postern_login_journal {
	struct postern_login_journal_place place;
	/* NULL while there is none. */
	sqlite3 *db;
	sqlite3_stmt *used;
};

/* Whoever else could have written it may say who logged in when. */
static int examine(const struct postern_config *config, const char *path, const char **error_r)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 1 : postern_error(error_r, "cannot examine %s: %m", path);
	if (!S_ISREG(status.st_mode) || (status.st_uid != config->user && status.st_uid != 0) ||
	    (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		return postern_error(error_r, "%s has to be a file that the daemon's user alone "
				     "can write: move it away, and a new one begins", path);
	}
	/* Just made, and nothing in it yet. */
	return status.st_size == 0 ? 1 : 0;
}

static int open_file(struct postern_login_journal *journal, const struct postern_config *config,
		     const char **error_r)
{
	int version, ret;

	if (postern_login_journal_place_init(&journal->place, config, error_r) < 0)
		return -1;
	ret = examine(config, journal->place.path, error_r);
	if (ret != 0)
		return ret < 0 ? -1 : 0;
	if (postern_login_journal_db_open(journal->place.path, SQLITE_OPEN_READONLY, &journal->db,
					  error_r) < 0)
		return -1;
	/* One transaction is one lock, and not one for each number. A failure closes the file. */
	if (sqlite3_exec(journal->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return postern_login_journal_failed(journal->db, journal->place.path, error_r);
	if (postern_login_journal_db_version(journal->db, journal->place.path, &version,
					     error_r) < 0)
		return -1;
	if (sqlite3_exec(journal->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return postern_login_journal_failed(journal->db, journal->place.path, error_r);
	return 0;
}

int postern_login_journal_open(const struct postern_config *config,
			       struct postern_login_journal **journal_r, const char **error_r)
{
	struct postern_login_journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL)
		return postern_error(error_r, "no memory for the login record");
	if (open_file(journal, config, error_r) < 0) {
		postern_login_journal_free(&journal);
		return -1;
	}
	*journal_r = journal;
	return 0;
}

void postern_login_journal_free(struct postern_login_journal **journal)
{
	if (*journal == NULL)
		return;
	sqlite3_finalize((*journal)->used);
	sqlite3_close_v2((*journal)->db);
	free(*journal);
	*journal = NULL;
}

static int prepare(struct postern_login_journal *journal, const char *sql,
		   sqlite3_stmt **statement_r, const char **error_r)
{
	if (sqlite3_prepare_v2(journal->db, sql, -1, statement_r, NULL) != SQLITE_OK)
		return postern_login_journal_failed(journal->db, journal->place.path, error_r);
	return 0;
}

static int read_row(sqlite3_stmt *statement, postern_login_journal_fn *fn, void *context,
		    const char **error_r)
{
	const void *data = sqlite3_column_text(statement, 1);
	struct postern_login_record record;

	if (data == NULL ||
	    postern_login_datagram_read(data, (size_t)sqlite3_column_bytes(statement, 1), &record,
					error_r) < 0)
		return postern_error(error_r, "logins.db holds what postern did not write");
	return fn(&record, sqlite3_column_int64(statement, 0), context);
}

int postern_login_journal_each(struct postern_login_journal *journal, int64_t account_id,
			       postern_login_journal_fn *fn, void *context, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret, code = SQLITE_DONE;

	if (journal->db == NULL)
		return 0;
	ret = prepare(journal, "SELECT time, record FROM login WHERE account_id = ?1"
		      " ORDER BY id DESC", &statement, error_r);
	if (ret == 0)
		sqlite3_bind_int64(statement, 1, account_id);
	while (ret == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW)
		ret = read_row(statement, fn, context, error_r);
	if (ret == 0 && code != SQLITE_DONE)
		ret = postern_login_journal_failed(journal->db, journal->place.path, error_r);
	sqlite3_finalize(statement);
	return ret;
}

static void read_use_row(sqlite3_stmt *statement, struct postern_login_use *use_r)
{
	const char *client = (const char *)sqlite3_column_text(statement, 2);

	use_r->when = sqlite3_column_int64(statement, 0);
	use_r->service = (unsigned)sqlite3_column_int(statement, 1);
	if (client != NULL)
		postern_login_text_copy(client, use_r->client, sizeof(use_r->client));
}

static int read_use(struct postern_login_journal *journal, int64_t account_id,
		    const char *credential, struct postern_login_use *use_r, const char **error_r)
{
	int ret = 0;

	memset(use_r, 0, sizeof(*use_r));
	if (journal->db == NULL)
		return 0;
	if (journal->used == NULL &&
	    prepare(journal, "SELECT time, service, client FROM used"
		    " WHERE account_id = ?1 AND credential = ?2", &journal->used, error_r) < 0)
		return -1;
	sqlite3_bind_int64(journal->used, 1, account_id);
	sqlite3_bind_text(journal->used, 2, credential, -1, SQLITE_STATIC);
	switch (sqlite3_step(journal->used)) {
	case SQLITE_ROW:
		read_use_row(journal->used, use_r);
		break;
	case SQLITE_DONE:
		break;
	default:
		ret = postern_login_journal_failed(journal->db, journal->place.path, error_r);
	}
	sqlite3_reset(journal->used);
	return ret;
}

int postern_login_journal_key_use(struct postern_login_journal *journal, int64_t account_id,
				  const struct postern_fingerprint *key,
				  struct postern_login_use *use_r, const char **error_r)
{
	char credential[POSTERN_LOGIN_CREDENTIAL_MAX];

	postern_login_journal_credential_key(key, credential);
	return read_use(journal, account_id, credential, use_r, error_r);
}

int postern_login_journal_password_use(struct postern_login_journal *journal, int64_t account_id,
				       const char *label, struct postern_login_use *use_r,
				       const char **error_r)
{
	char credential[POSTERN_LOGIN_CREDENTIAL_MAX];

	postern_login_journal_credential_password(label, credential);
	return read_use(journal, account_id, credential, use_r, error_r);
}
