/* SPDX-License-Identifier: MIT */
#include "unit_store.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "dkim.h"
#include "signer.h"

/* Which selectors sign a message, and what is kept of its header. */

#define DOMAIN "example.org"

struct fixture {
	struct unit_store *unit;
	struct postern_generation generation;
	struct postern_snapshot snapshot;
	struct postern_dkim *dkim;
	char keys[PATH_MAX + 16];
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct postern_generation *generation;
	char path[PATH_MAX + 64];

	assert_non_null(fixture);
	unit_store_set_up((void **)&fixture->unit);
	snprintf(fixture->keys, sizeof(fixture->keys), "%s/dkim", fixture->unit->folder);
	snprintf(path, sizeof(path), "%s/" DOMAIN, fixture->keys);
	assert_int_equal(mkdir(fixture->keys, 0700), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	generation = &fixture->generation;
	generation->config = &fixture->unit->config;
	ok(fixture->unit, postern_store_pool_new(generation->config, &generation->stores,
						 &fixture->unit->error));
	ok(fixture->unit, postern_dkim_keys_new(fixture->keys, &generation->dkim_keys,
						&fixture->unit->error));
	ok(fixture->unit, postern_dkim_new(&fixture->dkim, &fixture->unit->error));
	fixture->snapshot.pool = generation->stores;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	postern_snapshot_end(&fixture->snapshot);
	postern_dkim_free(&fixture->dkim);
	postern_dkim_keys_free(&fixture->generation.dkim_keys);
	postern_store_pool_free(&fixture->generation.stores);
	unit_store_tear_down((void **)&fixture->unit);
	free(fixture);
	return 0;
}

static struct postern_signer *new_signer(struct fixture *fixture)
{
	struct postern_signer *signer = NULL;

	ok(fixture->unit, postern_signer_new(&fixture->generation, fixture->dkim, &signer,
					     &fixture->unit->error));
	ok(fixture->unit, postern_signer_field(signer, "From", " alice@" DOMAIN,
					       &fixture->unit->error));
	return signer;
}

static void add_selector(struct fixture *fixture, const char *name, const char *state)
{
	struct postern_dkim_selector selector = { .domain = DOMAIN, .algorithm = "ed25519" };
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = BIO_new(BIO_s_mem());
	char path[PATH_MAX + 128];
	char *data = NULL;
	long size;

	snprintf(selector.selector, sizeof(selector.selector), "%s", name);
	snprintf(selector.state, sizeof(selector.state), "%s", state);
	ok(fixture->unit, postern_store_dkim_add(fixture->unit->store, &selector,
						 &fixture->unit->error));
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	snprintf(path, sizeof(path), "%s/" DOMAIN "/%s.pem", fixture->keys, name);
	size = BIO_get_mem_data(bio, &data);
	unit_write_sized(path, data, (size_t)size, 0600);
	BIO_free(bio);
	EVP_PKEY_free(key);
}

static void set_state(struct fixture *fixture, const char *name, const char *state)
{
	ok(fixture->unit, postern_store_dkim_set_state(fixture->unit->store, DOMAIN, name, state, "",
						       &fixture->unit->error));
}

static void expect(struct fixture *fixture, struct postern_signer *signer, const char *domain)
{
	ok(fixture->unit, postern_signer_expect(signer, &fixture->snapshot, domain,
						&fixture->unit->error));
	postern_snapshot_end(&fixture->snapshot);
}

static int begin(struct fixture *fixture, struct postern_signer *signer)
{
	int ret = postern_signer_begin(signer, &fixture->snapshot, DOMAIN, &fixture->unit->error);

	postern_snapshot_end(&fixture->snapshot);
	if (ret < 0)
		fail_msg("%s", fixture->unit->error);
	return ret;
}

/* The message that was begun with a key is signed with it. */
static void test_expected_selectors_stay(void **state)
{
	struct fixture *fixture = *state;
	struct postern_signer *signer = new_signer(fixture);

	add_selector(fixture, "s1", POSTERN_DKIM_ACTIVE);
	add_selector(fixture, "s2", POSTERN_DKIM_PUBLISHED);
	expect(fixture, signer, DOMAIN);
	set_state(fixture, "s1", POSTERN_DKIM_RETIRED);
	set_state(fixture, "s2", POSTERN_DKIM_ACTIVE);
	assert_int_equal(begin(fixture, signer), POSTERN_SIGNER_OK);
	assert_string_equal(postern_signer_selector(signer, 0), "s1");
	assert_null(postern_signer_selector(signer, 1));
	postern_signer_free(&signer);

	signer = new_signer(fixture);
	assert_int_equal(begin(fixture, signer), POSTERN_SIGNER_OK);
	assert_string_equal(postern_signer_selector(signer, 0), "s2");
	assert_null(postern_signer_selector(signer, 1));
	postern_signer_free(&signer);
}

/* The From may be of another domain than the envelope. */
static void test_another_domain_is_asked_for(void **state)
{
	struct postern_dkim_selector other = { .domain = "example.net", .selector = "n1",
					       .algorithm = "ed25519",
					       .state = POSTERN_DKIM_ACTIVE };
	struct fixture *fixture = *state;
	struct postern_signer *signer = new_signer(fixture);

	add_selector(fixture, "s1", POSTERN_DKIM_ACTIVE);
	ok(fixture->unit, postern_store_dkim_add(fixture->unit->store, &other,
						 &fixture->unit->error));
	expect(fixture, signer, "example.net");
	assert_string_equal(postern_signer_selector(signer, 0), "n1");
	assert_int_equal(begin(fixture, signer), POSTERN_SIGNER_OK);
	assert_string_equal(postern_signer_selector(signer, 0), "s1");
	assert_null(postern_signer_selector(signer, 1));
	postern_signer_free(&signer);

	signer = new_signer(fixture);
	set_state(fixture, "s1", POSTERN_DKIM_RETIRED);
	expect(fixture, signer, DOMAIN);
	assert_int_equal(begin(fixture, signer), POSTERN_SIGNER_NO_KEY);
	postern_signer_free(&signer);

	/* Nobody waits for a key that is there by now. */
	signer = new_signer(fixture);
	expect(fixture, signer, DOMAIN);
	set_state(fixture, "s1", POSTERN_DKIM_ACTIVE);
	assert_int_equal(begin(fixture, signer), POSTERN_SIGNER_OK);
	postern_signer_free(&signer);
}

/* There is room for a field in whatever form it leaves the host. */
static void test_long_and_folded_fields_are_kept(void **state)
{
	static const size_t limits[] = { 0, 1, 2, 3, 7, 78, 998 };
	struct fixture *fixture = *state;
	char value[3001];

	for (size_t i = 0; i < COUNT(limits); i++) {
		struct postern_signer *signer;

		fixture->unit->config.smtp_line_length_limit = (unsigned)limits[i];
		for (size_t size = 0; size < sizeof(value); size += size < 20 ? 1 : 97) {
			memset(value, 'x', size);
			value[size] = '\0';
			/* Some with line ends, and some with nothing else. */
			for (size_t k = 3; k < size && size % 3 != 0; k += size % 3 == 1 ? 50 : 1)
				value[k] = '\n';
			signer = new_signer(fixture);
			ok(fixture->unit, postern_signer_field(signer, "Subject", value,
							       &fixture->unit->error));
			postern_signer_free(&signer);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_expected_selectors_stay),
		TEST(test_another_domain_is_asked_for),
		TEST(test_long_and_folded_fields_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
