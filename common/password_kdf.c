/* SPDX-License-Identifier: MIT */
#include "password_scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "secret.h"

/* RFC 7677, 4: about 15,000 at its time; more would be felt on a client, which computes it too. */
#define SCRAM_ITERATIONS 15000
#define BASE64 sodium_base64_VARIANT_ORIGINAL

/* Argon2 fills its memory `passes` times: as long as bcrypt takes with its default limit. */
#define ARGON2_WORK_MAX (4 * POSTERN_PASSWORD_MEMORY_MAX)

struct scram {
	unsigned long iterations;
	unsigned char salt[POSTERN_VERIFIER_MAX];
	size_t salt_size;
	unsigned char stored_key[EVP_MAX_MD_SIZE], server_key[EVP_MAX_MD_SIZE];
};

/* Digits up to end, without sign or blanks, at most 9 of them. */
static bool read_number(const char *text, char end, unsigned long *number_r, const char **end_r)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 9 || text[digits] != end)
		return false;
	*number_r = strtoul(text, NULL, 10);
	*end_r = text + digits + 1;
	return true;
}

/* One field of base64 up to the comma (or the end); the next one in *text. */
static bool read_field(const char **text, unsigned char *data_r, size_t max, size_t *size_r)
{
	size_t length = strcspn(*text, ",");

	if (sodium_base642bin(data_r, max, *text, length, NULL, size_r, NULL, BASE64) != 0)
		return false;
	*text += length;
	if (**text == ',')
		(*text)++;
	return *size_r > 0;
}

static bool scram_parse(const char *text, size_t digest_size, struct scram *scram_r)
{
	size_t stored_size, server_size;

	return read_number(text, ',', &scram_r->iterations, &text) && scram_r->iterations > 0 &&
		read_field(&text, scram_r->salt, sizeof(scram_r->salt), &scram_r->salt_size) &&
		read_field(&text, scram_r->stored_key, digest_size, &stored_size) &&
		read_field(&text, scram_r->server_key, digest_size, &server_size) &&
		*text == '\0' && stored_size == digest_size && server_size == digest_size;
}

/* RFC 5802, 3: fills in the two keys from the iterations and the salt. */
static int scram_derive(const char *password, const EVP_MD *digest, struct scram *scram,
			const char **error_r)
{
	unsigned char salted[EVP_MAX_MD_SIZE], client_key[EVP_MAX_MD_SIZE];
	int size = EVP_MD_get_size(digest);
	bool good;

	ERR_set_mark();
	good = PKCS5_PBKDF2_HMAC(password, (int)strlen(password), scram->salt,
				 (int)scram->salt_size, (int)scram->iterations, digest, size,
				 salted) == 1 &&
		HMAC(digest, salted, size, (const unsigned char *)"Client Key", 10, client_key,
		     NULL) != NULL &&
		HMAC(digest, salted, size, (const unsigned char *)"Server Key", 10,
		     scram->server_key, NULL) != NULL &&
		EVP_Digest(client_key, (size_t)size, scram->stored_key, NULL, digest, NULL) == 1;
	ERR_pop_to_mark();
	postern_wipe(salted, sizeof(salted));
	postern_wipe(client_key, sizeof(client_key));
	if (!good)
		return postern_error(error_r, "cannot compute SCRAM with %s: OpenSSL refused it",
				     EVP_MD_get0_name(digest));
	return 0;
}

static int scram_compare(const char *password, const struct postern_verifier *verifier,
			 const struct postern_password_limits *limits, const char **error_r)
{
	size_t size = (size_t)EVP_MD_get_size(verifier->digest);
	struct scram stored = { 0 }, derived = { 0 };
	int ret = POSTERN_PASSWORD_UNKNOWN_SCHEME;

	if (!scram_parse((const char *)verifier->data, size, &stored))
		goto out;
	if (stored.iterations > limits->max_rounds) {
		ret = POSTERN_PASSWORD_TOO_COSTLY;
		goto out;
	}
	derived = stored;
	ret = scram_derive(password, verifier->digest, &derived, error_r);
	/* Both keys, each looked at whatever the other is. */
	if (ret == 0 && (!postern_secret_equal(derived.stored_key, stored.stored_key, size) |
			 !postern_secret_equal(derived.server_key, stored.server_key, size)))
		ret = POSTERN_PASSWORD_MISMATCH;
out:
	postern_wipe(&stored, sizeof(stored));
	postern_wipe(&derived, sizeof(derived));
	return ret;
}

