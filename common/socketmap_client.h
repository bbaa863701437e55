/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SOCKETMAP_CLIENT_H
#define POSTERN_SOCKETMAP_CLIENT_H

#include "error.h"

/* Looks a key up in a table behind a unix socket (socketmap_table(5)), in at most 5 seconds. *value_r is the
   caller's, NULL when there is none. What the other side says is not trusted to be well formed. */
int postern_socketmap_client_find(const char *path, const char *table, const char *key,
				  char **value_r, const char **error_r) POSTERN_WARN_UNUSED;

#endif
