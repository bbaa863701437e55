/* SPDX-License-Identifier: MIT */
#include "unit_dkim.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <time.h>

#include "dkim_memory.h"
#include "pem_cache.h"

static void check_signature(struct fixture *fixture, const char *type)
{
	char *value;

	add_key(fixture, "s1", type);
	value = sign(fixture, "s1");
	assert_int_equal(*value, ' ');
	assert_non_null(strstr(value, "c=relaxed/relaxed"));
	assert_null(strstr(value, "l="));
	assert_null(strchr(value, '\r'));
	assert_int_equal(verify(value, NULL, body), DKIM_STAT_OK);
	/* It is a signature over something. */
	assert_int_not_equal(verify(value, NULL, "Hello w\xc3\xb6rld\r\n"), DKIM_STAT_OK);
	assert_int_not_equal(verify(value, "From: bob@" DOMAIN, body), DKIM_STAT_OK);
	assert_int_not_equal(verify(value, "Reply-To: bob@" DOMAIN, body), DKIM_STAT_OK);
	assert_int_not_equal(verify(value, "Subject: another", body), DKIM_STAT_OK);
	assert_int_equal(verify(value, "X-Seen: yes", body), DKIM_STAT_OK);
	assert_int_equal(verify(value, "Sender: list@example.org", body), DKIM_STAT_OK);
	free(value);
}

static void test_rsa(void **state)
{
	check_signature(*state, "rsa");
}

static void test_ed25519(void **state)
{
	check_signature(*state, "ed25519");
}

/* The trick of pem_cache.h: each signature takes the key that is parsed already. Fails as soon as
   libopendkim parses it some other way. */
static void test_key_is_parsed_once(void **state)
{
	struct fixture *fixture = *state;
	unsigned long before;

	add_key(fixture, "s1", "rsa");
	add_key(fixture, "s2", "ed25519");
	before = postern_pem_hits();
	for (int i = 0; i < 5; i++) {
		free(sign(fixture, "s1"));
		free(sign(fixture, "s2"));
	}
	assert_int_equal(postern_pem_hits() - before, POSTERN_PEM_EXPECTED * 10);
}

static atomic_uint keys_freed;

/* A CRYPTO_EX_free. */
static void count_freed(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long argl,
			void *argp)
{
	(void)parent;
	(void)all;
	(void)index;
	(void)argl;
	(void)argp;
	keys_freed += data != NULL;
}

/* libopendkim keeps a reference to each Ed25519 key. */
static void test_every_reference_comes_back(void **state)
{
	static const char *const types[] = { "rsa", "ed25519" };
	struct fixture *fixture = *state;
	int index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_EVP_PKEY, 0, NULL, NULL, NULL,
					    count_freed);
	struct postern_dkim_key *key = NULL;

	for (size_t i = 0; i < COUNT(types); i++) {
		add_key(fixture, types[i], types[i]);
		ok(fixture, postern_dkim_keys_get(fixture->keys, DOMAIN, types[i], &key,
						  &fixture->error));
		assert_int_equal(EVP_PKEY_set_ex_data(key->key, index, fixture), 1);
		postern_dkim_key_unref(&key);
		for (int j = 0; j < 3; j++)
			free(sign(fixture, types[i]));
	}
	assert_int_equal(keys_freed, 0);
	postern_dkim_keys_free(&fixture->keys);
	assert_int_equal(keys_freed, COUNT(types));
}

/* What one signature takes and does not give back shows after so many. */
static void check_memory(struct fixture *fixture, const char *type, int signatures)
{
	size_t before;

	add_key(fixture, "s1", type);
	for (int i = 0; i < 100; i++)
		free(sign(fixture, "s1"));
	before = mallinfo2().uordblks;
	for (int i = 0; i < signatures; i++)
		free(sign(fixture, "s1"));
	assert_in_range(mallinfo2().uordblks, 0, before + 4096);
}

static void test_memory_is_flat(void **state)
{
	/* Keys that libopendkim reads anew each time are its own to free, or to forget. */
	if (POSTERN_PEM_EXPECTED) {
		check_memory(*state, "rsa", 500);
		check_memory(*state, "ed25519", 100000);
	}
}

