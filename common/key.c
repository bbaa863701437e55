/* SPDX-License-Identifier: MIT */
#include "key.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "escape.h"
#include "secret.h"

#define RSA_BITS_MIN 2048
/* More than OpenSSL verifies in a handshake (OPENSSL_RSA_MAX_MODULUS_BITS): such a key could be
   registered and would never log in. */
#define RSA_BITS_MAX 16384

static const char private_key_text[] =
	"this is a private key: keep it on the device and give its certificate or public key "
	"instead";
static const char several_text[] =
	"there is more than one object in it: give the device's own certificate or public key "
	"alone";

static bool contains(const void *data, size_t size, const char *text)
{
	return memmem(data, size, text, strlen(text)) != NULL;
}

/* Before anything is decoded, so that a private key is never in memory of ours. The words are
   looked for anywhere in the text: a key that is indented or damaged is one all the same. */
static bool is_private_text(const void *data, size_t size)
{
	return contains(data, size, "PRIVATE KEY-----") ||
		contains(data, size, "PRIVATE KEY BLOCK-----") ||
		contains(data, size, "PuTTY-User-Key-File-");
}

/* By its shape, so that nothing secret is decoded: a private key (PKCS#8, PKCS#1, RFC 5915) and a
   PKCS#12 bundle are SEQUENCEs that begin with a version number of one octet; no certificate and
   no public key is. An EncryptedPrivateKeyInfo (RFC 5958, 3) has the shape of a DigestInfo. */
static bool is_private_der(const unsigned char *data, size_t size)
{
	const unsigned char *at = data;
	long length = 0;
	int tag = 0, class = 0;
	X509_SIG *encrypted;
	bool found;

	if ((ASN1_get_object(&at, &length, &tag, &class, (long)size) & 0x80) != 0 ||
	    tag != V_ASN1_SEQUENCE)
		return false;
	if (length >= 3 && at[0] == V_ASN1_INTEGER && at[1] == 1)
		return true;
	at = data;
	encrypted = d2i_X509_SIG(NULL, &at, (long)size);
	found = encrypted != NULL;
	X509_SIG_free(encrypted);
	return found;
}

static int check_ec(const EVP_PKEY *key, char *type_r, size_t size, const char **error_r)
{
	static const struct {
		const char *group;
		const char *type;
	} curves[] = {
		{ SN_X9_62_prime256v1, "ECDSA P-256" },
		{ SN_secp384r1, "ECDSA P-384" },
		{ SN_secp521r1, "ECDSA P-521" },
	};
	char group[64] = "";
	int is_explicit = 0;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		return postern_error(error_r, "an EC key on a curve without a name is not "
				     "accepted: use P-256, or Ed25519");
	/* RFC 8422, 5.1.1 took curves by parameters out of TLS, so it could never log in. */
	if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				   &is_explicit) == 1 && is_explicit != 0)
		return postern_error(error_r, "an EC key with explicit curve parameters is not "
				     "accepted: make it with a named curve");
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(group, curves[i].group) != 0)
			continue;
		snprintf(type_r, size, "%s", curves[i].type);
		return 0;
	}
	return postern_error(error_r, "an EC key on the curve %s is not accepted: "
			     "use P-256, P-384, P-521, or Ed25519", group);
}

static int check_rsa(const EVP_PKEY *key, char *type_r, size_t size, const char **error_r)
{
	int bits = EVP_PKEY_get_bits(key);

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return postern_error(error_r, "an RSA key of %d bits is not accepted: use one of "
				     "%d to %d bits, or Ed25519", bits, RSA_BITS_MIN, RSA_BITS_MAX);
	snprintf(type_r, size, "RSA %d", bits);
	return 0;
}

