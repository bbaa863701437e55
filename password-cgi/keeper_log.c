/* SPDX-License-Identifier: MIT */
#include "keeper_log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 5120

static const char *name = "postern-keeper";
static bool to_syslog;

void postern_keeper_log_open(const char *program, const char *where)
{
	name = program;
	to_syslog = where == NULL || strcmp(where, "stderr") != 0;
	if (to_syslog)
		openlog(program, LOG_PID, LOG_MAIL);
}

void postern_keeper_log(int priority, const char *fmt, ...)
{
	char line[LINE_MAX_OCTETS];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (to_syslog)
		syslog(priority, "%s", line);
	else
		dprintf(STDERR_FILENO, "%s[%ld]: %s\n", name, (long)getpid(), line);
}
