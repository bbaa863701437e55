/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_UNIT_DKIM_H
#define POSTERN_UNIT_DKIM_H

/* Keys in a folder of their own, signatures with them, and libopendkim's opinion of those. */

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>

#include <opendkim/dkim.h>

#include "../../milter/dkim.h" /* not libopendkim's of the same name */
#include "dkim_keys.h"

#define DOMAIN "example.test"

/* What verifies knows nothing of what signs but the public key. */
struct fixture {
	char folder[PATH_MAX];
	struct postern_dkim_keys *keys;
	struct postern_dkim *dkim;
	const char *error;
};

static char record[1024];

static inline void key_path(struct fixture *fixture, const char *selector, char path_r[PATH_MAX + 64])
{
	snprintf(path_r, PATH_MAX + 64, "%s/" DOMAIN "/%s.pem", fixture->folder, selector);
}

static inline void write_pem(struct fixture *fixture, const char *selector, EVP_PKEY *key,
		      const EVP_CIPHER *cipher, mode_t mode)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char path[PATH_MAX + 64];
	char *data = NULL;
	long size;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, cipher, (unsigned char *)"pass",
						  cipher == NULL ? 0 : 4, NULL, NULL), 1);
	size = BIO_get_mem_data(bio, &data);
	key_path(fixture, selector, path);
	unit_write_sized(path, data, (size_t)size, mode);
	BIO_free(bio);
}

static inline EVP_PKEY *make_key(const char *type)
{
	EVP_PKEY *key = strcmp(type, "rsa") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048) :
			strcmp(type, "short") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)512) :
			strcmp(type, "ec") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256") :
			EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	assert_non_null(key);
	return key;
}

/* Leaves its DNS record in record. */
static inline void add_key(struct fixture *fixture, const char *selector, const char *type)
{
	EVP_PKEY *key = make_key(type);
	unsigned char *der = NULL, text[800];
	bool rsa = strcmp(type, "rsa") == 0;
	int size = i2d_PUBKEY(key, &der);
	/* RFC 8463, 4.2: the octets of the key alone, which are the last 32. */
	int skip = rsa ? 0 : size - 32;

	assert_true(size > 32);
	EVP_EncodeBlock(text, der + skip, size - skip);
	snprintf(record, sizeof(record), "v=DKIM1; k=%s; p=%s", rsa ? "rsa" : "ed25519",
		 (char *)text);
	write_pem(fixture, selector, key, NULL, 0600);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
}

static inline int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char path[PATH_MAX + 64];

	unit_folder_make(fixture->folder);
	snprintf(path, sizeof(path), "%s/" DOMAIN, fixture->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(postern_dkim_keys_new(fixture->folder, &fixture->keys, &fixture->error),
			 0);
	assert_int_equal(postern_dkim_new(&fixture->dkim, &fixture->error), 0);
	*state = fixture;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;

	postern_dkim_free(&fixture->dkim);
	postern_dkim_keys_free(&fixture->keys);
	unit_folder_remove(fixture->folder);
	free(fixture);
	return 0;
}

#define ok(fixture, expression) \
	do { \
		if ((expression) != 0) \
			fail_msg("%s: %s", #expression, (fixture)->error); \
	} while (0)

static const char *const fields[] = {
	"From: Alice <alice@" DOMAIN ">", "To: bob@example.net,\r\n carol@example.net",
	"Subject:   gr\xc3\xbc\xc3\x9f" "e  ", "Date: Mon, 02 Jan 2006 15:04:05 +0000",
	"Message-ID: <1@" DOMAIN ">",
};
static const char body[] = "Hello  \r\n\r\nw\xc3\xb6rld\r\n\r\n\r\n";

/* Body comes in two chunks, cut within a line end. Returns -1 and an error of the fixture's, or 0. */
static inline int try_to_sign(struct fixture *fixture, const char *selector, char **value_r)
{
	struct postern_dkim_sign *signature = NULL;
	struct postern_dkim_key *key = NULL;
	const char **error = &fixture->error;
	int ret = postern_dkim_keys_get(fixture->keys, DOMAIN, selector, &key, error);

	*value_r = NULL;
	if (ret == 0)
		ret = postern_dkim_sign_new(fixture->dkim, key, DOMAIN, selector, &signature, error);
	for (size_t i = 0; ret == 0 && i < COUNT(fields); i++)
		ret = postern_dkim_sign_field(signature, fields[i], strlen(fields[i]), error);
	if (ret == 0)
		ret = postern_dkim_sign_end_of_header(signature, error);
	if (ret == 0)
		ret = postern_dkim_sign_body(signature, body, 8, error);
	if (ret == 0)
		ret = postern_dkim_sign_body(signature, body + 8, strlen(body) - 8, error);
	if (ret == 0)
		ret = postern_dkim_sign_finish(signature, value_r, error);
	postern_dkim_sign_free(&signature);
	return ret;
}

/* Returns the field's value. */
static inline char *sign(struct fixture *fixture, const char *selector)
{
	char *value = NULL;

	ok(fixture, try_to_sign(fixture, selector, &value));
	return value;
}

static inline DKIM_CBSTAT look_up(DKIM *dkim, DKIM_SIGINFO *info, u_char *text_r, size_t size)
{
	(void)dkim;
	(void)info;
	snprintf((char *)text_r, size, "%s", record);
	return DKIM_CBSTAT_CONTINUE;
}

/* extra is one more field, or NULL. */
static inline DKIM_STAT verify(const char *value, const char *extra, const char *text)
{
	DKIM_LIB *library = dkim_init(NULL, NULL);
	char signature[4096];
	DKIM_STAT status;
	DKIM *dkim;
	bool test_key;

	dkim_set_key_lookup(library, look_up);
	dkim = dkim_verify(library, (const unsigned char *)"x", NULL, &status);
	assert_non_null(dkim);
	/* Folds as on the wire: each LF gets its CR. */
	strcpy(signature, "DKIM-Signature:");
	for (size_t n = strlen(signature); *value != '\0'; value++) {
		if (*value == '\n')
			signature[n++] = '\r';
		signature[n++] = *value;
		signature[n] = '\0';
	}
	dkim_header(dkim, (u_char *)signature, strlen(signature));
	if (extra != NULL)
		dkim_header(dkim, (u_char *)extra, strlen(extra));
	for (size_t i = 0; i < COUNT(fields); i++)
		dkim_header(dkim, (u_char *)fields[i], strlen(fields[i]));
	status = dkim_eoh(dkim);
	if (status == DKIM_STAT_OK)
		status = dkim_body(dkim, (u_char *)text, strlen(text));
	if (status == DKIM_STAT_OK)
		status = dkim_eom(dkim, &test_key);
	dkim_free(dkim);
	dkim_close(library);
	return status;
}

#endif
