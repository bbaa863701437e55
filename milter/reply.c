/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void postern_reply_set(struct postern_reply *reply_r, const char *code, const char *status,
		       const char *fmt, ...)
{
	static const char mark[] = "...";
	va_list args;
	int length;

	snprintf(reply_r->code, sizeof(reply_r->code), "%s", code);
	snprintf(reply_r->status, sizeof(reply_r->status), "%s", status);
	va_start(args, fmt);
	length = vsnprintf(reply_r->text, sizeof(reply_r->text), fmt, args);
	va_end(args);
	if (length < 0)
		reply_r->text[0] = '\0';
	else if ((size_t)length >= sizeof(reply_r->text))
		memcpy(reply_r->text + sizeof(reply_r->text) - sizeof(mark), mark, sizeof(mark));
	for (char *p = reply_r->text; *p != '\0'; p++) {
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	}
}

void postern_reply_set_failure(struct postern_reply *reply_r)
{
	postern_reply_set(reply_r, "451", "4.3.0",
			  "Temporary failure on our side; the message is to be sent again later");
}
