/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SOCKETMAP_SERVER_H
#define POSTERN_SOCKETMAP_SERVER_H

#include "error.h"
#include "loop.h"

/*
 * Serves Postfix's look-ups of who owns a sender address, from a unix socket. On the loop; waits
 * for nothing but the store.
 */
struct postern_socketmap_server;

/* listen_fd stays the caller's. It serves as long as the process lives, and so must that. */
int postern_socketmap_server_new(struct postern_loop *loop, int listen_fd,
				 struct postern_socketmap_server **server_r,
				 const char **error_r) POSTERN_WARN_UNUSED;

#endif
