/* SPDX-License-Identifier: MIT */
#include "policy_server.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listener.h"
#include "log.h"
#include "peer.h"
#include "policy.h"
#include "policy_answer.h"
#include "stream.h"

/* Postfix has one connection for each smtpd process. */
#define CONNECTIONS_MAX 4096

struct connection {
	struct postern_policy_server *server;
	struct connection *next;
	struct connection **link;
	struct postern_process process;
	struct postern_stream *stream;
	struct postern_policy_request request;
	struct postern_policy_logged logged;
};

struct postern_policy_server {
	struct postern_loop *loop;
	struct postern_session_table *table;
	struct postern_listener *listener;
	struct connection *connections;
	size_t count;
};

static void connection_free(struct connection *connection)
{
	struct postern_policy_server *server = connection->server;

	postern_session_table_detach(server->table, &connection->process, postern_loop_now());
	*connection->link = connection->next;
	if (connection->next != NULL)
		connection->next->link = connection->link;
	postern_stream_free(&connection->stream);
	free(connection);
	server->count--;
}

static int answer(struct connection *connection, const char **error_r)
{
	struct postern_session *session = &connection->request.session;
	struct postern_generation *generation;
	char text[POSTERN_POLICY_ANSWER_MAX];
	char line[POSTERN_POLICY_ANSWER_MAX + sizeof("action=\n\n")];

	session->process = connection->process;
	if (postern_session_table_renew(connection->server->table, session, error_r) < 0)
		return -1;
	generation = postern_generation_get();
	postern_policy_answer(generation, session, &connection->logged, text);
	postern_generation_unref(&generation);
	strcpy(line, "action=");
	strcat(line, text);
	strcat(line, "\n\n");
	postern_policy_request_init(&connection->request);
	return postern_stream_write(connection->stream, line, strlen(line), error_r);
}

/* Until no whole line is left. */
static int take_lines(struct connection *connection, const char **error_r)
{
	const char *line;
	size_t size;

	while ((line = postern_stream_line(connection->stream, &size)) != NULL) {
		int ret = postern_policy_request_line(&connection->request, line, size, error_r);

		if (ret == POSTERN_POLICY_COMPLETE)
			ret = answer(connection, error_r);
		if (ret < 0)
			return -1;
	}
	return 0;
}

/* A connection that ends in a failure is closed: Postfix tries once more on another one, and then
   answers its client with a 451. */
static void on_event(unsigned events, void *context)
{
	struct connection *connection = context;
	int ret = POSTERN_STREAM_OPEN;
	const char *error;

	if ((events & POSTERN_WRITABLE) != 0)
		ret = postern_stream_flush(connection->stream, &error);
	if (ret == 0 && (events & POSTERN_READABLE) != 0) {
		ret = postern_stream_read(connection->stream, &error);
		if (ret >= 0 && take_lines(connection, &error) < 0)
			ret = -1;
	}
	if (ret < 0)
		postern_log(LOG_WARNING, "policy: connection of smtpd process %ld closed: %s",
			    (long)connection->process.pid, error);
	if (ret != POSTERN_STREAM_OPEN)
		connection_free(connection);
}

static int connection_new(struct postern_policy_server *server, int fd, const char **error_r)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int ret;

	if (connection == NULL)
		return postern_error(error_r, "cannot keep one more connection: %m");
	connection->server = server;
	postern_policy_request_init(&connection->request);
	if (postern_peer_process(fd, &connection->process, error_r) < 0 ||
	    postern_session_table_attach(server->table, &connection->process, postern_loop_now(),
					 error_r) < 0) {
		free(connection);
		return -1;
	}
	connection->next = server->connections;
	connection->link = &server->connections;
	if (connection->next != NULL)
		connection->next->link = &connection->next;
	server->connections = connection;
	server->count++;
	ret = postern_stream_new(server->loop, fd, POSTERN_POLICY_LINE_MAX, on_event, connection,
				 &connection->stream, error_r);
	if (ret < 0)
		connection_free(connection);
	return ret;
}

static int on_accept(int fd, void *context, const char **error_r)
{
	struct postern_policy_server *server = context;

	if (server->count >= CONNECTIONS_MAX)
		return postern_error(error_r, "more than %d connections", CONNECTIONS_MAX);
	return connection_new(server, fd, error_r);
}

int postern_policy_server_new(struct postern_loop *loop, int listen_fd,
			      struct postern_session_table *table,
			      struct postern_policy_server **server_r, const char **error_r)
{
	struct postern_policy_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return postern_error(error_r, "cannot start the policy service: %m");
	server->loop = loop;
	server->table = table;
	if (postern_listener_new(loop, listen_fd, "policy", on_accept, server, &server->listener,
				 error_r) < 0) {
		free(server);
		return -1;
	}
	*server_r = server;
	return 0;
}
