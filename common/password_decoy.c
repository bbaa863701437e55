/* SPDX-License-Identifier: MIT */
#include "password.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "password_scheme.h"
#include "secret.h"

static const struct decoy {
	const char *scheme;
	const char *prefix;
	const EVP_MD *(*digest)(void);
} decoys[] = {
	{ "scram-sha-1", "{SCRAM-SHA-1}", EVP_sha1 },
	{ "scram-sha-256", "{SCRAM-SHA-256}", EVP_sha256 },
};

static const struct decoy *find_decoy(const char *scheme)
{
	for (size_t i = 0; i < sizeof(decoys) / sizeof(decoys[0]); i++) {
		if (strcasecmp(decoys[i].scheme, scheme) == 0)
			return &decoys[i];
	}
	return NULL;
}

/* A salt of its own for each scheme, as real ones have. */
static bool make_salt(const struct decoy *decoy, const void *seed, size_t seed_size,
		      const char *name, unsigned char salt_r[EVP_MAX_MD_SIZE])
{
	char *text;
	bool good;

	if (asprintf(&text, "%s %s", decoy->scheme, name) < 0)
		return false;
	good = HMAC(EVP_sha256(), seed, (int)seed_size, (const unsigned char *)text, strlen(text),
		    salt_r, NULL) != NULL;
	postern_secret_free(&text);
	return good;
}

int postern_password_make_decoy(const char *scheme, const void *seed, size_t seed_size,
				const char *name, char **verifier_r, const char **error_r)
{
	const struct decoy *decoy = find_decoy(scheme);
	unsigned char salt[EVP_MAX_MD_SIZE];
	char *text = NULL;
	int ret = 0;

	*verifier_r = NULL;
	if (decoy == NULL)
		return 0;
	if (!make_salt(decoy, seed, seed_size, name, salt))
		return postern_error(error_r, "cannot compute HMAC: OpenSSL refused it");
	if (postern_scram_make_decoy(salt, decoy->digest(), &text, error_r) < 0)
		return -1;
	if (asprintf(verifier_r, "%s%s", decoy->prefix, text) < 0) {
		*verifier_r = NULL;
		ret = postern_error(error_r, "cannot make a verifier: out of memory");
	}
	postern_secret_free(&text);
	return ret;
}