static size_t memory_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Small ones stay until the end, which there are not many of; large ones would fill the memory. */
static void test_large_memory_is_given_back(void **state)
{
	struct postern_dkim_memory memory = { .failed = false };
	size_t before = memory_in_use();
	unsigned char *small[5000];

	(void)state;
	for (size_t i = 0; i < COUNT(small); i++) {
		unsigned char *large = postern_dkim_memory_allocate(&memory, 1000000 + i);

		small[i] = postern_dkim_memory_allocate(&memory, i % 100);
		assert_true(large != NULL && small[i] != NULL && (uintptr_t)small[i] % 16 == 0);
		memset(large, 'x', 1000000 + i);
		memset(small[i], (int)i, i % 100);
		postern_dkim_memory_release(&memory, large);
		assert_in_range(memory_in_use(), before, before + 600000);
	}
	for (size_t i = 0; i < COUNT(small); i++) {
		for (size_t k = 0; k < i % 100; k++)
			assert_int_equal(small[i][k], i % 256);
		postern_dkim_memory_release(&memory, small[i]);
	}
	assert_non_null(postern_dkim_memory_allocate(&memory, 1000000));
	assert_false(memory.failed);
	assert_null(postern_dkim_memory_allocate(&memory, SIZE_MAX));
	assert_true(memory.failed);
	postern_dkim_memory_deinit(&memory);
	assert_in_range(memory_in_use(), 0, before + 1000);
}

/* What was not offered is OpenSSL's own business. */
static void test_other_keys_are_read_as_ever(void **state)
{
	EVP_PKEY *key = make_key("ed25519"), *offered = make_key("ed25519"), *read;
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned long before = postern_pem_hits();
	char *data = NULL;
	long size;

	(void)state;
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	size = BIO_get_mem_data(bio, &data);
	postern_pem_offer(data, (size_t)size - 1, offered);
	read = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	assert_false(postern_pem_withdraw(true));
	assert_non_null(read);
	assert_int_equal(EVP_PKEY_eq(read, key), 1);
	assert_int_equal(postern_pem_hits(), before);
	EVP_PKEY_free(read);
	EVP_PKEY_free(offered);
	EVP_PKEY_free(key);
	BIO_free(bio);
}

static struct postern_dkim_key *get(struct fixture *fixture, const char *selector)
{
	struct postern_dkim_key *key = NULL;

	ok(fixture, postern_dkim_keys_get(fixture->keys, DOMAIN, selector, &key,
					  &fixture->error));
	return key;
}

static void test_replaced_key(void **state)
{
	struct fixture *fixture = *state;
	struct postern_dkim_key *first, *again, *second;
	char path[PATH_MAX + 64], aside[PATH_MAX + 64];

	add_key(fixture, "s1", "ed25519");
	first = get(fixture, "s1");
	again = get(fixture, "s1");
	assert_ptr_equal(first, again);
	/* Another file of that name, as a careful admin puts it there. */
	add_key(fixture, "s2", "ed25519");
	key_path(fixture, "s2", aside);
	key_path(fixture, "s1", path);
	assert_int_equal(rename(aside, path), 0);
	second = get(fixture, "s1");
	assert_ptr_not_equal(first, second);
	assert_int_not_equal(EVP_PKEY_eq(first->key, second->key), 1);
	/* Who still has the first one has it. */
	assert_true(first->pem_size > 0 && *first->pem == '-');
	postern_dkim_key_unref(&first);
	postern_dkim_key_unref(&again);
	postern_dkim_key_unref(&second);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(postern_dkim_keys_get(fixture->keys, DOMAIN, "s1", &first,
					       &fixture->error), -1);
}

static void test_mode_is_looked_at_each_time(void **state)
{
	struct fixture *fixture = *state;
	struct postern_dkim_key *key;
	char path[PATH_MAX + 64];

	add_key(fixture, "s1", "ed25519");
	key = get(fixture, "s1");
	postern_dkim_key_unref(&key);
	key_path(fixture, "s1", path);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(postern_dkim_keys_get(fixture->keys, DOMAIN, "s1", &key,
					       &fixture->error), -1);
	assert_null(key);
}

