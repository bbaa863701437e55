/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_VERIFY_H
#define POSTERN_DKIM_VERIFY_H

#include <stddef.h>

#include "dkim_keys.h"
#include "error.h"

/*
 * Whether a message bears a valid DKIM signature (RFC 6376) of our own: the public halves of our keys
 * are at hand, so the DNS is not asked, and signatures of others are passed over. Made by libopendkim.
 * The message is hostile; the caller bounds what reaches this, as for dkim.h, and hands over all of its
 * fields.
 */
struct postern_dkim_verify;

enum postern_dkim_verdict {
	POSTERN_DKIM_VALID = 0,
	/* No signature of ours. */
	POSTERN_DKIM_ABSENT = 1,
	/* One of ours or more, and none is valid. */
	POSTERN_DKIM_INVALID = 2,
};

/* More signatures than these are not looked at, in the order of the message. */
#define POSTERN_DKIM_VERIFIED_MAX 16

/* Returns 0 with a key for the caller, 1 when domain and selector are not ours, -1. Both come from
   the message. */
typedef int postern_dkim_find_fn(const char *domain, const char *selector, void *context,
				 struct postern_dkim_key **key_r, const char **error_r);

/* context has to live as long. */
int postern_dkim_verify_new(postern_dkim_find_fn *find, void *context,
			    struct postern_dkim_verify **verify_r, const char **error_r)
	POSTERN_WARN_UNUSED;
void postern_dkim_verify_free(struct postern_dkim_verify **verify);

/* "Name: body", folds as CRLF and a blank, no CRLF at its end; in the order of the message. */
int postern_dkim_verify_field(struct postern_dkim_verify *verify, const char *text, size_t size,
			      const char **error_r) POSTERN_WARN_UNUSED;
int postern_dkim_verify_end_of_header(struct postern_dkim_verify *verify, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_dkim_verify_body(struct postern_dkim_verify *verify, const void *data, size_t size,
			     const char **error_r) POSTERN_WARN_UNUSED;
/* Returns a verdict, or -1. */
int postern_dkim_verify_finish(struct postern_dkim_verify *verify, const char **error_r)
	POSTERN_WARN_UNUSED;

/* After VALID: the domain and the selector of the signature; verify's memory. */
const char *postern_dkim_verify_domain(const struct postern_dkim_verify *verify);
const char *postern_dkim_verify_selector(const struct postern_dkim_verify *verify);

#endif
