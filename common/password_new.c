/* SPDX-License-Identifier: MIT */
#include "password_new.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "password.h"
#include "secret.h"

/* 32 characters, five bits each, none of which is taken for another: no i, l, o or u. */
static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
#define GROUP 5

void postern_password_verifiers_free(char ***verifiers)
{
	for (char **v = *verifiers; v != NULL && *v != NULL; v++)
		postern_secret_free(v);
	free(*verifiers);
	*verifiers = NULL;
}

int postern_password_new_verifiers(const struct postern_config *config, const char *password,
				   char ***verifiers_r, const char **error_r)
{
	size_t count = 0;

	while (config->password_schemes[count] != NULL)
		count++;
	*verifiers_r = calloc(count + 1, sizeof(**verifiers_r));
	if (*verifiers_r == NULL)
		return postern_error(error_r, "no memory for a new password");
	for (size_t i = 0; i < count; i++) {
		if (postern_password_make(password, config->password_schemes[i],
					  &(*verifiers_r)[i], error_r) != 0) {
			postern_password_verifiers_free(verifiers_r);
			return -1;
		}
	}
	return 0;
}

int postern_password_hash_check(const struct postern_config *config, const char *hash,
				const char **error_r)
{
	/* Any password will do but the empty one, which is never compared. */
	switch (postern_password_verify("x", "x", hash, &config->password_limits, error_r)) {
	case POSTERN_PASSWORD_OK:
	case POSTERN_PASSWORD_MISMATCH:
		return POSTERN_PASSWORD_HASH_OK;
	case POSTERN_PASSWORD_UNKNOWN_SCHEME:
		postern_error(error_r, "this is no hash that a password can be compared with; "
			      "crypt(3) and Dovecot's {SCHEME} forms are");
		return POSTERN_PASSWORD_HASH_REFUSED;
	case POSTERN_PASSWORD_TOO_COSTLY:
		postern_error(error_r, "this hash asks for more work than postern.conf allows; "
			      "raise the limit there or make a cheaper one");
		return POSTERN_PASSWORD_HASH_REFUSED;
	default:
		return -1;
	}
}

int postern_password_generate(char password_r[POSTERN_PASSWORD_GENERATED_SIZE],
			      const char **error_r)
{
	unsigned char octets[POSTERN_PASSWORD_GENERATED_SIZE];

	if (getentropy(octets, sizeof(octets)) < 0)
		return postern_error(error_r, "cannot get random numbers: %m");
	for (size_t i = 0; i < POSTERN_PASSWORD_GENERATED_SIZE; i++) {
		bool ends_group = i % (GROUP + 1) == GROUP;

		password_r[i] = ends_group ? '-' : alphabet[octets[i] % 32];
	}
	password_r[POSTERN_PASSWORD_GENERATED_SIZE - 1] = '\0';
	postern_wipe(octets, sizeof(octets));
	return 0;
}
