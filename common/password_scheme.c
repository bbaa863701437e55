/* SPDX-License-Identifier: MIT */
#include "password_scheme.h"

#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "secret.h"

#define DEFAULT_MAX_ROUNDS 1000000
#define DEFAULT_MAX_BCRYPT_COST 14

enum encoding {
	ENCODING_NONE,
	ENCODING_HEX,
	ENCODING_BASE64,
};

/* The prefixes that Dovecot 2.3 and 2.4 write. The last four need what no library but
   Dovecot's has at hand. */
static const struct prefix {
	const char *prefix;
	const char *scheme; /* NULL: as the text behind the prefix says */
	enum postern_password_family family;
	enum encoding encoding;
	const EVP_MD *(*digest)(void);
	bool salted;
} prefixes[] = {
	{ "CRYPT", NULL, POSTERN_FAMILY_CRYPT, ENCODING_NONE, NULL, false },
	{ "MD5-CRYPT", NULL, POSTERN_FAMILY_CRYPT, ENCODING_NONE, NULL, false },
	{ "SHA256-CRYPT", NULL, POSTERN_FAMILY_CRYPT, ENCODING_NONE, NULL, false },
	{ "SHA512-CRYPT", NULL, POSTERN_FAMILY_CRYPT, ENCODING_NONE, NULL, false },
	{ "BLF-CRYPT", NULL, POSTERN_FAMILY_CRYPT, ENCODING_NONE, NULL, false },
	{ "DES-CRYPT", NULL, POSTERN_FAMILY_CRYPT, ENCODING_NONE, NULL, false },
	{ "ARGON2", NULL, POSTERN_FAMILY_CRYPT, ENCODING_NONE, NULL, false },
	{ "ARGON2I", NULL, POSTERN_FAMILY_CRYPT, ENCODING_NONE, NULL, false },
	{ "ARGON2ID", NULL, POSTERN_FAMILY_CRYPT, ENCODING_NONE, NULL, false },
	{ "SCRAM-SHA-1", "scram-sha-1", POSTERN_FAMILY_SCRAM, ENCODING_NONE, EVP_sha1, false },
	{ "SCRAM-SHA-256", "scram-sha-256", POSTERN_FAMILY_SCRAM, ENCODING_NONE, EVP_sha256, false },
	{ "PBKDF2", "pbkdf2", POSTERN_FAMILY_PBKDF2, ENCODING_NONE, EVP_sha1, false },
	{ "PLAIN", "plain", POSTERN_FAMILY_PLAIN, ENCODING_NONE, NULL, false },
	{ "CLEAR", "plain", POSTERN_FAMILY_PLAIN, ENCODING_NONE, NULL, false },
	{ "CLEARTEXT", "plain", POSTERN_FAMILY_PLAIN, ENCODING_NONE, NULL, false },
	{ "CRAM-MD5", "cram-md5", POSTERN_FAMILY_CRAM_MD5, ENCODING_HEX, NULL, false },
	{ "HMAC-MD5", "cram-md5", POSTERN_FAMILY_CRAM_MD5, ENCODING_HEX, NULL, false },
	{ "MD5", NULL, POSTERN_FAMILY_PLAIN, ENCODING_NONE, NULL, false },
	{ "PLAIN-MD5", "plain-md5", POSTERN_FAMILY_DIGEST, ENCODING_HEX, EVP_md5, false },
	{ "LDAP-MD5", "plain-md5", POSTERN_FAMILY_DIGEST, ENCODING_BASE64, EVP_md5, false },
	{ "SMD5", "smd5", POSTERN_FAMILY_DIGEST, ENCODING_BASE64, EVP_md5, true },
	{ "SHA", "sha1", POSTERN_FAMILY_DIGEST, ENCODING_BASE64, EVP_sha1, false },
	{ "SHA1", "sha1", POSTERN_FAMILY_DIGEST, ENCODING_BASE64, EVP_sha1, false },
	{ "SSHA", "ssha", POSTERN_FAMILY_DIGEST, ENCODING_BASE64, EVP_sha1, true },
	{ "SHA256", "sha256", POSTERN_FAMILY_DIGEST, ENCODING_BASE64, EVP_sha256, false },
	{ "SSHA256", "ssha256", POSTERN_FAMILY_DIGEST, ENCODING_BASE64, EVP_sha256, true },
	{ "SHA512", "sha512", POSTERN_FAMILY_DIGEST, ENCODING_BASE64, EVP_sha512, false },
	{ "SSHA512", "ssha512", POSTERN_FAMILY_DIGEST, ENCODING_BASE64, EVP_sha512, true },
	{ "OTP", "otp", POSTERN_FAMILY_DOVECOT, ENCODING_NONE, NULL, false },
	{ "DIGEST-MD5", "digest-md5", POSTERN_FAMILY_DOVECOT, ENCODING_NONE, NULL, false },
	{ "PLAIN-MD4", "plain-md4", POSTERN_FAMILY_DOVECOT, ENCODING_NONE, NULL, false },
	{ "PLAIN-TRUNC", "plain-trunc", POSTERN_FAMILY_DOVECOT, ENCODING_NONE, NULL, false },
};

