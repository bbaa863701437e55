/* SPDX-License-Identifier: MIT */
#include "state_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trusted_file.h"

/* Milliseconds. */
#define BUSY_TIMEOUT 2000

/* "PsPa", and the schema. */
#define APPLICATION_ID 0x50735061
#define VERSION 1

static const char schema[] =
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE session ("
	" token BLOB PRIMARY KEY CHECK (length(token) = 32),"
	" account_id INTEGER NOT NULL,"
	" account TEXT NOT NULL,"
	" way INTEGER NOT NULL,"
	" key BLOB CHECK (key IS NULL OR length(key) = 32),"
	" started INTEGER NOT NULL,"
	" seen INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX session_account ON session (account_id);"

	"CREATE TABLE attempt ("
	" id BLOB PRIMARY KEY CHECK (length(id) = 32),"
	" count INTEGER NOT NULL,"
	" last INTEGER NOT NULL,"
	" until INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE request ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" account_id INTEGER NOT NULL,"
	" account TEXT NOT NULL,"
	" words TEXT NOT NULL,"
	" verifier TEXT NOT NULL,"
	" client TEXT NOT NULL,"
	" created INTEGER NOT NULL,"
	" open INTEGER NOT NULL CHECK (open IN (0, 1))"
	") STRICT;"

	"CREATE TABLE link ("
	" token BLOB PRIMARY KEY CHECK (length(token) = 32),"
	" account_id INTEGER NOT NULL,"
	" account TEXT NOT NULL,"
	" expires INTEGER NOT NULL,"
	" used INTEGER NOT NULL CHECK (used IN (0, 1))"
	") STRICT, WITHOUT ROWID;";

static const char *const way_words[POSTERN_WAY_COUNT] = {
	[POSTERN_WAY_KEY] = "key",
	[POSTERN_WAY_CERTIFICATE] = "certificate",
	[POSTERN_WAY_PASSWORD] = "password",
	[POSTERN_WAY_LINK] = "link",
};

const char *postern_way_word(enum postern_way way)
{
	return way_words[way];
}

int postern_state_failed(struct postern_state *state, const char **error_r)
{
	if ((sqlite3_errcode(state->db) & 0xff) == SQLITE_FULL)
		return postern_error(error_r, "%s cannot grow: the disk is full", state->path);
	return postern_error(error_r, "%s: %s", state->path, sqlite3_errmsg(state->db));
}

int postern_state_prepare(struct postern_state *state, const char *sql,
			  sqlite3_stmt **statement_r, const char **error_r)
{
	if (sqlite3_prepare_v2(state->db, sql, -1, statement_r, NULL) != SQLITE_OK)
		return postern_state_failed(state, error_r);
	return 0;
}

int postern_state_step(struct postern_state *state, sqlite3_stmt *statement, const char **error_r)
{
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return postern_state_failed(state, error_r);
	}
}

int postern_state_run(struct postern_state *state, sqlite3_stmt **statement, int *changed_r,
		      const char **error_r)
{
	int ret = postern_state_step(state, *statement, error_r);

	if (ret >= 0 && changed_r != NULL)
		*changed_r = sqlite3_changes(state->db);
	sqlite3_finalize(*statement);
	*statement = NULL;
	return ret < 0 ? -1 : 0;
}

static int run_text(struct postern_state *state, const char *sql, const char **error_r)
{
	if (sqlite3_exec(state->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return postern_state_failed(state, error_r);
	return 0;
}

int postern_state_begin(struct postern_state *state, const char **error_r)
{
	return run_text(state, "BEGIN IMMEDIATE", error_r);
}

int postern_state_end(struct postern_state *state, int ret, const char **error_r)
{
	if (ret >= 0 && run_text(state, "COMMIT", error_r) < 0)
		ret = -1;
	if (ret < 0 && !sqlite3_get_autocommit(state->db))
		sqlite3_exec(state->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

int postern_state_text(sqlite3_stmt *statement, int column, char *text_r, size_t size,
		       const char **error_r)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);
	size_t length = (size_t)sqlite3_column_bytes(statement, column);

	if (text == NULL || length >= size || memchr(text, '\0', length) != NULL)
		return postern_error(error_r, "the page's memory holds a %s that postern did not "
				     "write: remove it", sqlite3_column_name(statement, column));
	memcpy(text_r, text, length + 1);
	return 0;
}

/* ---- Opening ---- */

static int read_number(struct postern_state *state, const char *sql, int *number_r,
		       const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_state_prepare(state, sql, &statement, error_r) < 0)
		return -1;
	ret = postern_state_step(state, statement, error_r);
	*number_r = ret == 1 ? sqlite3_column_int(statement, 0) : 0;
	sqlite3_finalize(statement);
	return ret < 0 ? -1 : 0;
}

static int make_tables(struct postern_state *state, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	char pragmas[96];

	if (getentropy(state->salt, sizeof(state->salt)) < 0)
		return postern_error(error_r, "no random numbers: %m");
	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 APPLICATION_ID, VERSION);
	if (run_text(state, schema, error_r) < 0 || run_text(state, pragmas, error_r) < 0 ||
	    postern_state_prepare(state, "INSERT INTO meta VALUES ('salt', ?1)", &statement,
				  error_r) < 0)
		return -1;
	sqlite3_bind_blob(statement, 1, state->salt, sizeof(state->salt), SQLITE_STATIC);
	return postern_state_run(state, &statement, NULL, error_r);
}

