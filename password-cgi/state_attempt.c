/* SPDX-License-Identifier: MIT */
#include "state_sqlite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#define DAY (24 * 60 * 60)

/* One host of IPv6 has a whole /64 to come from. */
static void client_of(const char *address, char text_r[INET6_ADDRSTRLEN])
{
	struct in6_addr v6;

	snprintf(text_r, INET6_ADDRSTRLEN, "%s", address);
	if (inet_pton(AF_INET6, address, &v6) != 1 || IN6_IS_ADDR_V4MAPPED(&v6))
		return;
	memset(v6.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &v6, text_r, INET6_ADDRSTRLEN);
}

/* What was typed for a name may be a password: neither is to be read out of page.db. */
static int hash_id(struct postern_state *state, const char *what, const char *name,
		   const char *client, unsigned char id_r[POSTERN_TOKEN_HASH_SIZE],
		   const char **error_r)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	char place[INET6_ADDRSTRLEN];
	int ret = -1;

	client_of(client, place);
	/* With the NUL behind each, so that no two triples are one text. */
	if (digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(digest, state->salt, sizeof(state->salt)) == 1 &&
	    EVP_DigestUpdate(digest, what, strlen(what) + 1) == 1 &&
	    EVP_DigestUpdate(digest, name, strlen(name) + 1) == 1 &&
	    EVP_DigestUpdate(digest, place, strlen(place) + 1) == 1 &&
	    EVP_DigestFinal_ex(digest, id_r, NULL) == 1)
		ret = 0;
	else
		postern_error(error_r, "cannot compute SHA-256: out of memory");
	EVP_MD_CTX_free(digest);
	return ret;
}

struct attempt {
	int64_t count, last, until;
};

static int read_attempt(struct postern_state *state, const unsigned char *id,
			struct attempt *attempt_r, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int ret;

	memset(attempt_r, 0, sizeof(*attempt_r));
	if (postern_state_prepare(state, "SELECT count, last, until FROM attempt WHERE id = ?1",
				  &statement, error_r) < 0)
		return -1;
	sqlite3_bind_blob(statement, 1, id, POSTERN_TOKEN_HASH_SIZE, SQLITE_STATIC);
	ret = postern_state_step(state, statement, error_r);
	if (ret == 1) {
		attempt_r->count = sqlite3_column_int64(statement, 0);
		attempt_r->last = sqlite3_column_int64(statement, 1);
		attempt_r->until = sqlite3_column_int64(statement, 2);
	}
	sqlite3_finalize(statement);
	return ret < 0 ? -1 : 0;
}

static int write_attempt(struct postern_state *state, const unsigned char *id,
			 const struct attempt *attempt, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_state_prepare(state, "INSERT OR REPLACE INTO attempt VALUES (?1, ?2, ?3, ?4)",
				  &statement, error_r) < 0)
		return -1;
	sqlite3_bind_blob(statement, 1, id, POSTERN_TOKEN_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, attempt->count);
	sqlite3_bind_int64(statement, 3, attempt->last);
	sqlite3_bind_int64(statement, 4, attempt->until);
	return postern_state_run(state, &statement, NULL, error_r);
}

static int sweep(struct postern_state *state, int64_t now, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_state_prepare(state, "DELETE FROM attempt WHERE last < ?1 AND until < ?1",
				  &statement, error_r) < 0)
		return -1;
	sqlite3_bind_int64(statement, 1, now - DAY);
	return postern_state_run(state, &statement, NULL, error_r);
}

/* Counts one, or says how long to wait. What is less than the most is forgotten a window after the
   last; the rest by sweep, a day after the wait is over. */
static int count_one(struct postern_state *state, const unsigned char *id, int64_t max,
		     int64_t now, unsigned *wait_r, const char **error_r)
{
	struct attempt attempt;
	int64_t pause = POSTERN_ATTEMPTS_WINDOW;

	if (read_attempt(state, id, &attempt, error_r) < 0)
		return -1;
	if (attempt.until > now + DAY || attempt.last > now) {
		/* The clock was set back: what it says of waiting is of no use. */
		attempt.until = 0;
	}
	if (now < attempt.until) {
		*wait_r = (unsigned)(attempt.until - now);
		return POSTERN_STATE_NONE;
	}
	if (attempt.count < max && now - attempt.last > POSTERN_ATTEMPTS_WINDOW)
		attempt.count = 0;
	attempt.count++;
	attempt.last = now;
	for (int64_t i = max; i < attempt.count && pause < DAY; i++)
		pause *= 2;
	if (attempt.count >= max)
		attempt.until = now + (pause < DAY ? pause : DAY);
	return write_attempt(state, id, &attempt, error_r);
}

int postern_state_attempt(struct postern_state *state, const char *what, const char *name,
			  const char *client, int64_t now, unsigned *wait_r, const char **error_r)
{
	unsigned char both[POSTERN_TOKEN_HASH_SIZE], alone[POSTERN_TOKEN_HASH_SIZE];
	int ret;

	if (hash_id(state, what, name, client, both, error_r) < 0 ||
	    hash_id(state, what, "", client, alone, error_r) < 0 ||
	    postern_state_begin(state, error_r) < 0)
		return -1;
	ret = sweep(state, now, error_r);
	if (ret == 0)
		ret = count_one(state, both, POSTERN_ATTEMPTS_MAX, now, wait_r, error_r);
	if (ret == POSTERN_STATE_OK)
		ret = count_one(state, alone, POSTERN_ATTEMPTS_OF_CLIENT_MAX, now, wait_r, error_r);
	return postern_state_end(state, ret, error_r);
}

/* The row of the client alone loses the one attempt that was good, and no more: who has one account
   must not buy guesses at others with it. */
static int take_back(struct postern_state *state, const unsigned char *id, const char **error_r)
{
	sqlite3_stmt *statement = NULL;

	if (postern_state_prepare(state, "UPDATE attempt SET count = max(count - 1, 0),"
				  " until = CASE WHEN count > ?2 THEN until ELSE 0 END"
				  " WHERE id = ?1", &statement, error_r) < 0)
		return -1;
	sqlite3_bind_blob(statement, 1, id, POSTERN_TOKEN_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_int(statement, 2, POSTERN_ATTEMPTS_OF_CLIENT_MAX);
	return postern_state_run(state, &statement, NULL, error_r);
}

int postern_state_attempt_good(struct postern_state *state, const char *what, const char *name,
			       const char *client, const char **error_r)
{
	unsigned char both[POSTERN_TOKEN_HASH_SIZE], alone[POSTERN_TOKEN_HASH_SIZE];
	sqlite3_stmt *statement = NULL;
	int ret;

	if (hash_id(state, what, name, client, both, error_r) < 0 ||
	    hash_id(state, what, "", client, alone, error_r) < 0 ||
	    postern_state_begin(state, error_r) < 0)
		return -1;
	ret = postern_state_prepare(state, "DELETE FROM attempt WHERE id = ?1", &statement,
				    error_r);
	if (ret == 0) {
		sqlite3_bind_blob(statement, 1, both, sizeof(both), SQLITE_STATIC);
		ret = postern_state_run(state, &statement, NULL, error_r);
	}
	if (ret == 0)
		ret = take_back(state, alone, error_r);
	return postern_state_end(state, ret, error_r);
}
