/* SPDX-License-Identifier: MIT */
#include "socketmap_server.h"

#include <stdlib.h>
#include <unistd.h>

#include "listener.h"
#include "log.h"
#include "socketmap.h"
#include "stream.h"

/* Postfix has one connection for each smtpd process, or one from its proxymap. */
#define CONNECTIONS_MAX 4096

struct connection {
	struct postern_socketmap_server *server;
	struct connection *next;
	struct connection **link;
	struct postern_stream *stream;
};

struct postern_socketmap_server {
	struct postern_loop *loop;
	struct postern_listener *listener;
	struct connection *connections;
	size_t count;
};

static void connection_free(struct connection *connection)
{
	*connection->link = connection->next;
	if (connection->next != NULL)
		connection->next->link = connection->link;
	postern_stream_free(&connection->stream);
	connection->server->count--;
	free(connection);
}

/* Until no whole request is left. */
static int take_requests(struct connection *connection, const char **error_r)
{
	char reply[POSTERN_SOCKETMAP_REPLY_MAX];
	const char *data, *text;
	size_t size, text_size, used;
	int ret;

	for (;;) {
		struct postern_generation *generation;

		data = postern_stream_data(connection->stream, &size);
		ret = postern_socketmap_parse(data, size, &text, &text_size, &used, error_r);
		if (ret != POSTERN_SOCKETMAP_COMPLETE)
			return ret < 0 ? -1 : 0;
		generation = postern_generation_get();
		size = postern_socketmap_answer(generation, text, text_size, reply);
		postern_generation_unref(&generation);
		postern_stream_consume(connection->stream, used);
		if (postern_stream_write(connection->stream, reply, size, error_r) < 0)
			return -1;
	}
}

static void on_event(unsigned events, void *context)
{
	struct connection *connection = context;
	int ret = POSTERN_STREAM_OPEN;
	const char *error;

	if ((events & POSTERN_WRITABLE) != 0)
		ret = postern_stream_flush(connection->stream, &error);
	if (ret == 0 && (events & POSTERN_READABLE) != 0) {
		ret = postern_stream_read(connection->stream, &error);
		if (ret >= 0 && take_requests(connection, &error) < 0)
			ret = -1;
	}
	if (ret < 0)
		postern_log(LOG_WARNING, "socketmap: connection closed: %s", error);
	if (ret != POSTERN_STREAM_OPEN)
		connection_free(connection);
}

static int on_accept(int fd, void *context, const char **error_r)
{
	struct postern_socketmap_server *server = context;
	struct connection *connection;

	if (server->count >= CONNECTIONS_MAX)
		return postern_error(error_r, "more than %d connections", CONNECTIONS_MAX);
	connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return postern_error(error_r, "cannot keep one more connection: %m");
	if (postern_stream_new(server->loop, fd, POSTERN_SOCKETMAP_REPLY_MAX, on_event, connection,
			       &connection->stream, error_r) < 0) {
		free(connection);
		return -1;
	}
	connection->server = server;
	connection->next = server->connections;
	connection->link = &server->connections;
	if (connection->next != NULL)
		connection->next->link = &connection->next;
	server->connections = connection;
	server->count++;
	return 0;
}

int postern_socketmap_server_new(struct postern_loop *loop, int listen_fd,
				 struct postern_socketmap_server **server_r, const char **error_r)
{
	struct postern_socketmap_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return postern_error(error_r, "cannot start the socketmap: %m");
	server->loop = loop;
	if (postern_listener_new(loop, listen_fd, "socketmap", on_accept, server,
				 &server->listener, error_r) < 0) {
		free(server);
		return -1;
	}
	*server_r = server;
	return 0;
}
