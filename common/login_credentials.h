/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOGIN_CREDENTIALS_H
#define POSTERN_LOGIN_CREDENTIALS_H

#include "login.h"

/*
 * Logins in which the password itself never comes: SCRAM-SHA-1, SCRAM-SHA-256, CRAM-MD5, APOP. The
 * server's side of the mechanism is Dovecot's; it needs the verifier, and compares. Which verifier
 * it gets, and whether it gets any, is decided here. To be asked in auth-worker alone.
 *
 * These mechanisms say nothing of which of several passwords the client means, so one has to
 * stand for all: the oldest that is good for the service and has what the mechanism needs.
 */

/* scheme is one of postern_password_make's. *verifier_r is set with OK, and is the caller's secret
   (postern_secret_free): of this scheme, or of "plain", which every other can be made of.
   MISMATCH means that the account has passwords for the service, and none that the mechanism can
   use; the other outcomes are those of postern_login_by_password. */
int postern_login_credentials(struct postern_store *store, const struct postern_config *config,
			      const char *name, const char *scheme, unsigned service,
			      const struct postern_fingerprint *fingerprint,
			      struct postern_login *login_r, char **verifier_r,
			      const char **error_r) POSTERN_WARN_UNUSED;

/* What to go on with for a name for which the above had nothing: the mechanism then fails as it
   does for a wrong password. NULL where it does so anyway. */
int postern_login_credentials_decoy(struct postern_store *store, const char *name,
				    const char *scheme, char **verifier_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
