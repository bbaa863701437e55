/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOGIN_H
#define POSTERN_LOGIN_H

#include <stdbool.h>

#include "config.h"
#include "error.h"
#include "key.h"
#include "store.h"

/*
 * Who gets in: the one place that decides, for Dovecot, for Postfix and for the page.
 * Names, authzids and passwords are untrusted. The fingerprint is the word of a login
 * process or of smtpd about the client certificate of this very connection, NULL
 * when it has none.
 *
 * The rule that everything here follows: a connection that carries a registered key of one
 * account never becomes another account, by any mechanism.
 */
enum postern_login_outcome {
	POSTERN_LOGIN_OK = 0,
	/* Not ours: no such account, no password of ours for it, or an unknown key. The
	   admin's next passdb has its say; nothing is delayed or penalised. */
	POSTERN_LOGIN_NOT_OURS = 1,
	/* Ours, and the password is wrong. */
	POSTERN_LOGIN_MISMATCH = 2,
	/* The account is disabled: no way in, whatever else is right. */
	POSTERN_LOGIN_DISABLED = 3,
	/* The key on the connection is another account's, or the authzid names another. */
	POSTERN_LOGIN_OTHER_ACCOUNT = 4,
	/* The policy or the services of the key or password do not allow this way. */
	POSTERN_LOGIN_NOT_ALLOWED = 5,
};

struct postern_login_holder {
	struct postern_account account;
	char label[POSTERN_KEY_LABEL_MAX];
};

struct postern_login {
	/* Set with OK, DISABLED, NOT_ALLOWED and MISMATCH; else id is 0. */
	struct postern_account account;
	/* Label of the key or password that decided. */
	char label[POSTERN_KEY_LABEL_MAX];
	/* By key: may IMAP greet PREAUTH. */
	bool preauth;
	/* Whose key is on the connection, for the log and the login record alone: set with
	   OTHER_ACCOUNT as well. Its id is 0 when it is nobody's. */
	struct postern_login_holder holder;
};

/* SASL EXTERNAL (RFC 4422, appendix A) or a session with no AUTH at all. authzid NULL or ""
   asks for the key's own account; else it has to name it by login name or by one of its
   addresses, in NFC or NFD, unless config says to ignore it. service is one bit. */
int postern_login_by_key(struct postern_store *store, const struct postern_config *config,
			 const struct postern_fingerprint *fingerprint, unsigned service,
			 const char *authzid, struct postern_login *login_r,
			 const char **error_r) POSTERN_WARN_UNUSED;

/* PLAIN, LOGIN and the like. Needs a store with verifiers; takes milliseconds. A name or a
   password that nobody has costs the same as a wrong one. */
int postern_login_by_password(struct postern_store *store, const struct postern_config *config,
			      const char *name, const char *password, unsigned service,
			      const struct postern_fingerprint *fingerprint,
			      struct postern_login *login_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* What may be said before a password is looked at (microseconds, no verifiers needed): the
   account and the connection's key. OK means "go on and compare"; NOT_OURS that the account
   is unknown here and the connection's key, if any, is nobody's. DISABLED, OTHER_ACCOUNT and
   NOT_ALLOWED are final and must stop the admin's other passdbs too. */
int postern_login_precheck(struct postern_store *store, const struct postern_config *config,
			   const char *name, const struct postern_fingerprint *fingerprint,
			   struct postern_login *login_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* One sentence for the user who was refused; static memory. */
const char *postern_login_outcome_text(int outcome);
/* One word for the log: "ok", "unknown", "mismatch", "disabled", "other-account",
   "not-allowed". */
const char *postern_login_outcome_word(int outcome);

#endif
