/* SPDX-License-Identifier: MIT */
#include "private_key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <string.h>

int postern_crypto_error(const char **error_r, const char *what)
{
	char reason[256];

	ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
	ERR_clear_error();
	return postern_error(error_r, "%s: %s", what, reason);
}

int postern_private_key_new(const char *algorithm, size_t bits, const char *curve,
			    EVP_PKEY **key_r, const char **error_r)
{
	if (curve != NULL)
		*key_r = EVP_PKEY_Q_keygen(NULL, NULL, algorithm, curve);
	else if (bits != 0)
		*key_r = EVP_PKEY_Q_keygen(NULL, NULL, algorithm, bits);
	else
		*key_r = EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
	return *key_r != NULL ? 0 : postern_crypto_error(error_r, "cannot make a key");
}

/* A pem_password_cb that has none to give; *context becomes true when one was wanted. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	*(bool *)context = true;
	return -1;
}

int postern_private_key_read(const char *pem, size_t size, EVP_PKEY **key_r, const char **error_r)
{
	BIO *memory = BIO_new_mem_buf(pem, (int)size);
	bool wanted = false;

	*key_r = NULL;
	if (memory != NULL)
		*key_r = PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, &wanted);
	BIO_free(memory);
	if (*key_r != NULL)
		return 0;
	if (!wanted)
		return postern_crypto_error(error_r, "no private key in PEM");
	ERR_clear_error();
	return postern_error(error_r, "the key is locked by a passphrase; unlock a copy of it: "
			     "openssl pkey -in FILE -out COPY");
}

int postern_private_key_write(const EVP_PKEY *key, char **pem_r, const char **error_r)
{
	/* Wiped when it is freed. */
	BIO *memory = BIO_new(BIO_s_secmem());
	char *pem;
	long size;

	*pem_r = NULL;
	if (memory == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) != 1) {
		BIO_free(memory);
		return postern_crypto_error(error_r, "cannot write a key");
	}
	size = BIO_get_mem_data(memory, &pem);
	*pem_r = strndup(pem, (size_t)size);
	BIO_free(memory);
	return *pem_r != NULL ? 0 : postern_error(error_r, "out of memory");
}
