/* SPDX-License-Identifier: MIT */
#include "login_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "login_datagram.h"
#include "login_journal_sqlite.h"

/*
 * Opened, written and closed for each batch: whatever became of the file in between, the next one
 * finds it as it is. The rollback journal and not WAL: readers then need no more than to read the
 * file.
 */
static const char schema[] =
	"CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"

	"CREATE TABLE login ("
	" id INTEGER PRIMARY KEY,"
	" account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" time INTEGER NOT NULL,"
	" record TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX login_account ON login (account_id, id);"

	"CREATE TABLE used ("
	" account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" credential TEXT NOT NULL,"
	" time INTEGER NOT NULL,"
	" service INTEGER NOT NULL,"
	" client TEXT NOT NULL,"
	" PRIMARY KEY (account_id, credential)"
	") STRICT, WITHOUT ROWID;";

enum sql {
	SQL_ACCOUNT,
	SQL_LOGIN,
	SQL_TRIM,
	SQL_USED,
	SQL_TRIM_USED,
	SQL_COUNT
};

#define TEXT(number) #number
#define TEXT_OF(macro) TEXT(macro)

static const char *const statements[SQL_COUNT] = {
	[SQL_ACCOUNT] = "INSERT INTO account (id, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
	[SQL_LOGIN] = "INSERT INTO login (account_id, time, record) VALUES (?1, ?2, ?3)",
	[SQL_TRIM] = "DELETE FROM login WHERE account_id = ?1 AND id <= (SELECT id FROM login"
		" WHERE account_id = ?1 ORDER BY id DESC"
		" LIMIT 1 OFFSET " TEXT_OF(POSTERN_LOGIN_JOURNAL_MAX) ")",
	[SQL_USED] = "INSERT INTO used (account_id, time, credential, service, client)"
		" VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account_id, credential) DO UPDATE"
		" SET time = excluded.time, service = excluded.service, client = excluded.client",
	[SQL_TRIM_USED] = "DELETE FROM used WHERE account_id = ?1 AND credential IN"
		" (SELECT credential FROM used WHERE account_id = ?1 ORDER BY time DESC"
		" LIMIT -1 OFFSET " TEXT_OF(POSTERN_LOGIN_JOURNAL_USES_MAX) ")",
};

struct writer {
	struct postern_login_journal_place place;
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
	int64_t now;
};

