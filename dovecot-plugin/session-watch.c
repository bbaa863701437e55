/* SPDX-License-Identifier: MIT */
#include "lib.h"
#include "ioloop.h"
#include "net.h"
#include "str.h"
#include "mail-user.h"

#include <unistd.h>

#include "postern-wire.h"
#include "session-watch.h"

#define RETRY_MSECS 2000

struct postern_session_watch {
	struct event *event;
	char *socket, *line;
	postern_session_end_t *end;
	void *context;
	int fd;
	struct io *io;
	struct timeout *retry;
	bool complained;
};

static void try_connect(struct postern_session_watch *watch);

static const char *field(const struct mail_user *user, const char *name)
{
	const char *const *fields = user->userdb_fields, *value;

	for (; fields != NULL && *fields != NULL; fields++) {
		if (strncmp(*fields, name, strlen(name)) != 0)
			continue;
		value = *fields + strlen(name);
		if (*value == '=')
			return value + 1;
	}
	return NULL;
}

static void disconnect(struct postern_session_watch *watch)
{
	io_remove(&watch->io);
	if (watch->fd >= 0)
		i_close_fd(&watch->fd);
}

static void on_retry(struct postern_session_watch *watch)
{
	timeout_remove(&watch->retry);
	try_connect(watch);
}

static void try_later(struct postern_session_watch *watch, const char *what)
{
	/* Once: every session on the host has the same to say. */
	if (!watch->complained) {
		e_warning(watch->event, "postern: until postern-milter is there this session will "
			  "not end with what let it in: %s(%s) failed: %m", what, watch->socket);
	}
	watch->complained = TRUE;
	disconnect(watch);
	watch->retry = timeout_add(RETRY_MSECS, on_retry, watch);
}

static void on_input(struct postern_session_watch *watch)
{
	char data[16];
	ssize_t size = read(watch->fd, data, sizeof(data));

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		if (size == 0)
			errno = ECONNRESET;
		try_later(watch, "read");
		return;
	}
	disconnect(watch);
	if (data[0] == 'E')
		watch->end(watch->context); /* frees the watch */
}

static void try_connect(struct postern_session_watch *watch)
{
	size_t size = strlen(watch->line);

	watch->fd = net_connect_unix(watch->socket);
	if (watch->fd < 0) {
		try_later(watch, "connect");
		return;
	}
	/* A new connection has room for so little. */
	if (write(watch->fd, watch->line, size) != (ssize_t)size) {
		try_later(watch, "write");
		return;
	}
	watch->complained = FALSE;
	watch->io = io_add(watch->fd, IO_READ, on_input, watch);
}

struct postern_session_watch *postern_session_watch_new(const struct mail_user *user,
							postern_session_end_t *end, void *context)
{
	const char *socket = field(user, POSTERN_WIRE_SESSIONS_SOCKET);
	const char *session = field(user, POSTERN_WIRE_SESSION);
	struct postern_session_watch *watch;

	if (socket == NULL || session == NULL)
		return NULL;
	watch = i_new(struct postern_session_watch, 1);
	watch->event = user->event;
	event_ref(watch->event);
	watch->socket = i_strdup(socket);
	watch->line = i_strconcat(session, "\n", NULL);
	watch->end = end;
	watch->context = context;
	watch->fd = -1;
	try_connect(watch);
	return watch;
}

void postern_session_watch_free(struct postern_session_watch **watch)
{
	if (*watch == NULL)
		return;
	disconnect(*watch);
	timeout_remove(&(*watch)->retry);
	event_unref(&(*watch)->event);
	i_free((*watch)->socket);
	i_free((*watch)->line);
	i_free(*watch);
	*watch = NULL;
}
