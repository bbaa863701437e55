/* SPDX-License-Identifier: MIT */
#include "certificate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "trusted_file.h"

#define CERTIFICATE_MAX (32 * 1024)
#define CA_FILE_MAX (1024 * 1024)
#define ADDRESSES_MAX 16

/* Undoes %XX, in a copy. A PEM text of Apache's has no % in it. */
static char *unescape(const char *text)
{
	size_t size = strlen(text), out = 0;
	char *copy = size <= 3 * CERTIFICATE_MAX ? malloc(size + 1) : NULL;

	for (size_t i = 0; copy != NULL && i < size; i++) {
		if (text[i] == '%' && isxdigit((unsigned char)text[i + 1]) &&
		    isxdigit((unsigned char)text[i + 2])) {
			char digits[] = { text[i + 1], text[i + 2], '\0' };

			copy[out++] = (char)strtol(digits, NULL, 16);
			i += 2;
		} else {
			copy[out++] = text[i];
		}
	}
	if (copy != NULL)
		copy[out] = '\0';
	return copy;
}

/* Every certificate of the file is one to trust: an intermediate one as much as a root. */
static int load_cas(const char *path, X509_STORE *store, const char **error_r)
{
	char *data = NULL;
	size_t size, count = 0;
	X509 *certificate;
	BIO *bio;

	if (postern_trusted_read(path, POSTERN_TRUST_UNTAMPERED, CA_FILE_MAX, &data, &size,
				 error_r) < 0)
		return -1;
	bio = BIO_new_mem_buf(data, (int)size);
	while (bio != NULL && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		count += X509_STORE_add_cert(store, certificate) == 1;
		X509_free(certificate);
	}
	ERR_clear_error();
	BIO_free(bio);
	free(data);
	if (count == 0)
		return postern_error(error_r, "%s has no certificate in it", path);
	return 0;
}

/* 1 when a CA vouches for it, 0 when not. */
static int is_vouched_for(const char *ca_path, X509 *certificate, const char **error_r)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	int ret = -1;

	if (store == NULL || context == NULL ||
	    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1 ||
	    X509_STORE_set_purpose(store, X509_PURPOSE_SSL_CLIENT) != 1) {
		postern_error(error_r, "no memory to verify a certificate");
		goto out;
	}
	if (load_cas(ca_path, store, error_r) < 0)
		goto out;
	if (X509_STORE_CTX_init(context, store, certificate, NULL) != 1) {
		postern_error(error_r, "no memory to verify a certificate");
		goto out;
	}
	ret = X509_verify_cert(context) == 1;
out:
	ERR_clear_error();
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	return ret;
}

static void add_addresses(X509 *certificate, struct postern_page_message *message)
{
	STACK_OF(OPENSSL_STRING) *addresses = X509_get1_email(certificate);

	for (int i = 0; i < sk_OPENSSL_STRING_num(addresses) && i < ADDRESSES_MAX; i++)
		postern_page_message_add_text(message, ":certified",
					      sk_OPENSSL_STRING_value(addresses, i));
	X509_email_free(addresses);
}

static int add_certified(const char *page_ca, const char *pem,
			 struct postern_page_message *message, const char **error_r)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	int ret = 0;

	if (certificate != NULL)
		ret = is_vouched_for(page_ca, certificate, error_r);
	if (ret == 1)
		add_addresses(certificate, message);
	ERR_clear_error();
	X509_free(certificate);
	BIO_free(bio);
	return ret < 0 ? -1 : 0;
}

int postern_certificate_add(const char *page_ca, const char *text,
			    struct postern_page_message *message, const char **error_r)
{
	char fingerprint[POSTERN_FINGERPRINT_TEXT_MAX];
	struct postern_key key;
	const char *ignored;
	char *pem;
	int ret = 0;

	if (text == NULL || *text == '\0')
		return 0;
	pem = unescape(text);
	if (pem == NULL)
		return 0;
	if (postern_key_read(pem, strlen(pem), &key, &ignored) == 0 &&
	    strstr(pem, "BEGIN CERTIFICATE") != NULL) {
		postern_fingerprint_format(&key.fingerprint, fingerprint);
		postern_page_message_add_text(message, ":fingerprint", fingerprint);
		postern_page_message_add_text(message, ":this-type", key.type);
		postern_page_message_add_text(message, ":this-label", key.default_label);
		if (*page_ca != '\0')
			ret = add_certified(page_ca, pem, message, error_r);
	}
	free(pem);
	return ret;
}
