/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The fields behind the name are numbers, but for the state. starttime is the 22nd of all, and so
   the 20th of those behind the name. */
#define STARTTIME_BEHIND_NAME 20

int postern_peer_parse_stat(const char *text, uint64_t *start_time_r, const char **error_r)
{
	/* The name is in parentheses and is the process's own choice: the last one ends it. */
	const char *p = strrchr(text, ')');
	char *end;

	for (int i = 0; p != NULL && i < STARTTIME_BEHIND_NAME; i++) {
		p = strchr(p, ' ');
		if (p != NULL)
			p++;
	}
	if (p == NULL || *p < '0' || *p > '9')
		return postern_error(error_r, "the text of /proc/PID/stat has no start time");
	errno = 0;
	*start_time_r = strtoull(p, &end, 10);
	if (errno != 0 || *end != ' ')
		return postern_error(error_r, "the text of /proc/PID/stat has no start time");
	return 0;
}

static int start_time_of(pid_t pid, uint64_t *start_time_r, const char **error_r)
{
	char path[32];
	char text[1024];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return postern_error(error_r, "cannot open %s: %m", path);
	size = read(fd, text, sizeof(text) - 1);
	if (size < 0) {
		postern_error(error_r, "cannot read %s: %m", path);
		close(fd);
		return -1;
	}
	close(fd);
	text[size] = '\0';
	return postern_peer_parse_stat(text, start_time_r, error_r);
}

int postern_peer_process(int fd, struct postern_process *process_r, const char **error_r)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return postern_error(error_r, "cannot tell who connected: %m");
	/* A process of another pid namespace has no number here. */
	if (credentials.pid <= 0)
		return postern_error(error_r, "cannot tell who connected: the process is not "
				     "visible from here (another container?)");
	process_r->pid = credentials.pid;
	return start_time_of(credentials.pid, &process_r->start_time, error_r);
}

bool postern_peer_lives(const struct postern_process *process)
{
	const char *error;
	uint64_t start_time;

	return start_time_of(process->pid, &start_time, &error) == 0 &&
	       start_time == process->start_time;
}
