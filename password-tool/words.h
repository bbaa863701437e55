/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_WORDS_H
#define POSTERN_WORDS_H

#include "address.h"
#include "store.h"

/*
 * Values of the command line and of an import, from text to what the store takes. Pure functions
 * over untrusted text; a failure says what would have been right.
 */

/* "any", "key", "password", "both". */
int postern_words_policy(const char *text, enum postern_policy *policy_r, const char **error_r)
	POSTERN_WARN_UNUSED;
const char *postern_words_policy_name(enum postern_policy policy);

/* The name of a new account, prepared (postern_precis_username), on the heap. Stricter than RFC 8265: names end
   up in paths, in Dovecot's variables and as its master users ("a*b"), and in lists. */
int postern_words_new_name(const char *text, char **name_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#define POSTERN_WORDS_ADDRESS_MAX (2 * POSTERN_ADDRESS_MAX)

/* "local@domain" or "@domain", normalised as the store keeps it. cased are the domains where the case of a
   local-part counts (case_sensitive_domains). */
int postern_words_address(const char *text, char *const *cased, char address_r[POSTERN_WORDS_ADDRESS_MAX],
			  const char **error_r) POSTERN_WARN_UNUSED;

#endif
