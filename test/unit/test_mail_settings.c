/* SPDX-License-Identifier: MIT */
#include "unit_store.h"

#include "autoconfig.h"
#include "autodiscover.h"
#include "mail_settings.h"

static char empty[] = "", page_url[] = "https://mail.example.org:8443/password.cgi";

static int set_up(void **state)
{
	struct unit_store *unit;

	unit_store_set_up(state);
	unit = *state;
	unit->config.page_url = page_url;
	unit->config.page_mail_host = empty;
	unit->config.recipient_delimiter = '+';
	return 0;
}

static struct postern_mail_settings of_address(struct unit_store *unit, const char *address)
{
	struct postern_mail_settings settings;

	ok(unit, postern_mail_settings_of_address(unit->store, &unit->config, address, &settings,
						  &unit->error));
	return settings;
}

static struct postern_mail_settings of_account(struct unit_store *unit,
					       const struct postern_account *account)
{
	struct postern_mail_settings settings;

	ok(unit, postern_mail_settings_of_account(unit->store, &unit->config, account, &settings,
						  &unit->error));
	return settings;
}

static void user_of_an_address(void **state)
{
	static const struct {
		const char *address, *user, *provider;
	} cases[] = {
		{ "alice@example.org", "alice", "example.org" },
		{ "Alice+lists@EXAMPLE.net", "alice", "example.net" },
		{ "nobody@example.org", "nobody", "example.org" },
		/* At another domain, the name can only be the whole of it. */
		{ "alice@example.com", "alice@example.com", "example.com" },
		{ "alice+tag@example.com", "alice@example.com", "example.com" },
		{ "", "%EMAILLOCALPART%", "mail.example.org" },
		{ "alice", "%EMAILLOCALPART%", "mail.example.org" },
		{ "<alice@example.org>", "%EMAILLOCALPART%", "mail.example.org" },
	};
	struct unit_store *unit = *state;

	unit_account_add(unit, "alice");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_mail_settings settings = of_address(unit, cases[i].address);

		assert_string_equal(settings.user, cases[i].user);
		assert_string_equal(settings.provider, cases[i].provider);
		assert_string_equal(settings.host, "mail.example.org");
		assert_true(settings.by_password);
	}
	unit->domains[0] = NULL;
	assert_string_equal(of_address(unit, "").user, "%EMAILADDRESS%");
	assert_string_equal(of_address(unit, "alice@example.org").user, "alice@example.org");
}

static void host_of_the_configuration(void **state)
{
	static char host[] = "imap.example.org";
	struct unit_store *unit = *state;

	unit->config.page_mail_host = host;
	assert_string_equal(of_address(unit, "").host, "imap.example.org");
	unit->config.page_mail_host = empty;
	unit->config.page_url = empty;
	assert_string_equal(of_address(unit, "").host, "");
}

static void a_key_is_told_of(void **state)
{
	static const struct {
		enum postern_policy policy;
		bool key;
	} cases[] = {
		{ POSTERN_POLICY_ANY, true },
		{ POSTERN_POLICY_KEY, true },
		{ POSTERN_POLICY_PASSWORD, false },
		{ POSTERN_POLICY_BOTH, false },
	};
	struct unit_store *unit = *state;
	struct postern_account account = unit_account_add(unit, "alice");

	ok(unit, postern_store_address_add(unit->store, account.id, "a.liddell@example.com",
					   &unit->error));
	assert_int_equal(of_address(unit, "alice@example.org").by_key, 0);
	unit_key_add(unit, account.id, 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned expected = cases[i].key ? POSTERN_SERVICES_MAIL : 0;

		account.policy = cases[i].policy;
		ok(unit, postern_store_account_update(unit->store, &account, &unit->error));
		assert_int_equal(of_address(unit, "alice@example.org").by_key, expected);
		assert_int_equal(of_address(unit, "alice+tag@example.net").by_key, expected);
		assert_int_equal(of_address(unit, "a.liddell@example.com").by_key, expected);
	}
}

