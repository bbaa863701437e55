/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_KEY_H
#define POSTERN_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/*
 * A device's TLS key, as postern knows it: the SHA-256 of its DER SubjectPublicKeyInfo
 * (RFC 5280, 4.1.2.7). Names, validity, usages, CA and signature of a certificate are
 * never looked at. All input here is untrusted. A private key is refused, and its
 * bytes are neither kept nor logged.
 */
#define POSTERN_FINGERPRINT_SIZE 32
/* Unpadded base64url (RFC 4648, 5) with its NUL. */
#define POSTERN_FINGERPRINT_TEXT_MAX 44
/* Octets of a certificate or public key file; larger ones are refused. */
#define POSTERN_KEY_FILE_MAX (64 * 1024)
#define POSTERN_KEY_LABEL_MAX 128

struct postern_fingerprint {
	uint8_t octets[POSTERN_FINGERPRINT_SIZE];
};

struct postern_key {
	struct postern_fingerprint fingerprint;
	/* "Ed25519", "ECDSA P-256", "RSA 2048", … */
	char type[32];
	/* The certificate's CN, escaped and cut; else type and 8 characters of the
	   fingerprint. */
	char default_label[POSTERN_KEY_LABEL_MAX];
};

/* Reads base64url with or without padding, or hex with or without colons in any case.
   A failure says what was expected. */
int postern_fingerprint_parse(const char *text, struct postern_fingerprint *fingerprint_r,
			      const char **error_r) POSTERN_WARN_UNUSED;

/* Writes unpadded base64url. */
void postern_fingerprint_format(const struct postern_fingerprint *fingerprint,
				char text_r[POSTERN_FINGERPRINT_TEXT_MAX]);

/* SHA-256 over size octets of DER SubjectPublicKeyInfo. */
int postern_fingerprint_of_spki(const void *der, size_t size,
				struct postern_fingerprint *fingerprint_r,
				const char **error_r) POSTERN_WARN_UNUSED;

/* Reads exactly one certificate (PEM or DER) or one public key (PEM) out of size octets
   and checks its type: RSA of 2048 bits and more, ECDSA P-256, P-384, P-521, Ed25519,
   Ed448. Text around one PEM block is allowed; a second object is not. */
int postern_key_read(const void *data, size_t size, struct postern_key *key_r,
		     const char **error_r) POSTERN_WARN_UNUSED;

#endif
