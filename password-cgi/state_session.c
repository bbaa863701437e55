/* SPDX-License-Identifier: MIT */
#include "state_sqlite.h"

#include <string.h>

/* A session's use is written down when it is so much newer than what stands there. */
#define SEEN_STEP 60

static int bind_token(sqlite3_stmt *statement, int column, const char *token,
		      const char **error_r)
{
	unsigned char hash[POSTERN_TOKEN_HASH_SIZE];

	if (postern_token_hash(token, hash, error_r) < 0)
		return -1;
	sqlite3_bind_blob(statement, column, hash, sizeof(hash), SQLITE_TRANSIENT);
	return 0;
}

/* Prepares a statement whose first value is the token. */
static int prepare(struct postern_state *state, const char *sql, const char *token,
		   sqlite3_stmt **statement_r, const char **error_r)
{
	if (postern_state_prepare(state, sql, statement_r, error_r) < 0)
		return -1;
	if (bind_token(*statement_r, 1, token, error_r) < 0) {
		sqlite3_finalize(*statement_r);
		*statement_r = NULL;
		return -1;
	}
	return 0;
}

/* Those that nobody can use any more. */
static int sweep(struct postern_state *state, int64_t now, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_state_prepare(state, "DELETE FROM session WHERE seen < ?1 OR started < ?2",
				  &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, now - POSTERN_SESSION_IDLE - SEEN_STEP);
	sqlite3_bind_int64(statement, 2, now - POSTERN_SESSION_MAX);
	return postern_state_run(state, &statement, NULL, error_r);
}

static int insert(struct postern_state *state, const char *token,
		  const struct postern_session *session, int64_t now, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (sweep(state, now, error_r) < 0 ||
	    prepare(state, "INSERT INTO session VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)", token,
		    &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 2, session->account_id);
	sqlite3_bind_text(statement, 3, session->account, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 4, (int)session->way);
	if (session->has_key)
		sqlite3_bind_blob(statement, 5, session->key.octets, POSTERN_FINGERPRINT_SIZE,
				  SQLITE_STATIC);
	sqlite3_bind_int64(statement, 6, now);
	return postern_state_run(state, &statement, NULL, error_r);
}

int postern_state_session_add(struct postern_state *state, const char *token,
			      const struct postern_session *session, int64_t now,
			      const char **error_r)
{
	if (postern_state_begin(state, error_r) < 0)
		return -1;
	return postern_state_end(state, insert(state, token, session, now, error_r), error_r);
}

static int read_row(sqlite3_stmt *statement, struct postern_session *session_r,
		    const char **error_r)
{
	int way = sqlite3_column_int(statement, 2);

	memset(session_r, 0, sizeof(*session_r));
	session_r->account_id = sqlite3_column_int64(statement, 0);
	if (postern_state_text(statement, 1, session_r->account, sizeof(session_r->account),
			       error_r) < 0)
		return -1;
	if (way < 0 || way >= POSTERN_WAY_COUNT)
		return postern_error(error_r, "the page's memory holds a session of no known way");
	session_r->way = (enum postern_way)way;
	session_r->has_key = sqlite3_column_bytes(statement, 3) == POSTERN_FINGERPRINT_SIZE;
	if (session_r->has_key)
		memcpy(session_r->key.octets, sqlite3_column_blob(statement, 3),
		       POSTERN_FINGERPRINT_SIZE);
	session_r->started = sqlite3_column_int64(statement, 4);
	return 0;
}

static int touch(struct postern_state *state, const char *token, int64_t now,
		 const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (prepare(state, "UPDATE session SET seen = ?2 WHERE token = ?1", token, &statement,
		    error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 2, now);
	return postern_state_run(state, &statement, NULL, error_r);
}

int postern_state_session_find(struct postern_state *state, const char *token, int64_t now,
			       struct postern_session *session_r, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int64_t seen = 0;
	int ret;

	if (prepare(state, "SELECT account_id, account, way, key, started, seen FROM session"
		    " WHERE token = ?1", token, &statement, error_r) < 0)
		return -1;
	ret = postern_state_step(state, statement, error_r);
	if (ret == 1) {
		seen = sqlite3_column_int64(statement, 5);
		ret = read_row(statement, session_r, error_r);
	} else if (ret == 0) {
		ret = POSTERN_STATE_NONE;
	}
	sqlite3_finalize(statement);
	if (ret != POSTERN_STATE_OK)
		return ret;
	/* A clock that went back does not make a session younger than it can be. */
	if (now - seen > POSTERN_SESSION_IDLE || now - session_r->started > POSTERN_SESSION_MAX ||
	    session_r->started > now + SEEN_STEP)
		return POSTERN_STATE_NONE;
	return now - seen >= SEEN_STEP ? touch(state, token, now, error_r) : POSTERN_STATE_OK;
}

int postern_state_session_remove(struct postern_state *state, const char *token,
				 const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (prepare(state, "DELETE FROM session WHERE token = ?1", token, &statement, error_r) < 0)
		return -1;
	return postern_state_run(state, &statement, NULL, error_r);
}

static int remove_all(struct postern_state *state, const char *sql, int64_t account_id,
		      const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_state_prepare(state, sql, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, account_id);
	return postern_state_run(state, &statement, NULL, error_r);
}

int postern_state_sessions_end(struct postern_state *state, int64_t account_id,
			       const char **error_r)
{
	int ret = -1;

	if (postern_state_begin(state, error_r) < 0)
		return -1;
	if (remove_all(state, "DELETE FROM session WHERE account_id = ?1", account_id,
		       error_r) == 0 &&
	    remove_all(state, "DELETE FROM link WHERE account_id = ?1", account_id, error_r) == 0)
		ret = 0;
	return postern_state_end(state, ret, error_r);
}
