/* SPDX-License-Identifier: MIT */
#include "sasl_relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "generation.h"
#include "listener.h"
#include "log.h"
#include "login_log.h"
#include "peer.h"
#include "sasl_line.h"
#include "sasl_login.h"
#include "sasl_upstream.h"
#include "secret.h"
#include "stream.h"

#define CONNECTIONS_MAX 4096

/* Until Dovecot was seen for the first time. */
static const char no_greeting[] =
	"VERSION\t1\t0\n"
	"MECH\tPLAIN\tplaintext\n"
	"MECH\tLOGIN\tplaintext\n"
	"MECH\tEXTERNAL\n"
	"SPID\t1\nCUID\t1\nDONE\n";

/* One smtpd process and its connection to Dovecot. */
struct connection {
	struct postern_sasl_relay *relay;
	struct connection *next;
	struct connection **link;
	struct postern_process process;
	struct postern_stream *client;
	struct postern_sasl_upstream *upstream;
	bool greeted;
	/* The request that Dovecot has; its id is "" when there is none. */
	struct postern_sasl_login login;
	/* An AUTH line that waits for Dovecot's greeting, or NULL. A secret. */
	char *waiting;
	size_t waiting_size;
};

struct postern_sasl_relay {
	struct postern_loop *loop;
	struct postern_session_table *table;
	struct postern_listener *listener;
	struct connection *connections;
	size_t count;
	size_t greeting_size;
	char greeting[POSTERN_SASL_GREETING_MAX];
};

static void forget_waiting(struct connection *connection)
{
	postern_secret_free_sized((void **)&connection->waiting, connection->waiting_size);
	connection->waiting_size = 0;
}

static void connection_free(struct connection *connection)
{
	*connection->link = connection->next;
	if (connection->next != NULL)
		connection->next->link = connection->link;
	connection->relay->count--;
	postern_sasl_upstream_free(&connection->upstream);
	postern_stream_free(&connection->client);
	forget_waiting(connection);
	free(connection);
}

/* Ends the connection: what smtpd has asked it answers with a 454. */
static void give_up(struct connection *connection, const char *reason)
{
	postern_log(LOG_ERR, "sasl: temporary failure for smtpd process %ld: %s",
		    (long)connection->process.pid, reason);
	connection_free(connection);
}

static bool is_busy(const struct connection *connection)
{
	return *connection->login.auth.id != '\0' || connection->waiting != NULL;
}

static int greet(struct connection *connection, const char **error_r)
{
	const struct postern_sasl_relay *relay = connection->relay;

	if (connection->greeted)
		return 0;
	connection->greeted = true;
	return postern_stream_write(connection->client, relay->greeting, relay->greeting_size,
				    error_r);
}

static int send_client(struct connection *connection, const char *line, size_t size,
		       const char **error_r)
{
	if (postern_stream_write(connection->client, line, size, error_r) < 0)
		return -1;
	return postern_stream_write(connection->client, "\n", 1, error_r);
}

static int send_fail(struct connection *connection, const char *reason, const char **error_r)
{
	char line[512];

	snprintf(line, sizeof(line), "FAIL\t%s\treason=%s", connection->login.auth.id, reason);
	*connection->login.auth.id = '\0';
	return send_client(connection, line, strlen(line), error_r);
}

/* Dovecot is ready, and the line is an AUTH. */
static int ask(struct connection *connection, const char *line, size_t size,
	       const char **error_r)
{
	struct postern_sasl_login *login = &connection->login;
	char text[POSTERN_SASL_LINE_MAX], tls[POSTERN_LOGIN_TLS_MAX];
	const char *greeting, *reason;
	size_t greeting_size, text_size = 0;
	int ret;

	ret = postern_sasl_login_begin(login, connection->relay->table, &connection->process,
				       line, size, &reason, error_r);
	if (ret < 0)
		return -1;
	if (ret == POSTERN_SASL_LOGIN_REFUSED)
		return send_fail(connection, reason, error_r);
	greeting = postern_sasl_upstream_greeting(connection->upstream, &greeting_size);
	/* Dovecot hangs up at a mechanism that it does not have, as smtpd may ask for one from a
	   greeting of long ago. */
	if (!postern_sasl_greeting_offers(greeting, greeting_size, login->auth.mechanism))
		return send_fail(connection, "This mechanism is not available", error_r);
	ret = postern_sasl_line_write_auth(line, size, &login->auth,
					   *login->session.protocol != '\0',
					   postern_login_log_tls(&login->session, tls),
					   login->session.has_key ? &login->session.key : NULL,
					   text, &text_size, error_r);
	if (ret == 0)
		ret = postern_sasl_upstream_send(connection->upstream, text, text_size, error_r);
	explicit_bzero(text, sizeof(text));
	return ret;
}

