/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOG_H
#define POSTERN_LOG_H

#include <syslog.h>

#include "error.h"

/*
 * Where the daemon's log lines go: syslog's mail facility, where Postfix's and Dovecot's are, or
 * stderr. Callers escape what comes from the network (escape.h) and leave secrets out. Any
 * thread.
 */

/* where is "stderr", or NULL for syslog. May be called again. */
void postern_log_open(const char *where);

/* priority is one of syslog's LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO. */
void postern_log(int priority, const char *fmt, ...) POSTERN_PRINTF(2, 3);

#endif
