/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <idn2.h>
#include <uninorm.h>

#include "config_allow.h"
#include "ownership.h"

/*
 * Who owns an address, when the store, the tables or memory fail, or a walk is to end: the program
 * is linked with --wrap, and what would be asked answers as a case says.
 */
static struct {
	/* The only account that is found by its name; NULL for none. */
	const char *account;
	/* What a look-up returns that has no answer of its own. */
	int find, has, maps, walk;
	/* The call of each that fails, from 1; 0 for none. */
	unsigned normalize, to_unicode, lookup;
	/* What to_unicode's failing call returns; IDN2_MALLOC where it is 0. */
	int to_unicode_status;
	bool too_long;
} world;

int __wrap_postern_store_account_find(struct postern_store *store, const char *name,
				      struct postern_account *account_r, const char **error_r);
int __wrap_postern_store_account_find(struct postern_store *store, const char *name,
				      struct postern_account *account_r, const char **error_r)
{
	(void)store;
	if (world.find < 0)
		return postern_error(error_r, "store");
	if (world.account == NULL || strcmp(name, world.account) != 0)
		return POSTERN_STORE_NOT_FOUND;
	memset(account_r, 0, sizeof(*account_r));
	snprintf(account_r->name, sizeof(account_r->name), "%s", name);
	return POSTERN_STORE_OK;
}

int __wrap_postern_store_address_has(struct postern_store *store, int64_t account_id,
				     const char *address, const char **error_r);
int __wrap_postern_store_address_has(struct postern_store *store, int64_t account_id,
				     const char *address, const char **error_r)
{
	(void)store;
	(void)account_id;
	(void)address;
	return world.has < 0 ? postern_error(error_r, "store") : world.has;
}

int __wrap_postern_store_address_owners(struct postern_store *store, const char *address,
					postern_address_fn *fn, void *context,
					const char **error_r);
int __wrap_postern_store_address_owners(struct postern_store *store, const char *address,
					postern_address_fn *fn, void *context,
					const char **error_r)
{
	(void)store;
	if (world.walk < 0)
		return postern_error(error_r, "store");
	return world.walk > 0 ? fn("alias owner", address, context) : 0;
}

int __wrap_postern_sender_maps_check(struct postern_sender_maps *maps, const char *login,
				     const struct postern_address *address, char delimiter,
				     const char **error_r);
int __wrap_postern_sender_maps_check(struct postern_sender_maps *maps, const char *login,
				     const struct postern_address *address, char delimiter,
				     const char **error_r)
{
	(void)maps;
	(void)login;
	(void)address;
	(void)delimiter;
	return world.maps < 0 ? postern_error(error_r, "table") : world.maps;
}

static bool fails(unsigned *countdown)
{
	return *countdown > 0 && --*countdown == 0;
}

uint8_t *__real_u8_normalize(uninorm_t form, const uint8_t *text, size_t size, uint8_t *result,
			     size_t *length);
uint8_t *__wrap_u8_normalize(uninorm_t form, const uint8_t *text, size_t size, uint8_t *result,
			     size_t *length);
uint8_t *__wrap_u8_normalize(uninorm_t form, const uint8_t *text, size_t size, uint8_t *result,
			     size_t *length)
{
	return fails(&world.normalize) ? NULL :
	       __real_u8_normalize(form, text, size, result, length);
}

int __real_idn2_to_unicode_8z8z(const char *input, char **output, int flags);
int __wrap_idn2_to_unicode_8z8z(const char *input, char **output, int flags);
int __wrap_idn2_to_unicode_8z8z(const char *input, char **output, int flags)
{
	if (fails(&world.to_unicode))
		return world.to_unicode_status != 0 ? world.to_unicode_status : IDN2_MALLOC;
	return __real_idn2_to_unicode_8z8z(input, output, flags);
}

