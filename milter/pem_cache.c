/* SPDX-License-Identifier: MIT */
/* What libopendkim miscounts can be counted only with what it uses, which OpenSSL 3 calls old. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "pem_cache.h"

#include <dlfcn.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

static _Thread_local struct {
	const char *pem;
	size_t size;
	EVP_PKEY *key;
	bool taken;
	/* Of a key that was taken, one reference more; NULL when it is not RSA. */
	RSA *rsa;
} offered;

static atomic_ulong hits;

void postern_pem_offer(const char *pem, size_t size, EVP_PKEY *key)
{
	memset(&offered, 0, sizeof(offered));
	offered.pem = pem;
	offered.size = size;
	offered.key = key;
}

bool postern_pem_withdraw(bool signed_well)
{
	bool taken = offered.taken;

	if (signed_well)
		RSA_free(offered.rsa);
	memset(&offered, 0, sizeof(offered));
	return taken;
}

unsigned long postern_pem_hits(void)
{
	return hits;
}

#ifdef POSTERN_PEM_CACHE

typedef EVP_PKEY *read_fn(BIO *bio, EVP_PKEY **key, pem_password_cb *callback, void *context);

static bool is_offered(BIO *bio)
{
	char *data = NULL;
	long size;

	if (offered.key == NULL || offered.taken || BIO_method_type(bio) != BIO_TYPE_MEM)
		return false;
	size = BIO_get_mem_data(bio, &data);
	return size > 0 && (size_t)size == offered.size &&
	       memcmp(data, offered.pem, offered.size) == 0;
}

static bool take(void)
{
	bool rsa = EVP_PKEY_get_base_id(offered.key) == EVP_PKEY_RSA;

	if (rsa && (offered.rsa = EVP_PKEY_get1_RSA(offered.key)) == NULL)
		return false;
	offered.taken = EVP_PKEY_up_ref(offered.key) == 1;
	hits += offered.taken;
	return offered.taken;
}

__attribute__((visibility("default")))
EVP_PKEY *PEM_read_bio_PrivateKey(BIO *bio, EVP_PKEY **key, pem_password_cb *callback,
				  void *context)
{
	read_fn *next;

	if (key == NULL && is_offered(bio) && take())
		return offered.key;
	/* POSIX has dlsym return functions as data pointers. */
	*(void **)&next = dlsym(RTLD_NEXT, "PEM_read_bio_PrivateKey");
	return next == NULL ? NULL : next(bio, key, callback, context);
}

#endif
