/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LISTENER_H
#define POSTERN_LISTENER_H

#include "error.h"
#include "loop.h"

/* Accepts connections on the loop. */
struct postern_listener;

/* fd becomes the callee's when it returns 0; else it is closed here and the failure logged. */
typedef int postern_listener_fn(int fd, void *context, const char **error_r);

/* listen_fd stays the caller's and is made non-blocking. name, for the log, is static. The listener lives as
   long as the process. */
int postern_listener_new(struct postern_loop *loop, int listen_fd, const char *name,
			 postern_listener_fn *fn, void *context,
			 struct postern_listener **listener_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
