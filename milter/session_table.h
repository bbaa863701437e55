/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SESSION_TABLE_H
#define POSTERN_SESSION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "error.h"
#include "key.h"
#include "peer.h"

/*
 * Which client each smtpd process is talking to, and which TLS key that client holds.
 *
 * The trick it knows: stock Postfix tells a client's key to a policy service and to nobody else,
 * but the policy request, the SASL conversation and the milter's connection of one SMTP session
 * all come from one smtpd process. The policy service writes here, keyed by that process; the SASL
 * relay reads by process, the milter (to whom libmilter does not tell the process) by the client's
 * address and port, which the policy request has as well.
 *
 * What keeps it honest:
 * - An smtpd process serves many clients in turn. A CONNECT request empties its entry, so Postfix
 *   must ask at CONNECT (smtpd_client_restrictions with smtpd_delay_reject = no).
 * - Every request is complete in itself and replaces all that was known. What an EHLO before
 *   STARTTLS told counts for nothing after it.
 * - The process is its pid and its start time.
 * - Postfix closes a policy connection that is idle or old (smtpd_policy_service_max_idle,
 *   _max_ttl) in the middle of a session too. The entry then stays, detached, until the process's
 *   next CONNECT, the end of its session at the milter, or POSTERN_SESSION_DETACHED_MAX seconds.
 *   That is safe because the next client of that process cannot get anywhere without the CONNECT
 *   that empties it.
 *
 * Nothing in here decides anything. All functions may be called from any thread.
 */
#define POSTERN_SESSION_DETACHED_MAX 600 /* seconds */
#define POSTERN_SESSION_LOGIN_MAX 255
#define POSTERN_SESSION_METHOD_MAX 31
#define POSTERN_SESSION_PROTOCOL_MAX 31
#define POSTERN_SESSION_CIPHER_MAX 63

enum postern_session_stage {
	POSTERN_STAGE_CONNECT = 1,
	POSTERN_STAGE_HELO,
	POSTERN_STAGE_MAIL,
	POSTERN_STAGE_RCPT,
	POSTERN_STAGE_OTHER,
};

struct postern_session {
	struct postern_process process;
	/* Another number after each CONNECT and STARTTLS; never 0, never given twice. */
	uint64_t serial;
	/* Where in the dialogue it was learnt. */
	enum postern_session_stage stage;
	struct postern_endpoint client;
	/* Port 0 when Postfix did not say. */
	struct postern_endpoint server;
	/* "TLSv1.3", or "" without TLS. */
	char protocol[POSTERN_SESSION_PROTOCOL_MAX + 1];
	/* "TLS_AES_256_GCM_SHA384", or "" where it was not said; decides nothing. */
	char cipher[POSTERN_SESSION_CIPHER_MAX + 1];
	bool has_key;
	struct postern_fingerprint key;
	/* The table's to fill in: whether a policy connection of the process is open, which then lives;
	   and whether the milter has looked for this session since its last MAIL. */
	bool attached;
	bool at_milter;
	/* "" without AUTH. */
	char login[POSTERN_SESSION_LOGIN_MAX + 1];
	char method[POSTERN_SESSION_METHOD_MAX + 1];
};

enum postern_session_outcome {
	POSTERN_SESSION_FOUND = 0,
	POSTERN_SESSION_MISSING = 1,
	/* More than one session has this client: nobody can say which is meant. */
	POSTERN_SESSION_AMBIGUOUS = 2,
};

struct postern_session_table;

/* Holds at most max sessions. */
int postern_session_table_new(size_t max, struct postern_session_table **table_r,
			      const char **error_r) POSTERN_WARN_UNUSED;
void postern_session_table_free(struct postern_session_table **table);

/* A policy connection of this process begins, or ends; there may be several at a time. now is in
   seconds of a clock that never goes back. attach fails when the table is full of processes that
   are attached. */
int postern_session_table_attach(struct postern_session_table *table,
				 const struct postern_process *process, int64_t now,
				 const char **error_r) POSTERN_WARN_UNUSED;
void postern_session_table_detach(struct postern_session_table *table,
				  const struct postern_process *process, int64_t now);

/* A policy request: session as it stands in it, with its process; serial is set here. Fails for a
   process that has no entry. */
int postern_session_table_renew(struct postern_session_table *table,
				struct postern_session *session, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Each returns an outcome, and with FOUND a copy. */
int postern_session_table_find_process(struct postern_session_table *table,
				       const struct postern_process *process, int64_t now,
				       struct postern_session *session_r) POSTERN_WARN_UNUSED;
/* For the milter. server may have port 0 when it is not known; it is compared where both sides know
   it. */
int postern_session_table_find_client(struct postern_session_table *table,
				      const struct postern_endpoint *client,
				      const struct postern_endpoint *server, int64_t now,
				      struct postern_session *session_r) POSTERN_WARN_UNUSED;

/* This session, as it was found, is over: empties its entry, unless that is another one by now. */
void postern_session_table_end(struct postern_session_table *table,
			       const struct postern_session *session);

/* Forgets what is detached for too long. To be called every now and then. */
void postern_session_table_expire(struct postern_session_table *table, int64_t now);

/* How many entries there are, for tests and the log. */
size_t postern_session_table_count(struct postern_session_table *table);

#endif