/* The name of an algorithm that is not ours, or that this OpenSSL cannot decode. */
static int refuse_type(const X509_PUBKEY *spki, const char **error_r)
{
	ASN1_OBJECT *algorithm = NULL;
	char name[64] = "unknown";

	if (X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, spki) == 1) {
		int nid = OBJ_obj2nid(algorithm);

		if (nid != NID_undef)
			snprintf(name, sizeof(name), "%s", OBJ_nid2sn(nid));
		else
			OBJ_obj2txt(name, sizeof(name), algorithm, 1);
	}
	return postern_error(error_r, "a key of type %s is not accepted or damaged: use Ed25519, "
			     "ECDSA P-256, P-384 or P-521, or RSA", name);
}

static int check_type(const X509_PUBKEY *spki, char *type_r, size_t size, const char **error_r)
{
	const EVP_PKEY *key = X509_PUBKEY_get0(spki);

	if (key == NULL)
		return refuse_type(spki, error_r);
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return check_rsa(key, type_r, size, error_r);
	case EVP_PKEY_EC:
		return check_ec(key, type_r, size, error_r);
	case EVP_PKEY_ED25519:
		snprintf(type_r, size, "Ed25519");
		return 0;
	case EVP_PKEY_ED448:
		snprintf(type_r, size, "Ed448");
		return 0;
	}
	return refuse_type(spki, error_r);
}

/* The fingerprint is taken over OpenSSL's encoding of the SubjectPublicKeyInfo, as Postfix and
   the login plugin take it from the connection. */
static int read_spki(const X509_PUBKEY *spki, struct postern_key *key_r, const char **error_r)
{
	char text[POSTERN_FINGERPRINT_TEXT_MAX];
	unsigned char *der = NULL;
	int size, ret;

	if (check_type(spki, key_r->type, sizeof(key_r->type), error_r) < 0)
		return -1;
	size = i2d_X509_PUBKEY(spki, &der);
	if (size <= 0)
		return postern_error(error_r, "cannot encode the public key: out of memory");
	ret = postern_fingerprint_of_spki(der, (size_t)size, &key_r->fingerprint, error_r);
	OPENSSL_free(der);
	if (ret < 0)
		return -1;
	postern_fingerprint_format(&key_r->fingerprint, text);
	snprintf(key_r->default_label, sizeof(key_r->default_label), "%s %.8s", key_r->type, text);
	return 0;
}

/* Replaces the label by the CN, if there is one to show. */
static void read_common_name(const X509 *certificate, struct postern_key *key_r)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *name = NULL;
	int size, blank = 0;

	if (index < 0)
		return;
	size = ASN1_STRING_to_UTF8(
		&name, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
	if (size < 0)
		return;
	while (blank < size && name[blank] == ' ')
		blank++;
	if (blank < size)
		postern_escape(name + blank, (size_t)(size - blank), key_r->default_label,
			       sizeof(key_r->default_label));
	OPENSSL_free(name);
}

static int read_certificate(const unsigned char *der, size_t size, struct postern_key *key_r,
			    const char **error_r)
{
	const unsigned char *at = der;
	X509 *certificate = d2i_X509(NULL, &at, (long)size);
	int ret = -1;

	if (certificate == NULL)
		return postern_error(error_r, "the certificate is damaged: export it again");
	if (at != der + size) {
		ret = postern_error(error_r, several_text);
		goto out;
	}
	ret = read_spki(X509_get_X509_PUBKEY(certificate), key_r, error_r);
	if (ret == 0)
		read_common_name(certificate, key_r);
out:
	X509_free(certificate);
	return ret;
}

static int read_public_key(const unsigned char *der, size_t size, struct postern_key *key_r,
			   const char **error_r)
{
	const unsigned char *at = der;
	X509_PUBKEY *spki = d2i_X509_PUBKEY(NULL, &at, (long)size);
	int ret;

	if (spki == NULL || at != der + size)
		ret = postern_error(error_r, "the public key is damaged: export it again");
	else
		ret = read_spki(spki, key_r, error_r);
	X509_PUBKEY_free(spki);
	return ret;
}

