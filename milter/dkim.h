/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_H
#define POSTERN_DKIM_H

#include <stdbool.h>
#include <stddef.h>

#include "dkim_keys.h"
#include "error.h"

/*
 * DKIM signatures (RFC 6376, RFC 8463), relaxed/relaxed, over the whole body, made by libopendkim,
 * which only this file knows. The caller has checked the message: what reaches this has field
 * names of bounded length and a body whose lines end in CRLF.
 */
struct postern_dkim;      /* the library; one for all threads */
struct postern_dkim_sign; /* one signature in the making */

/* Signed fields are at most so many in one message, and so many octets each. */
#define POSTERN_DKIM_FIELDS_MAX 128
#define POSTERN_DKIM_FIELD_SIZE_MAX 65000

int postern_dkim_new(struct postern_dkim **dkim_r, const char **error_r) POSTERN_WARN_UNUSED;
void postern_dkim_free(struct postern_dkim **dkim);

/* Whether a field of this name is to be signed (RFC 6376, 5.4). Only such are handed over. */
bool postern_dkim_signs_field(const char *name, size_t size);

/* Takes over the caller's reference to key, when it fails as well; copies the names. */
int postern_dkim_sign_new(struct postern_dkim *dkim, struct postern_dkim_key *key,
			  const char *domain, const char *selector,
			  struct postern_dkim_sign **sign_r, const char **error_r)
	POSTERN_WARN_UNUSED;
void postern_dkim_sign_free(struct postern_dkim_sign **sign);

/* "Name: body", folds as CRLF and a blank, no CRLF at its end; in the order of the message. */
int postern_dkim_sign_field(struct postern_dkim_sign *sign, const char *text, size_t size,
			    const char **error_r) POSTERN_WARN_UNUSED;
int postern_dkim_sign_end_of_header(struct postern_dkim_sign *sign, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_dkim_sign_body(struct postern_dkim_sign *sign, const void *data, size_t size,
			   const char **error_r) POSTERN_WARN_UNUSED;
/* All that stands behind the colon of the DKIM-Signature field, folded with LF and tab as libmilter
   wants it, on the heap and the caller's. Fails when the clock is not to be believed. */
int postern_dkim_sign_finish(struct postern_dkim_sign *sign, char **value_r,
			     const char **error_r) POSTERN_WARN_UNUSED;

#endif
