/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SESSION_WATCH_H
#define POSTERN_SESSION_WATCH_H

struct mail_user;

/*
 * Waits for postern-milter's word that a session's key, account or policy is not what let it in, for
 * the plugins of imap, pop3 and submission. With the daemon away it waits for the daemon; a session
 * never fails for it.
 */
struct postern_session_watch;

/* In the session's I/O loop, which must be running nothing of the session then; ends the session,
   and with it the watch. */
typedef void postern_session_end_t(void *context);

/* What the user is told where the protocol has a place for it, and the log in any case. */
#define POSTERN_SESSION_END_TEXT "Your key or account was changed"

/* NULL where the passdb module has noted nothing: no login of postern's, or not wanted. */
struct postern_session_watch *postern_session_watch_new(const struct mail_user *user,
							postern_session_end_t *end, void *context);
/* Sets *watch to NULL, and NULL is fine. */
void postern_session_watch_free(struct postern_session_watch **watch);

#endif
