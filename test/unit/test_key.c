/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "key.h"

#define DAY (24 * 60 * 60L)

/* Made once with "openssl req -x509"; its fingerprint with "openssl dgst". */
static const char alice_pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBRjCB+aADAgECAhQbzdYZvZwx/lw+qOdJ/WmerTXG3zAFBgMrZXAwGDEWMBQG\n"
	"A1UEAwwNYWxpY2UncyBwaG9uZTAgFw0yNjExMjMwNzM2NTRaGA8yMTI2MTAzMDA3\n"
	"MzY1NFowGDEWMBQGA1UEAwwNYWxpY2UncyBwaG9uZTAqMAUGAytlcAMhAKTEc7XL\n"
	"q+ZHAMi6mnhSzmEXzyMMAyqEyTc7oM7NIAcwo1MwUTAdBgNVHQ4EFgQUpHTcDogV\n"
	"KSVfZVj0qnAJHO3rhGswHwYDVR0jBBgwFoAUpHTcDogVKSVfZVj0qnAJHO3rhGsw\n"
	"DwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQCJXOwn5VsgYAbihPf4MNolGgHb939I\n"
	"8ytto2BPrYulIo7CGqwz8UM7fBt5AbQx1tfgpUP+G2Va0/ehmkjgfjAI\n"
	"-----END CERTIFICATE-----\n";
static const char alice_text[] = "88Is7jrTlUzY7g1924LFVe_bwcwbOGMJHjSBVYTPjDU";

/* What a private key is made of: type, and curve or number of bits. */
static EVP_PKEY *make_key(const char *type, const char *curve, unsigned bits)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	assert_non_null(context);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	if (curve != NULL)
		assert_int_equal(EVP_PKEY_CTX_set_group_name(context, curve), 1);
	if (bits != 0) {
		size_t number = bits;
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &number),
			OSSL_PARAM_construct_end(),
		};
		assert_int_equal(EVP_PKEY_CTX_set_params(context, params), 1);
	}
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

static EVP_PKEY *make_dsa_key(void)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY *parameters = NULL, *key = NULL;
	unsigned bits = 1024;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_FFC_PBITS, &bits),
		OSSL_PARAM_construct_end(),
	};

	assert_int_equal(EVP_PKEY_paramgen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(context, params), 1);
	assert_int_equal(EVP_PKEY_generate(context, &parameters), 1);
	EVP_PKEY_CTX_free(context);
	context = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(parameters);
	return key;
}

struct certificate_options {
	const char *name;
	int name_size; /* 0: up to the NUL */
	int name_type; /* 0: UTF-8 */
	long not_before, not_after;
	const char *extension, *extension_value;
};

/* A certificate around key, signed by a throw-away key of its own, since not every key can sign. */
static X509 *make_certificate(EVP_PKEY *key, const struct certificate_options *options)
{
	X509 *certificate = X509_new();
	EVP_PKEY *signer = make_key("ED25519", NULL, 0);
	X509_NAME *subject = X509_NAME_new();

	assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), options->not_before);
	X509_gmtime_adj(X509_getm_notAfter(certificate), options->not_after);
	if (options->name != NULL)
		assert_int_equal(X509_NAME_add_entry_by_NID(
			subject, NID_commonName,
			options->name_type == 0 ? V_ASN1_UTF8STRING : options->name_type,
			(const unsigned char *)options->name,
			options->name_size == 0 ? -1 : options->name_size, -1, 0), 1);
	assert_int_equal(X509_set_subject_name(certificate, subject), 1);
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	if (options->extension != NULL) {
		X509_EXTENSION *extension = X509V3_EXT_conf(
			NULL, NULL, options->extension, options->extension_value);
		assert_non_null(extension);
		assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
		X509_EXTENSION_free(extension);
	}
	assert_true(X509_sign(certificate, signer, NULL) > 0);
	X509_NAME_free(subject);
	EVP_PKEY_free(signer);
	return certificate;
}

