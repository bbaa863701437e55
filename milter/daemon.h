/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DAEMON_H
#define POSTERN_DAEMON_H

#include "error.h"
#include "generation.h"

/*
 * The daemon as a whole: its sockets, its threads, its beginning, reload and end. There is one in
 * a process.
 *
 * Threads: libmilter's, which serve the milter; one loop, which serves policy and SASL; one that
 * records logins; one for signals. They share the session table and the present generation.
 */

/* Opens the sockets, gives up root, and serves; returns only when it fails. path is the
   configuration's, for a reload; generation is what was read from it, and taken over. */
int postern_daemon_run(const char *path, struct postern_generation *generation,
		       const char **error_r) POSTERN_WARN_UNUSED;

#endif
