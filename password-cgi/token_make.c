/* SPDX-License-Identifier: MIT */
#include "token.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "key.h"
#include "secret.h"

_Static_assert(POSTERN_TOKEN_SIZE == POSTERN_FINGERPRINT_TEXT_MAX, "both are 256 bits");
_Static_assert(POSTERN_TOKEN_HASH_SIZE == POSTERN_FINGERPRINT_SIZE, "both are 256 bits");

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

int postern_token_hash(const char *token, unsigned char hash_r[POSTERN_TOKEN_HASH_SIZE],
		       const char **error_r)
{
	if (EVP_Digest(token, strlen(token), hash_r, NULL, EVP_sha256(), NULL) != 1)
		return postern_error(error_r, "cannot compute SHA-256: out of memory");
	return 0;
}

int postern_token_mac(const char *token, const char *purpose, const char *text,
		      char mac_r[POSTERN_TOKEN_SIZE], const char **error_r)
{
	unsigned char data[2048], octets[POSTERN_TOKEN_HASH_SIZE];
	int length = snprintf((char *)data, sizeof(data), "%s%c%s", purpose, '\0', text);

	if (length < 0 || (size_t)length >= sizeof(data))
		return postern_error(error_r, "a text is too long to be vouched for");
	if (HMAC(EVP_sha256(), token, (int)strlen(token), data, (size_t)length, octets,
		 NULL) == NULL)
		return postern_error(error_r, "cannot compute HMAC: out of memory");
	format(octets, mac_r);
	return 0;
}

int postern_token_of_form(const char *cookie, char token_r[POSTERN_TOKEN_SIZE],
			  const char **error_r)
{
	return postern_token_mac(cookie, "form", "", token_r, error_r);
}