static const struct certificate_options plain_options = { .name = "device", .not_after = DAY };

/* Text of a memory BIO; frees the BIO. */
static char *take_text(BIO *output, size_t *size_r)
{
	char *data = NULL;
	long size = BIO_get_mem_data(output, &data);
	char *text = malloc((size_t)size + 1);

	assert_non_null(text);
	memcpy(text, data, (size_t)size);
	text[size] = '\0';
	if (size_r != NULL)
		*size_r = (size_t)size;
	BIO_free(output);
	return text;
}

static char *certificate_pem(X509 *certificate)
{
	BIO *output = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(output, certificate), 1);
	return take_text(output, NULL);
}

static char *public_pem(EVP_PKEY *key)
{
	BIO *output = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PUBKEY(output, key), 1);
	return take_text(output, NULL);
}

/* Reads and demands an empty OpenSSL queue, whatever came of it. */
static int read_key(const void *data, size_t size, struct postern_key *key_r, const char **error_r)
{
	int ret;

	*error_r = NULL;
	ret = postern_key_read(data, size, key_r, error_r);
	assert_int_equal(ERR_peek_error(), 0);
	if (ret < 0)
		assert_non_null(*error_r);
	return ret;
}

static void assert_read(const void *data, size_t size, struct postern_key *key_r)
{
	const char *error;

	if (read_key(data, size, key_r, &error) != 0)
		fail_msg("refused: %s", error);
}

static void assert_refused(const void *data, size_t size, const char *expected)
{
	static const struct postern_key nothing;
	struct postern_key key;
	const char *error;

	memset(&key, 0xff, sizeof(key));
	assert_int_equal(read_key(data, size, &key, &error), -1);
	if (strstr(error, expected) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error, expected);
	assert_memory_equal(&key, &nothing, sizeof(key));
}

static void test_known(void **state)
{
	struct postern_key key;
	char text[POSTERN_FINGERPRINT_TEXT_MAX];

	(void)state;
	assert_read(alice_pem, strlen(alice_pem), &key);
	postern_fingerprint_format(&key.fingerprint, text);
	assert_string_equal(text, alice_text);
	assert_string_equal(key.type, "Ed25519");
	assert_string_equal(key.default_label, "alice's phone");
}

