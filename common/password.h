/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PASSWORD_H
#define POSTERN_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * Verifiers: what is stored in place of a password. A verifier is a string as
 * crypt(3) or Dovecot writes it: "$1$…", "$y$…", "{SHA512-CRYPT}$6$…",
 * "{SCRAM-SHA-256}4096,…". Passwords are untrusted input and secrets; they are
 * compared here, in auth-worker, postern-keeper or the command, never in the auth process,
 * because a comparison takes milliseconds of CPU.
 */

/* Longer passwords never verify and are refused when setting (octets). */
#define POSTERN_PASSWORD_MAX 1024
#define POSTERN_VERIFIER_MAX 1024

enum postern_password_outcome {
	POSTERN_PASSWORD_OK = 0,
	POSTERN_PASSWORD_MISMATCH = 1,
	/* The verifier's scheme is unknown here, or it is a locked one ("*", "!", ""). */
	POSTERN_PASSWORD_UNKNOWN_SCHEME = 2,
	/* The verifier asks for more work than the limits allow; it was not computed. */
	POSTERN_PASSWORD_TOO_COSTLY = 3,
};

struct postern_password_limits {
	/* Rounds of the sha-crypts, PBKDF2 and SCRAM; 0 is the default of 1,000,000. For a long
	   password, where each of its octets counts in each round, proportionally fewer. At least
	   the rounds that postern_password_make uses. */
	unsigned long max_rounds;
	/* log2 of bcrypt's cost; 0 is the default of 14. At least postern_password_make's. */
	unsigned max_bcrypt_cost;
};

/* Compares a password with one verifier. It is tried as given and, where that differs,
   in its prepared form (RFC 8265 OpaqueString). account is the name that the verifier was made for,
   which DIGEST-MD5 has in it. limits may be NULL for the defaults.
   Returns an outcome, or -1 when the library failed (no memory). */
int postern_password_verify(const char *password, const char *account, const char *verifier,
			    const struct postern_password_limits *limits,
			    const char **error_r) POSTERN_WARN_UNUSED;

/* {OTP}, {DIGEST-MD5}, {PLAIN-MD4} and {PLAIN-TRUNC} are compared by Dovecot's own code, in a
   process that has it and says so here, once: auth-worker. Elsewhere nothing matches them.
   scheme is what stands in the braces, text what stands behind them. Returns an outcome. */
typedef int postern_password_dovecot_fn(const char *password, const char *account,
					const char *scheme, const char *text);
void postern_password_set_dovecot(postern_password_dovecot_fn *fn);

/* Called before and behind each comparison (begins is true, then false) in a process that has others of
   its kind beside it: auth-worker, where hashing_turn.h has the turns. */
typedef void postern_password_turn_fn(bool begins);
void postern_password_set_turns(postern_password_turn_fn *fn);

/* The same work as a comparison against a fresh default verifier, always a mismatch: what a
   login to an unknown account costs. */
void postern_password_verify_nobody(const char *password);

/* Makes a verifier. scheme is "yescrypt", "sha512-crypt", "sha256-crypt", "bcrypt",
   "md5-crypt", "scram-sha-256", "scram-sha-1", … in any case. *verifier_r is on the heap and
   the caller's (postern_secret_free). The password is prepared first; one that RFC 8265
   forbids is a failure that says why. */
int postern_password_make(const char *password, const char *scheme, char **verifier_r,
			  const char **error_r) POSTERN_WARN_UNUSED;

/* A verifier that nothing matches, for a mechanism that shows a verifier's salt before it asks for
   the proof: SCRAM (RFC 5802, 5.1). It looks as postern_password_make's do, and its salt is always
   the same for the same seed (a secret) and name, so that a name that is nobody's cannot be told
   from one that is somebody's. *verifier_r is NULL for a scheme that needs none. */
int postern_password_make_decoy(const char *scheme, const void *seed, size_t seed_size,
				const char *name, char **verifier_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Whether postern_password_make knows scheme; a failure names those that it knows. */
int postern_password_scheme_check(const char *scheme, const char **error_r) POSTERN_WARN_UNUSED;

/* Names the scheme of a verifier in the words of postern_password_make ("md5-crypt"), or NULL
   when it is none that could ever verify. Static memory. */
const char *postern_password_scheme(const char *verifier);

enum {
	POSTERN_PASSWORD_WEAK = 1,
};

/* Checks a new password: at least min_chars characters, allowed by RFC 8265, not one of
   the commonest, not the account's name. 0, or POSTERN_PASSWORD_WEAK, of which *error_r says why
   in a sentence for the user. */
int postern_password_check_quality(const char *password, const char *account,
				   unsigned min_chars, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
