/* SPDX-License-Identifier: MIT */
#include "unit_conf.h"

#include "cgi_config.h"
#include "config.h"

static void assert_same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

/* password.cgi finds what postern-keeper finds. */
static void both_readers_agree(void **state)
{
	static const char *const texts[] = {
		"",
		"# page_url = https://other.example\n",
		"page_url = https://Mail.Example.ORG:443/password.cgi/\n",
		"page_url=https://B\xc3\xbc" "cher.example:8443/x\npage_ca = /etc/ca.pem\r\n",
		" keeper_socket = /run/k.sock \nlog = stderr\ndomains = a.example b.example\n",
		"allow.alice = P4\nallow.bob = P4\npage_ca =\nlog = syslog",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct postern_config *config = NULL;
		struct postern_cgi_config own;
		const char *error = "";

		unit_write(path, texts[i], 0644);
		check_row(texts[i], postern_config_load(path, &config, &error) == 0);
		check_row(texts[i], postern_cgi_config_init(path, &own, &error) == 0);
		assert_same(own.page_url, config->page_url);
		assert_same(own.page_ca, config->page_ca);
		assert_same(own.keeper_socket, config->keeper_socket);
		assert_same(own.log, config->log);
		postern_config_free(&config);
		postern_cgi_config_deinit(&own);
		assert_null(own.page_url);
	}
}

/* What is wrong with one of its options, or with the file, is said in the same words. */
static void both_refuse(void **state)
{
	static const char *const texts[] = {
		"nonsense\n",
		"store = /a\n= x\n",
		"store = /a\tb\n\nlog = \x01\n",
		"page_url = http://mail.example.org\n",
		"page_url = https://-.example\n",
		"page_url = https://xn--a.example\n",
		"page_ca = ca.pem\n",
		"keeper_socket =\n",
		"keeper_socket = /run/../k\n",
		"log = /var/log/x\n",
		"log = stderr\npage_ca = /a\nlog = stderr\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct postern_config *config = NULL;
		struct postern_cgi_config own;
		const char *error = "";
		char expected[PATH_MAX + 512];

		unit_write(path, texts[i], 0644);
		check_row(texts[i], postern_config_load(path, &config, &error) == -1);
		snprintf(expected, sizeof(expected), "%s", error);
		check_row(texts[i], postern_cgi_config_init(path, &own, &error) == -1);
		assert_string_equal(error, expected);
		postern_cgi_config_deinit(&own);
	}
}

static void a_file_that_others_write_is_refused(void **state)
{
	struct postern_cgi_config own;
	const char *error = "";

	(void)state;
	unit_write(path, "page_url = https://mail.example.org\n", 0666);
	assert_int_equal(postern_cgi_config_init(path, &own, &error), -1);
	assert_non_null(strstr(error, "writable by others"));
	postern_cgi_config_deinit(&own);
}

static void the_others_are_passed_over(void **state)
{
	struct postern_cgi_config own;
	const char *error = "";

	(void)state;
	unit_write(path, "user = nobody-of-this-name\nfuture = 1\npage_url = https://m.example\n"
		   "domains = -\n", 0644);
	assert_int_equal(postern_cgi_config_init(path, &own, &error), 0);
	assert_string_equal(own.page_url, "https://m.example");
	postern_cgi_config_deinit(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_readers_agree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(both_refuse, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_others_write_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_others_are_passed_over, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
