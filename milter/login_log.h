/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOGIN_LOG_H
#define POSTERN_LOGIN_LOG_H

#include "generation.h"
#include "login.h"
#include "login_record.h"
#include "session_table.h"

/*
 * Logins that are decided here and not in Dovecot: by key without AUTH, and what is refused of the
 * others.
 */

/* "TLSv1.3/TLS_AES_256_GCM_SHA384"; "" without TLS, and for what cannot be such. Returns text_r. */
const char *postern_login_log_tls(const struct postern_session *session,
				  char text_r[POSTERN_LOGIN_TLS_MAX]);

/* Logs what came of it, in the words of login_record.h, and has it recorded. outcome is one of
   login.h, or -1 with its error; login is NULL where nothing is known of it. */
void postern_login_log(const struct postern_generation *generation,
		       const struct postern_session *session, int outcome,
		       const struct postern_login *login, const char *error);

#endif
