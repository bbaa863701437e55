/* SPDX-License-Identifier: MIT */
#include "live_sessions.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generation.h"
#include "listener.h"
#include "live_session.h"
#include "log.h"
#include "stream.h"

/* Less than half of the descriptors that the unit file gives: whoever fills this up, submission
   goes on. */
#define CONNECTIONS_MAX 8192
/* Sessions that find no room come back every two seconds: the log says so once until there is
   plenty of it. */
#define CONNECTIONS_AMPLE (CONNECTIONS_MAX - CONNECTIONS_MAX / 8)

/* Whoever has nothing to say, or was told and stays, does not keep others out. */
#define PATIENCE_SECONDS 4

struct connection {
	struct postern_live_sessions *sessions;
	struct connection *next;
	struct connection **link;
	struct postern_stream *stream;
	/* Was the line there? And has it been told to end? */
	bool known, told;
	struct postern_live_session session;
};

struct postern_live_sessions {
	struct postern_loop *loop;
	struct postern_listener *listener;
	struct connection *connections;
	size_t count;
	/* Where the store stands is told by one handle, which is kept for that. */
	struct postern_generation *generation;
	struct postern_store *store;
	int64_t seen;
	/* Nobody was looked at since the last change. */
	bool behind;
	bool complained;
	bool was_full;
};

static void connection_free(struct connection *connection)
{
	*connection->link = connection->next;
	if (connection->next != NULL)
		connection->next->link = connection->link;
	connection->sessions->count--;
	postern_stream_free(&connection->stream);
	free(connection);
}

static void close_store(struct postern_live_sessions *sessions)
{
	postern_store_free(&sessions->store);
	postern_generation_unref(&sessions->generation);
}

/* The store of the configuration that is in force. */
static int open_store(struct postern_live_sessions *sessions, const char **error_r)
{
	struct postern_generation *now = postern_generation_get();

	if (sessions->generation == now && sessions->store != NULL) {
		postern_generation_unref(&now);
		return 0;
	}
	close_store(sessions);
	sessions->behind = true;
	sessions->generation = now; /* transferred */
	return postern_store_open(now->config, POSTERN_STORE_READ, &sessions->store, error_r);
}

/* Once, until it is well again. */
static void complain(struct postern_live_sessions *sessions, const char *error)
{
	if (!sessions->complained)
		postern_log(LOG_ERR, "sessions go on until the store can be read: %s", error);
	sessions->complained = true;
}

/* Dovecot logs it. It closes the connection when it is done. */
static void tell(struct connection *connection)
{
	static const char line[] = "END\n";
	const char *error;

	connection->told = true;
	postern_stream_deadline(connection->stream, PATIENCE_SECONDS);
	if (postern_stream_write(connection->stream, line, strlen(line), &error) < 0)
		return; /* It is broken, which shows in the next read. */
}

static int look_at(struct connection *connection, const char **error_r)
{
	struct postern_live_sessions *sessions = connection->sessions;
	int ret = postern_live_session_check(sessions->store, sessions->generation->config,
					     &connection->session, error_r);

	if (ret == POSTERN_LIVE_ENDS)
		tell(connection);
	return ret < 0 ? -1 : 0;
}

static int look_at_all(struct postern_live_sessions *sessions, const char **error_r)
{
	struct connection *connection = sessions->connections;

	for (; connection != NULL; connection = connection->next) {
		if (connection->known && !connection->told && look_at(connection, error_r) < 0)
			return -1;
	}
	return 0;
}

static int tick(struct postern_live_sessions *sessions, const char **error_r)
{
	int64_t version;

	if (open_store(sessions, error_r) < 0 ||
	    postern_store_version(sessions->store, &version, error_r) < 0)
		return -1;
	if (version != sessions->seen)
		sessions->behind = true;
	sessions->seen = version;
	if (!sessions->behind)
		return 0;
	/* A change in the middle of the walk shows in the next number. */
	if (look_at_all(sessions, error_r) < 0)
		return -1;
	sessions->behind = false;
	return 0;
}

void postern_live_sessions_tick(struct postern_live_sessions *sessions)
{
	const char *error;

	if (tick(sessions, &error) == 0) {
		sessions->complained = false;
		return;
	}
	complain(sessions, error);
	sessions->behind = true;
}

/* What happened between the login and now has not been looked at. */
static int begin(struct connection *connection, const char *line, size_t size,
		 const char **error_r)
{
	const char *error;

	if (connection->known ||
	    postern_live_session_parse(line, size, &connection->session, error_r) < 0)
		return -1;
	connection->known = true;
	postern_stream_deadline(connection->stream, 0);
	if (open_store(connection->sessions, &error) < 0 || look_at(connection, &error) < 0) {
		complain(connection->sessions, error);
		connection->sessions->behind = true;
	}
	return 0;
}

/* Who sends what is not a session loses the connection; the log is not his to fill. */
static void on_event(unsigned events, void *context)
{
	struct connection *connection = context;
	const char *line, *error;
	int ret = POSTERN_STREAM_OPEN;
	size_t size;

	if ((events & POSTERN_TIMEOUT) != 0) {
		connection_free(connection);
		return;
	}
	if ((events & POSTERN_WRITABLE) != 0)
		ret = postern_stream_flush(connection->stream, &error);
	if (ret == 0 && (events & POSTERN_READABLE) != 0) {
		ret = postern_stream_read(connection->stream, &error);
		while (ret == POSTERN_STREAM_OPEN &&
		       (line = postern_stream_line(connection->stream, &size)) != NULL)
			ret = begin(connection, line, size, &error);
	}
	if (ret != POSTERN_STREAM_OPEN)
		connection_free(connection);
}

static int turn_away(struct postern_live_sessions *sessions, int fd)
{
	if (!sessions->was_full)
		postern_log(LOG_WARNING, "more than %d sessions: further ones do not end with what let "
			    "them in", CONNECTIONS_MAX);
	sessions->was_full = true;
	close(fd);
	return 0;
}

static int on_accept(int fd, void *context, const char **error_r)
{
	struct postern_live_sessions *sessions = context;
	struct connection *connection;

	if (sessions->count >= CONNECTIONS_MAX)
		return turn_away(sessions, fd);
	if (sessions->count < CONNECTIONS_AMPLE)
		sessions->was_full = false;
	connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return postern_error(error_r, "cannot keep one more session: %m");
	connection->sessions = sessions;
	if (postern_stream_new(sessions->loop, fd, POSTERN_LIVE_TEXT_MAX, on_event, connection,
			       &connection->stream, error_r) < 0) {
		free(connection);
		return -1;
	}
	connection->next = sessions->connections;
	connection->link = &sessions->connections;
	if (connection->next != NULL)
		connection->next->link = &connection->next;
	sessions->connections = connection;
	sessions->count++;
	postern_stream_deadline(connection->stream, PATIENCE_SECONDS);
	return 0;
}

int postern_live_sessions_new(struct postern_loop *loop, int listen_fd,
			      struct postern_live_sessions **sessions_r, const char **error_r)
{
	struct postern_live_sessions *sessions = calloc(1, sizeof(*sessions));

	if (sessions == NULL)
		return postern_error(error_r, "cannot watch over sessions: %m");
	sessions->loop = loop;
	if (postern_listener_new(loop, listen_fd, "sessions", on_accept, sessions,
				 &sessions->listener, error_r) < 0) {
		free(sessions);
		return -1;
	}
	*sessions_r = sessions;
	return 0;
}
