/* SPDX-License-Identifier: MIT */
#include "dkim_keys.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "secret.h"
#include "trusted_file.h"

#define KEY_FILE_MAX 16384
#define BUCKETS 256
/* More domains than that are read anew now and then, and cost no more memory. */
#define KEYS_MAX 4096
/* RFC 8301, 3.2, where verifiers are told to take no less. */
#define RSA_BITS_MIN 1024

struct counted_key {
	struct postern_dkim_key key; /* first: what callers have is this */
	atomic_uint references;
};

struct cached {
	struct cached *next;
	char *path;
	struct stat status;
	struct postern_dkim_key *key;
};

struct postern_dkim_keys {
	pthread_mutex_t mutex;
	char *folder;
	size_t count;
	struct cached *buckets[BUCKETS];
};

void postern_dkim_key_unref(struct postern_dkim_key **key)
{
	struct counted_key *counted = (struct counted_key *)*key;

	*key = NULL;
	if (counted == NULL || atomic_fetch_sub(&counted->references, 1) > 1)
		return;
	EVP_PKEY_free(counted->key.key);
	postern_secret_free_sized((void **)&counted->key.pem, counted->key.pem_size);
	free(counted);
}

/* A key that is encrypted is refused; nobody is asked on a terminal. */
static int no_passphrase(char *text, int size, int writing, void *context)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static int algorithm_of(const char *path, EVP_PKEY *key, enum postern_dkim_algorithm *algorithm_r,
			const char **error_r)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		if (EVP_PKEY_get_bits(key) < RSA_BITS_MIN) {
			return postern_error(error_r, "%s has an RSA key of %d bits: make one of "
					     "2048", path, EVP_PKEY_get_bits(key));
		}
		*algorithm_r = POSTERN_DKIM_RSA_SHA256;
		return 0;
	case EVP_PKEY_ED25519:
		*algorithm_r = POSTERN_DKIM_ED25519_SHA256;
		return 0;
	}
	return postern_error(error_r, "%s has a key that is neither RSA nor Ed25519", path);
}

/* Written anew rather than taken from the file: libopendkim reads what does not begin with
   "-----" as something else. */
static int write_pem(EVP_PKEY *key, char **pem_r, size_t *size_r, const char **error_r)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *data = NULL;
	char *pem = NULL;
	long size;
	int ret = -1;

	if (bio == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
		postern_error(error_r, "cannot write out a DKIM key");
		goto out;
	}
	size = BIO_get_mem_data(bio, &data);
	pem = malloc((size_t)size + 1);
	if (pem == NULL) {
		postern_error(error_r, "cannot keep a DKIM key: %m");
		goto out;
	}
	memcpy(pem, data, (size_t)size);
	pem[size] = '\0';
	*pem_r = pem;
	*size_r = (size_t)size;
	ret = 0;
out:
	BIO_free(bio);
	return ret;
}

int postern_dkim_key_new(EVP_PKEY **pkey, const char *name, struct postern_dkim_key **key_r,
			 const char **error_r)
{
	struct counted_key *counted = calloc(1, sizeof(*counted));
	struct postern_dkim_key *key = (struct postern_dkim_key *)counted;

	if (counted == NULL) {
		EVP_PKEY_free(*pkey);
		*pkey = NULL;
		return postern_error(error_r, "cannot keep a DKIM key: %m");
	}
	counted->references = 1;
	key->key = *pkey;
	*pkey = NULL; /* transferred */
	if (algorithm_of(name, key->key, &key->algorithm, error_r) < 0 ||
	    write_pem(key->key, &key->pem, &key->pem_size, error_r) < 0) {
		postern_dkim_key_unref(&key);
		return -1;
	}
	*key_r = key;
	return 0;
}

static int read_key(const char *path, struct postern_dkim_key **key_r, const char **error_r)
{
	EVP_PKEY *pkey = NULL;
	char *data = NULL;
	size_t size = 0;
	BIO *bio;

	if (postern_trusted_read(path, POSTERN_TRUST_SECRET, KEY_FILE_MAX, &data, &size,
				 error_r) < 0)
		return -1;
	bio = BIO_new_mem_buf(data, (int)size);
	if (bio != NULL)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	postern_secret_free_sized((void **)&data, size);
	if (pkey == NULL) {
		ERR_clear_error();
		return postern_error(error_r, "%s is no private key in PEM without a passphrase",
				     path);
	}
	return postern_dkim_key_new(&pkey, path, key_r, error_r);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       /* Owner and mode may have become wrong. */
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void forget(struct postern_dkim_keys *keys, struct cached **link)
{
	struct cached *cached = *link;

	*link = cached->next;
	postern_dkim_key_unref(&cached->key);
	free(cached->path);
	free(cached);
	keys->count--;
}

static void forget_all(struct postern_dkim_keys *keys)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (keys->buckets[i] != NULL)
			forget(keys, &keys->buckets[i]);
	}
}