static int scram_format(const struct scram *scram, const EVP_MD *digest, char **verifier_r,
			const char **error_r)
{
	size_t size = (size_t)EVP_MD_get_size(digest);
	char salt[sodium_base64_ENCODED_LEN(POSTERN_SCRAM_SALT_SIZE, BASE64)];
	char stored_key[sodium_base64_ENCODED_LEN(EVP_MAX_MD_SIZE, BASE64)];
	char server_key[sodium_base64_ENCODED_LEN(EVP_MAX_MD_SIZE, BASE64)];
	int ret = 0;

	sodium_bin2base64(salt, sizeof(salt), scram->salt, scram->salt_size, BASE64);
	sodium_bin2base64(stored_key, sizeof(stored_key), scram->stored_key, size, BASE64);
	sodium_bin2base64(server_key, sizeof(server_key), scram->server_key, size, BASE64);
	if (asprintf(verifier_r, "%lu,%s,%s,%s", scram->iterations, salt, stored_key,
		     server_key) < 0) {
		*verifier_r = NULL;
		ret = postern_error(error_r, "cannot make a verifier: out of memory");
	}
	postern_wipe(stored_key, sizeof(stored_key));
	postern_wipe(server_key, sizeof(server_key));
	return ret;
}

int postern_scram_make(const char *password, const EVP_MD *digest, char **verifier_r,
		       const char **error_r)
{
	struct scram scram = {
		.iterations = SCRAM_ITERATIONS, .salt_size = POSTERN_SCRAM_SALT_SIZE,
	};
	int ret;

	*verifier_r = NULL;
	randombytes_buf(scram.salt, scram.salt_size);
	ret = scram_derive(password, digest, &scram, error_r);
	if (ret == 0)
		ret = scram_format(&scram, digest, verifier_r, error_r);
	postern_wipe(&scram, sizeof(scram));
	return ret;
}

int postern_scram_make_decoy(const unsigned char *salt, const EVP_MD *digest, char **verifier_r,
			     const char **error_r)
{
	struct scram scram = {
		.iterations = SCRAM_ITERATIONS, .salt_size = POSTERN_SCRAM_SALT_SIZE,
	};

	*verifier_r = NULL;
	if (sodium_init() < 0)
		return postern_error(error_r, "cannot start libsodium");
	memcpy(scram.salt, salt, scram.salt_size);
	randombytes_buf(scram.stored_key, sizeof(scram.stored_key));
	randombytes_buf(scram.server_key, sizeof(scram.server_key));
	return scram_format(&scram, digest, verifier_r, error_r);
}

struct pbkdf2 {
	const char *salt;
	size_t salt_size;
	unsigned long rounds;
	unsigned char key[20]; /* HMAC-SHA-1's */
};

/* Dovecot's: "$1$" salt "$" rounds "$" key in hex. The salt is its text, not decoded. */
static bool pbkdf2_parse(const char *text, struct pbkdf2 *pbkdf2_r)
{
	const char *hex;
	size_t size;

	if (strncmp(text, "$1$", 3) != 0)
		return false;
	pbkdf2_r->salt = text + 3;
	pbkdf2_r->salt_size = strcspn(pbkdf2_r->salt, "$");
	text = pbkdf2_r->salt + pbkdf2_r->salt_size;
	return *text == '$' && read_number(text + 1, '$', &pbkdf2_r->rounds, &hex) &&
		pbkdf2_r->rounds > 0 &&
		sodium_hex2bin(pbkdf2_r->key, sizeof(pbkdf2_r->key), hex, strlen(hex), NULL, &size,
			       NULL) == 0 && size == sizeof(pbkdf2_r->key);
}

static int pbkdf2_compare(const char *password, const struct postern_verifier *verifier,
			  const struct postern_password_limits *limits, const char **error_r)
{
	struct pbkdf2 stored = { 0 };
	unsigned char derived[sizeof(stored.key)] = { 0 };
	int ret = POSTERN_PASSWORD_UNKNOWN_SCHEME;

	if (!pbkdf2_parse((const char *)verifier->data, &stored))
		goto out;
	if (stored.rounds > limits->max_rounds) {
		ret = POSTERN_PASSWORD_TOO_COSTLY;
		goto out;
	}
	ERR_set_mark();
	if (PKCS5_PBKDF2_HMAC(password, (int)strlen(password),
			      (const unsigned char *)stored.salt, (int)stored.salt_size,
			      (int)stored.rounds, verifier->digest, sizeof(derived),
			      derived) != 1)
		ret = postern_error(error_r, "cannot compute PBKDF2: OpenSSL refused it");
	else
		ret = postern_secret_equal(derived, stored.key, sizeof(derived)) ?
			POSTERN_PASSWORD_OK : POSTERN_PASSWORD_MISMATCH;
	ERR_pop_to_mark();
out:
	postern_wipe(&stored, sizeof(stored));
	postern_wipe(derived, sizeof(derived));
	return ret;
}

