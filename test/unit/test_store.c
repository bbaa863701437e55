/* SPDX-License-Identifier: MIT */
#include "unit_store.h"

#include <time.h>

/*
 * What every kind of store promises (store.h), row by row. What only two SQLite files can
 * suffer is in test_store_{create,open,faults,reader,crash}.c.
 */

/* Collects what a walk gives, a line a row. */
struct list {
	char text[1024];
	size_t used;
};

static void list_add(struct list *list, const char *line)
{
	list->used += (size_t)snprintf(list->text + list->used, sizeof(list->text) - list->used,
				       "%s;", line);
	assert_true(list->used < sizeof(list->text));
}

static int list_account(const struct postern_account *account, void *context)
{
	list_add(context, account->name);
	return 0;
}

static int list_key(const struct postern_account_key *key, void *context)
{
	char line[512];

	snprintf(line, sizeof(line), "%s %s", key->account_name, key->label);
	list_add(context, line);
	return 0;
}

static int list_address(const char *account_name, const char *address, void *context)
{
	char line[1024];

	snprintf(line, sizeof(line), "%s %s", account_name, address);
	list_add(context, line);
	return 0;
}

static int list_password(const struct postern_account_password *password, void *context)
{
	char line[512], services[POSTERN_SERVICES_TEXT_MAX];

	postern_services_format(password->services, services);
	snprintf(line, sizeof(line), "%s (%s)", password->label, services);
	list_add(context, line);
	for (char **verifier = password->verifiers; *verifier != NULL; verifier++)
		list_add(context, *verifier);
	return 0;
}

static int list_dkim(const struct postern_dkim_selector *selector, void *context)
{
	char line[512];

	assert_true(selector->changed >= selector->created);
	snprintf(line, sizeof(line), "%s %s %s %s%s%s", selector->domain, selector->selector,
		 selector->algorithm, selector->state, *selector->rotation != '\0' ? " " : "",
		 selector->rotation);
	list_add(context, line);
	return 0;
}

static void accounts_are_kept(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account added = { .disabled = true, .policy = POSTERN_POLICY_BOTH };
	struct postern_account found, again;
	int64_t now = time(NULL);
	struct list list = { 0 };

	strcpy(added.name, "daniel");
	ok(unit, postern_store_account_add(unit->store, &added, &unit->error));
	assert_true(added.id > 0);
	assert_true(added.created >= now && added.created <= now + 5);
	ok(unit, postern_store_account_find(unit->store, "daniel", &found, &unit->error));
	assert_int_equal(found.id, added.id);
	assert_string_equal(found.name, "daniel");
	assert_true(found.disabled);
	assert_int_equal(found.policy, POSTERN_POLICY_BOTH);
	assert_int_equal(found.created, added.created);

	/* Names are compared as they are: preparing them is the caller's. */
	assert_int_equal(unit_account_find(unit, unit->store, "Daniel"), POSTERN_STORE_NOT_FOUND);
	assert_int_equal(unit_account_find(unit, unit->store, ""), POSTERN_STORE_NOT_FOUND);

	again = added;
	assert_int_equal(postern_store_account_add(unit->store, &again, &unit->error),
			 POSTERN_STORE_EXISTS);
	for (int policy = POSTERN_POLICY_ANY; policy <= POSTERN_POLICY_BOTH; policy++) {
		found.policy = policy;
		found.disabled = policy % 2 == 0;
		ok(unit, postern_store_account_update(unit->store, &found, &unit->error));
		ok(unit, postern_store_account_find(unit->store, "daniel", &again, &unit->error));
		assert_int_equal(again.policy, policy);
		assert_int_equal(again.disabled, policy % 2 == 0);
	}
	found.id++;
	assert_int_equal(postern_store_account_update(unit->store, &found, &unit->error),
			 POSTERN_STORE_NOT_FOUND);

	unit_account_add(unit, "alice");
	ok(unit, postern_store_account_each(unit->store, list_account, &list, &unit->error));
	assert_string_equal(list.text, "alice;daniel;");
}

static void ids_are_random(void **state)
{
	struct unit_store *unit = *state;
	int64_t a = unit_account_add(unit, "a").id, b = unit_account_add(unit, "b").id;

	assert_true(a != b);
	/* Of 63 random bits, the upper 20 of both are not all zero. */
	assert_true((a | b) >> 43 != 0);
}

