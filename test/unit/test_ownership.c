/* SPDX-License-Identifier: MIT */
#include "unit_store.h"

#include "ownership.h"

static struct postern_address address_of(struct unit_store *unit, const char *text)
{
	struct postern_address address;

	ok(unit, postern_address_parse(text, strlen(text), &address, &unit->error));
	return address;
}

/* daniel has an alias and a domain; erika@example.net has her name; frodo has nothing but his. */
static void add_accounts(struct unit_store *unit)
{
	struct postern_account daniel = unit_account_add(unit, "daniel");
	struct postern_account erika = unit_account_add(unit, "erika@example.net");

	struct postern_account frodo = unit_account_add(unit, "frodo");

	unit_account_add(unit, "sam@cased.example");
	ok(unit, postern_store_address_add(unit->store, frodo.id, "Ring@cased.example",
					   &unit->error));
	ok(unit, postern_store_address_add(unit->store, daniel.id, "d.duesentrieb@example.com",
					   &unit->error));
	ok(unit, postern_store_address_add(unit->store, daniel.id, "@whole.example",
					   &unit->error));
	ok(unit, postern_store_address_add(unit->store, erika.id, "info+sales@example.com",
					   &unit->error));
}

struct search {
	const char *account;
	bool found;
};

static int compare_owner(const char *account, void *context)
{
	struct search *search = context;

	search->found = search->found || strcmp(account, search->account) == 0;
	return 0;
}

static bool is_owner(struct unit_store *unit, const struct postern_address *address,
		     const char *account)
{
	struct search search = { .account = account };

	ok(unit, postern_ownership_owners(unit->store, &unit->config, address, compare_owner,
					  &search, &unit->error));
	return search.found;
}

struct ownership_case {
	const char *account, *address;
	char delimiter;
	bool own;
};

/* Each, and the other way round. */
static void check_cases(struct unit_store *unit, const struct ownership_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct postern_address address = address_of(unit, cases[i].address);
		struct postern_account account;
		int ret;

		unit->config.recipient_delimiter = cases[i].delimiter;
		ok(unit, postern_store_account_find(unit->store, cases[i].account, &account,
						    &unit->error));
		ret = postern_ownership_check(unit->store, &unit->config, &account, &address,
					      &unit->error);
		if (ret != (cases[i].own ? POSTERN_OWN : POSTERN_NOT_OWN))
			fail_msg("%s, %s: %d", cases[i].account, cases[i].address, ret);
		check_row(cases[i].address,
			  is_owner(unit, &address, cases[i].account) == cases[i].own);
	}
}

