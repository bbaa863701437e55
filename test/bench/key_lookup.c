/* SPDX-License-Identifier: MIT */
/*
 * Time of one look-up of a key by its fingerprint, the work of a key login in the auth
 * process, in a store of N accounts with K keys each. The store is made in a folder
 * that is given and kept, so that a second run measures alone. Prints one JSON line.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "store.h"

/* Fingerprints are spread like SHA-256's and can be made again without a table. */
static void nth_fingerprint(uint64_t n, struct postern_fingerprint *fingerprint_r)
{
	for (size_t i = 0; i < 4; i++) {
		uint64_t x = (n * 4 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);

		x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
		x ^= x >> 31;
		memcpy(fingerprint_r->octets + i * 8, &x, 8);
	}
}

static void fill(const struct postern_config *config, uint64_t accounts, uint64_t keys)
{
	struct postern_store *store = NULL;
	const char *error = NULL;

	if (postern_store_create(config, &error) < 0 ||
	    postern_store_open(config, POSTERN_STORE_WRITE, &store, &error) < 0 ||
	    postern_store_begin(store, &error) < 0)
		errx(1, "%s", error);
	for (uint64_t a = 0; a < accounts; a++) {
		struct postern_account account = { .policy = POSTERN_POLICY_ANY };

		snprintf(account.name, sizeof(account.name), "user%llu", (unsigned long long)a);
		if (postern_store_account_add(store, &account, &error) != 0)
			errx(1, "account %s: %s", account.name, error);
		for (uint64_t k = 0; k < keys; k++) {
			struct postern_account_key key = {
				.account_id = account.id, .services = POSTERN_SERVICES_ALL,
				.preauth = true, .label = "bench", .type = "Ed25519" };

			nth_fingerprint(a * keys + k, &key.fingerprint);
			if (postern_store_key_add(store, &key, &error) != 0)
				errx(1, "key: %s", error);
		}
	}
	if (postern_store_commit(store, &error) < 0)
		errx(1, "%s", error);
	postern_store_free(&store);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct postern_config *config, uint64_t keys, size_t lookups)
{
	struct postern_store *store = NULL;
	const char *error = NULL;
	double *us = calloc(lookups, sizeof(double));
	double total = 0;

	if (us == NULL || postern_store_open(config, POSTERN_STORE_READ, &store, &error) < 0)
		errx(1, "%s", error != NULL ? error : "no memory");
	srandom(1);
	/* The first round fills the caches, as in a process that has been up for a while. */
	for (size_t i = 0; i < 2 * lookups; i++) {
		struct postern_fingerprint fingerprint;
		struct postern_account_key key;
		struct postern_account account;
		struct timespec start, end;

		nth_fingerprint((uint64_t)random() % keys, &fingerprint);
		clock_gettime(CLOCK_MONOTONIC, &start);
		if (postern_store_key_find(store, &fingerprint, &key, &account, &error) != 0)
			errx(1, "a key was not found: %s", error != NULL ? error : "");
		clock_gettime(CLOCK_MONOTONIC, &end);
		if (i >= lookups)
			us[i - lookups] = (double)(end.tv_sec - start.tv_sec) * 1e6 +
					  (double)(end.tv_nsec - start.tv_nsec) / 1e3;
	}
	for (size_t i = 0; i < lookups; i++)
		total += us[i];
	qsort(us, lookups, sizeof(double), compare);
	printf("{\"keys\": %llu, \"mean_us\": %.2f, \"p50_us\": %.2f, \"p99_us\": %.2f}\n",
	       (unsigned long long)keys, total / (double)lookups, us[lookups / 2],
	       us[lookups * 99 / 100]);
	free(us);
	postern_store_free(&store);
}

int main(int argc, char **argv)
{
	struct postern_config *config = NULL;
	const char *error = NULL;
	uint64_t accounts, keys;
	char path[4096];
	struct stat st;

	if (argc != 4)
		errx(64, "usage: key_lookup CONFIG ACCOUNTS KEYS-EACH");
	accounts = strtoull(argv[2], NULL, 10);
	keys = strtoull(argv[3], NULL, 10);
	if (accounts == 0 || keys == 0)
		errx(64, "there is nothing to look up");
	if (postern_config_load(argv[1], &config, &error) < 0)
		errx(78, "%s", error);
	snprintf(path, sizeof(path), "%s/postern.db", config->store);
	if (stat(path, &st) < 0)
		fill(config, accounts, keys);
	measure(config, accounts * keys, 200000);
	postern_config_free(&config);
	return 0;
}
