/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PASSDB_H
#define POSTERN_PASSDB_H

#include "dovecot-compat.h"
#include "backend.h"
#include "live_session.h"
#include "login.h"

/* A `passdb { driver = postern }`. */
struct postern_passdb {
	struct passdb_module module;
	struct postern_backend *backend;
};

/* The first of them that this auth asks, or NULL. */
struct postern_passdb *postern_passdb_of(const struct auth *auth);

/*
 * request.c: what is known about one login. Points into the request; not to be copied.
 */
struct postern_attempt {
	/* Who the client wants to be: with a master user, the one behind it. NULL when it did not
	   say. */
	const char *name;
	/* One bit, or 0 for a protocol that is none of ours. */
	unsigned service;
	/* Of the client's TLS key, or the one that its certificate is by an address in it
	   (mail_key.h); NULL when it has none. */
	const struct postern_fingerprint *fingerprint;
	struct postern_fingerprint fingerprint_storage;
	/* The look before the IMAP greeting. */
	bool greeting;
	/* Version and cipher suite, in the other side's words; "" for none. */
	const char *tls;
};

/* Fails when the other side could not tell whether the client has a key. */
int postern_attempt_init(struct auth_request *request, struct postern_attempt *attempt_r,
			 const char **error_r) POSTERN_WARN_UNUSED;

/* One line "postern(user,ip,<session>): …", whatever auth_verbose says. */
void postern_request_log(struct auth_request *request, const char *format, ...) ATTR_FORMAT(2, 3);
/* The text that the client gets to see when this request fails. */
void postern_request_set_reason(struct auth_request *request, const char *text);

/*
 * record.c: each login and each refusal, as one line of the log, and for postern-milter to keep.
 * outcome is one of login.h with what it has filled in, or -1 with NULL; error may be NULL.
 */
void postern_record(struct auth_request *request, const struct postern_attempt *attempt,
		    int outcome, const struct postern_login *login, const char *error);
/* The verifier was handed to Dovecot's mechanism: what comes of it is seen at its end. */
void postern_record_pending(struct auth_request *request, const struct postern_attempt *attempt,
			    const struct postern_login *login);
void postern_record_finish(struct auth_request *request);

/*
 * session.c: tells the process that will serve the session by what it was let in, so that it can
 * end with that (end_sessions).
 */
void postern_session_note(struct auth_request *request, const struct postern_attempt *attempt,
			  enum postern_live_by by, const struct postern_account *account);

/*
 * finish.c: has postern_record_finish called when one of the mechanisms that take a verifier ends.
 */
void postern_finish_install(void);
void postern_finish_remove(void);

/*
 * decide.c: an outcome of login.h, or -1 with its error, in the words of Dovecot. Records it, and
 * sets the user name or the text for the user.
 */
enum passdb_result postern_decide(struct auth_request *request,
				  const struct postern_attempt *attempt, int outcome,
				  const struct postern_login *login, const char *error);
/* The name as it is stored, whichever way the client wrote it. */
void postern_set_account(struct auth_request *request, const struct postern_login *login);
/* DISABLED, OTHER_ACCOUNT and NOT_ALLOWED: nobody else may say yes. */
bool postern_outcome_is_final(int outcome);

/*
 * credentials.c: in auth-worker, answers a request for the verifier of
 * request->wanted_credentials_scheme.
 */
void postern_credentials_reply(struct auth_request *request, struct postern_backend *backend,
			       const struct postern_attempt *attempt,
			       lookup_credentials_callback_t *callback);

/*
 * upgrade.c: in auth-worker, after a good login by password and where upgrade_on_login says so.
 */
void postern_upgrade(struct auth_request *request, struct postern_backend *backend,
		     const struct postern_login *login, const char *password);

/*
 * schemes.c: in auth-worker, has Dovecot compare the schemes that only it computes.
 */
void postern_schemes_install(void);

/*
 * turns.c: in auth-worker, as many comparisons at a time as processors (hashing_turn.h), among those
 * of one store: the folder of the first one counts.
 */
void postern_turns_install(const char *store);
void postern_turns_remove(void);

/*
 * external.c: SASL EXTERNAL by key, in place of Dovecot's own, in each auth that asks us.
 */
void postern_external_install(void);
void postern_external_remove(void);
/* Was this request let through by its key? Only in the auth process. */
bool postern_external_by_key(const struct auth_request *request);
bool postern_request_is_external(const struct auth_request *request);

/*
 * guard.c: puts the question "is this connection bound to another account, or the account closed?"
 * before all other passdbs.
 */
void postern_guard_install(void);

#endif