struct postern_password_limits
postern_password_limits_effective(const struct postern_password_limits *limits)
{
	struct postern_password_limits effective = { 0 };

	if (limits != NULL)
		effective = *limits;
	if (effective.max_rounds == 0)
		effective.max_rounds = DEFAULT_MAX_ROUNDS;
	if (effective.max_rounds < POSTERN_MADE_ROUNDS)
		effective.max_rounds = POSTERN_MADE_ROUNDS;
	if (effective.max_bcrypt_cost == 0)
		effective.max_bcrypt_cost = DEFAULT_MAX_BCRYPT_COST;
	if (effective.max_bcrypt_cost < POSTERN_MADE_BCRYPT_COST)
		effective.max_bcrypt_cost = POSTERN_MADE_BCRYPT_COST;
	return effective;
}

static const struct prefix *find_prefix(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strlen(prefixes[i].prefix) == size &&
		    strncasecmp(prefixes[i].prefix, name, size) == 0)
			return &prefixes[i];
	}
	return NULL;
}

static bool find_encoding(const char *name, size_t size, enum encoding *encoding_r)
{
	static const struct {
		const char *name;
		enum encoding encoding;
	} encodings[] = {
		{ "HEX", ENCODING_HEX },
		{ "B64", ENCODING_BASE64 },
		{ "BASE64", ENCODING_BASE64 },
	};

	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		if (strlen(encodings[i].name) == size &&
		    strncasecmp(encodings[i].name, name, size) == 0) {
			*encoding_r = encodings[i].encoding;
			return true;
		}
	}
	return false;
}

