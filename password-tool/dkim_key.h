/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_KEY_H
#define POSTERN_DKIM_KEY_H

#include <stddef.h>

#include "error.h"

/*
 * Private keys that sign a domain's mail (RFC 6376, RFC 8463), and the DNS record of their public
 * halves. No files and no store here.
 */
struct postern_dkim_algorithm {
	const char *name;  /* "rsa2048", as the store and --algorithm have it */
	const char *kind;  /* "rsa" or "ed25519": the k= of the record */
	unsigned bits;     /* of an RSA modulus */
};

#define POSTERN_DKIM_PEM_MAX (16 * 1024)
/* "v=DKIM1; …" for RSA with 4096 bits takes some 760 octets. */
#define POSTERN_DKIM_RECORD_MAX 1024
#define POSTERN_DKIM_SELECTOR_MAX 63

/* NULL when there is none of that name. */
const struct postern_dkim_algorithm *postern_dkim_algorithm_find(const char *name);
/* All of them, for a message. */
#define POSTERN_DKIM_ALGORITHMS "rsa2048, rsa3072, rsa4096 or ed25519"

/* Checks a selector (RFC 6376, 3.1: DNS labels between dots) and writes it in lower case. It is a
   file's name as well: the grammar has no room for "/" or a leading dot. */
int postern_dkim_selector_normalize(const char *text,
				    char selector_r[POSTERN_DKIM_SELECTOR_MAX + 1],
				    const char **error_r) POSTERN_WARN_UNUSED;

/* Makes a key, as PEM (PKCS #8). *pem_r is the caller's (postern_secret_free). */
int postern_dkim_key_new(const struct postern_dkim_algorithm *algorithm, char **pem_r,
			 const char **error_r) POSTERN_WARN_UNUSED;

/* The value of the TXT record that belongs to a private key. p= is the SubjectPublicKeyInfo of an
   RSA key (RFC 6376, 3.6.1), the bare 32 octets of an Ed25519 one (RFC 8463, 4.2). */
int postern_dkim_key_record(const char *pem, char record_r[POSTERN_DKIM_RECORD_MAX],
			    const char **error_r) POSTERN_WARN_UNUSED;

#endif
