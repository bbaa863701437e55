/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SIGNALS_H
#define POSTERN_SIGNALS_H

#include "error.h"

/*
 * SIGHUP, SIGTERM and SIGINT, taken by one thread of ours.
 *
 * libmilter has a thread of its own that waits for the same three and ends the process at each, at
 * SIGHUP too. It does so with sigwait(3), which this program therefore supplies to it, as one that
 * never returns. It relies on libmilter being linked dynamically, and on the executable coming
 * first in the order of look-up (ld.so(8)). An integration test counts the threads that wait for
 * SIGHUP, and fails where that is not so.
 */

/* Blocks them, and ignores SIGPIPE. Before any thread is made. */
void postern_signals_block(void);

/* Calls reload at SIGHUP, and stop at the others, on a thread of its own. */
int postern_signals_start(void (*reload)(void), void (*stop)(void), const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
