/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PASSWORD_NEW_H
#define POSTERN_PASSWORD_NEW_H

#include "config.h"
#include "error.h"

/* What is stored for a new password, for the admin's command and for the page. */

/* One verifier for each of the configured schemes, NULL-terminated; the caller's to free. A
   failure is a sentence for the user. The password's quality is looked at elsewhere. */
int postern_password_new_verifiers(const struct postern_config *config, const char *password,
				   char ***verifiers_r, const char **error_r) POSTERN_WARN_UNUSED;
/* Wipes and frees; NULL is fine. */
void postern_password_verifiers_free(char ***verifiers);

enum postern_password_hash_outcome {
	POSTERN_PASSWORD_HASH_OK = 0,
	/* It could never verify, or a login would refuse to compute it: *error_r says which. */
	POSTERN_PASSWORD_HASH_REFUSED = 1,
};

/* Can a finished hash be stored as it is? */
int postern_password_hash_check(const struct postern_config *config, const char *hash,
				const char **error_r) POSTERN_WARN_UNUSED;

/* Four groups of five characters and the hyphens between them, 100 bits, none of the 32
   characters like another. A secret. */
#define POSTERN_PASSWORD_GENERATED_SIZE (4 * (5 + 1))
int postern_password_generate(char password_r[POSTERN_PASSWORD_GENERATED_SIZE],
			      const char **error_r) POSTERN_WARN_UNUSED;

#endif
