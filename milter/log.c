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

void postern_log(int priority, const char *fmt, ...)
{
	char line[LINE_MAX_OCTETS];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (!to_stderr)
		syslog(priority, "%s", line);
	else if (to_journal)
		dprintf(STDERR_FILENO, "<%d>%s\n", priority, line);
	else
		dprintf(STDERR_FILENO, "postern-milter[%ld]: %s\n", (long)getpid(), line);
}
