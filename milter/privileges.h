/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PRIVILEGES_H
#define POSTERN_PRIVILEGES_H

#include <sys/types.h>

#include "error.h"

/* Whether the daemon could become this user: not root, and there is such a user. */
int postern_privileges_check(uid_t user, gid_t group, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Becomes this user, with his supplementary groups, for good. Who is not root has to be it
   already. */
int postern_privileges_drop(uid_t user, gid_t group, const char **error_r) POSTERN_WARN_UNUSED;

#endif