int postern_dkim_keys_new(const char *folder, struct postern_dkim_keys **keys_r,
			  const char **error_r)
{
	struct postern_dkim_keys *keys = calloc(1, sizeof(*keys));

	if (keys != NULL)
		keys->folder = strdup(folder);
	if (keys == NULL || keys->folder == NULL) {
		free(keys);
		return postern_error(error_r, "cannot keep DKIM keys: %m");
	}
	pthread_mutex_init(&keys->mutex, NULL);
	*keys_r = keys;
	return 0;
}

void postern_dkim_keys_free(struct postern_dkim_keys **keys)
{
	if (*keys == NULL)
		return;
	forget_all(*keys);
	pthread_mutex_destroy(&(*keys)->mutex);
	free((*keys)->folder);
	free(*keys);
	*keys = NULL;
}

static bool is_safe(const char *name)
{
	return *name != '\0' && *name != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
	       strlen(name);
}

static struct cached **find(struct postern_dkim_keys *keys, const char *path)
{
	struct cached **link;
	unsigned hash = 0;

	for (const char *p = path; *p != '\0'; p++)
		hash = hash * 31 + (unsigned char)*p;
	link = &keys->buckets[hash % BUCKETS];
	while (*link != NULL && strcmp((*link)->path, path) != 0)
		link = &(*link)->next;
	return link;
}

static int add(struct postern_dkim_keys *keys, const char *path, const struct stat *status,
	       struct postern_dkim_key **key_r, const char **error_r)
{
	struct cached *cached = calloc(1, sizeof(*cached));
	struct cached **link;

	if (cached != NULL)
		cached->path = strdup(path);
	if (cached == NULL || cached->path == NULL) {
		free(cached);
		return postern_error(error_r, "cannot keep a DKIM key: %m");
	}
	cached->status = *status;
	if (read_key(path, &cached->key, error_r) < 0) {
		free(cached->path);
		free(cached);
		return -1;
	}
	if (keys->count >= KEYS_MAX)
		forget_all(keys);
	link = find(keys, path);
	cached->next = *link;
	*link = cached;
	keys->count++;
	*key_r = cached->key;
	return 0;
}

/* status is from before the file is read: should it be replaced in between, the next look sees a
   change, at worst one that was none. */
static int get(struct postern_dkim_keys *keys, const char *path, const struct stat *status,
	       struct postern_dkim_key **key_r, const char **error_r)
{
	struct cached **link = find(keys, path);

	if (*link != NULL && same_file(&(*link)->status, status)) {
		*key_r = (*link)->key;
		return 0;
	}
	if (*link != NULL)
		forget(keys, link);
	return add(keys, path, status, key_r, error_r);
}

int postern_dkim_keys_get(struct postern_dkim_keys *keys, const char *domain,
			  const char *selector, struct postern_dkim_key **key_r,
			  const char **error_r)
{
	struct postern_dkim_key *key = NULL;
	struct stat status;
	char path[PATH_MAX];
	int ret;

	if (!is_safe(domain) || !is_safe(selector))
		return postern_error(error_r, "a DKIM domain or selector is no file name");
	ret = snprintf(path, sizeof(path), "%s/%s/%s.pem", keys->folder, domain, selector);
	if (ret < 0 || (size_t)ret >= sizeof(path))
		return postern_error(error_r, "the path of a DKIM key is too long");
	if (stat(path, &status) < 0)
		return postern_error(error_r, "cannot examine %s: %m", path);
	pthread_mutex_lock(&keys->mutex);
	ret = get(keys, path, &status, &key, error_r);
	if (ret == 0) {
		atomic_fetch_add(&((struct counted_key *)key)->references, 1);
		*key_r = key;
	}
	pthread_mutex_unlock(&keys->mutex);
	return ret;
}
