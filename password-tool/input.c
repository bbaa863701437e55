/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "memory.h"
#include "secret.h"
#include "terminal.h"

#define READ_SIZE (64 * 1024)

/* A bigger buffer; the old one is wiped, which realloc would not do. */
static void grow(char **data, size_t used, size_t *room, size_t max)
{
	size_t bigger = *room > max / 2 ? max : 2 * *room;
	char *copy = postern_memory_new(1, bigger);

	memcpy(copy, *data, used);
	postern_secret_free_sized((void **)data, used);
	*data = copy;
	*room = bigger;
}

static int read_all(int fd, const char *path, const char *what, size_t max, char **data_r,
		    size_t *size_r)
{
	/* One octet to notice what is too long, one for the NUL. */
	size_t limit = max + 2;
	size_t room = limit < READ_SIZE ? limit : READ_SIZE;
	size_t used = 0;
	char *data = postern_memory_new(1, room);
	int code = 0;

	for (;;) {
		ssize_t got = read(fd, data + used, room - 1 - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			code = errno == EISDIR ?
			       postern_fail(EX_NOINPUT, "%s is a folder, not a file",
					    postern_show(path)) :
			       postern_fail(EX_IOERR, "cannot read %s: %m", postern_show(path));
		if (got <= 0)
			break;
		used += (size_t)got;
		if (used > max) {
			code = postern_fail(EX_DATAERR, "%s is too long for a %s: more than %zu "
					    "octets", postern_show(path), what, max);
			break;
		}
		if (used == room - 1)
			grow(&data, used, &room, limit);
	}
	if (code != 0) {
		postern_secret_free_sized((void **)&data, used);
		return code;
	}
	data[used] = '\0';
	*data_r = data; /* transferred */
	*size_r = used;
	return 0;
}

int postern_input_read(const char *path, const char *what, size_t max, char **data_r,
		       size_t *size_r)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd, code;

	*data_r = NULL;
	*size_r = 0;
	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return postern_fail(EX_NOINPUT, "cannot open %s: %m", postern_show(path));
	code = read_all(fd, is_stdin ? "stdin" : path, what, max, data_r, size_r);
	if (!is_stdin)
		close(fd);
	return code;
}

static int ask_on_terminal(const char *what, const char *prompt, const char *repeat, char *line,
			   size_t size)
{
	char *again = NULL;
	int code;

	code = postern_terminal_ask(prompt, line, size);
	if (code != 0 || repeat == NULL)
		return code;
	again = postern_memory_new(1, size);
	code = postern_terminal_ask(repeat, again, size);
	if (code == 0 && strcmp(line, again) != 0)
		code = postern_fail(EX_DATAERR, "the two are not the same %s; nothing was changed",
				    what);
	postern_secret_free_sized((void **)&again, size);
	return code;
}

/* The one line that stdin holds, without its end. */
static int read_line(const char *what, size_t max, char *line, size_t size)
{
	char *data, *end;
	size_t used;
	int code;

	code = postern_input_read("-", what, READ_SIZE, &data, &used);
	if (code != 0)
		return code;
	end = memchr(data, '\n', used);
	if (end != NULL && end != data + used - 1)
		code = postern_fail(EX_DATAERR, "stdin holds more than one line; give the %s alone",
				    what);
	else if (end != NULL)
		used--;
	if (code == 0 && memchr(data, '\0', used) != NULL)
		code = postern_fail(EX_DATAERR, "there is a NUL in the %s", what);
	else if (code == 0 && used > max)
		code = postern_fail(EX_DATAERR, "the %s is longer than %zu octets", what, max);
	if (code == 0) {
		memcpy(line, data, used);
		memset(line + used, 0, size - used);
	}
	postern_secret_free_sized((void **)&data, used);
	return code;
}

int postern_input_secret(const char *what, const char *prompt, const char *repeat, size_t max,
			 char **secret_r)
{
	size_t size = max + 1;
	char *line = postern_memory_new(1, size);
	int code;

	*secret_r = NULL;
	if (isatty(STDIN_FILENO))
		code = ask_on_terminal(what, prompt, repeat, line, size);
	else
		code = read_line(what, max, line, size);
	if (code == 0 && line[0] == '\0')
		code = postern_fail(EX_DATAERR, "the %s is empty; nothing was changed", what);
	if (code == 0)
		*secret_r = line; /* transferred */
	else
		postern_secret_free_sized((void **)&line, size);
	return code;
}
