/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERROR_TEXT_MAX 1024

static _Thread_local char error_text[ERROR_TEXT_MAX];

/* Cuts a text that vsnprintf filled to the brim, in front of a UTF-8 character and not
   inside it. */
static void cut(char *text, size_t size)
{
	static const char mark[] = "…";
	size_t end = size - sizeof(mark);

	while (end > 0 && (text[end] & 0xc0) == 0x80)
		end--;
	memcpy(text + end, mark, sizeof(mark));
}

int postern_error(const char **error_r, const char *fmt, ...)
{
	/* Formatted aside: an argument may well be the text of the failure before. */
	char text[ERROR_TEXT_MAX];
	int saved_errno = errno;
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (length < 0)
		strcpy(text, "failure whose text could not be formatted");
	else if ((size_t)length >= sizeof(text))
		cut(text, sizeof(text));

	/* One line, whatever the libraries below put into theirs. */
	for (char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	}
	strcpy(error_text, text);
	if (error_r != NULL)
		*error_r = error_text;
	errno = saved_errno;
	return -1;
}

const char *postern_error_last(void)
{
	return error_text;
}
