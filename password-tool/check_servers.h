/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CHECK_SERVERS_H
#define POSTERN_CHECK_SERVERS_H

#include <stdbool.h>

#include "config.h"

/*
 * Looks at the configuration that Postfix and Dovecot have now, as postconf(1) and doveconf(1) tell
 * it, for what makes postern's work void: mail that is not seen by the milter, or changed behind
 * it; a login process that asks for no key. Each finding is one sentence on stderr. A server that
 * is not installed, or in which nothing is postern's, has nothing wrong with it.
 *
 * Returns an exit code (failure.h): EX_CONFIG with findings that are more than advice. plugged_r:
 * whether anything of Postfix's is postern's.
 */
int postern_check_postfix(const struct postern_config *config, bool *plugged_r);
int postern_check_dovecot(void);

/* Whether a daemon answers at its socket; then: what happens while it does not, and what to start. */
int postern_check_socket(const char *path, const char *then);

#endif