static void on_upstream_ready(void *context)
{
	struct connection *connection = context;
	struct postern_sasl_relay *relay = connection->relay;
	const char *greeting;
	const char *error;
	int ret;

	greeting = postern_sasl_upstream_greeting(connection->upstream, &relay->greeting_size);
	memcpy(relay->greeting, greeting, relay->greeting_size);
	ret = greet(connection, &error);
	if (ret == 0 && connection->waiting != NULL) {
		ret = ask(connection, connection->waiting, connection->waiting_size, &error);
		forget_waiting(connection);
	}
	if (ret < 0)
		give_up(connection, error);
}

static int take_reply(struct connection *connection, const char *line, size_t size,
		      const char **error_r)
{
	struct postern_sasl_reply reply;
	const char *reason;
	char text[64 + POSTERN_SASL_NAME_MAX];
	int kind = postern_sasl_line_parse_reply(line, size, &reply, error_r);

	if (kind < 0)
		return -1;
	/* Not a reply, or to a request that smtpd has given up. */
	if (kind == POSTERN_SASL_OTHER || strcmp(reply.id, connection->login.auth.id) != 0)
		return 0;
	if (kind == POSTERN_SASL_CONT)
		return send_client(connection, line, size, error_r);
	if (kind == POSTERN_SASL_TEMPFAIL)
		return postern_error(error_r, "Dovecot says so");
	if (kind == POSTERN_SASL_FAIL) {
		*connection->login.auth.id = '\0';
		return send_client(connection, line, size, error_r);
	}
	switch (postern_sasl_login_end(&connection->login, connection->relay->table, reply.user,
				       &reason, error_r)) {
	case POSTERN_SASL_LOGIN_GOES_ON:
		break;
	case POSTERN_SASL_LOGIN_REFUSED:
		return send_fail(connection, reason, error_r);
	default:
		return -1;
	}
	/* The name is all that Postfix wants to know; the other fields are none of its business. */
	snprintf(text, sizeof(text), "OK\t%s\tuser=%s", reply.id, reply.user);
	*connection->login.auth.id = '\0';
	return send_client(connection, text, strlen(text), error_r);
}

static bool on_upstream_line(const char *line, size_t size, void *context)
{
	struct connection *connection = context;
	const char *error;

	if (take_reply(connection, line, size, &error) == 0)
		return true;
	give_up(connection, error);
	return false;
}

/* Dovecot may go and come again; only who waits for it is told. */
static void on_upstream_closed(const char *reason, void *context)
{
	struct connection *connection = context;
	const char *error;

	if (is_busy(connection)) {
		give_up(connection, reason);
		return;
	}
	postern_sasl_upstream_free(&connection->upstream);
	if (!connection->greeted) {
		postern_log(LOG_ERR, "sasl: %s; AUTH will be refused as a temporary failure",
			    reason);
		if (greet(connection, &error) < 0)
			give_up(connection, error);
	}
}

static const struct postern_sasl_upstream_events upstream_events = {
	.ready = on_upstream_ready,
	.line = on_upstream_line,
	.closed = on_upstream_closed,
};

static int open_upstream(struct connection *connection, const char **error_r)
{
	struct postern_generation *generation = postern_generation_get();
	int ret = postern_sasl_upstream_new(connection->relay->loop,
					    generation->config->dovecot_auth_socket,
					    connection->process.pid, &upstream_events, connection,
					    &connection->upstream, error_r);

	postern_generation_unref(&generation);
	return ret;
}