static void an_account_takes_its_rows_along(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account a = unit_account_add(unit, "a"), b = unit_account_add(unit, "b");
	struct list list = { 0 };

	unit_key_add(unit, a.id, 1);
	unit_key_add(unit, b.id, 2);
	unit_password_set(unit, a.id, "main", POSTERN_SERVICES_MAIL, "va");
	unit_password_set(unit, b.id, "main", POSTERN_SERVICES_MAIL, "vb");
	ok(unit, postern_store_address_add(unit->store, a.id, "x@example.org", &unit->error));
	ok(unit, postern_store_address_add(unit->store, b.id, "x@example.org", &unit->error));

	ok(unit, postern_store_account_remove(unit->store, a.id, &unit->error));
	assert_int_equal(unit_account_find(unit, unit->store, "a"), POSTERN_STORE_NOT_FOUND);
	assert_int_equal(unit_key_find(unit, unit->store, 1), POSTERN_STORE_NOT_FOUND);
	assert_int_equal(unit_verifiers(unit, unit->store, a.id), 0);
	ok(unit, postern_store_address_each(unit->store, 0, list_address, &list, &unit->error));
	assert_string_equal(list.text, "b x@example.org;");
	assert_int_equal(unit_key_find(unit, unit->store, 2), POSTERN_STORE_OK);
	assert_int_equal(unit_verifiers(unit, unit->store, b.id), 1);
	assert_int_equal(postern_store_account_remove(unit->store, a.id, &unit->error),
			 POSTERN_STORE_NOT_FOUND);
}

static void keys_are_kept(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account owner = unit_account_add(unit, "daniel"), account;
	struct postern_account_key key = unit_key(owner.id, 1), found;
	struct list list = { 0 };
	int64_t now = time(NULL);

	key.services = POSTERN_SERVICE_POP3;
	key.preauth = false;
	strcpy(key.label, "Dünne Büchse");
	assert_int_equal(unit_key_find(unit, unit->store, 1), POSTERN_STORE_NOT_FOUND);
	ok(unit, postern_store_key_add(unit->store, &key, &unit->error));
	assert_true(key.created >= now && key.created <= now + 5);
	ok(unit, postern_store_key_find(unit->store, &key.fingerprint, &found, &account,
					&unit->error));
	assert_memory_equal(&found.fingerprint, &key.fingerprint, sizeof(key.fingerprint));
	assert_int_equal(found.account_id, owner.id);
	assert_string_equal(found.account_name, "daniel");
	assert_string_equal(found.label, "Dünne Büchse");
	assert_string_equal(found.type, "Ed25519");
	assert_int_equal(found.services, POSTERN_SERVICE_POP3);
	assert_false(found.preauth);
	assert_int_equal(found.created, key.created);
	assert_int_equal(account.id, owner.id);
	assert_string_equal(account.name, "daniel");

	/* One key is one account's, and adding it twice to the same is taken too. */
	assert_int_equal(postern_store_key_add(unit->store, &key, &unit->error),
			 POSTERN_STORE_EXISTS);
	key.account_id = unit_account_add(unit, "mallory").id;
	assert_int_equal(postern_store_key_add(unit->store, &key, &unit->error),
			 POSTERN_STORE_EXISTS);
	key.account_id = 12345;
	key.fingerprint = unit_fingerprint(9);
	assert_int_equal(postern_store_key_add(unit->store, &key, &unit->error),
			 POSTERN_STORE_NOT_FOUND);

	ok(unit, postern_store_key_each(unit->store, 0, list_key, &list, &unit->error));
	assert_string_equal(list.text, "daniel Dünne Büchse;");
	key.fingerprint = unit_fingerprint(1);
	ok(unit, postern_store_key_remove(unit->store, &key.fingerprint, &unit->error));
	assert_int_equal(unit_key_find(unit, unit->store, 1), POSTERN_STORE_NOT_FOUND);
	assert_int_equal(postern_store_key_remove(unit->store, &key.fingerprint, &unit->error),
			 POSTERN_STORE_NOT_FOUND);
}