/* Nobody's addresses have either answer, each always the same, and no other than somebody's. */
static void nobody_is_like_somebody(void **state)
{
	struct unit_store *unit = *state;
	unsigned with_key = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct postern_mail_settings first, second;
		char address[64];

		snprintf(address, sizeof(address), "nobody%u@example.org", i);
		first = of_address(unit, address);
		second = of_address(unit, address);
		assert_memory_equal(&first, &second, sizeof(first));
		assert_true(first.by_key == 0 || first.by_key == POSTERN_SERVICES_MAIL);
		with_key += first.by_key != 0;
	}
	/* One in 10^10 stores would have fewer or more. */
	assert_in_range(with_key, 50, 150);
}

static void what_the_owner_sees(void **state)
{
	static const struct {
		const char *account, *alias, *address;
	} cases[] = {
		{ "bob", "robert@example.com", "bob@example.org" },
		{ "erika@example.net", "e@example.com", "erika@example.net" },
	};
	struct unit_store *unit = *state;
	struct postern_mail_settings settings;
	struct postern_account account;

	for (size_t i = 0; i < COUNT(cases); i++) {
		account = unit_account_add(unit, cases[i].account);
		ok(unit, postern_store_address_add(unit->store, account.id, cases[i].alias,
						   &unit->error));
		settings = of_account(unit, &account);
		assert_string_equal(settings.user, cases[i].account);
		assert_string_equal(settings.address, cases[i].address);
	}
	unit->domains[0] = NULL;
	account = unit_account_add(unit, "carol");
	assert_string_equal(of_account(unit, &account).address, "");
	ok(unit, postern_store_address_add(unit->store, account.id, "@whole.example",
					   &unit->error));
	ok(unit, postern_store_address_add(unit->store, account.id, "c@example.com",
					   &unit->error));
	settings = of_account(unit, &account);
	assert_string_equal(settings.address, "c@example.com");
	assert_string_equal(settings.provider, "example.com");
}

static void ways_of_the_owner(void **state)
{
	static const struct {
		enum postern_policy policy;
		unsigned by_key;
		bool by_password, both;
	} cases[] = {
		{ POSTERN_POLICY_ANY, POSTERN_SERVICE_IMAP, true, false },
		{ POSTERN_POLICY_KEY, POSTERN_SERVICE_IMAP, false, false },
		{ POSTERN_POLICY_PASSWORD, 0, true, false },
		{ POSTERN_POLICY_BOTH, 0, true, true },
	};
	struct unit_store *unit = *state;
	struct postern_account account = unit_account_add(unit, "alice");
	struct postern_account_key key = unit_key(account.id, 1);

	key.services = POSTERN_SERVICE_IMAP | POSTERN_SERVICE_WEB;
	ok(unit, postern_store_key_add(unit->store, &key, &unit->error));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_mail_settings settings;

		account.policy = cases[i].policy;
		settings = of_account(unit, &account);
		assert_int_equal(settings.by_key, cases[i].by_key);
		assert_int_equal(settings.by_password, cases[i].by_password);
		assert_int_equal(settings.both, cases[i].both);
	}
}

