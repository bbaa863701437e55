/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PASSWORD_UPGRADE_H
#define POSTERN_PASSWORD_UPGRADE_H

#include "config.h"
#include "error.h"
#include "store.h"

/*
 * Old verifiers become the configured ones at a good login: the one moment at which the password is
 * there. For auth-worker, after the login was answered; nothing that fails here is the user's
 * concern.
 */
enum postern_password_upgrade_outcome {
	POSTERN_PASSWORD_UPGRADED = 0,
	/* Nothing to do: the verifiers are as they should be, or stronger; or the password was
	   changed or removed meanwhile. */
	POSTERN_PASSWORD_KEPT = 1,
};

/* Each scheme that can be verified, by index from 0 and the weakest first; NULL behind the
   last. How long a stolen verifier of it stands against guessing is a number from 0 (it is the
   password, or as good) to 4 (dear on every machine). */
const char *postern_password_scheme_at(size_t index, unsigned *strength_r);

/* Would verifiers of these schemes be better than those (NULL-terminated both)? They are when
   the best of schemes is as good as the best of verifiers, and these are not of just these
   schemes. */
bool postern_password_upgrade_wanted(char *const *verifiers, char *const *schemes);

/* Replaces the verifiers of the account's password of this label, if its verifiers are not
   what config wants and password is the one that they verify. store needs verifiers only; what is
   written goes through a handle of its own, which never waits for a lock. */
int postern_password_upgrade(struct postern_store *store, const struct postern_config *config,
			     const struct postern_account *account, const char *label,
			     const char *password, const char **error_r) POSTERN_WARN_UNUSED;

#endif
