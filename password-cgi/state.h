/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_STATE_H
#define POSTERN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "key.h"
#include "store.h"
#include "token.h"

/*
 * What the page remembers besides the store: sessions, failed attempts, requests for a new way in,
 * and the links that answer them. A SQLite file of its own, page.db in the folder page below
 * the store, for its owner alone; made where it is missing. Without it everybody has to sign in
 * again and links are void, and nothing is open that was closed.
 *
 * No token is in it, but the SHA-256 of each. Every function is one transaction, so that of two
 * processes that use up the same link or attempt one comes second. now is Unix time.
 */
struct postern_state;

int postern_state_open(const struct postern_config *config, struct postern_state **state_r,
		       const char **error_r) POSTERN_WARN_UNUSED;
void postern_state_free(struct postern_state **state);

/* Whether it could be opened, without making or writing anything: 0 for a file that is in order, and
   for none, which is made when it is needed. */
int postern_state_check(const struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;

/* How somebody got in. */
enum postern_way {
	POSTERN_WAY_KEY,
	POSTERN_WAY_CERTIFICATE,
	POSTERN_WAY_PASSWORD,
	POSTERN_WAY_LINK,
	POSTERN_WAY_COUNT
};
/* "key", "certificate", "password", "link" */
const char *postern_way_word(enum postern_way way);

enum postern_state_outcome {
	POSTERN_STATE_OK = 0,
	POSTERN_STATE_NONE = 1,
};

/* ---- Sessions ---- */

#define POSTERN_SESSION_IDLE (15 * 60)
#define POSTERN_SESSION_MAX (4 * 60 * 60)

struct postern_session {
	int64_t account_id;
	char account[POSTERN_ACCOUNT_NAME_MAX + 1];
	enum postern_way way;
	/* Of the connection at which it began: the session is good on such connections alone. */
	bool has_key;
	struct postern_fingerprint key;
	int64_t started;
};

int postern_state_session_add(struct postern_state *state, const char *token,
			      const struct postern_session *session, int64_t now,
			      const char **error_r) POSTERN_WARN_UNUSED;
/* NONE for one that is unknown, was idle too long, or is too old. Remembers that it was used, to
   the minute. */
int postern_state_session_find(struct postern_state *state, const char *token, int64_t now,
			       struct postern_session *session_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_state_session_remove(struct postern_state *state, const char *token,
				 const char **error_r) POSTERN_WARN_UNUSED;
/* All of the account's; and its links, if there are any. */
int postern_state_sessions_end(struct postern_state *state, int64_t account_id,
			       const char **error_r) POSTERN_WARN_UNUSED;

/* ---- Attempts ---- */

#define POSTERN_ATTEMPTS_MAX 5
#define POSTERN_ATTEMPTS_WINDOW (15 * 60)
/* Attempts on whatever account from one address. */
#define POSTERN_ATTEMPTS_OF_CLIENT_MAX 50

/*
 * Counts an attempt as failed before it is made, so that no number of processes makes more of them
 * than are allowed. NONE when there were too many; *wait_r is how many seconds to wait then,
 * twice as long after each further failure, a day at most. what is a word of the caller's; name and
 * client are hashed. Counted for name and client together, so that nobody locks out another;
 * an IPv6 client is its /64.
 */
int postern_state_attempt(struct postern_state *state, const char *what, const char *name,
			  const char *client, int64_t now, unsigned *wait_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* It was good: forgets the failures of this name and client. */
int postern_state_attempt_good(struct postern_state *state, const char *what, const char *name,
			       const char *client, const char **error_r) POSTERN_WARN_UNUSED;

/* ---- Requests for a new way in, and links ---- */

#define POSTERN_LINK_LIFE (30 * 60)
/* Open requests of one account; a further one takes the place of the oldest. */
#define POSTERN_REQUESTS_MAX 5
#define POSTERN_REQUEST_WORDS_MAX 1000
#define POSTERN_REQUEST_LIFE (7 * 24 * 60 * 60)

struct postern_reset_request {
	int64_t id;
	/* 0 and the name that was asked for where there is no such account: kept for a day, so
	   that it costs the same, and shown to nobody. */
	int64_t account_id;
	char account[POSTERN_ACCOUNT_NAME_MAX + 1];
	char words[POSTERN_REQUEST_WORDS_MAX + 1];
	/* A finished hash to set, or "". */
	char verifier[1025];
	char client[64];
	int64_t created;
};

int postern_state_request_add(struct postern_state *state,
			      struct postern_reset_request *request, int64_t now,
			      const char **error_r) POSTERN_WARN_UNUSED;

/* Open ones of accounts, the oldest first. Other than 0 ends the walk. */
typedef int postern_request_fn(const struct postern_reset_request *request, void *context);
int postern_state_request_each(struct postern_state *state, int64_t now, postern_request_fn *fn,
			       void *context, const char **error_r) POSTERN_WARN_UNUSED;
int postern_state_request_find(struct postern_state *state, int64_t id, int64_t now,
			       struct postern_reset_request *request_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Closes an open request. With a token, approved and a link for its account made with it; NULL
   closes it alone. NONE when it is not open any more. */
int postern_state_request_close(struct postern_state *state, int64_t id, const char *token,
				int64_t now, const char **error_r) POSTERN_WARN_UNUSED;

struct postern_link {
	int64_t account_id;
	char account[POSTERN_ACCOUNT_NAME_MAX + 1];
	int64_t expires;
};

/* Is it good? Does not use it up. */
int postern_state_link_find(struct postern_state *state, const char *token, int64_t now,
			    struct postern_link *link_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* Uses it up: OK once in its life. */
int postern_state_link_use(struct postern_state *state, const char *token, int64_t now,
			   struct postern_link *link_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
