/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_REPLY_H
#define POSTERN_REPLY_H

#include "error.h"

/*
 * What an SMTP client is told (RFC 5321, 4.2; RFC 3463). Always one line of printable ASCII, short
 * enough for any server (RFC 5321, 4.5.3.1.5). Arguments that come from outside are escaped by the
 * caller (postern_escape_ascii).
 */
#define POSTERN_REPLY_TEXT_MAX 480

struct postern_reply {
	char code[4];   /* "550" */
	char status[8]; /* "5.7.1" */
	char text[POSTERN_REPLY_TEXT_MAX];
};

/* Formats; cuts what is too long, and puts a "?" for an octet that must not be there. */
void postern_reply_set(struct postern_reply *reply_r, const char *code, const char *status,
		       const char *fmt, ...) POSTERN_PRINTF(4, 5);

/* For a failure of our own: to be tried again. The client learns no more than that. */
void postern_reply_set_failure(struct postern_reply *reply_r);

#endif
