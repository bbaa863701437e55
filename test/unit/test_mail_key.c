/* SPDX-License-Identifier: MIT */
#include "unit_store.h"

#include <dlfcn.h>
#include <uninorm.h>

#include "mail_key.h"

/* Which key a certificate of the admin's CA is, by the addresses in it. */

#define OWN_KEY 1

static struct postern_fingerprint of(struct unit_store *unit, const char *text)
{
	struct postern_fingerprint fingerprint;
	struct postern_address address;

	ok(unit, postern_address_parse(text, strlen(text), &address, &unit->error));
	ok(unit, postern_mail_key_fingerprint(&address, &fingerprint, &unit->error));
	return fingerprint;
}

static void add(struct unit_store *unit, const struct postern_account *account, const char *address)
{
	struct postern_account_key key = unit_key(account->id, 0);

	key.fingerprint = of(unit, address);
	ok(unit, postern_store_key_add(unit->store, &key, &unit->error));
}

/* expected: the address whose key it is found to be, NULL for the certificate's own. */
static const struct {
	const char *addresses, *expected;
} cases[] = {
	{ "", NULL },
	{ "alice@example.org", "alice@example.org" },
	{ "alice@EXAMPLE.org", "alice@example.org" },
	/* The first that is registered. */
	{ "nobody@example.org alice@example.org bob@example.org", "alice@example.org" },
	{ "bob@example.org alice@example.org", "bob@example.org" },
	{ " bob@example.org  ", "bob@example.org" },
	{ "@ bob bob@ @example.org , bob@example.org", "bob@example.org" },
	/* The account's own, but not registered. */
	{ "alice@example.net", NULL },
	{ "alice+phone@example.org", NULL },
	/* Registered, but not the account's any more. */
	{ "queen@example.com", NULL },
	{ "queen@example.com bob@example.org", "bob@example.org" },
};

static void test_addresses(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account alice = unit_account_add(unit, "alice");
	struct postern_account bob = unit_account_add(unit, "bob");

	add(unit, &alice, "alice@example.org");
	add(unit, &alice, "queen@example.com");
	add(unit, &bob, "bob@example.org");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct postern_fingerprint key = unit_fingerprint(OWN_KEY), expected = key;

		if (cases[i].expected != NULL)
			expected = of(unit, cases[i].expected);
		ok(unit, postern_mail_key_find(unit->store, &unit->config, cases[i].addresses, &key,
					       &unit->error));
		if (memcmp(&key, &expected, sizeof(key)) != 0)
			fail_msg("\"%s\" is another key", cases[i].addresses);
	}
}

static void test_registered_key_comes_first(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account alice = unit_account_add(unit, "alice");
	struct postern_account bob = unit_account_add(unit, "bob");
	struct postern_fingerprint key = unit_fingerprint(OWN_KEY), own = key;

	unit_key_add(unit, bob.id, OWN_KEY);
	add(unit, &alice, "alice@example.org");
	ok(unit, postern_mail_key_find(unit->store, &unit->config, "alice@example.org", &key,
				       &unit->error));
	assert_memory_equal(&key, &own, sizeof(key));
}

static bool is_key_of(struct unit_store *unit, const char *address)
{
	struct postern_fingerprint key = unit_fingerprint(OWN_KEY), expected = of(unit, address);

	ok(unit, postern_mail_key_find(unit->store, &unit->config, address, &key, &unit->error));
	return memcmp(&key, &expected, sizeof(key)) == 0;
}

static void test_address_becomes_anothers(void **state)
{
	static const char alias[] = "queen@example.com", name[] = "duchess@example.com";
	struct unit_store *unit = *state;
	struct postern_account alice = unit_account_add(unit, "alice"), bob;

	ok(unit, postern_store_address_add(unit->store, alice.id, "@example.com", &unit->error));
	add(unit, &alice, alias);
	add(unit, &alice, name);
	bob = unit_account_add(unit, "bob");
	assert_true(is_key_of(unit, alias));
	assert_true(is_key_of(unit, name));

	ok(unit, postern_store_address_add(unit->store, bob.id, alias, &unit->error));
	unit_account_add(unit, name);
	assert_false(is_key_of(unit, alias));
	assert_false(is_key_of(unit, name));

	/* Of two who have it alike, the one that the key was given to. */
	ok(unit, postern_store_address_add(unit->store, alice.id, alias, &unit->error));
	assert_true(is_key_of(unit, alias));
}

static void test_no_store(void **state)
{
	struct unit_store *unit = *state;
	struct postern_fingerprint key = unit_fingerprint(OWN_KEY);

	assert_int_equal(unlink(unit->accounts), 0);
	fails(unit, postern_mail_key_find(unit->store, &unit->config, "alice@example.org", &key,
					  &unit->error), "is missing");
}

static bool no_memory;

/* Stands before libunistring's, which postern_address_parse calls. */
uint8_t *u8_normalize(uninorm_t form, const uint8_t *text, size_t size, uint8_t *result,
		      size_t *length)
{
	uint8_t *(*next)(uninorm_t form, const uint8_t *text, size_t size, uint8_t *result,
			 size_t *length);

	*(void **)&next = dlsym(RTLD_NEXT, "u8_normalize");
	assert_non_null(next);
	return no_memory ? NULL : next(form, text, size, result, length);
}

static void test_no_memory(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account rene = unit_account_add(unit, "ren\u00e9");
	struct postern_fingerprint key = unit_fingerprint(OWN_KEY);

	add(unit, &rene, "ren\u00e9@example.org");
	no_memory = true;
	fails(unit, postern_mail_key_find(unit->store, &unit->config, "ren\u00e9@example.org", &key,
					  &unit->error), "no memory");
	no_memory = false;
	assert_true(is_key_of(unit, "ren\u00e9@example.org"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_registered_key_comes_first, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_address_becomes_anothers, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_no_store, unit_store_set_up,
						unit_store_tear_down),
		cmocka_unit_test_setup_teardown(test_no_memory, unit_store_set_up,
						unit_store_tear_down),
	};

	return cmocka_run_group_tests_name("mail_key", tests, NULL, NULL);
}