struct argon2 {
	unsigned long kib, passes, lanes;
};

/* "$argon2id$v=19$m=KiB,t=passes,p=lanes$salt$hash" */
static bool argon2_parse(const char *text, struct argon2 *argon2_r)
{
	const char *at = strstr(text, "$m=");

	return at != NULL && read_number(at + 3, ',', &argon2_r->kib, &at) &&
		strncmp(at, "t=", 2) == 0 && read_number(at + 2, ',', &argon2_r->passes, &at) &&
		strncmp(at, "p=", 2) == 0 && read_number(at + 2, '$', &argon2_r->lanes, &at) &&
		/* Reads it without computing; what it asks is libsodium's own least. */
		crypto_pwhash_str_needs_rehash(text, crypto_pwhash_OPSLIMIT_MIN,
					       crypto_pwhash_MEMLIMIT_MIN) >= 0;
}

static int argon2_compare(const char *password, const struct postern_verifier *verifier,
			  const char **error_r)
{
	const char *text = (const char *)verifier->data;
	struct argon2 cost;

	if (!argon2_parse(text, &cost))
		return POSTERN_PASSWORD_UNKNOWN_SCHEME;
	if (cost.kib > POSTERN_PASSWORD_MEMORY_MAX / 1024 ||
	    cost.passes > ARGON2_WORK_MAX / 1024 ||
	    cost.kib * cost.passes > ARGON2_WORK_MAX / 1024)
		return POSTERN_PASSWORD_TOO_COSTLY;
	if (crypto_pwhash_str_verify(text, password, strlen(password)) == 0)
		return POSTERN_PASSWORD_OK;
	if (!postern_password_memory_fits(1024 * (uint64_t)cost.kib))
		return postern_error(error_r, "cannot compute Argon2: out of memory");
	return POSTERN_PASSWORD_MISMATCH;
}

int postern_argon2id_make(const char *password, char **verifier_r, const char **error_r)
{
	char text[crypto_pwhash_argon2id_STRBYTES];

	*verifier_r = NULL;
	if (crypto_pwhash_argon2id_str(text, password, strlen(password),
				       crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
				       crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE) == 0)
		*verifier_r = strdup(text);
	postern_wipe(text, sizeof(text));
	if (*verifier_r == NULL)
		return postern_error(error_r, "cannot compute Argon2id: out of memory");
	return 0;
}

bool postern_kdf_parses(const struct postern_verifier *verifier)
{
	const char *text = (const char *)verifier->data;
	struct scram scram = { 0 };
	struct pbkdf2 pbkdf2 = { 0 };
	struct argon2 argon2;
	bool parses = false;

	switch (verifier->family) {
	case POSTERN_FAMILY_SCRAM:
		parses = scram_parse(text, (size_t)EVP_MD_get_size(verifier->digest), &scram);
		break;
	case POSTERN_FAMILY_PBKDF2:
		parses = pbkdf2_parse(text, &pbkdf2);
		break;
	case POSTERN_FAMILY_ARGON2:
		parses = argon2_parse(text, &argon2);
		break;
	default:
		break;
	}
	postern_wipe(&scram, sizeof(scram));
	postern_wipe(&pbkdf2, sizeof(pbkdf2));
	return parses;
}

int postern_kdf_compare(const char *password, const struct postern_verifier *verifier,
			const struct postern_password_limits *limits, const char **error_r)
{
	/* Picks libsodium's fastest code for this CPU; done once, and cheap after that. */
	if (sodium_init() < 0)
		return postern_error(error_r, "cannot start libsodium");
	switch (verifier->family) {
	case POSTERN_FAMILY_SCRAM:
		return scram_compare(password, verifier, limits, error_r);
	case POSTERN_FAMILY_PBKDF2:
		return pbkdf2_compare(password, verifier, limits, error_r);
	case POSTERN_FAMILY_ARGON2:
		return argon2_compare(password, verifier, error_r);
	default:
		return POSTERN_PASSWORD_UNKNOWN_SCHEME;
	}
}
