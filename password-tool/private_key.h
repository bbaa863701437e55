/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PRIVATE_KEY_H
#define POSTERN_PRIVATE_KEY_H

#include <stddef.h>

#include <openssl/evp.h>

#include "error.h"

/*
 * Private keys, made, read and written by OpenSSL: what signing mail and logging in have in common.
 * Only dkim_key.c and device_key.c include this; the rest of the command sees PEM.
 */

/* Passes OpenSSL's latest failure on, with what could not be done in front of it. */
int postern_crypto_error(const char **error_r, const char *what);

/* algorithm as EVP_PKEY_Q_keygen(3) has it: "RSA" with bits, "EC" with a curve, "ED25519" with
   neither. */
int postern_private_key_new(const char *algorithm, size_t bits, const char *curve,
			    EVP_PKEY **key_r, const char **error_r) POSTERN_WARN_UNUSED;

/* Reads one in PEM. Nobody is asked for a passphrase. */
int postern_private_key_read(const char *pem, size_t size, EVP_PKEY **key_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Writes PEM (PKCS #8, RFC 5958). *pem_r has a NUL behind it and is the caller's
   (postern_secret_free). */
int postern_private_key_write(const EVP_PKEY *key, char **pem_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
