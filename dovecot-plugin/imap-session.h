/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_IMAP_SESSION_H
#define POSTERN_IMAP_SESSION_H

/* imap-session.c: from the init and deinit of the imap plugin. */
void postern_imap_session_init(void);
void postern_imap_session_deinit(void);

#endif