static void keys_are_changed_for_their_owner_alone(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account a = unit_account_add(unit, "a"), b = unit_account_add(unit, "b");
	struct postern_account_key key = unit_key(a.id, 1), found;
	struct postern_account account;

	ok(unit, postern_store_key_add(unit->store, &key, &unit->error));
	strcpy(key.label, "new");
	key.services = POSTERN_SERVICE_WEB;
	key.preauth = false;
	ok(unit, postern_store_key_update(unit->store, &key, &unit->error));
	strcpy(key.label, "stolen");
	key.account_id = b.id;
	assert_int_equal(postern_store_key_update(unit->store, &key, &unit->error),
			 POSTERN_STORE_NOT_FOUND);
	ok(unit, postern_store_key_find(unit->store, &key.fingerprint, &found, &account,
					&unit->error));
	assert_string_equal(found.label, "new");
	assert_int_equal(found.services, POSTERN_SERVICE_WEB);
	assert_false(found.preauth);
	assert_int_equal(found.account_id, a.id);
	assert_int_equal(found.created, key.created);
	key.label[0] = '\0';
	fails(unit, postern_store_key_update(unit->store, &key, &unit->error), "label is empty");
	strcpy(key.label, "x");
	key.services = 0;
	fails(unit, postern_store_key_update(unit->store, &key, &unit->error), "set of services");
}

static void keys_are_listed_by_account(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account b = unit_account_add(unit, "b"), a = unit_account_add(unit, "a");
	struct list all = { 0 }, of_b = { 0 };

	unit_key_add(unit, b.id, 1);
	unit_key_add(unit, a.id, 2);
	unit_key_add(unit, b.id, 3);
	ok(unit, postern_store_key_each(unit->store, 0, list_key, &all, &unit->error));
	assert_string_equal(all.text, "a Thunderbird;b Thunderbird;b Thunderbird;");
	ok(unit, postern_store_key_each(unit->store, b.id, list_key, &of_b, &unit->error));
	assert_string_equal(of_b.text, "b Thunderbird;b Thunderbird;");
}

static void passwords_are_kept(void **state)
{
	static const char *const first[] = { "$y$1", "{SCRAM-SHA-256}1", "$1$1", NULL };
	static const char *const second[] = { "$y$2", NULL };
	struct unit_store *unit = *state;
	struct postern_account a = unit_account_add(unit, "a"), b = unit_account_add(unit, "b");
	struct list list = { 0 }, again = { 0 }, all = { 0 };

	ok(unit, postern_store_password_set(unit->store, a.id, "main", POSTERN_SERVICES_ALL, first,
					    &unit->error));
	unit_password_set(unit, a.id, "phone", POSTERN_SERVICE_IMAP, "$6$p");
	unit_password_set(unit, b.id, "main", POSTERN_SERVICE_POP3, "$6$b");
	ok(unit, postern_store_password_each(unit->store, a.id, list_password, &list,
					     &unit->error));
	assert_string_equal(list.text, "main (imap pop3 submission sieve web);$y$1;"
			    "{SCRAM-SHA-256}1;$1$1;phone (imap);$6$p;");

	/* The same label again replaces it: verifiers, services and all. */
	ok(unit, postern_store_password_set(unit->store, a.id, "main", POSTERN_SERVICE_SIEVE,
					    second, &unit->error));
	ok(unit, postern_store_password_each(unit->store, a.id, list_password, &again,
					     &unit->error));
	assert_string_equal(again.text, "main (sieve);$y$2;phone (imap);$6$p;");

	ok(unit, postern_store_password_remove(unit->store, a.id, "phone", &unit->error));
	assert_int_equal(postern_store_password_remove(unit->store, a.id, "phone", &unit->error),
			 POSTERN_STORE_NOT_FOUND);
	assert_int_equal(unit_verifiers(unit, unit->store, a.id), 1);
	ok(unit, postern_store_password_each(unit->store, 0, list_password, &all, &unit->error));
	assert_non_null(strstr(all.text, "main (sieve);$y$2;"));
	assert_non_null(strstr(all.text, "main (pop3);$6$b;"));
	assert_int_equal(postern_store_password_set(unit->store, 12345, "main",
						    POSTERN_SERVICES_ALL, second, &unit->error),
			 POSTERN_STORE_NOT_FOUND);
}

