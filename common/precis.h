/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PRECIS_H
#define POSTERN_PRECIS_H

#include <stddef.h>

#include "error.h"

/*
 * Preparation and comparison of passwords and user names (RFC 8265, over RFC 8264).
 * Input is untrusted UTF-8. Results are on the heap and the caller's; those of
 * passwords are secrets (postern_secret_free).
 *
 * Which characters exist depends on the Unicode version of libunistring: one that it does
 * not know is refused, never guessed.
 */
enum postern_precis_outcome {
	POSTERN_PRECIS_OK = 0,
	/* The text is not one that RFC 8265 allows (empty, not UTF-8, a forbidden character):
	   *prepared_r is NULL and *error_r says why, in words for the user. At login that is an
	   unknown name or a wrong password, not a failure; so it is apart from -1 (no memory). */
	POSTERN_PRECIS_REFUSED = 1,
};

/* OpaqueString (RFC 8265, 4.2): every Zs character becomes U+0020, then NFC; case, width and
   repeated blanks are kept. The reason of a refusal names no character of the password. */
int postern_precis_password(const char *password, char **prepared_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* A login name: UsernameCaseMapped (RFC 8265, 3.3) with "@" allowed once and text on both of its
   sides, at most 255 octets. */
int postern_precis_username(const char *name, char **prepared_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
