/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

/* How long to leave the queue of connections alone when there are no descriptors left. */
#define PAUSE_SECONDS 1

struct postern_listener {
	int fd;
	const char *name;
	struct postern_watch *watch;
	postern_listener_fn *fn;
	void *context;
};

/* Without descriptors or memory the queue stays readable, and the loop would spin. */
static void pause_listening(struct postern_listener *listener)
{
	const char *error;

	postern_log(LOG_ERR, "%s: cannot accept a connection: %m", listener->name);
	if (postern_loop_change(listener->watch, 0, &error) == 0)
		postern_loop_deadline(listener->watch, PAUSE_SECONDS);
}

static void on_event(unsigned events, void *context)
{
	struct postern_listener *listener = context;
	const char *error;
	int fd;

	if ((events & POSTERN_TIMEOUT) != 0 &&
	    postern_loop_change(listener->watch, POSTERN_READABLE, &error) < 0)
		postern_log(LOG_ERR, "%s: %s", listener->name, error);
	fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_listening(listener);
		return;
	}
	if (listener->fn(fd, listener->context, &error) < 0) {
		postern_log(LOG_WARNING, "%s: connection refused: %s", listener->name, error);
		close(fd);
	}
}

int postern_listener_new(struct postern_loop *loop, int listen_fd, const char *name,
			 postern_listener_fn *fn, void *context,
			 struct postern_listener **listener_r, const char **error_r)
{
	struct postern_listener *listener = calloc(1, sizeof(*listener));
	int flags = fcntl(listen_fd, F_GETFL);

	if (listener == NULL || flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		free(listener);
		return postern_error(error_r, "%s: cannot listen: %m", name);
	}
	listener->fd = listen_fd;
	listener->name = name;
	listener->fn = fn;
	listener->context = context;
	if (postern_loop_add(loop, listen_fd, POSTERN_READABLE, on_event, listener,
			     &listener->watch, error_r) < 0) {
		free(listener);
		return -1;
	}
	*listener_r = listener;
	return 0;
}
