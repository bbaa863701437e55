/* SPDX-License-Identifier: MIT */
#include "dkim_key.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "private_key.h"

#define ED25519_SIZE 32

static const struct postern_dkim_algorithm algorithms[] = {
	{ "rsa2048", "rsa", 2048 },
	{ "rsa3072", "rsa", 3072 },
	{ "rsa4096", "rsa", 4096 },
	{ "ed25519", "ed25519", 0 },
};
#define ALGORITHM_COUNT (sizeof(algorithms) / sizeof(algorithms[0]))

const struct postern_dkim_algorithm *postern_dkim_algorithm_find(const char *name)
{
	for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	}
	return NULL;
}

/* ---- selectors ---- */

static bool is_label_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Letters, digits and hyphens, no hyphen at either end. */
static bool is_label(const char *label, size_t size)
{
	if (size == 0 || label[0] == '-' || label[size - 1] == '-')
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!is_label_character(label[i]))
			return false;
	}
	return true;
}

int postern_dkim_selector_normalize(const char *text,
				    char selector_r[POSTERN_DKIM_SELECTOR_MAX + 1],
				    const char **error_r)
{
	size_t size = strlen(text);
	char *rest, *label;

	if (size > POSTERN_DKIM_SELECTOR_MAX)
		return postern_error(error_r, "a selector has at most %d characters",
				     POSTERN_DKIM_SELECTOR_MAX);
	memcpy(selector_r, text, size + 1);
	for (size_t i = 0; i < size; i++) {
		if (selector_r[i] >= 'A' && selector_r[i] <= 'Z')
			selector_r[i] = (char)(selector_r[i] - 'A' + 'a');
	}
	for (label = selector_r; label != NULL; label = rest) {
		rest = strchr(label, '.');
		if (!is_label(label, rest == NULL ? strlen(label) : (size_t)(rest - label)))
			return postern_error(error_r, "a selector is made of letters, digits and "
					     "inner hyphens, like 2024-rsa");
		if (rest != NULL)
			rest++;
	}
	return 0;
}

/* ---- keys ---- */

int postern_dkim_key_new(const struct postern_dkim_algorithm *algorithm, char **pem_r,
			 const char **error_r)
{
	EVP_PKEY *key = NULL;
	int ret;

	*pem_r = NULL;
	ret = postern_private_key_new(algorithm->bits != 0 ? "RSA" : "ED25519", algorithm->bits,
				      NULL, &key, error_r);
	if (ret == 0)
		ret = postern_private_key_write(key, pem_r, error_r);
	EVP_PKEY_free(key);
	return ret;
}

/* ---- records ---- */

/* The octets of p=, which are the caller's to OPENSSL_free. */
static int public_octets(EVP_PKEY *key, unsigned char **octets_r, size_t *size_r)
{
	size_t size = ED25519_SIZE;
	int length;

	*octets_r = NULL;
	if (EVP_PKEY_is_a(key, "RSA")) {
		length = i2d_PUBKEY(key, octets_r);
		*size_r = length > 0 ? (size_t)length : 0;
		return length > 0 ? 0 : -1;
	}
	*octets_r = OPENSSL_malloc(size);
	if (*octets_r == NULL || EVP_PKEY_get_raw_public_key(key, *octets_r, &size) != 1 ||
	    size != ED25519_SIZE)
		return -1;
	*size_r = size;
	return 0;
}

int postern_dkim_key_record(const char *pem, char record_r[POSTERN_DKIM_RECORD_MAX],
			    const char **error_r)
{
	/* Base64 with its NUL fits a record, whatever the key. */
	unsigned char base64[POSTERN_DKIM_RECORD_MAX];
	unsigned char *octets = NULL;
	EVP_PKEY *key;
	size_t size;
	int ret = -1;

	if (postern_private_key_read(pem, strlen(pem), &key, error_r) < 0)
		return -1;
	if (!EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "ED25519")) {
		ret = postern_error(error_r, "neither an RSA nor an Ed25519 key");
		goto out;
	}
	if (public_octets(key, &octets, &size) < 0) {
		ret = postern_crypto_error(error_r, "cannot write the public key");
		goto out;
	}
	if (size > (POSTERN_DKIM_RECORD_MAX - 64) / 4 * 3) {
		ret = postern_error(error_r, "the key is too large for a record");
		goto out;
	}
	EVP_EncodeBlock(base64, octets, (int)size);
	snprintf(record_r, POSTERN_DKIM_RECORD_MAX, "v=DKIM1; k=%s; p=%.*s",
		 EVP_PKEY_is_a(key, "RSA") ? "rsa" : "ed25519", POSTERN_DKIM_RECORD_MAX - 64,
		 (const char *)base64);
	ret = 0;
out:
	OPENSSL_free(octets);
	EVP_PKEY_free(key);
	return ret;
}
