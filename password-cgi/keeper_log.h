/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_KEEPER_LOG_H
#define POSTERN_KEEPER_LOG_H

#include <syslog.h>

#include "error.h"

/* Where the log lines of the page go: syslog's mail facility, or stderr. Callers escape what
   comes from outside, and leave secrets out. */

/* where is "stderr", or NULL for syslog; until it is called, stderr. */
void postern_keeper_log_open(const char *program, const char *where);
/* priority is one of syslog's. */
void postern_keeper_log(int priority, const char *fmt, ...) POSTERN_PRINTF(2, 3);

#endif