static bool decode(const char *text, enum encoding encoding, struct postern_verifier *verifier)
{
	size_t size = strlen(text);

	switch (encoding) {
	case ENCODING_NONE:
		memcpy(verifier->data, text, size);
		verifier->size = size;
		break;
	case ENCODING_HEX:
		if (sodium_hex2bin(verifier->data, POSTERN_VERIFIER_MAX, text, size, NULL,
				   &verifier->size, NULL) != 0)
			return false;
		break;
	case ENCODING_BASE64:
		if (sodium_base642bin(verifier->data, POSTERN_VERIFIER_MAX, text, size, NULL,
				      &verifier->size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
			return false;
		break;
	}
	verifier->data[verifier->size] = '\0';
	if (verifier->family == POSTERN_FAMILY_DIGEST ||
	    verifier->family == POSTERN_FAMILY_CRAM_MD5)
		return true;
	/* The others are read as strings: a NUL inside would hide what follows it. */
	return strlen((const char *)verifier->data) == verifier->size;
}

/* crypt(3)'s text says itself which scheme it is; argon2's is in the same style, though not
   crypt(3)'s. */
static void find_crypt_scheme(struct postern_verifier *verifier)
{
	const char *text = (const char *)verifier->data;

	verifier->family = POSTERN_FAMILY_ARGON2;
	if (strncmp(text, "$argon2id$", 10) == 0) {
		verifier->scheme = "argon2id";
	} else if (strncmp(text, "$argon2i$", 9) == 0) {
		verifier->scheme = "argon2i";
	} else {
		verifier->family = POSTERN_FAMILY_CRYPT;
		verifier->scheme = postern_crypt_scheme(text);
	}
}

static bool is_complete(const struct postern_verifier *verifier)
{
	size_t digest_size;

	switch (verifier->family) {
	case POSTERN_FAMILY_CRYPT:
		return verifier->scheme != NULL;
	case POSTERN_FAMILY_PLAIN:
		return verifier->size > 0;
	case POSTERN_FAMILY_DIGEST:
		digest_size = (size_t)EVP_MD_get_size(verifier->digest);
		return verifier->salted ? verifier->size > digest_size :
			verifier->size == digest_size;
	case POSTERN_FAMILY_CRAM_MD5:
		return verifier->size == POSTERN_CRAM_MD5_SIZE;
	case POSTERN_FAMILY_SCRAM:
	case POSTERN_FAMILY_PBKDF2:
	case POSTERN_FAMILY_ARGON2:
		return postern_kdf_parses(verifier);
	case POSTERN_FAMILY_DOVECOT:
		return postern_dovecot_parses(verifier);
	}
	return false;
}

/* The text behind a digest's prefix without a named encoding may be hex or base64; the length
   tells. */
static enum encoding guess_encoding(const struct prefix *prefix, size_t length)
{
	size_t size;

	if (prefix->family == POSTERN_FAMILY_CRAM_MD5)
		size = POSTERN_CRAM_MD5_SIZE;
	else if (prefix->family == POSTERN_FAMILY_DIGEST && !prefix->salted)
		size = (size_t)EVP_MD_get_size(prefix->digest());
	else
		return prefix->encoding;
	return length == 2 * size ? ENCODING_HEX : ENCODING_BASE64;
}

static bool parse_as(const struct prefix *prefix, const char *text, enum encoding encoding,
		     struct postern_verifier *verifier_r)
{
	verifier_r->scheme = prefix->scheme;
	verifier_r->family = prefix->family;
	verifier_r->digest = prefix->digest == NULL ? NULL : prefix->digest();
	verifier_r->salted = prefix->salted;
	if (!decode(text, encoding, verifier_r))
		return false;
	if (prefix->family == POSTERN_FAMILY_CRYPT)
		find_crypt_scheme(verifier_r);
	return is_complete(verifier_r);
}

/* Dovecot's MD5 is either of two; what it is shows once it is decoded. */
static bool reparse_md5(struct postern_verifier *verifier)
{
	char text[POSTERN_VERIFIER_MAX + 1];
	const char *name;
	const struct prefix *prefix;
	bool good;

	memcpy(text, verifier->data, verifier->size + 1);
	name = strncmp(text, "$1$", 3) == 0 ? "MD5-CRYPT" : "PLAIN-MD5";
	prefix = find_prefix(name, strlen(name));
	good = parse_as(prefix, text, guess_encoding(prefix, strlen(text)), verifier);
	postern_wipe(text, sizeof(text));
	return good;
}

static bool parse_prefixed(const char *text, struct postern_verifier *verifier_r)
{
	const char *name = text + 1, *end = strchr(name, '}'), *dot;
	const struct prefix *prefix;
	enum encoding encoding;

	if (end == NULL)
		return false;
	dot = memchr(name, '.', (size_t)(end - name));
	prefix = find_prefix(name, (size_t)((dot != NULL ? dot : end) - name));
	if (prefix == NULL)
		return false;
	text = end + 1;
	if (dot != NULL && !find_encoding(dot + 1, (size_t)(end - dot - 1), &encoding))
		return false;
	if (prefix->family == POSTERN_FAMILY_DOVECOT)
		return parse_as(prefix, name, ENCODING_NONE, verifier_r);
	if (dot == NULL)
		encoding = guess_encoding(prefix, strlen(text));
	if (!parse_as(prefix, text, encoding, verifier_r))
		return false;
	return strcmp(prefix->prefix, "MD5") == 0 ? reparse_md5(verifier_r) : true;
}

bool postern_verifier_parse(const char *text, struct postern_verifier *verifier_r)
{
	memset(verifier_r, 0, sizeof(*verifier_r));
	if (strlen(text) > POSTERN_VERIFIER_MAX)
		return false;
	if (text[0] == '{')
		return parse_prefixed(text, verifier_r);
	if (!decode(text, ENCODING_NONE, verifier_r))
		return false;
	find_crypt_scheme(verifier_r);
	return is_complete(verifier_r);
}

const char *postern_password_scheme(const char *text)
{
	struct postern_verifier verifier;
	const char *scheme;

	scheme = postern_verifier_parse(text, &verifier) ? verifier.scheme : NULL;
	postern_wipe(&verifier, sizeof(verifier));
	return scheme;
}
