/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LIVE_SESSIONS_H
#define POSTERN_LIVE_SESSIONS_H

#include "error.h"
#include "loop.h"

/*
 * Ends sessions of Dovecot's whose key, account or policy is not what it was (end_sessions): each
 * imap, pop3 and submission process keeps a connection open and says in one line (live_session.h)
 * by what its session was let in. When the store has changed all of them are looked at, and whose
 * way in is closed gets the line "END"; our plugin then ends the session.
 *
 * The processes run as the users whose mail they read, so anybody on the machine may connect. There
 * is nothing to be learnt here, since every answer but silence is the same, and silence takes the
 * account's random id; and there is nobody else's session to be ended.
 *
 * A store that cannot be read ends no session: it is asked again a second later.
 */
struct postern_live_sessions;

/* listen_fd stays the caller's. */
int postern_live_sessions_new(struct postern_loop *loop, int listen_fd,
			      struct postern_live_sessions **sessions_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* To be called about once a second. */
void postern_live_sessions_tick(struct postern_live_sessions *sessions);

#endif