static void who_owns_what(void **state)
{
	static const struct ownership_case cases[] = {
		/* The login name, at each of our domains and at no other. */
		{ "daniel", "daniel@example.org", '\0', true },
		{ "daniel", "daniel@example.net", '\0', true },
		{ "daniel", "Daniel@EXAMPLE.org", '\0', true },
		{ "daniel", "\"daniel\"@example.org", '\0', true },
		{ "daniel", "daniel@example.com", '\0', false },
		{ "daniel", "daniel@sub.example.org", '\0', false },
		{ "daniel", "danie@example.org", '\0', false },
		{ "daniel", "daniell@example.org", '\0', false },
		{ "daniel", "frodo@example.org", '\0', false },
		/* A login name with its domain is that address, and nothing at the other
		   domains. */
		{ "erika@example.net", "erika@example.net", '\0', true },
		{ "erika@example.net", "erika@example.org", '\0', false },
		/* Aliases, exactly. */
		{ "daniel", "d.duesentrieb@example.com", '\0', true },
		{ "daniel", "D.Duesentrieb@Example.com", '\0', true },
		{ "daniel", "d@example.com", '\0', false },
		{ "frodo", "d.duesentrieb@example.com", '\0', false },
		/* A whole domain, and not what is below it. */
		{ "daniel", "anything@whole.example", '\0', true },
		{ "daniel", "any+thing@whole.example", '+', true },
		{ "daniel", "anything@sub.whole.example", '\0', false },
		{ "daniel", "anything@awhole.example", '\0', false },
		{ "frodo", "anything@whole.example", '\0', false },
		/* Subaddresses, with the delimiter of the config. */
		{ "daniel", "daniel+tag@example.org", '+', true },
		{ "daniel", "daniel+a+b@example.org", '+', true },
		{ "daniel", "daniel+tag@example.org", '\0', false },
		{ "daniel", "daniel+tag@example.org", '-', false },
		{ "daniel", "daniel-tag@example.org", '-', true },
		{ "daniel", "daniel+@example.org", '+', false },
		{ "daniel", "+daniel@example.org", '+', false },
		{ "daniel", "frodo+daniel@example.org", '+', false },
		{ "daniel", "d.duesentrieb+x@example.com", '+', true },
		{ "erika@example.net", "erika+x@example.net", '+', true },
		{ "erika@example.net", "erika+x@example.org", '+', false },
		/* An alias that looks like a subaddress is itself alone. */
		{ "erika@example.net", "info+sales@example.com", '+', true },
		{ "erika@example.net", "info+sales@example.com", '\0', true },
		{ "erika@example.net", "info@example.com", '+', false },
		{ "erika@example.net", "info+other@example.com", '+', false },
	};
	struct unit_store *unit = *state;

	add_accounts(unit);
	check_cases(unit, cases, COUNT(cases));
}

static void where_the_case_counts(void **state)
{
	static const struct ownership_case cases[] = {
		/* The login name has it low. */
		{ "frodo", "Ring@cased.example", '\0', true },
		{ "frodo", "Ring@CASED.example", '\0', true },
		{ "frodo", "\"Ring\"@cased.example", '\0', true },
		{ "frodo", "Ring+x@cased.example", '+', true },
		{ "frodo", "ring@cased.example", '\0', false },
		{ "frodo", "RING@cased.example", '\0', false },
		{ "frodo", "ring+x@cased.example", '+', false },
		{ "frodo", "frodo@cased.example", '\0', true },
		{ "frodo", "Frodo@cased.example", '\0', false },
		{ "sam@cased.example", "sam@cased.example", '\0', true },
		{ "sam@cased.example", "Sam@cased.example", '\0', false },
	};
	static char cased_example[] = "cased.example";
	struct unit_store *unit = *state;
	char *cased[] = { cased_example, NULL };
	char *domains[] = { cased_example, NULL };

	add_accounts(unit);
	unit->config.case_sensitive_domains = cased;
	unit->config.domains = domains;
	check_cases(unit, cases, COUNT(cases));
}

static void a_domain_has_owners(void **state)
{
	struct unit_store *unit = *state;
	struct postern_address whole = { .domain = "whole.example" };
	struct postern_address none = { .domain = "example.org" };
	struct postern_address idn = address_of(unit, "b@xn--bcher-kva.example");

	add_accounts(unit);
	unit_account_add(unit, "b@bücher.example");
	assert_true(is_owner(unit, &whole, "daniel"));
	assert_false(is_owner(unit, &whole, "frodo"));
	assert_false(is_owner(unit, &none, "daniel"));
	assert_true(is_owner(unit, &idn, "b@bücher.example"));
}

static void a_removed_address_is_not_own(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account daniel;
	struct postern_address address = address_of(unit, "d.duesentrieb@example.com");
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_READ);

	add_accounts(unit);
	ok(unit, postern_store_account_find(reader, "daniel", &daniel, &unit->error));
	assert_int_equal(postern_ownership_check(reader, &unit->config, &daniel, &address,
						 &unit->error), POSTERN_OWN);
	ok(unit, postern_store_address_remove(unit->store, daniel.id, "d.duesentrieb@example.com",
					      &unit->error));
	assert_int_equal(postern_ownership_check(reader, &unit->config, &daniel, &address,
						 &unit->error), POSTERN_NOT_OWN);
	postern_store_free(&reader);
}