static void test_accepted_types(void **state)
{
	static const struct {
		const char *type, *curve;
		unsigned bits;
		const char *expected;
	} cases[] = {
		{ "ED25519", NULL, 0, "Ed25519" },
		{ "ED448", NULL, 0, "Ed448" },
		{ "EC", "P-256", 0, "ECDSA P-256" },
		{ "EC", "P-384", 0, "ECDSA P-384" },
		{ "EC", "P-521", 0, "ECDSA P-521" },
		{ "RSA", NULL, 2048, "RSA 2048" },
		{ "RSA", NULL, 2056, "RSA 2056" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		EVP_PKEY *pkey = make_key(cases[i].type, cases[i].curve, cases[i].bits);
		X509 *certificate = make_certificate(pkey, &plain_options);
		struct postern_key by_pem, by_der, by_public;
		char *pem = certificate_pem(certificate), *public = public_pem(pkey);
		unsigned char *der = NULL, *spki = NULL, digest[POSTERN_FINGERPRINT_SIZE];
		char label[POSTERN_KEY_LABEL_MAX], text[POSTERN_FINGERPRINT_TEXT_MAX];
		int der_size = i2d_X509(certificate, &der), spki_size = i2d_PUBKEY(pkey, &spki);

		assert_read(pem, strlen(pem), &by_pem);
		assert_read(der, (size_t)der_size, &by_der);
		assert_read(public, strlen(public), &by_public);
		assert_string_equal(by_pem.type, cases[i].expected);
		assert_string_equal(by_public.type, cases[i].expected);
		assert_memory_equal(&by_pem, &by_der, sizeof(by_pem));

		EVP_Digest(spki, (size_t)spki_size, digest, NULL, EVP_sha256(), NULL);
		assert_memory_equal(by_pem.fingerprint.octets, digest, sizeof(digest));
		assert_memory_equal(by_public.fingerprint.octets, digest, sizeof(digest));

		assert_string_equal(by_pem.default_label, "device");
		postern_fingerprint_format(&by_public.fingerprint, text);
		snprintf(label, sizeof(label), "%s %.8s", cases[i].expected, text);
		assert_string_equal(by_public.default_label, label);

		OPENSSL_free(der);
		OPENSSL_free(spki);
		free(pem);
		free(public);
		X509_free(certificate);
		EVP_PKEY_free(pkey);
	}
}

static void refuse_key(EVP_PKEY *pkey, const char *expected)
{
	X509 *certificate = make_certificate(pkey, &plain_options);
	char *pem = certificate_pem(certificate), *public = public_pem(pkey);

	assert_refused(pem, strlen(pem), expected);
	assert_refused(public, strlen(public), expected);
	free(pem);
	free(public);
	X509_free(certificate);
	EVP_PKEY_free(pkey);
}

static void test_refused_types(void **state)
{
	static const struct {
		const char *type, *curve;
		unsigned bits;
		const char *expected;
	} cases[] = {
		{ "X25519", NULL, 0, "X25519" },
		{ "X448", NULL, 0, "X448" },
		{ "EC", "secp256k1", 0, "secp256k1" },
		{ "EC", "brainpoolP256r1", 0, "brainpoolP256r1" },
		{ "EC", "secp224r1", 0, "secp224r1" },
		{ "RSA", NULL, 1024, "RSA key of 1024 bits" },
		{ "RSA", NULL, 2047, "RSA key of 2047 bits" },
		{ "RSA-PSS", NULL, 2048, "RSASSA-PSS" },
	};
	EVP_PKEY *explicit = make_key("EC", "P-256", 0);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		refuse_key(make_key(cases[i].type, cases[i].curve, cases[i].bits),
			   cases[i].expected);
	refuse_key(make_dsa_key(), "DSA");
	assert_int_equal(EVP_PKEY_set_utf8_string_param(
		explicit, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT), 1);
	refuse_key(explicit, "explicit curve parameters");
}

/* The key decides alone (KEY-LOGIN: validity, usages and CA are not looked at). */
static void test_certificate_is_not_judged(void **state)
{
	static const struct certificate_options cases[] = {
		{ .name = "expired", .not_before = -2 * DAY, .not_after = -DAY },
		{ .name = "not yet valid", .not_before = DAY, .not_after = 2 * DAY },
		{ .name = "backwards", .not_before = DAY, .not_after = -DAY },
		{ .name = "CA", .not_after = DAY, .extension = "basicConstraints",
		  .extension_value = "critical,CA:TRUE" },
		{ .name = "server only", .not_after = DAY, .extension = "extendedKeyUsage",
		  .extension_value = "critical,serverAuth" },
		{ .name = "unknown critical", .not_after = DAY, .extension = "1.2.3.4",
		  .extension_value = "critical,DER:0500" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		EVP_PKEY *pkey = make_key("ED25519", NULL, 0);
		X509 *certificate = make_certificate(pkey, &cases[i]);
		char *pem = certificate_pem(certificate);
		struct postern_key key;

		assert_read(pem, strlen(pem), &key);
		assert_string_equal(key.default_label, cases[i].name);
		free(pem);
		X509_free(certificate);
		EVP_PKEY_free(pkey);
	}
}

static void test_label(void **state)
{
	static const struct {
		struct certificate_options options;
		const char *expected; /* NULL: type and fingerprint */
	} cases[] = {
		{ { .name = "Zoës Händy 📱" }, "Zoës Händy 📱" },
		{ { .name = "Zo\xEBs", .name_type = V_ASN1_T61STRING }, "Zoës" },
		{ { .name = "\x26\x03", .name_size = 2, .name_type = V_ASN1_BMPSTRING }, "☃" },
		{ { .name = "a\0b", .name_size = 3 }, "a\\x00b" },
		{ { .name = "a\nb\x1b[2J\x7f" }, "a\\x0Ab\\x1B[2J\\x7F" },
		{ { .name = "back\\slash" }, "back\\x5Cslash" },
		{ { .name = "\xE2\x80\xAE" "txt.exe" }, "\\xE2\\x80\\xAEtxt.exe" },
		{ { .name = "  leading" }, "leading" },
		{ { .name = "   " }, NULL },
		{ { .name = NULL }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		EVP_PKEY *pkey = make_key("ED25519", NULL, 0);
		X509 *certificate = make_certificate(pkey, &cases[i].options);
		char *pem = certificate_pem(certificate);
		char text[POSTERN_FINGERPRINT_TEXT_MAX], label[64];
		struct postern_key key;

		assert_read(pem, strlen(pem), &key);
		postern_fingerprint_format(&key.fingerprint, text);
		snprintf(label, sizeof(label), "Ed25519 %.8s", text);
		assert_string_equal(key.default_label,
				    cases[i].expected != NULL ? cases[i].expected : label);
		free(pem);
		X509_free(certificate);
		EVP_PKEY_free(pkey);
	}
}

static void test_long_label(void **state)
{
	char name[1000];
	struct certificate_options options = { .name = name, .name_size = sizeof(name) };
	EVP_PKEY *pkey = make_key("ED25519", NULL, 0);
	struct postern_key key;
	X509 *certificate;
	char *pem;

	(void)state;
	memset(name, 'n', sizeof(name));
	certificate = make_certificate(pkey, &options);
	pem = certificate_pem(certificate);
	assert_read(pem, strlen(pem), &key);
	assert_true(strlen(key.default_label) < POSTERN_KEY_LABEL_MAX);
	assert_non_null(strstr(key.default_label, "nnn…"));
	free(pem);
	X509_free(certificate);
	EVP_PKEY_free(pkey);
}

static void refuse_private(BIO *output)
{
	size_t size;
	char *text = take_text(output, &size);

	assert_true(size > 0);
	assert_refused(text, size, "this is a private key: keep it on the device");
	free(text);
}

static void test_private_keys(void **state)
{
	EVP_PKEY *ec = make_key("EC", "P-256", 0), *rsa = make_key("RSA", NULL, 2048);
	EVP_PKEY *ed25519 = make_key("ED25519", NULL, 0), *pkeys[] = { ec, rsa, ed25519 };
	X509 *certificate = make_certificate(ec, &plain_options);
	PKCS12 *bundle = PKCS12_create("secret", "device", ec, certificate, NULL, 0, 0, 0, 0, 0);
	BIO *output;

	(void)state;
	for (size_t i = 0; i < COUNT(pkeys); i++) {
		output = BIO_new(BIO_s_mem());
		PEM_write_bio_PKCS8PrivateKey(output, pkeys[i], NULL, NULL, 0, NULL, NULL);
		refuse_private(output);
		output = BIO_new(BIO_s_mem());
		PEM_write_bio_PKCS8PrivateKey(output, pkeys[i], EVP_aes_256_cbc(), "secret", 6,
					      NULL, NULL);
		refuse_private(output);
		output = BIO_new(BIO_s_mem());
		i2d_PKCS8PrivateKey_bio(output, pkeys[i], NULL, NULL, 0, NULL, NULL);
		refuse_private(output);
		output = BIO_new(BIO_s_mem());
		i2d_PKCS8PrivateKey_bio(output, pkeys[i], EVP_aes_256_cbc(), "secret", 6, NULL,
					NULL);
		refuse_private(output);
		if (pkeys[i] == ed25519)
			continue;
		output = BIO_new(BIO_s_mem());
		PEM_write_bio_PrivateKey_traditional(output, pkeys[i], NULL, NULL, 0, NULL, NULL);
		refuse_private(output);
		output = BIO_new(BIO_s_mem());
		i2d_PrivateKey_bio(output, pkeys[i]);
		refuse_private(output);
	}
	output = BIO_new(BIO_s_mem());
	i2d_PKCS12_bio(output, bundle);
	refuse_private(output);
	/* The certificate first and the key behind it, as many tools write them. */
	output = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(output, certificate);
	PEM_write_bio_PKCS8PrivateKey(output, ec, NULL, NULL, 0, NULL, NULL);
	refuse_private(output);

	PKCS12_free(bundle);
	X509_free(certificate);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ed25519);
}

static void test_bad_input(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "", "no certificate" },
		{ "hello", "no certificate" },
		{ "0123", "damaged" },
		{ "-----BEGIN CERTIFICATE-----\n", "PEM block is damaged" },
		{ "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
		  "PEM block is damaged" },
		{ "-----BEGIN CERTIFICATE-----\nAAAA\n-----END PUBLIC KEY-----\n",
		  "PEM block is damaged" },
		{ "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
		  "certificate is damaged" },
		{ "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
		  "public key is damaged" },
		{ "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n",
		  "certificate request" },
		{ "-----BEGIN RSA PUBLIC KEY-----\nMAA=\n-----END RSA PUBLIC KEY-----\n",
		  "PKCS#1" },
		{ "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n", "X509 CRL" },
		{ "-----BEGIN EC PARAMETERS-----\nMAA=\n-----END EC PARAMETERS-----\n",
		  "EC PARAMETERS" },
		{ "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
		  "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nMAA=\n"
		  "-----END CERTIFICATE-----\n", "encrypted" },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA alice@phone", "SSH key" },
		{ "  -----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb", "this is a private key" },
		{ "-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "this is a private key" },
		{ "PuTTY-User-Key-File-3: ssh-ed25519\n", "this is a private key" },
		{ "-----BEGIN EC PARAMETERS-----\nMAA=\n-----END EC PARAMETERS-----\n"
		  "-----BEGIN EC PRIVATE KEY-----\n", "this is a private key" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].text, strlen(cases[i].text), cases[i].expected);
}

static void test_one_object_only(void **state)
{
	size_t length = strlen(alice_pem), size = 2 * length + 64;
	char *text = malloc(size), *large = calloc(1, POSTERN_KEY_FILE_MAX + 1);
	EVP_PKEY *pkey = make_key("ED25519", NULL, 0);
	X509 *certificate = make_certificate(pkey, &plain_options);
	unsigned char *der = NULL, *longer;
	int der_size = i2d_X509(certificate, &der);
	struct postern_key key;

	(void)state;
	snprintf(text, size, "%s%s", alice_pem, alice_pem);
	assert_refused(text, strlen(text), "more than one object");
	snprintf(text, size, "Bag Attributes\r\n%s\r\nthe end\r\n", alice_pem);
	assert_read(text, strlen(text), &key);

	longer = malloc((size_t)der_size + 1);
	memcpy(longer, der, (size_t)der_size);
	longer[der_size] = 0;
	assert_refused(longer, (size_t)der_size + 1, "more than one object");
	for (int cut = 0; cut < der_size; cut++)
		assert_refused(der, (size_t)cut, "");

	memset(large, '\n', POSTERN_KEY_FILE_MAX + 1);
	memcpy(large, alice_pem, length);
	assert_read(large, POSTERN_KEY_FILE_MAX, &key);
	assert_refused(large, POSTERN_KEY_FILE_MAX + 1, "too large");

	free(text);
	free(large);
	free(longer);
	OPENSSL_free(der);
	X509_free(certificate);
	EVP_PKEY_free(pkey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_accepted_types),
		cmocka_unit_test(test_refused_types),
		cmocka_unit_test(test_certificate_is_not_judged),
		cmocka_unit_test(test_label),
		cmocka_unit_test(test_long_label),
		cmocka_unit_test(test_private_keys),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_one_object_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
