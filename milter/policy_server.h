/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_POLICY_SERVER_H
#define POSTERN_POLICY_SERVER_H

#include "error.h"
#include "loop.h"
#include "session_table.h"

/*
 * The policy service: takes Postfix's requests from a unix socket, keeps what they say in the
 * session table, answers. On the loop; waits for nothing but the store.
 */
struct postern_policy_server;

/* listen_fd and table stay the caller's. It serves as long as the process lives, and so must they. */
int postern_policy_server_new(struct postern_loop *loop, int listen_fd,
			      struct postern_session_table *table,
			      struct postern_policy_server **server_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