static void a_store_that_cannot_be_read_is_a_failure(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account daniel;
	struct postern_address own = address_of(unit, "d.duesentrieb@example.com");
	char text[256];

	add_accounts(unit);
	ok(unit, postern_store_account_find(unit->store, "daniel", &daniel, &unit->error));
	unlink(unit->accounts);
	fails(unit, postern_ownership_check(unit->store, &unit->config, &daniel, &own,
					    &unit->error), "missing");
	fails(unit, postern_ownership_describe(unit->store, &unit->config, &daniel, text,
					       sizeof(text), &unit->error), "missing");
}

static void addresses_are_described(void **state)
{
	static const struct {
		const char *account;
		size_t size;
		const char *text;
	} cases[] = {
		{ "daniel", 512, "daniel@example.org, daniel@example.net, @whole.example, "
		  "d.duesentrieb@example.com" },
		{ "daniel", 80, "daniel@example.org, daniel@example.net, ... and 2 more" },
		{ "daniel", 52, "daniel@example.org, ... and 3 more" },
		{ "daniel", 40, "4 addresses" },
		{ "erika@example.net", 512, "erika@example.net, info+sales@example.com" },
	};
	struct unit_store *unit = *state;
	struct postern_account account = unit_account_add(unit, "many"), nobody = { .id = 1 };
	char text[512], address[64];

	add_accounts(unit);
	for (size_t i = 0; i < COUNT(cases); i++) {
		memset(text, '#', sizeof(text));
		ok(unit, postern_store_account_find(unit->store, cases[i].account, &account,
						    &unit->error));
		ok(unit, postern_ownership_describe(unit->store, &unit->config, &account, text,
						    cases[i].size, &unit->error));
		check_row(cases[i].text, strcmp(text, cases[i].text) == 0);
		check_row(cases[i].text, strlen(text) < cases[i].size);
	}
	ok(unit, postern_store_account_find(unit->store, "many", &account, &unit->error));
	for (unsigned i = 0; i < 20; i++) {
		snprintf(address, sizeof(address), "a%02u@example.com", i);
		ok(unit, postern_store_address_add(unit->store, account.id, address,
						   &unit->error));
	}
	ok(unit, postern_ownership_describe(unit->store, &unit->config, &account, text,
					    sizeof(text), &unit->error));
	assert_string_equal(text, "many@example.org, many@example.net, a00@example.com, "
			    "a01@example.com, a02@example.com, a03@example.com, a04@example.com, "
			    "a05@example.com, ... and 14 more");
	unit->config.domains[0] = NULL;
	strcpy(nobody.name, "nobody");
	ok(unit, postern_ownership_describe(unit->store, &unit->config, &nobody, text,
					    sizeof(text), &unit->error));
	assert_string_equal(text, "none");
}

/* Whatever the size: ended, and inside of it. */
static void descriptions_stay_in_their_size(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account daniel;
	char text[256];

	add_accounts(unit);
	ok(unit, postern_store_account_find(unit->store, "daniel", &daniel, &unit->error));
	for (size_t size = 1; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		ok(unit, postern_ownership_describe(unit->store, &unit->config, &daniel, text,
						    size, &unit->error));
		assert_non_null(memchr(text, '\0', size));
		assert_int_equal(text[size], '#');
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_store_set_up, unit_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_owns_what),
		TEST(where_the_case_counts),
		TEST(a_domain_has_owners),
		TEST(a_removed_address_is_not_own),
		TEST(a_store_that_cannot_be_read_is_a_failure),
		TEST(addresses_are_described),
		TEST(descriptions_stay_in_their_size),
	};

	return cmocka_run_group_tests_name("ownership", tests, NULL, NULL);
}