static void addresses_are_kept(void **state)
{
	struct unit_store *unit = *state;
	struct postern_account a = unit_account_add(unit, "a"), b = unit_account_add(unit, "b");
	struct list of_a = { 0 }, all = { 0 };

	ok(unit, postern_store_address_add(unit->store, a.id, "x@example.org", &unit->error));
	ok(unit, postern_store_address_add(unit->store, a.id, "@example.com", &unit->error));
	assert_int_equal(postern_store_address_add(unit->store, a.id, "x@example.org",
						   &unit->error), POSTERN_STORE_EXISTS);
	ok(unit, postern_store_address_add(unit->store, b.id, "x@example.org", &unit->error));
	assert_int_equal(postern_store_address_add(unit->store, 12345, "x@example.org",
						   &unit->error), POSTERN_STORE_NOT_FOUND);
	ok(unit, postern_store_address_has(unit->store, b.id, "x@example.org", &unit->error));
	assert_int_equal(postern_store_address_has(unit->store, b.id, "@example.com",
						   &unit->error), POSTERN_STORE_NOT_FOUND);
	ok(unit, postern_store_address_each(unit->store, a.id, list_address, &of_a, &unit->error));
	assert_string_equal(of_a.text, "a @example.com;a x@example.org;");
	ok(unit, postern_store_address_each(unit->store, 0, list_address, &all, &unit->error));
	assert_string_equal(all.text, "a @example.com;a x@example.org;b x@example.org;");
	ok(unit, postern_store_address_remove(unit->store, a.id, "x@example.org", &unit->error));
	assert_int_equal(postern_store_address_remove(unit->store, a.id, "x@example.org",
						      &unit->error), POSTERN_STORE_NOT_FOUND);
	ok(unit, postern_store_address_has(unit->store, b.id, "x@example.org", &unit->error));
}

static void selectors_are_kept(void **state)
{
	struct unit_store *unit = *state;
	struct postern_dkim_selector a = {
		.domain = "example.org", .selector = "s1", .algorithm = "rsa2048",
		.state = "published",
	};
	struct postern_dkim_selector b = {
		.domain = "example.net", .selector = "s1", .algorithm = "ed25519",
		.state = "active",
	};
	struct postern_dkim_selector c = {
		.domain = "example.org", .selector = "s0", .algorithm = "ed25519",
		.state = "retired",
	};
	struct list all = { 0 }, one = { 0 };

	ok(unit, postern_store_dkim_add(unit->store, &a, &unit->error));
	ok(unit, postern_store_dkim_add(unit->store, &c, &unit->error));
	ok(unit, postern_store_dkim_add(unit->store, &b, &unit->error));
	assert_int_equal(postern_store_dkim_add(unit->store, &b, &unit->error),
			 POSTERN_STORE_EXISTS);
	ok(unit, postern_store_dkim_set_state(unit->store, "example.org", "s1", "published",
					      "seen", &unit->error));
	assert_int_equal(postern_store_dkim_set_state(unit->store, "example.org", "s2", "active", "",
						      &unit->error), POSTERN_STORE_NOT_FOUND);
	ok(unit, postern_store_dkim_each(unit->store, NULL, list_dkim, &all, &unit->error));
	assert_string_equal(all.text, "example.net s1 ed25519 active;"
			    "example.org s0 ed25519 retired;"
			    "example.org s1 rsa2048 published seen;");
	ok(unit, postern_store_dkim_set_state(unit->store, "example.org", "s1", "active", "",
					      &unit->error));
	ok(unit, postern_store_dkim_remove(unit->store, "example.net", "s1", &unit->error));
	assert_int_equal(postern_store_dkim_remove(unit->store, "example.net", "s1",
						   &unit->error), POSTERN_STORE_NOT_FOUND);
	ok(unit, postern_store_dkim_each(unit->store, "example.org", list_dkim, &one,
					 &unit->error));
	assert_string_equal(one.text, "example.org s0 ed25519 retired;"
			    "example.org s1 rsa2048 active;");
}

