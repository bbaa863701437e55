/* SPDX-License-Identifier: MIT */
#include "token.h"

#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "key.h"
#include "secret.h"

_Static_assert(POSTERN_TOKEN_SIZE == POSTERN_FINGERPRINT_TEXT_MAX, "both are 256 bits");
_Static_assert(POSTERN_TOKEN_HASH_SIZE == POSTERN_FINGERPRINT_SIZE &&
	       POSTERN_TOKEN_HASH_SIZE == crypto_hash_sha256_BYTES &&
	       POSTERN_TOKEN_HASH_SIZE == crypto_auth_hmacsha256_BYTES, "all are 256 bits");

/* The one base64url of the library is that of fingerprints. */
static void format(const unsigned char octets[POSTERN_TOKEN_HASH_SIZE],
		   char text_r[POSTERN_TOKEN_SIZE])
{
	struct postern_fingerprint fingerprint;

	memcpy(fingerprint.octets, octets, sizeof(fingerprint.octets));
	postern_fingerprint_format(&fingerprint, text_r);
	postern_wipe(&fingerprint, sizeof(fingerprint));
}

int postern_token_make(char token_r[POSTERN_TOKEN_SIZE], const char **error_r)
{
	unsigned char octets[POSTERN_TOKEN_HASH_SIZE];

	if (getentropy(octets, sizeof(octets)) < 0)
		return postern_error(error_r, "no random numbers: %m");
	format(octets, token_r);
	postern_wipe(octets, sizeof(octets));
	return 0;
}

/* By libsodium, which is ready at once: OpenSSL looks up by name what it computes with, and in a
   process of postern-keeper that alone took a twentieth of a page. */
static int prepare(const char **error_r)
{
	if (sodium_init() < 0)
		return postern_error(error_r, "libsodium does not start");
	return 0;
}

int postern_token_hash(const char *token, unsigned char hash_r[POSTERN_TOKEN_HASH_SIZE],
		       const char **error_r)
{
	if (prepare(error_r) < 0)
		return -1;
	crypto_hash_sha256(hash_r, (const unsigned char *)token, strlen(token));
	return 0;
}

int postern_token_mac(const char *token, const char *purpose, const char *text,
		      char mac_r[POSTERN_TOKEN_SIZE], const char **error_r)
{
	unsigned char octets[POSTERN_TOKEN_HASH_SIZE];
	crypto_auth_hmacsha256_state state;

	if (prepare(error_r) < 0)
		return -1;
	crypto_auth_hmacsha256_init(&state, (const unsigned char *)token, strlen(token));
	/* With the NUL between the two. */
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
	crypto_auth_hmacsha256_final(&state, octets);
	format(octets, mac_r);
	postern_wipe(&state, sizeof(state));
	return 0;
}

int postern_token_of_form(const char *cookie, char token_r[POSTERN_TOKEN_SIZE],
			  const char **error_r)
{
	return postern_token_mac(cookie, "form", "", token_r, error_r);
}
