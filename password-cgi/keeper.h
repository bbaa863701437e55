/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_KEEPER_H
#define POSTERN_KEEPER_H

#include "config.h"
#include "error.h"

/*
 * postern-keeper's socket: a process for each connection, so that what one request does to memory
 * or time is no other's, and each begins with postern.conf and the store as they are now.
 */

/* Processes at a time; who comes beyond that is hung up on, and password.cgi answers 503. */
#define POSTERN_KEEPER_PROCESSES_MAX 32
/* Seconds that a request may take, its mails set aside. */
#define POSTERN_KEEPER_SECONDS 20

/* Listens and serves until SIGTERM or SIGINT; then 0. path is that of the configuration, NULL for
   the usual one. */
int postern_keeper_run(const char *path, const struct postern_config *config,
		       const char **error_r) POSTERN_WARN_UNUSED;

#endif
