/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_STATE_SQLITE_H
#define POSTERN_STATE_SQLITE_H

#include <limits.h>

#include <sqlite3.h>

#include "state.h"

/* page.db from the inside, for the state*.c files alone. */
struct postern_state {
	sqlite3 *db;
	char path[PATH_MAX];
	/* Mixed into the hashes of names and clients. */
	unsigned char salt[POSTERN_TOKEN_HASH_SIZE];
};

/* The failure of the call before. */
int postern_state_failed(struct postern_state *state, const char **error_r);

/* Prepares a statement of one use: to be given to sqlite3_finalize, NULL after a failure. */
int postern_state_prepare(struct postern_state *state, const char *sql,
			  sqlite3_stmt **statement_r, const char **error_r) POSTERN_WARN_UNUSED;

/* Steps: 1 with a row, 0 without, -1 failed. */
int postern_state_step(struct postern_state *state, sqlite3_stmt *statement,
		       const char **error_r) POSTERN_WARN_UNUSED;

/* Steps a statement that gives no row, and finalizes it; 0 with the rows changed, or -1. */
int postern_state_run(struct postern_state *state, sqlite3_stmt **statement, int *changed_r,
		      const char **error_r) POSTERN_WARN_UNUSED;

int postern_state_begin(struct postern_state *state, const char **error_r) POSTERN_WARN_UNUSED;
/* Commits when ret is not negative; returns ret, or -1 when that failed. */
int postern_state_end(struct postern_state *state, int ret, const char **error_r)
	POSTERN_WARN_UNUSED;

/* A text column: what does not fit was not written by us. */
int postern_state_text(sqlite3_stmt *statement, int column, char *text_r, size_t size,
		       const char **error_r) POSTERN_WARN_UNUSED;

#endif