static int read_salt(struct postern_state *state, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_state_prepare(state, "SELECT value FROM meta WHERE name = 'salt'", &statement,
				  error_r) < 0)
		return -1;
	ret = postern_state_step(state, statement, error_r);
	if (ret == 1 && sqlite3_column_bytes(statement, 0) == sizeof(state->salt))
		memcpy(state->salt, sqlite3_column_blob(statement, 0), sizeof(state->salt));
	else if (ret >= 0)
		ret = postern_error(error_r, "%s is not the page's memory: remove it", state->path);
	sqlite3_finalize(statement);
	return ret < 0 ? -1 : 0;
}

static int check_kind(struct postern_state *state, int id, int version, const char **error_r)
{
	if (id != APPLICATION_ID || version != VERSION)
		return postern_error(error_r, "%s is not of this postern: remove it", state->path);
	return read_salt(state, error_r);
}

/* 1 for a file with nothing in it. In one transaction, which is one lock and not one for each read. */
static int identify(struct postern_state *state, const char **error_r)
{
	int id, version, ret = -1;

	if (run_text(state, "BEGIN", error_r) < 0)
		return -1;
	if (read_number(state, "PRAGMA application_id", &id, error_r) == 0 &&
	    read_number(state, "PRAGMA user_version", &version, error_r) == 0)
		ret = id == 0 && version == 0 ? 1 : check_kind(state, id, version, error_r);
	return postern_state_end(state, ret, error_r);
}

static int fill(struct postern_state *state, const char **error_r)
{
	int version;

	/* Somebody else may be making it right now. */
	if (postern_state_begin(state, error_r) < 0 ||
	    read_number(state, "PRAGMA user_version", &version, error_r) < 0)
		return -1;
	return postern_state_end(state, version != 0 ? read_salt(state, error_r) :
				 make_tables(state, error_r), error_r);
}

static int set_up(struct postern_state *state, const char **error_r)
{
	int ret = identify(state, error_r);

	if (ret < 0 ||
	    run_text(state, "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;"
		     "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;", error_r) < 0)
		return -1;
	return ret == 1 ? fill(state, error_r) : 0;
}

static int name_place(const struct postern_config *config, struct postern_state *state,
		      char folder_r[PATH_MAX], const char **error_r)
{
	int length = snprintf(folder_r, PATH_MAX, "%s/page", config->store);

	if (length < 0 || (size_t)length + sizeof("/page.db-journal") > sizeof(state->path))
		return postern_error(error_r, "the path of the store is too long");
	memcpy(state->path, folder_r, (size_t)length);
	strcpy(state->path + length, "/page.db");
	return 0;
}

/* The folder and the file, for their owner alone; both are checked when they are there. */
static int make_place(const struct postern_config *config, struct postern_state *state,
		      const char **error_r)
{
	char folder[PATH_MAX];
	int fd;

	if (name_place(config, state, folder, error_r) < 0 ||
	    postern_trusted_check_folder(config->store, error_r) < 0)
		return -1;
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return postern_error(error_r, "cannot make the folder %s: %m", folder);
	if (postern_trusted_check_folder(folder, error_r) < 0)
		return -1;
	fd = open(state->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno != EEXIST)
		return postern_error(error_r, "cannot make %s: %m", state->path);
	if (fd >= 0)
		close(fd);
	return postern_trusted_check(state->path, POSTERN_TRUST_SECRET, error_r);
}

static int open_file(struct postern_state *state, int flags, const char **error_r)
{
	if (sqlite3_open_v2(state->path, &state->db, flags | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return postern_state_failed(state, error_r);
	sqlite3_busy_timeout(state->db, BUSY_TIMEOUT);
	sqlite3_db_config(state->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(state->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return 0;
}

int postern_state_open(const struct postern_config *config, struct postern_state **state_r,
		       const char **error_r)
{
	struct postern_state *state = calloc(1, sizeof(*state));

	if (state == NULL)
		return postern_error(error_r, "no memory for the page's memory");
	if (make_place(config, state, error_r) < 0 ||
	    open_file(state, SQLITE_OPEN_READWRITE, error_r) < 0 || set_up(state, error_r) < 0)
		goto failed;
	*state_r = state;
	return 0;
failed:
	postern_state_free(&state);
	return -1;
}

/* One that nobody has set up yet is as good as missing; and so is one that a crash left behind,
   which a writer mends when it opens it. */
static int look(struct postern_state *state, const char **error_r)
{
	int id, version;

	if (read_number(state, "PRAGMA application_id", &id, error_r) < 0 ||
	    read_number(state, "PRAGMA user_version", &version, error_r) < 0)
		return sqlite3_extended_errcode(state->db) == SQLITE_READONLY_ROLLBACK ? 0 : -1;
	return id == 0 && version == 0 ? 0 : check_kind(state, id, version, error_r);
}

static bool is_missing(const char *path)
{
	return access(path, F_OK) < 0 && errno == ENOENT;
}

int postern_state_check(const struct postern_config *config, const char **error_r)
{
	struct postern_state *state = calloc(1, sizeof(*state));
	char folder[PATH_MAX];
	int ret = -1;

	if (state == NULL)
		return postern_error(error_r, "no memory for the page's memory");
	if (name_place(config, state, folder, error_r) < 0 ||
	    postern_trusted_check_folder(config->store, error_r) < 0 ||
	    (!is_missing(folder) && postern_trusted_check_folder(folder, error_r) < 0))
		goto out;
	if (is_missing(state->path))
		ret = 0;
	else if (postern_trusted_check(state->path, POSTERN_TRUST_SECRET, error_r) == 0 &&
		 open_file(state, SQLITE_OPEN_READONLY, error_r) == 0)
		ret = look(state, error_r);
out:
	postern_state_free(&state);
	return ret;
}

void postern_state_free(struct postern_state **state)
{
	if (*state == NULL)
		return;
	sqlite3_close_v2((*state)->db);
	free(*state);
	*state = NULL;
}
