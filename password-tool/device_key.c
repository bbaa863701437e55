/* SPDX-License-Identifier: MIT */
#include "device_key.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "private_key.h"

/* A clock that is behind ours shall not find the certificate to begin in the future. */
#define DAYS_BEFORE 1
/* Older telephones and desktops read nothing newer than this in a PKCS #12 file, and everybody
   reads it; how hard its passphrase is to guess is a matter of the iterations. */
#define P12_CIPHER NID_pbe_WithSHA1And3_Key_TripleDES_CBC
#define P12_ITERATIONS 100000

struct postern_device_key {
	EVP_PKEY *key;
	X509 *certificate;
};

static const struct {
	const char *name;
	/* Of postern_private_key_new. */
	const char *algorithm;
	size_t bits;
	const char *curve;
} types[] = {
	{ "ed25519", "ED25519", 0, NULL },
	{ "p256", "EC", 0, "P-256" },
	{ "rsa2048", "RSA", 2048, NULL },
	{ "rsa3072", "RSA", 3072, NULL },
};
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

/* Takes pkey over. */
static int wrap(EVP_PKEY *pkey, struct postern_device_key **key_r, const char **error_r)
{
	struct postern_device_key *key = calloc(1, sizeof(*key));

	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return postern_error(error_r, "out of memory");
	}
	key->key = pkey;
	*key_r = key;
	return 0;
}

int postern_device_key_new(const char *type, struct postern_device_key **key_r,
			   const char **error_r)
{
	EVP_PKEY *pkey;
	size_t i = 0;

	while (i < TYPE_COUNT && strcmp(types[i].name, type) != 0)
		i++;
	if (i == TYPE_COUNT)
		return postern_error(error_r, "a key is " POSTERN_DEVICE_KEY_TYPES);
	if (postern_private_key_new(types[i].algorithm, types[i].bits, types[i].curve, &pkey,
				    error_r) < 0)
		return -1;
	return wrap(pkey, key_r, error_r);
}

int postern_device_key_read(const char *pem, size_t size, struct postern_device_key **key_r,
			    const char **error_r)
{
	EVP_PKEY *pkey;

	if (postern_private_key_read(pem, size, &pkey, error_r) < 0)
		return -1;
	return wrap(pkey, key_r, error_r);
}

void postern_device_key_free(struct postern_device_key **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_free((*key)->key);
	X509_free((*key)->certificate);
	free(*key);
	*key = NULL;
}

/* ---- the certificate ---- */

/* Some programs tell certificates apart by it. */
static int set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	int ok = number != NULL && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
		BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;

	BN_free(number);
	return ok;
}

static int set_names(X509 *certificate, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					  (const unsigned char *)name, -1, -1, 0) == 1 &&
		X509_set_issuer_name(certificate, subject) == 1;
}

static int set_dates(X509 *certificate)
{
	return X509_time_adj_ex(X509_getm_notBefore(certificate), -DAYS_BEFORE, 0, NULL) != NULL &&
		X509_time_adj_ex(X509_getm_notAfter(certificate), POSTERN_DEVICE_KEY_DAYS, 0,
				 NULL) != NULL;
}

/* EdDSA signs the message itself (RFC 8410, 5). */
static const EVP_MD *digest_for(const EVP_PKEY *pkey)
{
	if (EVP_PKEY_is_a(pkey, "ED25519") || EVP_PKEY_is_a(pkey, "ED448"))
		return NULL;
	return EVP_sha256();
}

int postern_device_key_certify(struct postern_device_key *key, const char *name,
			       const char **error_r)
{
	X509 *certificate = X509_new();

	if (certificate == NULL || X509_set_version(certificate, X509_VERSION_3) != 1 ||
	    !set_serial(certificate) || !set_names(certificate, name) ||
	    !set_dates(certificate) || X509_set_pubkey(certificate, key->key) != 1 ||
	    X509_sign(certificate, key->key, digest_for(key->key)) <= 0) {
		X509_free(certificate);
		return postern_crypto_error(error_r, "cannot make a certificate");
	}
	X509_free(key->certificate);
	key->certificate = certificate;
	return 0;
}

/* ---- writing ---- */

int postern_device_key_write(const struct postern_device_key *key, char **pem_r,
			     const char **error_r)
{
	return postern_private_key_write(key->key, pem_r, error_r);
}

/* Copies what was written to memory, and frees that. */
static int take(BIO *memory, bool written, const char *what, char **data_r, size_t *size_r,
		const char **error_r)
{
	char *octets;
	long size = written ? BIO_get_mem_data(memory, &octets) : 0;
	int ret = -1;

	if (!written) {
		postern_crypto_error(error_r, what);
	} else if ((*data_r = malloc((size_t)size + 1)) == NULL) {
		postern_error(error_r, "out of memory");
	} else {
		memcpy(*data_r, octets, (size_t)size);
		(*data_r)[size] = '\0';
		*size_r = (size_t)size;
		ret = 0;
	}
	BIO_free(memory);
	return ret;
}

int postern_device_key_write_public(const struct postern_device_key *key, char **pem_r,
				    const char **error_r)
{
	BIO *memory = BIO_new(BIO_s_mem());
	bool written = memory != NULL && PEM_write_bio_PUBKEY(memory, key->key) == 1;
	size_t size;

	return take(memory, written, "cannot write the public key", pem_r, &size, error_r);
}

int postern_device_key_write_certificate(const struct postern_device_key *key, char **pem_r,
					 const char **error_r)
{
	BIO *memory = BIO_new(BIO_s_mem());
	bool written = memory != NULL && PEM_write_bio_X509(memory, key->certificate) == 1;
	size_t size;

	return take(memory, written, "cannot write the certificate", pem_r, &size, error_r);
}

static PKCS12 *make_p12(const struct postern_device_key *key, const char *name,
			const char *passphrase)
{
	/* Without the code that authenticates it (-1), which would be of a newer kind. */
	PKCS12 *p12 = PKCS12_create(passphrase, name, key->key, key->certificate, NULL, P12_CIPHER,
				    P12_CIPHER, P12_ITERATIONS, -1, 0);

	if (p12 != NULL && PKCS12_set_mac(p12, passphrase, -1, NULL, 0, P12_ITERATIONS,
					  EVP_sha1()) != 1) {
		PKCS12_free(p12);
		return NULL;
	}
	return p12;
}

int postern_device_key_write_p12(const struct postern_device_key *key, const char *name,
				 const char *passphrase, char **data_r, size_t *size_r,
				 const char **error_r)
{
	PKCS12 *p12 = make_p12(key, name, passphrase);
	BIO *memory = BIO_new(BIO_s_mem());
	bool written = p12 != NULL && memory != NULL && i2d_PKCS12_bio(memory, p12) == 1;

	PKCS12_free(p12);
	return take(memory, written, "cannot write the PKCS #12 file", data_r, size_r, error_r);
}
