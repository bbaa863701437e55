/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MISSING_FIELDS_H
#define POSTERN_MISSING_FIELDS_H

#include <stddef.h>
#include <time.h>

#include "error.h"

/*
 * The two fields that a message must have (RFC 5322, 3.6; RFC 6409, 8) and that Postfix would
 * else add after it was signed.
 */
#define POSTERN_DATE_MAX 64
#define POSTERN_MESSAGE_ID_MAX 320

/* "Mon, 02 Jan 2006 15:04:05 +0000", in local time. */
int postern_missing_fields_date(time_t now, char text_r[POSTERN_DATE_MAX],
				const char **error_r) POSTERN_WARN_UNUSED;

/* "<SECONDS.RANDOM@DOMAIN>". Fails without random numbers. */
int postern_missing_fields_message_id(time_t now, const char *domain,
				      char text_r[POSTERN_MESSAGE_ID_MAX], const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
