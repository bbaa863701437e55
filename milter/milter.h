/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MILTER_H
#define POSTERN_MILTER_H

#include "dkim.h"
#include "error.h"
#include "session_table.h"

/*
 * The only file that knows libmilter. Its callbacks translate; what is decided is decided in
 * origin.h and message.h. No message and no session is ever accepted before the end of a
 * message: with Postfix such an answer would let the next message of the session pass by.
 */

/* Opens the socket and registers. table and dkim have to live as long as the process. umask and
   ownership of the socket are the caller's. */
int postern_milter_init(const char *path, struct postern_session_table *table,
			struct postern_dkim *dkim, const char **error_r) POSTERN_WARN_UNUSED;

/* Serves until stopped. */
int postern_milter_run(const char **error_r) POSTERN_WARN_UNUSED;

/* How many messages are between MAIL and their end. Any thread. */
unsigned postern_milter_busy(void);

#endif
