/* SPDX-License-Identifier: MIT */
#include "password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "escape.h"
#include "password_scheme.h"
#include "precis.h"
#include "secret.h"

/* bcrypt ignores what is behind these octets, and a password is never cut in silence. */
#define BCRYPT_PASSWORD_MAX 72

/*
 * What is written for a new password. Costs: libcrypt's own for its modern methods; for the
 * sha-crypts and bcrypt its defaults are those of their first years, and these take some tens of
 * milliseconds, as yescrypt does.
 */
static const struct maker {
	const char *scheme;
	const char *prefix;
	enum postern_password_family family;
	unsigned long count;
	const EVP_MD *(*digest)(void);
} makers[] = {
	{ "yescrypt", "$y$", POSTERN_FAMILY_CRYPT, 0, NULL },
	{ "gost-yescrypt", "$gy$", POSTERN_FAMILY_CRYPT, 0, NULL },
	{ "scrypt", "$7$", POSTERN_FAMILY_CRYPT, 0, NULL },
	{ "bcrypt", "$2b$", POSTERN_FAMILY_CRYPT, POSTERN_MADE_BCRYPT_COST, NULL },
	{ "sha512-crypt", "$6$", POSTERN_FAMILY_CRYPT, POSTERN_MADE_ROUNDS, NULL },
	{ "sha256-crypt", "$5$", POSTERN_FAMILY_CRYPT, POSTERN_MADE_ROUNDS, NULL },
	{ "md5-crypt", "$1$", POSTERN_FAMILY_CRYPT, 0, NULL },
	{ "argon2id", "{ARGON2ID}", POSTERN_FAMILY_ARGON2, 0, NULL },
	{ "scram-sha-256", "{SCRAM-SHA-256}", POSTERN_FAMILY_SCRAM, 0, EVP_sha256 },
	{ "scram-sha-1", "{SCRAM-SHA-1}", POSTERN_FAMILY_SCRAM, 0, EVP_sha1 },
	{ "cram-md5", "{CRAM-MD5}", POSTERN_FAMILY_CRAM_MD5, 0, NULL },
	{ "plain", "{PLAIN}", POSTERN_FAMILY_PLAIN, 0, NULL },
};

static const struct maker *find_maker(const char *scheme)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		if (strcasecmp(makers[i].scheme, scheme) == 0)
			return &makers[i];
	}
	return NULL;
}

static int refuse_scheme(const char *scheme, const char **error_r)
{
	char names[256] = "", escaped[64];
	size_t used = 0;

	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
					 i == 0 ? "" : ", ", makers[i].scheme);
	postern_escape(scheme, strlen(scheme), escaped, sizeof(escaped));
	return postern_error(error_r, "no password scheme \"%s\" to make: use one of %s", escaped,
			     names);
}

static int make_cram_md5(const char *password, char **text_r, const char **error_r)
{
	uint8_t state[POSTERN_CRAM_MD5_SIZE];
	char hex[2 * POSTERN_CRAM_MD5_SIZE + 1];
	int ret = postern_cram_md5_state(password, state, error_r);

	if (ret == 0) {
		sodium_bin2hex(hex, sizeof(hex), state, sizeof(state));
		*text_r = strdup(hex);
		postern_wipe(hex, sizeof(hex));
	}
	postern_wipe(state, sizeof(state));
	return ret;
}

/* What stands behind the prefix. With 0, *text_r may be NULL for want of memory. */
static int make_text(const char *password, const struct maker *maker, char **text_r,
		     const char **error_r)
{
	switch (maker->family) {
	case POSTERN_FAMILY_PLAIN:
		*text_r = strdup(password);
		return 0;
	case POSTERN_FAMILY_CRAM_MD5:
		return make_cram_md5(password, text_r, error_r);
	case POSTERN_FAMILY_SCRAM:
		return postern_scram_make(password, maker->digest(), text_r, error_r);
	case POSTERN_FAMILY_ARGON2:
		return postern_argon2id_make(password, text_r, error_r);
	default:
		return postern_error(error_r, "the scheme \"%s\" cannot be made", maker->scheme);
	}
}

static int make_prefixed(const char *password, const struct maker *maker, char **verifier_r,
			 const char **error_r)
{
	char *text = NULL;
	int ret = -1;

	if (sodium_init() < 0)
		return postern_error(error_r, "cannot start libsodium");
	if (make_text(password, maker, &text, error_r) < 0)
		goto out;
	if (text == NULL || asprintf(verifier_r, "%s%s", maker->prefix, text) < 0) {
		*verifier_r = NULL;
		postern_error(error_r, "cannot store the password: out of memory");
		goto out;
	}
	ret = 0;
out:
	postern_secret_free(&text);
	return ret;
}

static int make_prepared(const char *password, const struct maker *maker, char **verifier_r,
			 const char **error_r)
{
	size_t size = strlen(password);

	if (size > POSTERN_PASSWORD_MAX)
		return postern_error(error_r, "this password is too long: at most %d octets",
				     POSTERN_PASSWORD_MAX);
	if (strcmp(maker->scheme, "bcrypt") == 0 && size > BCRYPT_PASSWORD_MAX)
		return postern_error(error_r, "this password is too long for bcrypt: at most %d "
				     "octets", BCRYPT_PASSWORD_MAX);
	if (maker->family == POSTERN_FAMILY_PLAIN &&
	    size + strlen(maker->prefix) > POSTERN_VERIFIER_MAX)
		return postern_error(error_r, "this password is too long to be stored as it is");
	if (maker->family == POSTERN_FAMILY_CRYPT)
		return postern_crypt_make(password, maker->prefix, maker->count, verifier_r,
					  error_r);
	return make_prefixed(password, maker, verifier_r, error_r);
}

int postern_password_scheme_check(const char *scheme, const char **error_r)
{
	return find_maker(scheme) != NULL ? 0 : refuse_scheme(scheme, error_r);
}

int postern_password_make(const char *password, const char *scheme, char **verifier_r,
			  const char **error_r)
{
	const struct maker *maker = find_maker(scheme);
	char *prepared = NULL;
	int ret;

	*verifier_r = NULL;
	if (maker == NULL)
		return refuse_scheme(scheme, error_r);
	if (postern_precis_password(password, &prepared, error_r) != POSTERN_PRECIS_OK)
		return -1;
	ret = make_prepared(prepared, maker, verifier_r, error_r);
	postern_secret_free(&prepared);
	return ret;
}