static int refuse_pem(const char *name, const char **error_r)
{
	char escaped[64];

	if (strcmp(name, "CERTIFICATE REQUEST") == 0 ||
	    strcmp(name, "NEW CERTIFICATE REQUEST") == 0)
		return postern_error(error_r, "this is a certificate request: give the "
				     "certificate, or the public key (openssl req -in FILE "
				     "-pubkey -noout)");
	if (strcmp(name, "RSA PUBLIC KEY") == 0)
		return postern_error(error_r, "this is a public key in the PKCS#1 form: convert it "
				     "with openssl rsa -RSAPublicKey_in -in FILE -pubout");
	postern_escape_ascii(name, strlen(name), escaped, sizeof(escaped));
	return postern_error(error_r, "a PEM block of type \"%s\" is neither a certificate nor a "
			     "public key", escaped);
}

static int read_pem(const void *data, size_t size, struct postern_key *key_r, const char **error_r)
{
	BIO *input = BIO_new_mem_buf(data, (int)size);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long der_size = 0;
	int ret = -1;

	if (input == NULL) {
		postern_error(error_r, "cannot read the key: out of memory");
		goto out;
	}
	if (PEM_read_bio(input, &name, &header, &der, &der_size) != 1) {
		postern_error(error_r, "the PEM block is damaged: copy it whole, with its BEGIN "
			      "and END lines");
		goto out;
	}
	if (header[0] != '\0')
		postern_error(error_r, "the PEM block has a header or is encrypted: export it "
			      "without");
	else if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
		ret = read_certificate(der, (size_t)der_size, key_r, error_r);
	else if (strcmp(name, PEM_STRING_PUBLIC) == 0)
		ret = read_public_key(der, (size_t)der_size, key_r, error_r);
	else
		ret = refuse_pem(name, error_r);
out:
	BIO_free(input);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	return ret;
}

static int read_der(const unsigned char *data, size_t size, struct postern_key *key_r,
		    const char **error_r)
{
	const unsigned char *at = data;
	X509_PUBKEY *spki;

	if (is_private_der(data, size))
		return postern_error(error_r, private_key_text);
	spki = d2i_X509_PUBKEY(NULL, &at, (long)size);
	X509_PUBKEY_free(spki);
	if (spki != NULL)
		return postern_error(error_r, "this is a public key in DER form: convert it with "
				     "openssl pkey -pubin -inform DER -in FILE");
	return read_certificate(data, size, key_r, error_r);
}

static int read_any(const void *data, size_t size, struct postern_key *key_r, const char **error_r)
{
	static const char begin[] = "-----BEGIN ";
	const char *first;

	if (size > POSTERN_KEY_FILE_MAX)
		return postern_error(error_r, "too large for a certificate: at most %d octets",
				     POSTERN_KEY_FILE_MAX);
	if (is_private_text(data, size))
		return postern_error(error_r, private_key_text);
	first = size == 0 ? NULL : memmem(data, size, begin, strlen(begin));
	if (first != NULL) {
		size_t rest = size - (size_t)(first + 1 - (const char *)data);

		if (contains(first + 1, rest, begin))
			return postern_error(error_r, several_text);
		return read_pem(data, size, key_r, error_r);
	}
	/* DER begins with a SEQUENCE; so does the digit "0", and then the certificate is
	   damaged. */
	if (size > 0 && *(const unsigned char *)data == 0x30)
		return read_der(data, size, key_r, error_r);
	if (size > 4 && memcmp(data, "ssh-", 4) == 0)
		return postern_error(error_r, "this is an SSH key: a TLS certificate or a public "
				     "key in PEM is needed");
	return postern_error(error_r, "there is no certificate (PEM or DER) and no public key "
			     "(PEM) in it");
}

int postern_key_read(const void *data, size_t size, struct postern_key *key_r,
		     const char **error_r)
{
	int ret;

	memset(key_r, 0, sizeof(*key_r));
	ERR_set_mark();
	ret = read_any(data, size, key_r, error_r);
	ERR_pop_to_mark();
	if (ret < 0)
		memset(key_r, 0, sizeof(*key_r));
	return ret;
}
