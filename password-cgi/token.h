/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_TOKEN_H
#define POSTERN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * Random words that open something for who has them: sessions, links. 256 bits each, in unpadded
 * base64url. What is kept of one is its SHA-256.
 *
 * token.c compares and needs no library; what makes and hashes is in token_make.c, and password.cgi
 * does without it.
 */
#define POSTERN_TOKEN_SIZE 44 /* with its NUL */
#define POSTERN_TOKEN_HASH_SIZE 32

/* Fails where the system has no random numbers. */
int postern_token_make(char token_r[POSTERN_TOKEN_SIZE], const char **error_r)
	POSTERN_WARN_UNUSED;

/* Has it the form of one? NULL has not. */
bool postern_token_is(const char *text);

int postern_token_hash(const char *token, unsigned char hash_r[POSTERN_TOKEN_HASH_SIZE],
		       const char **error_r) POSTERN_WARN_UNUSED;

/* HMAC-SHA-256 (RFC 2104) of "purpose NUL text" under the token, as a token: what only who
   has the token could have been given. */
int postern_token_mac(const char *token, const char *purpose, const char *text,
		      char mac_r[POSTERN_TOKEN_SIZE], const char **error_r) POSTERN_WARN_UNUSED;

/* In constant time; NULL equals nothing. */
bool postern_token_equal(const char *a, const char *b);

/* What a form has to bring along besides the cookie, against requests that other sites make. */
int postern_token_of_form(const char *cookie, char token_r[POSTERN_TOKEN_SIZE],
			  const char **error_r) POSTERN_WARN_UNUSED;

#endif
