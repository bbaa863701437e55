/* SPDX-License-Identifier: MIT */
#include "state_sqlite.h"

#include <string.h>

#define DAY (24 * 60 * 60)
#define REQUEST_COLUMNS "id, account_id, account, words, verifier, client, created"

/* ---- Requests ---- */

static int sweep_requests(struct postern_state *state, int64_t now, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_state_prepare(state, "DELETE FROM request WHERE created < ?1 OR"
				  " (account_id = 0 AND created < ?2)", &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, now - POSTERN_REQUEST_LIFE);
	sqlite3_bind_int64(statement, 2, now - DAY);
	return postern_state_run(state, &statement, NULL, error_r);
}

/* Leaves room for one more. */
static int close_oldest(struct postern_state *state, const struct postern_reset_request *request,
			const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_state_prepare(state, "DELETE FROM request WHERE open = 1 AND account = ?1"
				  " AND account_id = ?2 AND id NOT IN"
				  " (SELECT id FROM request WHERE open = 1 AND account = ?1"
				  "  AND account_id = ?2 ORDER BY id DESC LIMIT ?3)", &statement,
				  error_r) < 0)
		return -1;
	sqlite3_bind_text(statement, 1, request->account, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, request->account_id);
	sqlite3_bind_int(statement, 3, POSTERN_REQUESTS_MAX - 1);
	return postern_state_run(state, &statement, NULL, error_r);
}

