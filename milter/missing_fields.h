/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MISSING_FIELDS_H
#define POSTERN_MISSING_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "error.h"

/*
 * The two fields that a message must have (RFC 5322, 3.6; RFC 6409, 8) and that Postfix would
 * else add after it was signed.
 */
#define POSTERN_MISSING_FIELDS_MAX 2
/* " <SECONDS.RANDOM@DOMAIN>" with its NUL. */
#define POSTERN_MISSING_VALUE_MAX (64 + POSTERN_DOMAIN_MAX)

struct postern_missing_field {
	const char *name; /* static */
	/* All behind the colon. */
	char value[POSTERN_MISSING_VALUE_MAX];
};

struct postern_missing_fields {
	struct postern_missing_field list[POSTERN_MISSING_FIELDS_MAX];
	size_t count;
};

/* Makes those that are not there: Date, of now in local time, and Message-ID, at domain. Fails without
   random numbers, and then fields_r is not to be used. */
int postern_missing_fields_make(bool has_date, bool has_message_id, const char *domain,
				struct postern_missing_fields *fields_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
