/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_BACKEND_H
#define POSTERN_BACKEND_H

#include "login.h"
#include "login_credentials.h"

/*
 * Configuration and store as one process of Dovecot holds them: read and opened at the first login,
 * after privileges were dropped, and after a failure at the next one, so that a store that comes
 * back is found without a reload.
 */
struct postern_backend;

/* path NULL is the built-in one; it is copied. verifiers: may this process compare passwords? */
struct postern_backend *postern_backend_new(const char *path, bool verifiers);
void postern_backend_free(struct postern_backend **backend);

/* login.h's questions, asked of an open store. */
int postern_backend_by_key(struct postern_backend *backend,
			   const struct postern_fingerprint *fingerprint, unsigned service,
			   const char *authzid, struct postern_login *login_r,
			   const char **error_r) POSTERN_WARN_UNUSED;
/* mail_key.h's. */
int postern_backend_mail_key(struct postern_backend *backend, const char *addresses,
			     struct postern_fingerprint *fingerprint, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_backend_by_password(struct postern_backend *backend, const char *name,
				const char *password, unsigned service,
				const struct postern_fingerprint *fingerprint,
				struct postern_login *login_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* password_upgrade.h's: what to do after this login by password. */
int postern_backend_upgrade(struct postern_backend *backend, const struct postern_login *login,
			    const char *password, const char **error_r) POSTERN_WARN_UNUSED;
int postern_backend_precheck(struct postern_backend *backend, const char *name,
			     const struct postern_fingerprint *fingerprint,
			     struct postern_login *login_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_backend_credentials(struct postern_backend *backend, const char *name,
				const char *scheme, unsigned service,
				const struct postern_fingerprint *fingerprint,
				struct postern_login *login_r, char **verifier_r,
				const char **error_r) POSTERN_WARN_UNUSED;
int postern_backend_credentials_decoy(struct postern_backend *backend, const char *name,
				      const char *scheme, char **verifier_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Where sessions wait for word of their end; NULL where nobody gives it (end_sessions). */
const char *postern_backend_sessions_socket(const struct postern_backend *backend);

/* The folder of the store; NULL while that cannot be opened. */
const char *postern_backend_store(struct postern_backend *backend);

/* Where login records go; NULL while there is no configuration. */
const char *postern_backend_record_socket(const struct postern_backend *backend);

#endif
