/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOGIN_RECORD_H
#define POSTERN_LOGIN_RECORD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "key.h"
#include "login.h"
#include "store.h"

/*
 * One login or one refusal, as it is written down: as a line of the log, which is the same wherever
 * the decision falls (Dovecot's auth, auth-worker, postern-milter); as a datagram on its way to
 * postern-milter (login_datagram.h); and among the last ones of its account (login_journal.h).
 */
enum postern_login_result {
	POSTERN_LOGIN_RESULT_OK,
	POSTERN_LOGIN_RESULT_REFUSED,
	/* Something of ours is broken; the client was told to try again later. */
	POSTERN_LOGIN_RESULT_FAILED,
	POSTERN_LOGIN_RESULTS
};

enum postern_login_by {
	POSTERN_LOGIN_BY_KEY,
	POSTERN_LOGIN_BY_PASSWORD,
	POSTERN_LOGIN_BYS
};

#define POSTERN_LOGIN_REASON_MAX 32
#define POSTERN_LOGIN_SESSION_MAX 64
#define POSTERN_LOGIN_TLS_MAX 64

struct postern_login_record {
	enum postern_login_result result;
	/* A word of postern_login_outcome_word, "unknown-key" or "no-key"; "" with OK. */
	char reason[POSTERN_LOGIN_REASON_MAX];
	/* One bit. */
	unsigned service;
	/* Whose record it is; id 0 when it is no account's of ours. */
	int64_t account_id;
	char account[POSTERN_ACCOUNT_NAME_MAX + 1];
	/* The name that the client gave, "" when it gave none or the account's own. What is no text
	   in it is "?". */
	char asked[POSTERN_ACCOUNT_NAME_MAX + 1];
	/* The client's address, "" when it has none. */
	char client[INET6_ADDRSTRLEN];
	enum postern_login_by by;
	/* Of the key or password that decided; "" when none did. */
	char label[POSTERN_KEY_LABEL_MAX];
	/* The TLS key, where it had a part in it. */
	bool has_key;
	struct postern_fingerprint key;
	/* "TLSv1.3/TLS_AES_256_GCM_SHA384", "" without TLS. */
	char tls[POSTERN_LOGIN_TLS_MAX];
	/* The server's own name of the session, for the log alone. */
	char session[POSTERN_LOGIN_SESSION_MAX];
};

/* As much of any octets as fits into size: with a "?" for each that is no UTF-8, and for controls,
   and cut between two characters. */
void postern_login_text_copy(const char *octets, char *text_r, size_t size);

/* Says what came of it: an outcome of login.h, or -1. login is what login.h has filled in, NULL
   after a failure. by, service, client, key, tls and session are the caller's to set. asked is
   untrusted, and may be NULL. */
void postern_login_record_conclude(struct postern_login_record *record, int outcome,
				   const struct postern_login *login, const char *asked);

/* Makes a refusal of what was concluded as a success: the mechanism found that the password was
   wrong. */
void postern_login_record_mismatch(struct postern_login_record *record);

/* Takes a description of TLS from a login process or smtpd; what is not one is dropped. */
void postern_login_record_set_tls(struct postern_login_record *record, const char *tls);

/*
 * Writes the line: "postern login: result=… reason=… service=… account=… client=… by=… label=…
 * key=… tls=… asked=… session=…", always these and in this order, "-" for what there is not. A
 * value with a blank or a mark in it stands in double quotes; what could end them is \xHH. error is
 * added as a last word where it is not NULL. Returns text_r.
 */
#define POSTERN_LOGIN_LINE_MAX 4096
const char *postern_login_record_format(const struct postern_login_record *record,
					const char *error, char text_r[POSTERN_LOGIN_LINE_MAX]);

/* Words of the line, for the journal and the command. */
const char *postern_login_result_word(enum postern_login_result result);
const char *postern_login_by_word(enum postern_login_by by);

#endif
