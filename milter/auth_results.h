/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_AUTH_RESULTS_H
#define POSTERN_AUTH_RESULTS_H

#include <stdbool.h>

/*
 * Authentication-Results (RFC 8601), as far as whose they are: a field of a message that comes from
 * outside and bears our own name is a forgery, and is taken out (RFC 8601, 5). Pure functions over
 * hostile text.
 */
#define POSTERN_AUTH_RESULTS_FIELD "Authentication-Results"

bool postern_auth_results_is_name(const char *field_name);

/* Whether the value of such a field is by authserv_id, not "": without case, comments and quotes put aside,
   and whatever version or text stands behind it. So is one that has the name as a word anywhere: readers do
   not agree on what may stand before it, and some only search. */
bool postern_auth_results_is_by(const char *value, const char *authserv_id);

#endif