static void wrong_arguments_are_refused(void **state)
{
	static const char *const none[] = { NULL }, *const empty[] = { "", NULL };
	const char *many[POSTERN_STORE_VERIFIERS_MAX + 2];
	char long_verifier[1026];
	const char *const too_long[] = { long_verifier, NULL };
	struct unit_store *unit = *state;
	struct postern_store *store = unit->store;
	struct postern_account account = unit_account_add(unit, "a");
	struct postern_account nameless = { 0 };
	struct postern_account_key key = unit_key(account.id, 1);
	struct postern_dkim_selector selector = { .domain = "x", .selector = "s",
						  .algorithm = "a", .state = "new" };

	memset(long_verifier, 'x', sizeof(long_verifier));
	long_verifier[1025] = '\0';
	for (size_t i = 0; i <= POSTERN_STORE_VERIFIERS_MAX; i++)
		many[i] = "x";
	many[POSTERN_STORE_VERIFIERS_MAX + 1] = NULL;
	fails(unit, postern_store_account_add(store, &nameless, &unit->error), "name is empty");
	account.policy = 7;
	fails(unit, postern_store_account_update(store, &account, &unit->error), "not a policy");
	key.services = 0;
	fails(unit, postern_store_key_add(store, &key, &unit->error), "services");
	key.services = 1 << 10;
	fails(unit, postern_store_key_add(store, &key, &unit->error), "services");
	key.services = 1;
	key.label[0] = '\0';
	fails(unit, postern_store_key_add(store, &key, &unit->error), "label is empty");
	fails(unit, postern_store_address_add(store, account.id, "nowhere", &unit->error), "\"@\"");
	fails(unit, postern_store_dkim_add(store, &selector, &unit->error), "published");
	fails(unit, postern_store_dkim_set_state(store, "x", "s", "", "", &unit->error), "published");
	fails(unit, postern_store_dkim_set_state(store, "x", "s", "active", "fades", &unit->error),
	      "no such rotation");
	fails(unit, postern_store_password_set(store, account.id, "l", 1, none, &unit->error),
	      "without a verifier");
	fails(unit, postern_store_password_set(store, account.id, "l", 1, empty, &unit->error),
	      "empty");
	fails(unit, postern_store_password_set(store, account.id, "l", 1, too_long, &unit->error),
	      "longer");
	fails(unit, postern_store_password_set(store, account.id, "l", 1, many, &unit->error),
	      "more than 16");
	fails(unit, postern_store_password_set(store, account.id, "", 1, many, &unit->error),
	      "label");
}

static void handles_do_what_they_were_opened_for(void **state)
{
	static const char *const verifiers[] = { "x", NULL };
	struct unit_store *unit = *state;
	struct postern_account account = unit_account_add(unit, "a");
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_READ);
	struct postern_store *writer = unit_store_open(unit, POSTERN_STORE_WRITE);
	unsigned count = 0;

	fails(unit, postern_store_begin(reader, &unit->error), "without write access");
	fails(unit, postern_store_account_add(reader, &account, &unit->error), "write access");
	fails(unit, postern_store_account_remove(reader, account.id, &unit->error), "write");
	fails(unit, postern_store_password_each(reader, 0, unit_count_verifiers, &count,
						&unit->error), "without passwords");
	fails(unit, postern_store_password_set(writer, account.id, "l", 1, verifiers,
					       &unit->error), "without passwords");
	postern_store_free(&reader);
	postern_store_free(&writer);
	assert_null(writer);
	postern_store_free(&writer);
}

static void a_change_is_all_or_nothing(void **state)
{
	struct unit_store *unit = *state;
	struct postern_store *reader = unit_store_open(unit, POSTERN_STORE_VERIFIERS);
	struct postern_account a, b;

	ok(unit, postern_store_begin(unit->store, &unit->error));
	a = unit_account_add(unit, "a");
	unit_password_set(unit, a.id, "main", 1, "v");
	/* Seen from within, and from nowhere else. */
	assert_int_equal(unit_account_find(unit, unit->store, "a"), POSTERN_STORE_OK);
	assert_int_equal(unit_account_find(unit, reader, "a"), POSTERN_STORE_NOT_FOUND);
	assert_int_equal(unit_verifiers(unit, reader, a.id), 0);
	ok(unit, postern_store_commit(unit->store, &unit->error));
	/* And from everywhere at once. */
	assert_int_equal(unit_account_find(unit, reader, "a"), POSTERN_STORE_OK);
	assert_int_equal(unit_verifiers(unit, reader, a.id), 1);

	ok(unit, postern_store_begin(unit->store, &unit->error));
	fails(unit, postern_store_begin(unit->store, &unit->error), "under way");
	b = unit_account_add(unit, "b");
	unit_key_add(unit, b.id, 1);
	unit_password_set(unit, b.id, "main", 1, "v");
	postern_store_rollback(unit->store);
	assert_int_equal(unit_account_find(unit, unit->store, "b"), POSTERN_STORE_NOT_FOUND);
	assert_int_equal(unit_key_find(unit, unit->store, 1), POSTERN_STORE_NOT_FOUND);
	assert_int_equal(unit_verifiers(unit, unit->store, b.id), 0);
	fails(unit, postern_store_commit(unit->store, &unit->error), "no change");

	/* An outcome leaves the change as it is. */
	ok(unit, postern_store_begin(unit->store, &unit->error));
	assert_int_equal(postern_store_account_add(unit->store, &a, &unit->error),
			 POSTERN_STORE_EXISTS);
	unit_account_add(unit, "c");
	ok(unit, postern_store_commit(unit->store, &unit->error));
	assert_int_equal(unit_account_find(unit, reader, "c"), POSTERN_STORE_OK);
	postern_store_free(&reader);
}

