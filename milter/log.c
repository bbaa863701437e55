/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "login_record.h"

#define LINE_MAX_OCTETS 4096
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

/* One write for a line, so that the lines of several threads do not mix. */
static void write_line(char *line, size_t size)
{
	line[size] = '\n';
	/* There is nobody to tell when the log cannot be written. */
	if (write(STDERR_FILENO, line, size + 1) < 0)
		return;
}

void postern_log(int priority, const char *fmt, ...)
{
	/* With room for the head and the end of a line. */
	char line[LINE_MAX_OCTETS + 64];
	size_t head = 0, size;
	va_list args;

	if (to_stderr && to_journal)
		head = (size_t)sprintf(line, "<%d>", priority);
	else if (to_stderr)
		head = (size_t)sprintf(line, "postern-milter[%ld]: ", (long)getpid());
	va_start(args, fmt);
	vsnprintf(line + head, LINE_MAX_OCTETS, fmt, args);
	va_end(args);
	size = head + strlen(line + head);
	if (to_stderr)
		write_line(line, size);
	else
		syslog(priority, "%s", line);
}
