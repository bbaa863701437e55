/* SPDX-License-Identifier: MIT */
/* libopendkim still calls RSA_sign(). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "unit_dkim.h"

#include <dlfcn.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>

/*
 * Signing while libraries fail: each allocation of ours, of libopendkim's and of OpenSSL's, and each
 * signature of OpenSSL's, fails once. What comes out is no signature or a good one. The functions that
 * libopendkim calls are ours because the executable comes first in the order of look-up, as in
 * pem_cache.c.
 */
static unsigned long calls, failing_call;

static bool fails(void)
{
	return failing_call != 0 && ++calls == failing_call;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__real_postern_dkim_memory_allocate(void *memory, size_t size);
void *__wrap_postern_dkim_memory_allocate(void *memory, size_t size);
void *__wrap_postern_dkim_memory_allocate(void *memory, size_t size)
{
	/* As much as cannot be had, so that it is a failure like any other. */
	return __real_postern_dkim_memory_allocate(memory, fails() ? SIZE_MAX : size);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : __real_malloc(size);
}

static void *openssl_realloc(void *data, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : realloc(data, size);
}

static void openssl_free(void *data, const char *file, int line)
{
	(void)file;
	(void)line;
	free(data);
}

/* What OpenSSL would have done. */
#define NEXT(name) \
	__typeof__(&name) next; \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

__attribute__((visibility("default")))
int RSA_sign(int type, const unsigned char *digest, unsigned size, unsigned char *signature_r,
	     unsigned *size_r, RSA *key)
{
	NEXT(RSA_sign);

	return fails() ? 0 : next(type, digest, size, signature_r, size_r, key);
}

__attribute__((visibility("default")))
int EVP_DigestSign(EVP_MD_CTX *context, unsigned char *signature_r, size_t *size_r,
		   const unsigned char *data, size_t size)
{
	NEXT(EVP_DigestSign);

	return fails() ? 0 : next(context, signature_r, size_r, data, size);
}

__attribute__((visibility("default")))
EVP_MD_CTX *EVP_MD_CTX_new(void)
{
	NEXT(EVP_MD_CTX_new);

	return fails() ? NULL : next();
}

__attribute__((visibility("default")))
BIO *BIO_new_mem_buf(const void *data, int size)
{
	NEXT(BIO_new_mem_buf);

	return fails() ? NULL : next(data, size);
}

/* With one call failing after the other, until one comes through with none left to fail. */
static void check(struct fixture *fixture, const char *type)
{
	unsigned long failed = 0;
	bool through = false;

	add_key(fixture, "s1", type);
	for (unsigned long n = 1; !through; n++) {
		char *value = NULL;
		int ret;

		/* Reading the key is one of the things that can fail. */
		postern_dkim_keys_free(&fixture->keys);
		ok(fixture, postern_dkim_keys_new(fixture->folder, &fixture->keys,
						  &fixture->error));
		calls = 0;
		failing_call = n;
		ret = try_to_sign(fixture, "s1", &value);
		failing_call = 0;
		through = calls < n;
		failed += ret < 0;
		assert_true(ret == 0 ? value != NULL : value == NULL);
		if (ret == 0 && verify(value, NULL, body) != DKIM_STAT_OK)
			fail_msg("%s: with call %lu failing it signs something else", type, n);
		free(value);
	}
	/* Most calls are such that there is no signature without them. */
	assert_in_range(failed, 20, 100000);
	free(sign(fixture, "s1"));
}

static void test_rsa(void **state)
{
	check(*state, "rsa");
}

static void test_ed25519(void **state)
{
	check(*state, "ed25519");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rsa),
		TEST(test_ed25519),
	};

	/* Before OpenSSL takes any. */
	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
