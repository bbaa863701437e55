/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DEVICE_KEY_H
#define POSTERN_DEVICE_KEY_H

#include <stddef.h>

#include "error.h"

/*
 * The TLS key of a device, for "key new": made here or read from a file, with the least certificate
 * that TLS can present it in. No files and no store here. Servers look at the key in it and at
 * nothing else (key.h), so the certificate is signed by itself, says one name, and lasts longer
 * than its device.
 */
struct postern_device_key;

#define POSTERN_DEVICE_KEY_TYPES "ed25519, p256, rsa2048 or rsa3072"
#define POSTERN_DEVICE_KEY_TYPE "ed25519"
#define POSTERN_DEVICE_KEY_FILE_MAX (64 * 1024)
#define POSTERN_DEVICE_KEY_DAYS 36500
/* Characters of a certificate's common name (RFC 5280, appendix A.1). */
#define POSTERN_DEVICE_KEY_NAME_MAX 64

/* Makes a key of one of the types above. */
int postern_device_key_new(const char *type, struct postern_device_key **key_r,
			   const char **error_r) POSTERN_WARN_UNUSED;

/* Reads a private key in PEM that no passphrase protects. */
int postern_device_key_read(const char *pem, size_t size, struct postern_device_key **key_r,
			    const char **error_r) POSTERN_WARN_UNUSED;

void postern_device_key_free(struct postern_device_key **key);

/* The public half as PEM, for key.h to look at. *pem_r has a NUL behind it and is the caller's to
   free. */
int postern_device_key_write_public(const struct postern_device_key *key, char **pem_r,
				    const char **error_r) POSTERN_WARN_UNUSED;

/* Makes the certificate. name is UTF-8. */
int postern_device_key_certify(struct postern_device_key *key, const char *name,
			       const char **error_r) POSTERN_WARN_UNUSED;

/* The private key (PKCS #8, RFC 5958) and the certificate as PEM. *pem_r has a NUL behind it and is
   the caller's (postern_secret_free). */
int postern_device_key_write(const struct postern_device_key *key, char **pem_r,
			     const char **error_r) POSTERN_WARN_UNUSED;
int postern_device_key_write_certificate(const struct postern_device_key *key, char **pem_r,
					 const char **error_r) POSTERN_WARN_UNUSED;

/* Both in one file that mail programs import (PKCS #12, RFC 7292), locked by a passphrase; name is
   what they call it. *data_r is the caller's (postern_secret_free_sized). */
int postern_device_key_write_p12(const struct postern_device_key *key, const char *name,
				 const char *passphrase, char **data_r, size_t *size_r,
				 const char **error_r) POSTERN_WARN_UNUSED;

#endif
