/* SPDX-License-Identifier: MIT */
#include "password_scheme.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "secret.h"

/* digest(password, salt) followed by the salt, if any. */
static int compare_digest(const char *password, const struct postern_verifier *verifier,
			  const char **error_r)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char result[EVP_MAX_MD_SIZE];
	size_t size = (size_t)EVP_MD_get_size(verifier->digest);
	int ret = -1;

	ERR_set_mark();
	if (context == NULL ||
	    EVP_DigestInit_ex(context, verifier->digest, NULL) != 1 ||
	    EVP_DigestUpdate(context, password, strlen(password)) != 1 ||
	    EVP_DigestUpdate(context, verifier->data + size, verifier->size - size) != 1 ||
	    EVP_DigestFinal_ex(context, result, NULL) != 1) {
		postern_error(error_r, "cannot compute %s: OpenSSL refused it",
			      EVP_MD_get0_name(verifier->digest));
		goto out;
	}
	ret = postern_secret_equal(result, verifier->data, size) ? POSTERN_PASSWORD_OK :
		POSTERN_PASSWORD_MISMATCH;
out:
	ERR_pop_to_mark();
	EVP_MD_CTX_free(context);
	postern_wipe(result, sizeof(result));
	return ret;
}

static int compare_cram_md5(const char *password, const struct postern_verifier *verifier,
			    const char **error_r)
{
	uint8_t state[POSTERN_CRAM_MD5_SIZE];
	int ret = postern_cram_md5_state(password, state, error_r);

	if (ret == 0 && !postern_secret_equal(state, verifier->data, sizeof(state)))
		ret = POSTERN_PASSWORD_MISMATCH;
	postern_wipe(state, sizeof(state));
	return ret;
}

int postern_digest_compare(const char *password, const struct postern_verifier *verifier,
			   const char **error_r)
{
	switch (verifier->family) {
	case POSTERN_FAMILY_PLAIN:
		return strlen(password) == verifier->size &&
			postern_secret_equal(password, verifier->data, verifier->size) ?
			POSTERN_PASSWORD_OK : POSTERN_PASSWORD_MISMATCH;
	case POSTERN_FAMILY_DIGEST:
		return compare_digest(password, verifier, error_r);
	case POSTERN_FAMILY_CRAM_MD5:
		return compare_cram_md5(password, verifier, error_r);
	default:
		return POSTERN_PASSWORD_UNKNOWN_SCHEME;
	}
}
