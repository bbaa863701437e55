/* SPDX-License-Identifier: MIT */
#include "password.h"

#include <crypt.h>
#include <stdio.h>
#include <string.h>

#include "password_scheme.h"
#include "precis.h"
#include "secret.h"

static int compare(const char *password, const char *account,
		   const struct postern_verifier *verifier,
		   const struct postern_password_limits *limits, const char **error_r)
{
	switch (verifier->family) {
	case POSTERN_FAMILY_CRYPT:
		return postern_crypt_compare(password, (const char *)verifier->data, limits,
					     error_r);
	case POSTERN_FAMILY_PLAIN:
	case POSTERN_FAMILY_DIGEST:
	case POSTERN_FAMILY_CRAM_MD5:
		return postern_digest_compare(password, verifier, error_r);
	case POSTERN_FAMILY_SCRAM:
	case POSTERN_FAMILY_PBKDF2:
	case POSTERN_FAMILY_ARGON2:
		return postern_kdf_compare(password, verifier, limits, error_r);
	case POSTERN_FAMILY_DOVECOT:
		return postern_dovecot_compare(password, account, verifier, limits);
	}
	return POSTERN_PASSWORD_UNKNOWN_SCHEME;
}

/* As given first: an imported verifier was made from what the user typed then. */
static int compare_both_forms(const char *password, const char *account,
			      const struct postern_verifier *verifier,
			      const struct postern_password_limits *limits, const char **error_r)
{
	char *prepared = NULL;
	int ret = compare(password, account, verifier, limits, error_r);

	if (ret != POSTERN_PASSWORD_MISMATCH)
		return ret;
	switch (postern_precis_password(password, &prepared, error_r)) {
	case POSTERN_PRECIS_OK:
		if (strcmp(prepared, password) != 0)
			ret = compare(prepared, account, verifier, limits, error_r);
		break;
	case POSTERN_PRECIS_REFUSED:
		break;
	default:
		ret = -1;
		break;
	}
	postern_secret_free(&prepared);
	return ret;
}

static postern_password_turn_fn *turns;

void postern_password_set_turns(postern_password_turn_fn *fn)
{
	turns = fn;
}

static int compare_in_turn(const char *password, const char *account,
			   const struct postern_verifier *verifier,
			   const struct postern_password_limits *limits, const char **error_r)
{
	int ret;

	if (turns != NULL)
		turns(true);
	ret = compare_both_forms(password, account, verifier, limits, error_r);
	if (turns != NULL)
		turns(false);
	return ret;
}

int postern_password_verify(const char *password, const char *account, const char *verifier,
			    const struct postern_password_limits *limits, const char **error_r)
{
	struct postern_password_limits effective = postern_password_limits_effective(limits);
	struct postern_verifier parsed;
	int ret = POSTERN_PASSWORD_UNKNOWN_SCHEME;

	if (postern_verifier_parse(verifier, &parsed)) {
		size_t size = strlen(password);

		if (size == 0 || size > POSTERN_PASSWORD_MAX)
			ret = POSTERN_PASSWORD_MISMATCH;
		else
			ret = compare_in_turn(password, account, &parsed, &effective, error_r);
	}
	postern_wipe(&parsed, sizeof(parsed));
	return ret;
}

void postern_password_verify_nobody(const char *password)
{
	/* Any hash will do: the answer is dropped. */
	static const char hash[] = "$...........................................";
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	char verifier[sizeof(setting) + sizeof(hash)];
	const char *error;
	int dropped;

	/* What postern_password_make gives: the default of this very libcrypt. */
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) == NULL)
		return;
	snprintf(verifier, sizeof(verifier), "%s%s", setting, hash);
	dropped = postern_password_verify(password, "", verifier, NULL, &error);
	(void)dropped;
}