static void test_wrong_keys(void **state)
{
	static const char *const types[] = { "ec", "short" };
	struct fixture *fixture = *state;
	struct postern_dkim_key *key = NULL;
	char path[PATH_MAX + 64];
	EVP_PKEY *encrypted = make_key("ed25519");

	for (size_t i = 0; i < COUNT(types); i++) {
		EVP_PKEY *wrong = make_key(types[i]);

		write_pem(fixture, "s1", wrong, NULL, 0600);
		check_row(types[i], postern_dkim_keys_get(fixture->keys, DOMAIN, "s1", &key,
							  &fixture->error) == -1);
		EVP_PKEY_free(wrong);
	}
	write_pem(fixture, "s1", encrypted, EVP_aes_128_cbc(), 0600);
	assert_int_equal(postern_dkim_keys_get(fixture->keys, DOMAIN, "s1", &key,
					       &fixture->error), -1);
	key_path(fixture, "s1", path);
	unit_write(path, "no key\n", 0600);
	assert_int_equal(postern_dkim_keys_get(fixture->keys, DOMAIN, "s1", &key,
					       &fixture->error), -1);
	assert_null(key);
	EVP_PKEY_free(encrypted);
}

static void test_names_that_leave_the_folder(void **state)
{
	static const char *const names[] = { "", ".", "..", "../" DOMAIN, "a/b", "a\nb", "\xc3\xbc" };
	struct fixture *fixture = *state;
	struct postern_dkim_key *key = NULL;

	char path[PATH_MAX + 64], outside[PATH_MAX + 64];

	add_key(fixture, "s1", "ed25519");
	/* What "." would find. */
	key_path(fixture, "s1", path);
	snprintf(outside, sizeof(outside), "%s/s1.pem", fixture->folder);
	assert_int_equal(link(path, outside), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		check_row(names[i], postern_dkim_keys_get(fixture->keys, names[i], "s1", &key,
							  &fixture->error) == -1);
		check_row(names[i], postern_dkim_keys_get(fixture->keys, DOMAIN, names[i], &key,
							  &fixture->error) == -1);
	}
}

static void test_signed_fields(void **state)
{
	(void)state;
	assert_true(postern_dkim_signs_field("From", 4));
	assert_true(postern_dkim_signs_field("mEsSaGe-Id", 10));
	assert_false(postern_dkim_signs_field("Received", 8));
	assert_false(postern_dkim_signs_field("Fro", 3));
	assert_false(postern_dkim_signs_field("From ", 5));
	assert_false(postern_dkim_signs_field("", 0));
}

/* The clock as the test wants it; 0 for the real one. */
static time_t clock_now;
time_t __real_time(time_t *now);
time_t __wrap_time(time_t *now);

time_t __wrap_time(time_t *now)
{
	time_t answer = clock_now != 0 ? clock_now : __real_time(NULL);

	if (now != NULL)
		*now = answer;
	return answer;
}

static void test_clock(void **state)
{
	static const time_t insane[] = { 1, 86400, 1500000000, 4200000000 };
	struct fixture *fixture = *state;

	add_key(fixture, "s1", "ed25519");
	for (size_t i = 0; i < COUNT(insane); i++) {
		struct postern_dkim_sign *signature = NULL;
		char *value = NULL;

		ok(fixture, postern_dkim_sign_new(fixture->dkim, get(fixture, "s1"), DOMAIN, "s1",
						  &signature, &fixture->error));
		ok(fixture, postern_dkim_sign_field(signature, fields[0], strlen(fields[0]),
						    &fixture->error));
		ok(fixture, postern_dkim_sign_end_of_header(signature, &fixture->error));
		clock_now = insane[i];
		assert_int_equal(postern_dkim_sign_finish(signature, &value, &fixture->error), -1);
		clock_now = 0;
		assert_null(value);
		postern_dkim_sign_free(&signature);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rsa),
		TEST(test_ed25519),
		TEST(test_key_is_parsed_once),
		TEST(test_every_reference_comes_back),
		TEST(test_memory_is_flat),
		TEST(test_large_memory_is_given_back),
		TEST(test_other_keys_are_read_as_ever),
		TEST(test_replaced_key),
		TEST(test_mode_is_looked_at_each_time),
		TEST(test_wrong_keys),
		TEST(test_names_that_leave_the_folder),
		TEST(test_signed_fields),
		TEST(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
