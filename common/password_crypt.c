/* SPDX-License-Identifier: MIT */
#include "password_scheme.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"

#define ITOA64 "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* crypt(5). The characters of the last field tell a whole verifier from one that was cut in
   copying, or from a bare setting. */
static const struct method {
	const char *prefix;
	const char *scheme;
	size_t last_field;
} methods[] = {
	{ "$y$", "yescrypt", 43 },
	{ "$gy$", "gost-yescrypt", 43 },
	{ "$7$", "scrypt", 43 },
	{ "$2b$", "bcrypt", 53 },
	{ "$2y$", "bcrypt", 53 },
	{ "$2a$", "bcrypt", 53 },
	{ "$2x$", "bcrypt", 53 },
	{ "$6$", "sha512-crypt", 86 },
	{ "$5$", "sha256-crypt", 43 },
	{ "$sha1$", "sha1-crypt", 28 },
	{ "$md5", "sunmd5", 22 },
	{ "$1$", "md5-crypt", 22 },
	{ "$3$", "nt", 32 },
};

#define BSDI_SIZE 20
#define DES_SIZE 13

const char *postern_crypt_scheme(const char *text)
{
	const char *field = strrchr(text, '$');
	size_t length;

	/* These two have no "$" and a fixed size. */
	if (text[0] == '_' && strlen(text) == BSDI_SIZE &&
	    strspn(text + 1, ITOA64) == BSDI_SIZE - 1)
		return "bsdi-crypt";
	if (strlen(text) == DES_SIZE && strspn(text, ITOA64) == DES_SIZE)
		return "des-crypt";
	if (text[0] != '$')
		return NULL;
	length = strlen(field + 1);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strncmp(text, methods[i].prefix, strlen(methods[i].prefix)) != 0)
			continue;
		if (length != methods[i].last_field || strspn(field + 1, ITOA64) != length)
			return NULL;
		/* What this build of libcrypt leaves out, or parameters it does not take. */
		return crypt_checksalt(text) == CRYPT_SALT_INVALID ? NULL : methods[i].scheme;
	}
	return NULL;
}

/* Runs crypt(3). *hash_r points into *data_r, which the caller wipes and frees. */
static int hash(const char *password, const char *setting, struct crypt_data **data_r,
		const char **hash_r, const char **error_r)
{
	/* 32 KiB, and it keeps what is left of the password: not on the stack. */
	struct crypt_data *data = calloc(1, sizeof(*data));
	int error;

	*data_r = data;
	*hash_r = NULL;
	if (data == NULL)
		return postern_error(error_r, "cannot compute crypt(3): out of memory");
	errno = 0;
	*hash_r = crypt_r(password, setting, data);
	error = errno;
	/* Only a failure token tells that it failed; errno may be left over from an attempt to get
	   huge pages. */
	if (*hash_r != NULL && (*hash_r)[0] != '*')
		return POSTERN_PASSWORD_OK;
	*hash_r = NULL;
	if (error == EINVAL && postern_password_memory_fits(postern_crypt_memory(setting)))
		return POSTERN_PASSWORD_UNKNOWN_SCHEME;
	return postern_error(error_r, "cannot compute crypt(3): %s",
			     strerror(error == EINVAL ? ENOMEM : error));
}

int postern_crypt_compare(const char *password, const char *text,
			  const struct postern_password_limits *limits, const char **error_r)
{
	struct crypt_data *data = NULL;
	size_t size = strlen(password);
	const char *result;
	int ret;

	/* crypt_r fails on them: no verifier can have been made from one. */
	if (size >= CRYPT_MAX_PASSPHRASE_SIZE)
		return POSTERN_PASSWORD_MISMATCH;
	if (postern_crypt_too_costly(text, size, limits))
		return POSTERN_PASSWORD_TOO_COSTLY;
	ret = hash(password, text, &data, &result, error_r);
	if (ret == POSTERN_PASSWORD_OK &&
	    (strlen(result) != strlen(text) || !postern_secret_equal(result, text, strlen(text))))
		ret = POSTERN_PASSWORD_MISMATCH;
	postern_secret_free_sized(&data, sizeof(*data));
	return ret;
}

int postern_crypt_make(const char *password, const char *prefix, unsigned long count,
		       char **verifier_r, const char **error_r)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = NULL;
	const char *result;
	int ret;

	*verifier_r = NULL;
	if (strlen(password) >= CRYPT_MAX_PASSPHRASE_SIZE)
		return postern_error(error_r, "this password is too long: at most %d octets",
				     CRYPT_MAX_PASSPHRASE_SIZE - 1);
	if (crypt_gensalt_rn(prefix, count, NULL, 0, setting, sizeof(setting)) == NULL)
		return postern_error(error_r, "cannot make a salt for crypt(3)'s \"%s\": %s",
				     prefix, strerror(errno));
	ret = hash(password, setting, &data, &result, error_r);
	if (ret == POSTERN_PASSWORD_OK) {
		*verifier_r = strdup(result);
		if (*verifier_r == NULL)
			ret = postern_error(error_r, "cannot store the password: out of memory");
	} else if (ret > 0) {
		ret = postern_error(error_r, "crypt(3) does not know \"%s\" here", prefix);
	}
	postern_secret_free_sized(&data, sizeof(*data));
	return ret;
}
