/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_KEYS_H
#define POSTERN_DKIM_KEYS_H

#include <openssl/evp.h>
#include <stddef.h>

#include "error.h"

/*
 * The private keys to sign with: FOLDER/DOMAIN/SELECTOR.pem, read and parsed once and kept until
 * the file changes, which is looked at each time. A file that others than its owner can read is
 * refused. Domain and selector may come from outside; what could leave the folder is refused. Any
 * thread.
 */
struct postern_dkim_keys;

enum postern_dkim_algorithm {
	POSTERN_DKIM_RSA_SHA256,
	POSTERN_DKIM_ED25519_SHA256,
};

/* Counted: lives until the last who got it has given it back, whatever becomes of the file. */
struct postern_dkim_key {
	enum postern_dkim_algorithm algorithm;
	EVP_PKEY *key;
	/* The same as PEM (RFC 7468, 10), with a NUL behind it. */
	char *pem;
	size_t pem_size;
};

int postern_dkim_keys_new(const char *folder, struct postern_dkim_keys **keys_r,
			  const char **error_r) POSTERN_WARN_UNUSED;
/* Keys that are still out live on. */
void postern_dkim_keys_free(struct postern_dkim_keys **keys);

/* Of a key that was parsed already; name is for errors. Takes *pkey over, when it fails as well. */
int postern_dkim_key_new(EVP_PKEY **pkey, const char *name, struct postern_dkim_key **key_r,
			 const char **error_r) POSTERN_WARN_UNUSED;

int postern_dkim_keys_get(struct postern_dkim_keys *keys, const char *domain,
			  const char *selector, struct postern_dkim_key **key_r,
			  const char **error_r) POSTERN_WARN_UNUSED;
/* Gives back; sets *key to NULL, and NULL is fine. */
void postern_dkim_key_unref(struct postern_dkim_key **key);

#endif
