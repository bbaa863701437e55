/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SASL_RELAY_H
#define POSTERN_SASL_RELAY_H

#include "error.h"
#include "loop.h"
#include "session_table.h"

/*
 * Stands between Postfix's smtpd and Dovecot's auth service, on unix sockets, so that a login
 * over Postfix knows the TLS key of its connection. The key is the one that the policy service
 * learnt from the same smtpd process; it is added to the request for Dovecot, and a login that
 * Dovecot lets in is looked at once more with it.
 *
 * Postfix knows no "try again later" of this protocol: FAIL is a 535 whatever else it says. What
 * it does answer with a 454 is a connection that is closed in the middle of a request, so that
 * is what happens where nothing can be said of a user.
 *
 * smtpd wants to be greeted with mechanisms before it serves anybody at all, and dies if it is
 * not; its master then throttles that listener, and with it those who need no AUTH. So when
 * Dovecot is not there, smtpd is greeted with what Dovecot said last.
 */
struct postern_sasl_relay;

/* listen_fd and table stay the caller's. It serves as long as the process lives, and so must they. */
int postern_sasl_relay_new(struct postern_loop *loop, int listen_fd,
			   struct postern_session_table *table,
			   struct postern_sasl_relay **relay_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
