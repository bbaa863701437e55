/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_STREAM_H
#define POSTERN_STREAM_H

#include <stddef.h>

#include "error.h"
#include "loop.h"

/*
 * A connection over which lines, or other small records, go both ways, on the loop, with a bound on all that it keeps.
 */
struct postern_stream;

enum postern_stream_outcome {
	POSTERN_STREAM_OPEN = 0,
	/* The other side closed it. */
	POSTERN_STREAM_CLOSED = 1,
};

/* fd becomes the stream's when this succeeds, and is made non-blocking. Lines (records) of more than max
   octets, or more than that unsent, are failures. */
int postern_stream_new(struct postern_loop *loop, int fd, size_t max, postern_loop_fn *fn,
		       void *context, struct postern_stream **stream_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* Closes the descriptor too. NULL is fine. */
void postern_stream_free(struct postern_stream **stream);

/* Reads what is there. Returns an outcome; lines that came before the end are still to be had. */
int postern_stream_read(struct postern_stream *stream, const char **error_r) POSTERN_WARN_UNUSED;

/* The next whole line, without its newline, or NULL. Good until the next call on this stream. */
const char *postern_stream_line(struct postern_stream *stream, size_t *size_r);

/* The same for records that are no lines: all that is there, and how much of it was taken. */
const char *postern_stream_data(struct postern_stream *stream, size_t *size_r);
void postern_stream_consume(struct postern_stream *stream, size_t size);

/* Sends, now or when there is room. A connection that is broken shows in the next read. */
int postern_stream_write(struct postern_stream *stream, const void *data, size_t size,
			 const char **error_r) POSTERN_WARN_UNUSED;
/* To be called when it is writable. */
int postern_stream_flush(struct postern_stream *stream, const char **error_r)
	POSTERN_WARN_UNUSED;

void postern_stream_deadline(struct postern_stream *stream, unsigned seconds);

#endif