int postern_login_journal_prepare(const struct postern_config *config, const char **error_r)
{
	struct postern_login_journal_place place;
	int fd, ret = 0;

	if (postern_login_journal_place_init(&place, config, error_r) < 0)
		return -1;
	if (mkdir(place.folder, 0700) < 0)
		return errno == EEXIST ? 0 : postern_error(error_r, "cannot make the folder %s: %m",
							   place.folder);
	fd = open(place.folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* In this order, which asks least of who does it. */
	if (fd < 0 || fchmod(fd, 0750) < 0 || fchown(fd, config->user, config->store_group) < 0) {
		ret = postern_error(error_r, "cannot give %s to the daemon's user: %m",
				    place.folder);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

/* ---- opening for writing ---- */

static int make_file(const char *path, gid_t group, const char **error_r)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int ret = 0;

	if (fd < 0)
		return errno == EEXIST ? 0 : postern_error(error_r, "cannot make %s: %m", path);
	/* Where the daemon's user is not in the store's group, root alone reads it. */
	if (fchown(fd, (uid_t)-1, group) < 0 && errno != EPERM)
		ret = postern_error(error_r, "cannot give %s its group: %m", path);
	else if (fchmod(fd, 0640) < 0)
		ret = postern_error(error_r, "cannot give %s its mode: %m", path);
	close(fd);
	return ret;
}

static int run(struct writer *writer, const char *sql, const char **error_r)
{
	if (sqlite3_exec(writer->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return postern_login_journal_failed(writer->db, writer->place.path, error_r);
	return 0;
}

/* Begins the transaction. */
static int begin(struct writer *writer, const char **error_r)
{
	char pragmas[96];
	int version;

	if (run(writer, "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL;"
		"BEGIN IMMEDIATE;", error_r) < 0 ||
	    postern_login_journal_db_version(writer->db, writer->place.path, &version,
					     error_r) < 0)
		return -1;
	if (version == POSTERN_LOGIN_JOURNAL_VERSION)
		return 0;
	sqlite3_snprintf(sizeof(pragmas), pragmas, "PRAGMA application_id = %d;"
			 "PRAGMA user_version = %d;", POSTERN_LOGIN_JOURNAL_ID,
			 POSTERN_LOGIN_JOURNAL_VERSION);
	return run(writer, pragmas, error_r) < 0 ? -1 : run(writer, schema, error_r);
}

static int writer_open(struct writer *writer, const struct postern_config *config,
		       const char **error_r)
{
	memset(writer, 0, sizeof(*writer));
	if (postern_login_journal_place_init(&writer->place, config, error_r) < 0 ||
	    make_file(writer->place.path, config->store_group, error_r) < 0 ||
	    postern_login_journal_db_open(writer->place.path, SQLITE_OPEN_READWRITE, &writer->db,
					  error_r) < 0)
		return -1;
	return begin(writer, error_r);
}

/* It holds nothing that is worth more than the next record. */
static int set_aside(const struct writer *writer, const char **error_r)
{
	char aside[PATH_MAX + sizeof(".damaged")], journal[PATH_MAX + sizeof("-journal")];

	snprintf(aside, sizeof(aside), "%s.damaged", writer->place.path);
	snprintf(journal, sizeof(journal), "%s-journal", writer->place.path);
	if (rename(writer->place.path, aside) < 0)
		return postern_error(error_r, "%s is damaged, and cannot be renamed: %m",
				     writer->place.path);
	unlink(journal);
	return postern_error(error_r, "%s was damaged; it is %s now, and a new one begins",
			     writer->place.path, aside);
}

/* Commits when ret is 0; returns what became of it. */
static int writer_close(struct writer *writer, int ret, const char **error_r)
{
	int code;

	if (ret == 0)
		ret = run(writer, "COMMIT", error_r);
	code = writer->db != NULL ? sqlite3_errcode(writer->db) & 0xff : SQLITE_OK;
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(writer->statements[i]);
	/* What was not committed is taken back. */
	sqlite3_close_v2(writer->db);
	if (ret < 0 && (code == SQLITE_CORRUPT || code == SQLITE_NOTADB))
		return set_aside(writer, error_r);
	return ret;
}

/* ---- append ---- */

static int get_statement(struct writer *writer, enum sql sql, int64_t account_id,
			 sqlite3_stmt **statement_r, const char **error_r)
{
	if (writer->statements[sql] == NULL &&
	    sqlite3_prepare_v2(writer->db, statements[sql], -1, &writer->statements[sql], NULL) !=
	    SQLITE_OK)
		return postern_login_journal_failed(writer->db, writer->place.path, error_r);
	*statement_r = writer->statements[sql];
	sqlite3_bind_int64(*statement_r, 1, account_id);
	return 0;
}

static int step(struct writer *writer, sqlite3_stmt *statement, const char **error_r)
{
	int ret = 0;

	if (sqlite3_step(statement) != SQLITE_DONE)
		ret = postern_login_journal_failed(writer->db, writer->place.path, error_r);
	sqlite3_reset(statement);
	return ret;
}

static int trim(struct writer *writer, enum sql sql, int64_t account_id, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (get_statement(writer, sql, account_id, &statement, error_r) < 0)
		return -1;
	return step(writer, statement, error_r);
}

static int add_account(struct writer *writer, const struct postern_login_record *record,
		       const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (get_statement(writer, SQL_ACCOUNT, record->account_id, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_text(statement, 2, record->account, -1, SQLITE_STATIC);
	return step(writer, statement, error_r);
}

static int add_login(struct writer *writer, const struct postern_login_record *record,
		     const char **error_r)
{
	char data[POSTERN_LOGIN_DATAGRAM_MAX];
	size_t size = postern_login_datagram_write(record, data);
	sqlite3_stmt *statement = NULL;

	if (get_statement(writer, SQL_LOGIN, record->account_id, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 2, writer->now);
	sqlite3_bind_text(statement, 3, data, (int)size, SQLITE_STATIC);
	return step(writer, statement, error_r);
}

static int add_use(struct writer *writer, const struct postern_login_record *record,
		   const char *credential, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (get_statement(writer, SQL_USED, record->account_id, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 2, writer->now);
	sqlite3_bind_text(statement, 3, credential, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 4, record->service);
	sqlite3_bind_text(statement, 5, record->client, -1, SQLITE_STATIC);
	return step(writer, statement, error_r);
}

static int add_uses(struct writer *writer, const struct postern_login_record *record,
		    const char **error_r)
{
	char credential[POSTERN_LOGIN_CREDENTIAL_MAX];

	if (record->result != POSTERN_LOGIN_RESULT_OK)
		return 0;
	if (record->has_key) {
		postern_login_journal_credential_key(&record->key, credential);
		if (add_use(writer, record, credential, error_r) < 0)
			return -1;
	}
	if (record->by == POSTERN_LOGIN_BY_PASSWORD && *record->label != '\0') {
		postern_login_journal_credential_password(record->label, credential);
		if (add_use(writer, record, credential, error_r) < 0)
			return -1;
	}
	return trim(writer, SQL_TRIM_USED, record->account_id, error_r);
}

static int add(struct writer *writer, const struct postern_login_record *record,
	       const char **error_r)
{
	if (add_account(writer, record, error_r) < 0 || add_login(writer, record, error_r) < 0 ||
	    trim(writer, SQL_TRIM, record->account_id, error_r) < 0)
		return -1;
	return add_uses(writer, record, error_r);
}

int postern_login_journal_append(const struct postern_config *config,
				 const struct postern_login_record *records, size_t count,
				 int64_t now, const char **error_r)
{
	struct writer writer;
	int ret = writer_open(&writer, config, error_r);

	writer.now = now;
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = add(&writer, &records[i], error_r);
	return writer_close(&writer, ret, error_r);
}

/* ---- sweep ---- */

struct sweep {
	postern_login_journal_exists_fn *exists;
	void *context;
};

/* SQL function is_there(id, name). */
static void is_there(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct sweep *sweep = sqlite3_user_data(context);
	const char *name = (const char *)sqlite3_value_text(values[1]), *error;
	int ret;

	(void)count;
	/* The column is NOT NULL. */
	if (name == NULL) {
		sqlite3_result_error_nomem(context);
		return;
	}
	ret = sweep->exists(sqlite3_value_int64(values[0]), name, sweep->context, &error);
	if (ret < 0)
		sqlite3_result_error(context, error, -1);
	else
		sqlite3_result_int(context, ret);
}

int postern_login_journal_sweep(const struct postern_config *config,
				postern_login_journal_exists_fn *exists, void *context,
				const char **error_r)
{
	struct sweep sweep = { .exists = exists, .context = context };
	struct writer writer;
	int ret = writer_open(&writer, config, error_r);

	if (ret == 0 &&
	    sqlite3_create_function(writer.db, "is_there", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY,
				    &sweep, is_there, NULL, NULL) != SQLITE_OK)
		ret = postern_login_journal_failed(writer.db, writer.place.path, error_r);
	if (ret == 0)
		ret = run(&writer, "DELETE FROM account WHERE NOT is_there(id, name)", error_r);
	return writer_close(&writer, ret, error_r);
}
