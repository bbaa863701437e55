/* SPDX-License-Identifier: MIT */
#include "sasl_upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sasl_line.h"
#include "stream.h"

/* Postfix waits 10 seconds for its own greeting (AUTH_TIMEOUT in its xsasl_dovecot_server.c). */
#define GREETING_SECONDS 4

struct postern_sasl_upstream {
	struct postern_stream *stream;
	const struct postern_sasl_upstream_events *events;
	void *context;
	bool ready;
	size_t greeting_size;
	char greeting[POSTERN_SASL_GREETING_MAX];
};

static int add_to_greeting(struct postern_sasl_upstream *upstream, const char *line, size_t size,
			   const char **error_r)
{
	if (size + 1 > sizeof(upstream->greeting) - upstream->greeting_size)
		return postern_error(error_r, "Dovecot's auth greets at too great length");
	if (postern_sasl_line_is(line, size, "VERSION") && strncmp(line, "VERSION\t1\t", 10) != 0)
		return postern_error(error_r, "Dovecot's auth speaks another protocol version");
	memcpy(upstream->greeting + upstream->greeting_size, line, size);
	upstream->greeting_size += size;
	upstream->greeting[upstream->greeting_size++] = '\n';
	return 0;
}

/* Returns 1 when the upstream was freed meanwhile. */
static int take_line(struct postern_sasl_upstream *upstream, const char *line, size_t size,
		     const char **error_r)
{
	if (upstream->ready)
		return upstream->events->line(line, size, upstream->context) ? 0 : 1;
	if (add_to_greeting(upstream, line, size, error_r) < 0)
		return -1;
	if (postern_sasl_line_is(line, size, "DONE")) {
		upstream->ready = true;
		postern_stream_deadline(upstream->stream, 0);
		upstream->events->ready(upstream->context);
		/* Nothing comes from Dovecot now until it is asked. */
		return 1;
	}
	return 0;
}

static int read_lines(struct postern_sasl_upstream *upstream, const char **error_r)
{
	int outcome = postern_stream_read(upstream->stream, error_r);
	const char *line;
	size_t size;

	if (outcome < 0)
		return -1;
	while ((line = postern_stream_line(upstream->stream, &size)) != NULL) {
		int ret = take_line(upstream, line, size, error_r);

		if (ret != 0)
			return ret;
	}
	if (outcome == POSTERN_STREAM_CLOSED)
		return postern_error(error_r, "Dovecot's auth hung up");
	return 0;
}

static void on_event(unsigned events, void *context)
{
	struct postern_sasl_upstream *upstream = context;
	const char *error;
	int ret = 0;

	if ((events & POSTERN_TIMEOUT) != 0)
		ret = postern_error(&error, "Dovecot's auth does not greet");
	if (ret == 0 && (events & POSTERN_WRITABLE) != 0)
		ret = postern_stream_flush(upstream->stream, &error);
	if (ret == 0 && (events & POSTERN_READABLE) != 0)
		ret = read_lines(upstream, &error);
	if (ret < 0)
		upstream->events->closed(error, upstream->context);
}

static int connect_to(const char *path, const char **error_r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return postern_error(error_r, "%s is too long for a socket", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return postern_error(error_r, "cannot connect to %s: %m", path);
	/* On a unix socket this is done or not at once; a full queue of connections is a "not". */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		postern_error(error_r, "cannot connect to %s: %m", path);
		close(fd);
		return -1;
	}
	return fd;
}

int postern_sasl_upstream_new(struct postern_loop *loop, const char *path, pid_t pid,
			      const struct postern_sasl_upstream_events *events, void *context,
			      struct postern_sasl_upstream **upstream_r, const char **error_r)
{
	struct postern_sasl_upstream *upstream;
	char greeting[64];
	int fd = connect_to(path, error_r);

	if (fd < 0)
		return -1;
	upstream = calloc(1, sizeof(*upstream));
	if (upstream == NULL) {
		close(fd);
		return postern_error(error_r, "cannot keep one more connection: %m");
	}
	upstream->events = events;
	upstream->context = context;
	if (postern_stream_new(loop, fd, POSTERN_SASL_LINE_MAX, on_event, upstream,
			       &upstream->stream, error_r) < 0) {
		close(fd);
		free(upstream);
		return -1;
	}
	snprintf(greeting, sizeof(greeting), "VERSION\t1\t0\nCPID\t%ld\n", (long)pid);
	if (postern_stream_write(upstream->stream, greeting, strlen(greeting), error_r) < 0) {
		postern_sasl_upstream_free(&upstream);
		return -1;
	}
	postern_stream_deadline(upstream->stream, GREETING_SECONDS);
	*upstream_r = upstream;
	return 0;
}

void postern_sasl_upstream_free(struct postern_sasl_upstream **upstream)
{
	if (*upstream == NULL)
		return;
	postern_stream_free(&(*upstream)->stream);
	free(*upstream);
	*upstream = NULL;
}

bool postern_sasl_upstream_is_ready(const struct postern_sasl_upstream *upstream)
{
	return upstream->ready;
}

const char *postern_sasl_upstream_greeting(const struct postern_sasl_upstream *upstream,
					   size_t *size_r)
{
	*size_r = upstream->greeting_size;
	return upstream->greeting;
}

int postern_sasl_upstream_send(struct postern_sasl_upstream *upstream, const char *line,
			       size_t size, const char **error_r)
{
	if (postern_stream_write(upstream->stream, line, size, error_r) < 0)
		return -1;
	return postern_stream_write(upstream->stream, "\n", 1, error_r);
}

bool postern_sasl_greeting_offers(const char *greeting, size_t size, const char *mechanism)
{
	static const char command[] = "MECH\t";
	size_t command_size = strlen(command);
	size_t name_size = strlen(mechanism);
	const char *end = greeting + size;

	for (const char *line = greeting; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t line_size = (size_t)((newline == NULL ? end : newline) - line);
		const char *name = line + command_size;

		if (line_size >= command_size + name_size &&
		    memcmp(line, command, command_size) == 0 &&
		    strncasecmp(name, mechanism, name_size) == 0 &&
		    (line_size == command_size + name_size || name[name_size] == '\t'))
			return true;
		line += line_size + 1;
	}
	return false;
}
