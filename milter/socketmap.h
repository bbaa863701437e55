/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SOCKETMAP_H
#define POSTERN_SOCKETMAP_H

#include <stddef.h>

#include "error.h"
#include "generation.h"

/*
 * The socketmap protocol (socketmap_table(5)), which Postfix looks tables up by: netstrings, a
 * request "NAME KEY" and a reply "OK DATA" or another word. Of one request at a time, without
 * sockets; what comes in is Postfix's, and its key is the word of an SMTP client.
 */
#define POSTERN_SOCKETMAP_REQUEST_MAX 2048
#define POSTERN_SOCKETMAP_REPLY_MAX 8192

/* The one table: who owns a sender address, as smtpd_sender_login_maps asks. */
#define POSTERN_SOCKETMAP_NAME "senders"

enum postern_socketmap_outcome {
	POSTERN_SOCKETMAP_COMPLETE = 0,
	/* The request goes on. */
	POSTERN_SOCKETMAP_MORE = 1,
};

/* Takes the first request of what has come in: *text_r points into data, *used_r octets are over with. */
int postern_socketmap_parse(const char *data, size_t size, const char **text_r,
			    size_t *text_size_r, size_t *used_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Answers, as a netstring: each account that owns the key, NOTFOUND, TEMP when that cannot be told.
   Returns the size of the reply. */
size_t postern_socketmap_answer(struct postern_generation *generation, const char *text,
				size_t size, char reply_r[POSTERN_SOCKETMAP_REPLY_MAX]);

#endif
