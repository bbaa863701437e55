/* SPDX-License-Identifier: MIT */
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"

static void say(const char *fmt, va_list args) POSTERN_PRINTF(1, 0);

static void say(const char *fmt, va_list args)
{
	/* For a %m in fmt. */
	int saved_errno = errno;

	/* A list that is under way on stdout comes before the failure that ends it. */
	fflush(stdout);
	fputs("postern: ", stderr);
	errno = saved_errno;
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

int postern_fail(int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	return code;
}

void postern_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

const char *postern_show(const char *text)
{
	/* As many as one message ever needs. */
	static char shown[4][256];
	static unsigned next;

	next = (next + 1) % 4;
	return postern_escape(text, strlen(text), shown[next], sizeof(shown[next]));
}
