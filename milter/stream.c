/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct buffer {
	char *data;
	size_t begin; /* what is before was taken */
	size_t end;
};

struct postern_stream {
	int fd;
	size_t max;
	struct postern_watch *watch;
	struct buffer in;
	struct buffer out;
	bool awaits_room;
};

int postern_stream_new(struct postern_loop *loop, int fd, size_t max, postern_loop_fn *fn,
		       void *context, struct postern_stream **stream_r, const char **error_r)
{
	struct postern_stream *stream = calloc(1, sizeof(*stream));
	int flags = fcntl(fd, F_GETFL);

	if (stream == NULL)
		return postern_error(error_r, "cannot keep one more connection: %m");
	stream->fd = -1;
	stream->max = max;
	/* One more for the newline. */
	stream->in.data = malloc(max + 1);
	stream->out.data = malloc(max + 1);
	if (stream->in.data == NULL || stream->out.data == NULL || flags < 0 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		postern_error(error_r, "cannot keep one more connection: %m");
		goto fail;
	}
	if (postern_loop_add(loop, fd, POSTERN_READABLE, fn, context, &stream->watch,
			     error_r) < 0)
		goto fail;
	stream->fd = fd;
	*stream_r = stream;
	return 0;
fail:
	postern_stream_free(&stream);
	return -1;
}

void postern_stream_free(struct postern_stream **stream)
{
	if (*stream == NULL)
		return;
	postern_loop_remove(&(*stream)->watch);
	if ((*stream)->fd >= 0)
		close((*stream)->fd);
	/* Initial responses were in here. */
	if ((*stream)->in.data != NULL)
		explicit_bzero((*stream)->in.data, (*stream)->in.end);
	if ((*stream)->out.data != NULL)
		explicit_bzero((*stream)->out.data, (*stream)->out.end);
	free((*stream)->in.data);
	free((*stream)->out.data);
	free(*stream);
	*stream = NULL;
}

/* Moves what is left to the front. What stood behind it is wiped: it may have been a password. */
static void compact(struct buffer *buffer)
{
	size_t left = buffer->end - buffer->begin;

	if (buffer->begin == 0)
		return;
	memmove(buffer->data, buffer->data + buffer->begin, left);
	explicit_bzero(buffer->data + left, buffer->end - left);
	buffer->begin = 0;
	buffer->end = left;
}

int postern_stream_read(struct postern_stream *stream, const char **error_r)
{
	struct buffer *in = &stream->in;

	compact(in);
	/* Nothing was taken of all that there is room for. */
	if (in->end == stream->max + 1)
		return postern_error(error_r, "a line of more than %zu octets came in",
				     stream->max);
	while (in->end < stream->max + 1) {
		ssize_t got = read(stream->fd, in->data + in->end, stream->max + 1 - in->end);

		if (got == 0)
			return POSTERN_STREAM_CLOSED;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return POSTERN_STREAM_OPEN;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return postern_error(error_r, "cannot read: %m");
		in->end += (size_t)got;
	}
	return POSTERN_STREAM_OPEN;
}

const char *postern_stream_line(struct postern_stream *stream, size_t *size_r)
{
	struct buffer *in = &stream->in;
	const char *line = in->data + in->begin;
	const char *end = memchr(line, '\n', in->end - in->begin);

	if (end == NULL)
		return NULL;
	*size_r = (size_t)(end - line);
	in->begin += *size_r + 1;
	return line;
}

const char *postern_stream_data(struct postern_stream *stream, size_t *size_r)
{
	*size_r = stream->in.end - stream->in.begin;
	return stream->in.data + stream->in.begin;
}

void postern_stream_consume(struct postern_stream *stream, size_t size)
{
	stream->in.begin += size;
}

int postern_stream_flush(struct postern_stream *stream, const char **error_r)
{
	struct buffer *out = &stream->out;

	while (out->begin < out->end) {
		ssize_t sent = send(stream->fd, out->data + out->begin, out->end - out->begin,
				    MSG_NOSIGNAL);

		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return postern_error(error_r, "cannot write: %m");
		out->begin += (size_t)sent;
	}
	compact(out);
	if (stream->awaits_room == (out->end > 0))
		return 0;
	stream->awaits_room = out->end > 0;
	return postern_loop_change(stream->watch, POSTERN_READABLE |
				   (stream->awaits_room ? POSTERN_WRITABLE : 0), error_r);
}

int postern_stream_write(struct postern_stream *stream, const void *data, size_t size,
			 const char **error_r)
{
	struct buffer *out = &stream->out;

	if (size > stream->max + 1 - out->end)
		return postern_error(error_r, "the other side does not read");
	memcpy(out->data + out->end, data, size);
	out->end += size;
	return postern_stream_flush(stream, error_r);
}

void postern_stream_deadline(struct postern_stream *stream, unsigned seconds)
{
	postern_loop_deadline(stream->watch, seconds);
}
