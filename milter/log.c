/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "login_record.h"

#define LINE_MAX_OCTETS 4096
#define HEAD_MAX 64
/* Whoever reads login lines wants them whole. */
_Static_assert(LINE_MAX_OCTETS >= POSTERN_LOGIN_LINE_MAX, "a login line is cut");

/* Before the configuration is read there is only stderr to tell of it. */
static atomic_bool to_stderr = true;
/* systemd's journal reads the priority from the head of the line (sd-daemon(3)). */
static atomic_bool to_journal;

void postern_log_open(const char *where)
{
	/* Opened either way: libmilter knows nothing but syslog. */
	openlog("postern-milter", LOG_PID, LOG_MAIL);
	to_journal = getenv("JOURNAL_STREAM") != NULL;
	to_stderr = where != NULL && strcmp(where, "stderr") == 0;
}

/* What a line begins with on stderr. */
static size_t write_head(char *head, size_t size, bool journal, int priority)
{
	return (size_t)(journal ? snprintf(head, size, "<%d>", priority) :
				  snprintf(head, size, "postern-milter[%ld]: ", (long)getpid()));
}

/* With one write, where the other side takes it, so that lines of several threads do not mix. There is
   nobody to tell of a failure. */
static void write_line(const char *line, size_t size)
{
	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, line, size);

		if (written < 0 && errno != EINTR)
			return;
		line += written > 0 ? written : 0;
		size -= written > 0 ? (size_t)written : 0;
	}
}

void postern_log(int priority, const char *fmt, ...)
{
	char line[HEAD_MAX + LINE_MAX_OCTETS];
	bool here = to_stderr;
	size_t head = here ? write_head(line, HEAD_MAX, to_journal, priority) : 0;
	va_list args;
	int size;

	va_start(args, fmt);
	size = vsnprintf(line + head, LINE_MAX_OCTETS, fmt, args);
	va_end(args);
	if (size < 0)
		return;
	if (size >= LINE_MAX_OCTETS)
		size = LINE_MAX_OCTETS - 1;
	if (!here) {
		syslog(priority, "%s", line);
		return;
	}
	line[head + (size_t)size] = '\n';
	write_line(line, head + (size_t)size + 1);
}