static int take_auth(struct connection *connection, const char *line, size_t size,
		     const char **error_r)
{
	/* smtpd gave up an earlier one; so does Dovecot, and a late answer finds nobody. */
	*connection->login.auth.id = '\0';
	if (connection->upstream != NULL && postern_sasl_upstream_is_ready(connection->upstream))
		return ask(connection, line, size, error_r);
	forget_waiting(connection);
	connection->waiting = malloc(size);
	if (connection->waiting == NULL)
		return postern_error(error_r, "cannot keep a SASL request: %m");
	memcpy(connection->waiting, line, size);
	connection->waiting_size = size;
	return connection->upstream != NULL ? 0 : open_upstream(connection, error_r);
}

static int take_request(struct connection *connection, const char *line, size_t size,
			const char **error_r)
{
	if (postern_sasl_line_is(line, size, "VERSION") ||
	    postern_sasl_line_is(line, size, "CPID"))
		return 0;
	if (postern_sasl_line_is(line, size, "AUTH"))
		return take_auth(connection, line, size, error_r);
	if (postern_sasl_line_check_client(line, size, error_r) < 0)
		return -1;
	if (*connection->login.auth.id == '\0' || connection->upstream == NULL)
		return postern_error(error_r, "there is no request that could be continued");
	return postern_sasl_upstream_send(connection->upstream, line, size, error_r);
}

static int take_requests(struct connection *connection, const char **error_r)
{
	const char *line;
	size_t size;

	while ((line = postern_stream_line(connection->client, &size)) != NULL) {
		if (take_request(connection, line, size, error_r) < 0)
			return -1;
	}
	return 0;
}

static void on_client_event(unsigned events, void *context)
{
	struct connection *connection = context;
	int ret = POSTERN_STREAM_OPEN;
	const char *error;

	if ((events & POSTERN_WRITABLE) != 0)
		ret = postern_stream_flush(connection->client, &error);
	if (ret == 0 && (events & POSTERN_READABLE) != 0) {
		ret = postern_stream_read(connection->client, &error);
		if (ret == POSTERN_STREAM_OPEN && take_requests(connection, &error) < 0)
			ret = -1;
	}
	if (ret < 0)
		give_up(connection, error);
	else if (ret == POSTERN_STREAM_CLOSED)
		connection_free(connection);
}

static int connection_new(struct postern_sasl_relay *relay, int fd, const char **error_r)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return postern_error(error_r, "cannot keep one more connection: %m");
	connection->relay = relay;
	if (postern_peer_process(fd, &connection->process, error_r) < 0 ||
	    postern_stream_new(relay->loop, fd, POSTERN_SASL_LINE_MAX, on_client_event,
			       connection, &connection->client, error_r) < 0) {
		free(connection);
		return -1;
	}
	connection->next = relay->connections;
	connection->link = &relay->connections;
	if (connection->next != NULL)
		connection->next->link = &connection->next;
	relay->connections = connection;
	relay->count++;
	return 0;
}

static int on_accept(int fd, void *context, const char **error_r)
{
	struct postern_sasl_relay *relay = context;
	const char *error;

	if (relay->count >= CONNECTIONS_MAX)
		return postern_error(error_r, "more than %d connections", CONNECTIONS_MAX);
	if (connection_new(relay, fd, error_r) < 0)
		return -1;
	if (open_upstream(relay->connections, &error) < 0)
		on_upstream_closed(error, relay->connections);
	return 0;
}

int postern_sasl_relay_new(struct postern_loop *loop, int listen_fd,
			   struct postern_session_table *table,
			   struct postern_sasl_relay **relay_r, const char **error_r)
{
	struct postern_sasl_relay *relay = calloc(1, sizeof(*relay));

	if (relay == NULL)
		return postern_error(error_r, "cannot start the SASL relay: %m");
	relay->loop = loop;
	relay->table = table;
	relay->greeting_size = strlen(no_greeting);
	memcpy(relay->greeting, no_greeting, relay->greeting_size);
	if (postern_listener_new(loop, listen_fd, "sasl", on_accept, relay, &relay->listener,
				 error_r) < 0) {
		free(relay);
		return -1;
	}
	*relay_r = relay;
	return 0;
}