/* libidn2 would not give a name that is too long. */
int __real_idn2_lookup_u8(const uint8_t *text, uint8_t **name, int flags);
int __wrap_idn2_lookup_u8(const uint8_t *text, uint8_t **name, int flags);
int __wrap_idn2_lookup_u8(const uint8_t *text, uint8_t **name, int flags)
{
	if (fails(&world.lookup))
		return IDN2_MALLOC;
	if (!world.too_long)
		return __real_idn2_lookup_u8(text, name, flags);
	*name = malloc(POSTERN_DOMAIN_MAX + 2);
	assert_non_null(*name);
	memset(*name, 'a', POSTERN_DOMAIN_MAX + 1);
	(*name)[POSTERN_DOMAIN_MAX + 1] = '\0';
	return IDN2_OK;
}

static char example_org[] = "example.org";
static char *domains[] = { example_org, NULL };
static struct postern_config config = { .domains = domains, .recipient_delimiter = '+' };

static int reset(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.has = POSTERN_STORE_NOT_FOUND;
	world.maps = 1;
	return 0;
}

static struct postern_address parsed(const char *text)
{
	struct postern_address address;
	const char *error;

	assert_int_equal(0, postern_address_parse(text, strlen(text), &address, &error));
	return address;
}

static int ask(const char *account_name, const char *text)
{
	struct postern_account account = { .id = 1 };
	struct postern_address address = parsed(text);
	const char *error = NULL;
	int ret;

	snprintf(account.name, sizeof(account.name), "%s", account_name);
	ret = postern_ownership_ask(NULL, NULL, &config, &account, &address, &error);
	if (ret < 0)
		assert_non_null(error);
	return ret;
}

static void a_failure_is_no_answer(void **state)
{
	static const char name[] = "ren\xc3\xa9@example.net";

	(void)state;
	assert_int_equal(POSTERN_OWN, ask("alice", "alice@example.org"));
	assert_int_equal(POSTERN_NOT_OWN, ask("alice", "bob@example.org"));
	world.has = -1;
	assert_int_equal(POSTERN_OWN, ask("alice", "alice@example.org"));
	assert_int_equal(-1, ask("alice", "bob@example.org"));
	reset(NULL);
	world.maps = -1;
	assert_int_equal(POSTERN_OWN, ask("alice", "alice@example.org"));
	assert_int_equal(-1, ask("alice", "bob@example.org"));
	world.maps = 0;
	assert_int_equal(POSTERN_OWN, ask("alice", "bob@example.org"));
	/* Without memory to read the login name: the third call is the first of that. */
	reset(NULL);
	assert_int_equal(POSTERN_OWN, ask(name, name));
	world.normalize = 3;
	assert_int_equal(-1, ask(name, name));
	/* One that is no address. */
	assert_int_equal(POSTERN_NOT_OWN, ask("a b@example.net", "ab@example.net"));
}

/* A postern_owner_fn. */
static int stop(const char *account, void *context)
{
	*(const char **)context = account;
	return 9;
}

static int owners(const char *text)
{
	struct postern_address address = parsed(text);
	const char *found = NULL, *error = NULL;
	int ret = postern_ownership_owners(NULL, &config, &address, stop, &found, &error);

	assert_int_equal(ret == 9, found != NULL);
	if (ret < 0)
		assert_non_null(error);
	return ret;
}

static void a_walk_ends(void **state)
{
	char longest[POSTERN_ADDRESS_MAX + 1];

	(void)state;
	assert_int_equal(0, owners("alice@example.org"));
	world.account = "alice";
	assert_int_equal(9, owners("alice@example.org"));
	assert_int_equal(9, owners("alice+tag@example.org"));
	/* Found by its name, of which another domain's address is not its own. */
	assert_int_equal(0, owners("alice@example.net"));
	world.account = "alice@example.net";
	assert_int_equal(9, owners("alice@example.net"));
	world.account = "alice@b\xc3\xbc" "cher.example";
	assert_int_equal(9, owners("alice@xn--bcher-kva.example"));
	reset(NULL);
	world.walk = 1;
	assert_int_equal(9, owners("alice@example.net"));
	reset(NULL);
	snprintf(longest, sizeof(longest), "%064d@%063d.%063d.%063d.a", 1, 1, 1, 1);
	assert_int_equal(0, owners(longest));
}

