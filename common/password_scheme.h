/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PASSWORD_SCHEME_H
#define POSTERN_PASSWORD_SCHEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "error.h"
#include "password.h"

/*
 * The insides of password.h: which schemes there are, a verifier taken apart, and each
 * family's comparison. Nothing outside of common/password*.c includes this. Verifiers come
 * from the store, where an import may have put anything: they are untrusted too. The
 * algorithms are crypt(3)'s, OpenSSL's and libsodium's; none is written here again.
 *
 * A comparison returns POSTERN_PASSWORD_OK, _MISMATCH, _UNKNOWN_SCHEME or _TOO_COSTLY, or -1;
 * a verifier beyond the limits is not computed.
 */
enum postern_password_family {
	POSTERN_FAMILY_CRYPT,
	POSTERN_FAMILY_PLAIN,
	POSTERN_FAMILY_DIGEST,
	POSTERN_FAMILY_CRAM_MD5,
	POSTERN_FAMILY_SCRAM,
	POSTERN_FAMILY_PBKDF2,
	POSTERN_FAMILY_ARGON2,
	/* Its data is all of the text behind the "{". */
	POSTERN_FAMILY_DOVECOT,
};

struct postern_verifier {
	/* In the words of postern_password_make; static. */
	const char *scheme;
	enum postern_password_family family;
	/* DIGEST and SCRAM: the hash function, and whether a salt follows the digest. */
	const EVP_MD *digest;
	bool salted;
	/* What stands behind the prefix, decoded; a NUL follows. A secret. */
	uint8_t data[POSTERN_VERIFIER_MAX + 1];
	size_t size;
};

/* Costs of what postern makes itself (postern_password_make says why these). Limits below
   them would lock out every new password, so they count as these. */
#define POSTERN_MADE_ROUNDS 100000
#define POSTERN_MADE_BCRYPT_COST 10

/* What one comparison may take of memory. A login service of Dovecot is given 256 MiB of
   address space by default, and there may be many at a time. */
#define POSTERN_PASSWORD_MEMORY_MAX (256ULL * 1024 * 1024)

/* Limits with their defaults filled in; NULL is all defaults. */
struct postern_password_limits
postern_password_limits_effective(const struct postern_password_limits *limits);

/* Takes a verifier apart. False when it can never verify here: its scheme is unknown, it is
   locked, or it is cut short. The caller wipes *verifier_r in both cases. */
bool postern_verifier_parse(const char *text, struct postern_verifier *verifier_r);

/* crypt(3), password_crypt.c. The name of a complete verifier's scheme, else NULL. */
const char *postern_crypt_scheme(const char *text);
int postern_crypt_compare(const char *password, const char *text,
			  const struct postern_password_limits *limits, const char **error_r)
	POSTERN_WARN_UNUSED;
/* count as for crypt_gensalt(3), 0 for its default. *verifier_r is the caller's secret. */
int postern_crypt_make(const char *password, const char *prefix, unsigned long count,
		       char **verifier_r, const char **error_r) POSTERN_WARN_UNUSED;

/* password_crypt_cost.c: whether text asks for more than limits allow, with a password of this
   many octets. */
bool postern_crypt_too_costly(const char *text, size_t password_size,
			      const struct postern_password_limits *limits);
/* Octets that a verifier within the limits takes to compute, where that is much; else 0. */
uint64_t postern_crypt_memory(const char *text);

/* password_memory.c: whether size octets could be had now. libcrypt and libsodium answer want
   of memory with the same as a bad setting or a mismatch, which must not be taken for a "no";
   so this is asked after those. */
bool postern_password_memory_fits(uint64_t size);

/* password_digest.c: PLAIN, DIGEST and CRAM_MD5. */
int postern_digest_compare(const char *password, const struct postern_verifier *verifier,
			   const char **error_r) POSTERN_WARN_UNUSED;

/* password_dovecot.c: what Dovecot compares. */
bool postern_dovecot_parses(const struct postern_verifier *verifier);
int postern_dovecot_compare(const char *password, const char *account,
			    const struct postern_verifier *verifier,
			    const struct postern_password_limits *limits) POSTERN_WARN_UNUSED;

/* The 32 octets that CRAM-MD5 (RFC 2195) needs in place of the password: HMAC-MD5's outer and
   inner state after the key (password_cram_md5.c). */
#define POSTERN_CRAM_MD5_SIZE 32
int postern_cram_md5_state(const char *password, uint8_t state_r[POSTERN_CRAM_MD5_SIZE],
			   const char **error_r) POSTERN_WARN_UNUSED;

/* password_kdf.c: SCRAM, PBKDF2 and ARGON2. Whether the text is one of the verifier's family. */
bool postern_kdf_parses(const struct postern_verifier *verifier);
int postern_kdf_compare(const char *password, const struct postern_verifier *verifier,
			const struct postern_password_limits *limits, const char **error_r)
	POSTERN_WARN_UNUSED;
/* "iterations,salt,StoredKey,ServerKey" (RFC 5802, 3), as Dovecot writes it. */
int postern_scram_make(const char *password, const EVP_MD *digest, char **verifier_r,
		       const char **error_r) POSTERN_WARN_UNUSED;
/* The same for a password that nobody has: random keys under this salt. */
#define POSTERN_SCRAM_SALT_SIZE 16
int postern_scram_make_decoy(const unsigned char *salt, const EVP_MD *digest, char **verifier_r,
			     const char **error_r) POSTERN_WARN_UNUSED;
int postern_argon2id_make(const char *password, char **verifier_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