static int insert_request(struct postern_state *state, struct postern_reset_request *request,
			  int64_t now, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (sweep_requests(state, now, error_r) < 0 || close_oldest(state, request, error_r) < 0 ||
	    postern_state_prepare(state, "INSERT INTO request"
				  " (account_id, account, words, verifier, client, created, open)"
				  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)", &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, request->account_id);
	sqlite3_bind_text(statement, 2, request->account, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, request->words, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, request->verifier, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, request->client, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 6, now);
	if (postern_state_run(state, &statement, NULL, error_r) < 0)
		return -1;
	request->id = sqlite3_last_insert_rowid(state->db);
	request->created = now;
	return 0;
}

int postern_state_request_add(struct postern_state *state,
			      struct postern_reset_request *request, int64_t now,
			      const char **error_r)
{
	if (postern_state_begin(state, error_r) < 0)
		return -1;
	return postern_state_end(state, insert_request(state, request, now, error_r), error_r);
}

static int read_request(sqlite3_stmt *statement, struct postern_reset_request *request_r,
			const char **error_r)
{
	memset(request_r, 0, sizeof(*request_r));
	request_r->id = sqlite3_column_int64(statement, 0);
	request_r->account_id = sqlite3_column_int64(statement, 1);
	request_r->created = sqlite3_column_int64(statement, 6);
	if (postern_state_text(statement, 2, request_r->account, sizeof(request_r->account),
			       error_r) < 0 ||
	    postern_state_text(statement, 3, request_r->words, sizeof(request_r->words),
			       error_r) < 0 ||
	    postern_state_text(statement, 4, request_r->verifier, sizeof(request_r->verifier),
			       error_r) < 0 ||
	    postern_state_text(statement, 5, request_r->client, sizeof(request_r->client),
			       error_r) < 0)
		return -1;
	return 0;
}

int postern_state_request_each(struct postern_state *state, int64_t now, postern_request_fn *fn,
			       void *context, const char **error_r)
{
	struct postern_reset_request request;
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_state_prepare(state, "SELECT " REQUEST_COLUMNS " FROM request WHERE open = 1"
				  " AND account_id <> 0 AND created >= ?1 ORDER BY id", &statement,
				  error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, now - POSTERN_REQUEST_LIFE);
	while ((ret = postern_state_step(state, statement, error_r)) == 1) {
		ret = read_request(statement, &request, error_r);
		if (ret == 0)
			ret = fn(&request, context);
		if (ret != 0)
			break;
	}
	sqlite3_finalize(statement);
	return ret;
}

int postern_state_request_find(struct postern_state *state, int64_t id, int64_t now,
			       struct postern_reset_request *request_r, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret;

	if (postern_state_prepare(state, "SELECT " REQUEST_COLUMNS " FROM request WHERE open = 1"
				  " AND account_id <> 0 AND id = ?1 AND created >= ?2", &statement,
				  error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, id);
	sqlite3_bind_int64(statement, 2, now - POSTERN_REQUEST_LIFE);
	ret = postern_state_step(state, statement, error_r);
	if (ret == 1)
		ret = read_request(statement, request_r, error_r);
	else if (ret == 0)
		ret = POSTERN_STATE_NONE;
	sqlite3_finalize(statement);
	return ret;
}

/* ---- Links ---- */

static int prepare(struct postern_state *state, const char *sql, const char *token, int64_t now,
		   sqlite3_stmt **statement_r, const char **error_r)
{
	unsigned char hash[POSTERN_TOKEN_HASH_SIZE];

	if (postern_token_hash(token, hash, error_r) < 0 ||
	    postern_state_prepare(state, sql, statement_r, error_r) < 0)
		return -1;
	sqlite3_bind_blob(*statement_r, 1, hash, sizeof(hash), SQLITE_TRANSIENT);
	sqlite3_bind_int64(*statement_r, 2, now);
	return 0;
}

static int insert_link(struct postern_state *state, int64_t request, const char *token,
		       int64_t now, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	/* An older link of the account is void with a newer one, and all are forgotten a while
	   after they have expired. */
	if (prepare(state, "INSERT INTO link SELECT ?1, account_id, account, ?2, 0 FROM request"
		    " WHERE id = ?3 AND account_id <> 0", token, now + POSTERN_LINK_LIFE, &statement,
		    error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 3, request);
	if (postern_state_run(state, &statement, NULL, error_r) < 0 ||
	    prepare(state, "DELETE FROM link WHERE token <> ?1 AND (expires < ?2 OR account_id ="
		    " (SELECT account_id FROM request WHERE id = ?3))", token, now, &statement,
		    error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 3, request);
	return postern_state_run(state, &statement, NULL, error_r);
}

static int close_request(struct postern_state *state, int64_t id, const char *token, int64_t now,
			 const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int changed = 0;

	/* The hash that came along is of no more use; one that was set lies in the store. */
	if (postern_state_prepare(state, "UPDATE request SET open = 0, verifier = ''"
				  " WHERE id = ?1 AND open = 1 AND account_id <> 0 AND created >= ?2",
				  &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, id);
	sqlite3_bind_int64(statement, 2, now - POSTERN_REQUEST_LIFE);
	if (postern_state_run(state, &statement, &changed, error_r) < 0)
		return -1;
	if (changed == 0)
		return POSTERN_STATE_NONE;
	return token != NULL ? insert_link(state, id, token, now, error_r) : POSTERN_STATE_OK;
}

int postern_state_request_close(struct postern_state *state, int64_t id, const char *token,
				int64_t now, const char **error_r)
{
	if (postern_state_begin(state, error_r) < 0)
		return -1;
	return postern_state_end(state, close_request(state, id, token, now, error_r), error_r);
}

/* Not one that would live longer than any does, either: its clock is not this one. */
#define LINK_IS_GOOD " WHERE token = ?1 AND used = 0 AND expires > ?2 AND expires <= ?3"
#define LINK_COLUMNS "account_id, account, expires"

/* Runs a statement that gives the link, if it is good. */
static int read_link(struct postern_state *state, const char *sql, const char *token, int64_t now,
		     struct postern_link *link_r, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret;

	if (prepare(state, sql, token, now, &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 3, now + POSTERN_LINK_LIFE);
	ret = postern_state_step(state, statement, error_r);
	if (ret == 1) {
		link_r->account_id = sqlite3_column_int64(statement, 0);
		link_r->expires = sqlite3_column_int64(statement, 2);
		ret = postern_state_text(statement, 1, link_r->account, sizeof(link_r->account),
					 error_r);
		/* Only the end of a statement commits what it has changed. */
		if (ret == 0)
			ret = postern_state_step(state, statement, error_r);
	} else if (ret == 0) {
		ret = POSTERN_STATE_NONE;
	}
	sqlite3_finalize(statement);
	return ret;
}

int postern_state_link_find(struct postern_state *state, const char *token, int64_t now,
			    struct postern_link *link_r, const char **error_r)
{
	return read_link(state, "SELECT " LINK_COLUMNS " FROM link" LINK_IS_GOOD, token, now, link_r,
			 error_r);
}

/* One statement: of any number who have found it good, it changes the row of one. */
int postern_state_link_use(struct postern_state *state, const char *token, int64_t now,
			   struct postern_link *link_r, const char **error_r)
{
	return read_link(state, "UPDATE link SET used = 1" LINK_IS_GOOD " RETURNING " LINK_COLUMNS,
			 token, now, link_r, error_r);
}