static void a_handle_freed_within_a_change_takes_it_back(void **state)
{
	struct unit_store *unit = *state;

	ok(unit, postern_store_begin(unit->store, &unit->error));
	unit_account_add(unit, "a");
	postern_store_free(&unit->store);
	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS);
	assert_int_equal(unit_account_find(unit, unit->store, "a"), POSTERN_STORE_NOT_FOUND);
}

struct nested {
	struct unit_store *unit;
	struct list list;
	int end_with;
};

static int list_keys_of(const struct postern_account *account, void *context)
{
	struct nested *nested = context;

	ok(nested->unit, postern_store_key_each(nested->unit->store, account->id, list_key,
						&nested->list, &nested->unit->error));
	if (nested->end_with < 0)
		return postern_error(NULL, "said the callback");
	return nested->end_with;
}

static int list_accounts_within(const struct postern_account *account, void *context)
{
	struct nested *nested = context;

	list_add(&nested->list, account->name);
	ok(nested->unit, postern_store_account_each(nested->unit->store, list_account,
						    &nested->list, &nested->unit->error));
	return 0;
}

static void walks_nest_and_end(void **state)
{
	struct unit_store *unit = *state;
	struct nested nested = { .unit = unit };
	struct postern_account b = unit_account_add(unit, "b"), a = unit_account_add(unit, "a");

	unit_key_add(unit, a.id, 1);
	unit_key_add(unit, b.id, 2);
	ok(unit, postern_store_account_each(unit->store, list_keys_of, &nested, &unit->error));
	assert_string_equal(nested.list.text, "a Thunderbird;b Thunderbird;");

	memset(&nested.list, 0, sizeof(nested.list));
	nested.end_with = 42;
	assert_int_equal(postern_store_account_each(unit->store, list_keys_of, &nested,
						    &unit->error), 42);
	assert_string_equal(nested.list.text, "a Thunderbird;");
	nested.end_with = -1;
	fails(unit, postern_store_account_each(unit->store, list_keys_of, &nested, &unit->error),
	      "said the callback");

	memset(&nested.list, 0, sizeof(nested.list));
	ok(unit, postern_store_account_each(unit->store, list_accounts_within, &nested,
					    &unit->error));
	assert_string_equal(nested.list.text, "a;a;b;b;a;b;");
}

static void takes_many_at_once(void **state)
{
	struct unit_store *unit = *state;
	char name[32];

	ok(unit, postern_store_begin(unit->store, &unit->error));
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		unit_key_add(unit, unit_account_add(unit, name).id, i);
	}
	ok(unit, postern_store_commit(unit->store, &unit->error));
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(unit_key_find(unit, unit->store, i), POSTERN_STORE_OK);
	assert_int_equal(unit_key_find(unit, unit->store, 2000), POSTERN_STORE_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_store_set_up, unit_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(accounts_are_kept),
		TEST(ids_are_random),
		TEST(an_account_takes_its_rows_along),
		TEST(keys_are_kept),
		TEST(keys_are_changed_for_their_owner_alone),
		TEST(keys_are_listed_by_account),
		TEST(passwords_are_kept),
		TEST(addresses_are_kept),
		TEST(selectors_are_kept),
		TEST(wrong_arguments_are_refused),
		TEST(handles_do_what_they_were_opened_for),
		TEST(a_change_is_all_or_nothing),
		TEST(a_handle_freed_within_a_change_takes_it_back),
		TEST(walks_nest_and_end),
		TEST(takes_many_at_once),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