static void a_walk_fails(void **state)
{
	(void)state;
	world.find = -1;
	assert_int_equal(-1, owners("alice@example.org"));
	reset(NULL);
	world.walk = -1;
	assert_int_equal(-1, owners("alice@example.org"));
	/* Without memory for the other form of the domain. */
	reset(NULL);
	world.account = "alice@b\xc3\xbc" "cher.example";
	world.to_unicode = 1;
	assert_int_equal(-1, owners("alice@xn--bcher-kva.example"));
	/* A domain that has no other form. */
	reset(NULL);
	world.to_unicode = 1;
	world.to_unicode_status = IDN2_PUNYCODE_BAD_INPUT;
	assert_int_equal(0, owners("alice@xn--bcher-kva.example"));
	/* Nor can the name be read that was found. */
	reset(NULL);
	world.account = "ren\xc3\xa9@example.net";
	world.normalize = 3;
	assert_int_equal(-1, owners("ren\xc3\xa9@example.net"));
}

/* A postern_address_fn has nothing to add here. */
int __wrap_postern_store_address_each(struct postern_store *store, int64_t account_id,
				      postern_address_fn *fn, void *context,
				      const char **error_r);
int __wrap_postern_store_address_each(struct postern_store *store, int64_t account_id,
				      postern_address_fn *fn, void *context,
				      const char **error_r)
{
	(void)store;
	(void)account_id;
	(void)fn;
	(void)context;
	(void)error_r;
	return 0;
}

static void names_that_are_no_address(void **state)
{
	static const char *const names[] = { "a b@example.net", "a b" };
	const char *error;
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct postern_account account = { .id = 1 };

		snprintf(account.name, sizeof(account.name), "%s", names[i]);
		assert_int_equal(0, postern_ownership_describe(NULL, &config, &account, text,
							       sizeof(text), &error));
		assert_string_equal("none", text);
	}
}

static void a_domain_beyond_measure(void **state)
{
	char domain[POSTERN_DOMAIN_MAX + 1];
	const char *text = "b\xc3\xbc" "cher.example", *error = NULL;

	(void)state;
	world.too_long = true;
	assert_int_equal(POSTERN_ADDRESS_MALFORMED,
			 postern_domain_normalize(text, strlen(text), domain, &error));
	assert_string_equal("the domain is too long", error);
	reset(NULL);
	world.lookup = 1;
	assert_int_equal(POSTERN_ADDRESS_NO_MEMORY,
			 postern_domain_normalize(text, strlen(text), domain, &error));
}

/* It is an account's name as well; that would do for a name that is no domain. */
static void a_rule_for_a_domain(void **state)
{
	static const char name[] = "b\xc3\xbc" "cher.example";
	struct postern_allow_list list = { 0 };
	const char *error = NULL;

	(void)state;
	world.lookup = 1;
	assert_int_equal(-1, postern_allow_list_add(&list, name, "P4", &error));
	assert_non_null(error);
	assert_int_equal(0, postern_allow_list_add(&list, name, "P4", &error));
	assert_int_equal(POSTERN_ALLOW_P4,
			 postern_allow_list_find(&list, "", "xn--bcher-kva.example"));
	postern_allow_list_deinit(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_failure_is_no_answer, reset),
		cmocka_unit_test_setup(a_walk_ends, reset),
		cmocka_unit_test_setup(a_walk_fails, reset),
		cmocka_unit_test_setup(names_that_are_no_address, reset),
		cmocka_unit_test_setup(a_domain_beyond_measure, reset),
		cmocka_unit_test_setup(a_rule_for_a_domain, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
