/* SPDX-License-Identifier: MIT */
#include "challenge.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "token.h"

#define PURPOSE "challenge"

/* What stands before the time; returns its length, as snprintf. */
static int write_begin(const char *account, const char *url, char text_r[POSTERN_CHALLENGE_MAX])
{
	char name[64];

	snprintf(name, sizeof(name), "%s", account);
	for (char *p = name; *p != '\0'; p++) {
		if (!isascii((unsigned char)*p) ||
		    (!isalnum((unsigned char)*p) && strchr("@._-", *p) == NULL))
			*p = '?';
	}
	return snprintf(text_r, POSTERN_CHALLENGE_MAX,
			"I have this key and register it for %s at %.256s until ", name, url);
}

int postern_challenge_make(const char *cookie, const char *account, const char *url, int64_t now,
			   char text_r[POSTERN_CHALLENGE_MAX], const char **error_r)
{
	char mac[POSTERN_TOKEN_SIZE];
	int length = write_begin(account, url, text_r);

	if (length >= 0 && length < POSTERN_CHALLENGE_MAX)
		length += snprintf(text_r + length, POSTERN_CHALLENGE_MAX - (size_t)length, "%lld",
				   (long long)now + POSTERN_CHALLENGE_LIFE);
	if (length < 0 || length + 2 + POSTERN_TOKEN_SIZE > POSTERN_CHALLENGE_MAX)
		return postern_error(error_r, "the page's URL is too long for a challenge");
	if (postern_token_mac(cookie, PURPOSE, text_r, mac, error_r) < 0)
		return -1;
	sprintf(text_r + length, " %s", mac);
	return 0;
}

bool postern_challenge_is_for(const char *text, const char *account, const char *url)
{
	char begin[POSTERN_CHALLENGE_MAX];
	int length = write_begin(account, url, begin);

	return length > 0 && length < POSTERN_CHALLENGE_MAX &&
		strncmp(text, begin, (size_t)length) == 0;
}

int postern_challenge_check(const char *cookie, const char *text, int64_t now,
			    const char **error_r)
{
	char line[POSTERN_CHALLENGE_MAX], mac[POSTERN_TOKEN_SIZE], *given, *until;
	long long end;

	if (strlen(text) >= sizeof(line))
		return POSTERN_CHALLENGE_VOID;
	strcpy(line, text);
	given = strrchr(line, ' ');
	if (given == NULL)
		return POSTERN_CHALLENGE_VOID;
	*given++ = '\0';
	if (postern_token_mac(cookie, PURPOSE, line, mac, error_r) < 0)
		return -1;
	if (!postern_token_equal(mac, given))
		return POSTERN_CHALLENGE_VOID;
	/* From here on it is a line of ours, or of who has the session. */
	until = strrchr(line, ' ');
	end = until != NULL ? strtoll(until, NULL, 10) : 0;
	return end >= now && end <= now + POSTERN_CHALLENGE_LIFE ?
		POSTERN_CHALLENGE_OK : POSTERN_CHALLENGE_VOID;
}

/* The one object in it, as postern_key_read has found. */
static EVP_PKEY *read_key(const void *data, size_t size)
{
	const unsigned char *at = data;
	BIO *bio = BIO_new_mem_buf(data, (int)size);
	X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = NULL;

	if (certificate == NULL)
		certificate = d2i_X509(NULL, &at, (long)size);
	if (certificate != NULL) {
		key = X509_get_pubkey(certificate);
	} else if (bio != NULL) {
		(void)BIO_reset(bio);
		key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	}
	X509_free(certificate);
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

int postern_challenge_verify(const void *key_data, size_t key_size, const char *text,
			     const void *signature, size_t signature_size, const char **error_r)
{
	EVP_PKEY *key = read_key(key_data, key_size);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int ret = POSTERN_CHALLENGE_WRONG;

	if (key == NULL || context == NULL) {
		ret = postern_error(error_r, "cannot read the key: out of memory");
		goto out;
	}
	if (EVP_DigestVerifyInit(context, NULL,
				 EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ?
				 NULL : EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(context, signature, signature_size, (const unsigned char *)text,
			     strlen(text)) == 1)
		ret = POSTERN_CHALLENGE_OK;
out:
	ERR_clear_error();
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return ret;
}
