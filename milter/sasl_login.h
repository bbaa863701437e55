/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SASL_LOGIN_H
#define POSTERN_SASL_LOGIN_H

#include "error.h"
#include "peer.h"
#include "sasl_line.h"
#include "session_table.h"

/*
 * One login over Postfix, from AUTH to Dovecot's answer: which session it belongs to, and whether
 * what Dovecot has let in may stand. Knows no sockets.
 */
struct postern_sasl_login {
	struct postern_sasl_auth auth;
	/* The session as it was at AUTH. */
	struct postern_session session;
};

enum postern_sasl_login_outcome {
	POSTERN_SASL_LOGIN_GOES_ON = 0,
	/* With a sentence for the user in *reason_r, which is static. Was logged. */
	POSTERN_SASL_LOGIN_REFUSED = 1,
};

/* An AUTH line from this smtpd process. A failure is temporary for the user: among them that the
   session is not known, or is not the one that the line speaks of. */
int postern_sasl_login_begin(struct postern_sasl_login *login, struct postern_session_table *table,
			     const struct postern_process *process, const char *line, size_t size,
			     const char **reason_r, const char **error_r) POSTERN_WARN_UNUSED;

/* Dovecot said OK to this user. */
int postern_sasl_login_end(struct postern_sasl_login *login, struct postern_session_table *table,
			   const char *user, const char **reason_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