static void what_outlook_asks(void **state)
{
#define REQUEST "<?xml version=\"1.0\" encoding=\"utf-8\"?><Autodiscover xmlns=\"http://schemas." \
	"microsoft.com/exchange/autodiscover/outlook/requestschema/2006\"><Request>"
#define END "</Request></Autodiscover>"
	static const struct {
		const char *body, *address;
	} cases[] = {
		{ REQUEST "<EMailAddress>alice@example.org</EMailAddress><AcceptableResponseSchema>"
		  "x</AcceptableResponseSchema>" END, "alice@example.org" },
		{ REQUEST "<EMailAddress>\r\n\t a&amp;b@example.org </EMailAddress>" END,
		  "a&b@example.org" },
		{ "<a:x xmlns:a=\"urn:a\"><a:EMailAddress>m\303\274ller@example.org"
		  "</a:EMailAddress></a:x>", "m\303\274ller@example.org" },
		{ "<a><EMailAddress>0123456789012345678901234567890</EMailAddress></a>",
		  "0123456789012345678901234567890" },
		{ "<a><EMailAddress>01234567890123456789012345678901</EMailAddress></a>", NULL },
		{ REQUEST END, NULL },
		{ "<a><EMailAddress> \n</EMailAddress></a>", NULL },
		{ "<a><EMailAddress>x</EMailAddress><EMailAddress>x</EMailAddress></a>", NULL },
		{ "<a><EMailAddress>x<b/></EMailAddress></a>", NULL },
		{ "<a><b><c><d><e><f><g><EMailAddress>x</EMailAddress></g></f></e></d></c></b></a>",
		  "x" },
		{ "<a><b><c><d><e><f><g><h><EMailAddress>x</EMailAddress></h></g></f></e></d></c>"
		  "</b></a>", NULL },
		{ "<!DOCTYPE a [<!ENTITY e \"x\">]><a><EMailAddress>&e;</EMailAddress></a>", NULL },
		{ "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a><EMailAddress>x</EMailAddress></a>",
		  NULL },
		{ "<a><EMailAddress>x</EMailAddress>", NULL },
		{ "<a><EMailAddress>\300\200</EMailAddress></a>", NULL },
		{ "alice@example.org", NULL },
		{ "", NULL },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char address[32];
		bool good = postern_autodiscover_read(cases[i].body, strlen(cases[i].body),
						      address, sizeof(address));

		assert_int_equal(good, cases[i].address != NULL);
		if (good)
			assert_string_equal(address, cases[i].address);
	}
}

static void what_outlook_asks_at_length(void **state)
{
	size_t size = POSTERN_AUTODISCOVER_MAX + 1;
	char *body = malloc(size + 1), address[32];
	(void)state;

	assert_non_null(body);
	memset(body, ' ', size);
	memcpy(body, "<a><EMailAddress>x</EMailAddress></a>", 37);
	assert_true(postern_autodiscover_read(body, size - 1, address, sizeof(address)));
	assert_false(postern_autodiscover_read(body, size, address, sizeof(address)));
	free(body);
}

/* What comes from outside stays text. */
static void nothing_breaks_out(void **state)
{
	struct postern_mail_settings settings = {
		.host = "mail.example.org", .user = "<b>&\"'", .address = "x@example.org",
		.provider = "example.org", .by_password = true,
	};
	(void)state;

	for (unsigned i = 0; i < 2; i++) {
		struct postern_html xml;

		postern_html_init(&xml);
		if (i == 0)
			postern_autoconfig_write(&xml, &settings, "https://mail.example.org/");
		else
			postern_autodiscover_write(&xml, &settings);
		postern_html_add(&xml, "%s", "");
		assert_false(xml.failed);
		assert_non_null(memmem(xml.data, xml.size, "&lt;b&gt;&amp;&quot;&#39;", 25));
		assert_null(memmem(xml.data, xml.size, "<b>", 3));
		postern_html_deinit(&xml);
	}
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, unit_store_tear_down)
	const struct CMUnitTest tests[] = {
		WITH_STORE(user_of_an_address),
		WITH_STORE(host_of_the_configuration),
		WITH_STORE(a_key_is_told_of),
		WITH_STORE(nobody_is_like_somebody),
		WITH_STORE(what_the_owner_sees),
		WITH_STORE(ways_of_the_owner),
		cmocka_unit_test(what_outlook_asks),
		cmocka_unit_test(what_outlook_asks_at_length),
		cmocka_unit_test(nothing_breaks_out),
	};

	return cmocka_run_group_tests_name("mail_settings", tests, NULL, NULL);
}
