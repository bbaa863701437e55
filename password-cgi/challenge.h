/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CHALLENGE_H
#define POSTERN_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/*
 * Proof that who registers a key has its private half: a signature over a line that the page shows.
 * The line says for whom and until when it is, so that nobody signs it for another by mistake; and
 * it is vouched for by the session's token, so that it is good in this session alone.
 * postern-keeper makes it, password.cgi looks at it. Who has a session can vouch for any line
 * himself, so postern-keeper looks whom the line is for: what a key's owner was talked into signing
 * registers it for nobody else.
 */
#define POSTERN_CHALLENGE_MAX 512
#define POSTERN_CHALLENGE_LIFE (60 * 60)

/* What is not a letter, digit or one of "@._-" in the name is "?": the line stands in quotes of a
   shell. */
int postern_challenge_make(const char *cookie, const char *account, const char *url, int64_t now,
			   char text_r[POSTERN_CHALLENGE_MAX], const char **error_r)
	POSTERN_WARN_UNUSED;

enum postern_challenge_outcome {
	POSTERN_CHALLENGE_OK = 0,
	/* Not of this session, or too old. */
	POSTERN_CHALLENGE_VOID = 1,
	/* The signature is not of this key over these octets. */
	POSTERN_CHALLENGE_WRONG = 2,
};

int postern_challenge_check(const char *cookie, const char *text, int64_t now,
			    const char **error_r) POSTERN_WARN_UNUSED;

/* Does the line, which has been checked, say this account and page? */
bool postern_challenge_is_for(const char *text, const char *account, const char *url);

/* key is a certificate or a public key that postern_key_read has taken. signature: as OpenSSL makes
   it, with SHA-256 where the key is not an Edwards one; RSA with PKCS #1 v1.5. */
int postern_challenge_verify(const void *key, size_t key_size, const char *text,
			     const void *signature, size_t signature_size, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
