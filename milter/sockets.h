/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SOCKETS_H
#define POSTERN_SOCKETS_H

#include <sys/types.h>

#include "error.h"

/*
 * The unix sockets that the daemon listens on. To be made before it gives up root and before
 * there are threads (the umask is the process's). Who may connect is a matter of the socket's
 * mode: owner and group, and nobody else but where it says so.
 */

/* Removes a socket that a daemon which is gone has left behind. Fails when somebody listens there,
   or when it is something else than a socket. */
int postern_sockets_clear(const char *path, const char **error_r) POSTERN_WARN_UNUSED;

/* Clears, binds and listens. Returns the descriptor, or -1. */
int postern_sockets_listen(const char *path, const char **error_r) POSTERN_WARN_UNUSED;

/* The same for one to which everybody on the machine may connect. */
int postern_sockets_listen_to_all(const char *path, const char **error_r) POSTERN_WARN_UNUSED;

/* The same for a socket of datagrams, which is read and not listened on. */
int postern_sockets_receive(const char *path, const char **error_r) POSTERN_WARN_UNUSED;

/* What is bound in between has mode 0660 from its first moment on. */
void postern_sockets_begin(void);
void postern_sockets_end(void);

/* Gives it to its owner and group. */
int postern_sockets_give(const char *path, uid_t user, gid_t group, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
