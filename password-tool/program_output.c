/* SPDX-License-Identifier: MIT */
#include "program_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (16 * 1024 * 1024)
/* What a shell says as well. */
#define EXIT_NOT_FOUND 127

static void become(const char *const argv[], int out)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0)
		_exit(1);
	execvp(argv[0], (char *const *)argv);
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : 1);
}

static int read_all(int fd, char **text_r, size_t *size_r)
{
	FILE *stream = open_memstream(text_r, size_r);
	char chunk[16384];
	ssize_t size;
	bool bad = stream == NULL;

	while (!bad && (size = read(fd, chunk, sizeof(chunk))) != 0) {
		if (size > 0)
			bad = fwrite(chunk, 1, (size_t)size, stream) != (size_t)size ||
			      ftell(stream) > OUTPUT_MAX;
		else
			bad = errno != EINTR;
	}
	return (stream != NULL && fclose(stream) != 0) || bad ? -1 : 0;
}

/* Returns an outcome. */
static int wait_for(pid_t child, const char *name, const char **error_r)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return postern_error(error_r, "cannot wait for %s: %m", name);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_FOUND)
		return POSTERN_PROGRAM_MISSING;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return postern_error(error_r, "%s fails: run it to see why", name);
	return POSTERN_PROGRAM_OK;
}

int postern_program_output(const char *const argv[], struct postern_lines *lines_r,
			   const char **error_r)
{
	struct postern_lines lines = { NULL, NULL };
	size_t size = 0;
	int fds[2];
	pid_t child;
	int ret, read_ret;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return postern_error(error_r, "cannot run %s: %m", argv[0]);
	child = fork();
	if (child == 0)
		become(argv, fds[1]);
	close(fds[1]);
	if (child < 0) {
		close(fds[0]);
		return postern_error(error_r, "cannot run %s: %m", argv[0]);
	}
	read_ret = read_all(fds[0], &lines.text, &size);
	close(fds[0]);
	ret = wait_for(child, argv[0], error_r);
	if (ret == 0 && read_ret < 0)
		ret = postern_error(error_r, "cannot read what %s prints", argv[0]);
	if (ret != 0) {
		free(lines.text);
		return ret;
	}
	lines.end = lines.text + size;
	for (char *p = lines.text; p < lines.end; p++) {
		if (*p == '\n')
			*p = '\0';
	}
	*lines_r = lines;
	return POSTERN_PROGRAM_OK;
}

void postern_lines_deinit(struct postern_lines *lines)
{
	free(lines->text);
	lines->text = lines->end = NULL;
}

const char *postern_lines_next(const struct postern_lines *lines, const char *line)
{
	line = line == NULL ? lines->text : line + strlen(line) + 1;
	return line < lines->end ? line : NULL;
}

const char *postern_lines_value(const struct postern_lines *lines, const char *name)
{
	size_t size = strlen(name);
	const char *value = NULL;

	for (const char *line = NULL; (line = postern_lines_next(lines, line)) != NULL;) {
		const char *rest = line + size;

		if (strncmp(line, name, size) != 0)
			continue;
		rest += strspn(rest, " ");
		if (*rest == '=')
			value = rest + 1 + strspn(rest + 1, " ");
	}
	return value;
}
