/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "service.h"

static void parses(void **state)
{
	static const struct {
		const char *list;
		unsigned services; /* 0: refused */
	} cases[] = {
		{ "imap", POSTERN_SERVICE_IMAP },
		{ "imap pop3", POSTERN_SERVICE_IMAP | POSTERN_SERVICE_POP3 },
		{ "imap,submission", POSTERN_SERVICE_IMAP | POSTERN_SERVICE_SUBMISSION },
		{ " sieve ,\t web, ", POSTERN_SERVICE_SIEVE | POSTERN_SERVICE_WEB },
		{ "imap imap", POSTERN_SERVICE_IMAP },
		{ "all", POSTERN_SERVICES_ALL },
		{ "", 0 },
		{ " , ", 0 },
		{ "imap smtp", 0 },
		{ "IMAP", 0 },
		{ "imapx", 0 },
		{ "ima", 0 },
		{ "none", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *error = NULL;
		unsigned services = 0;
		int ret = postern_services_parse(cases[i].list, &services, &error);

		check_row(cases[i].list, ret == (cases[i].services != 0 ? 0 : -1));
		check_row(cases[i].list, services == cases[i].services);
		check_row(cases[i].list, (ret < 0) == (error != NULL));
	}
}

static void names_the_unknown_word(void **state)
{
	unsigned services;
	const char *error;

	(void)state;
	assert_int_equal(postern_services_parse("imap ft\np", &services, &error), -1);
	assert_non_null(strstr(error, "\"ft\\x0Ap\""));
}

static void formats_what_it_parses(void **state)
{
	char text[POSTERN_SERVICES_TEXT_MAX];
	const char *error;

	(void)state;
	for (unsigned services = 1; services <= POSTERN_SERVICES_ALL; services++) {
		unsigned again = 0;

		postern_services_format(services, text);
		assert_true(strlen(text) < sizeof(text));
		assert_int_equal(postern_services_parse(text, &again, &error), 0);
		assert_int_equal(again, services);
	}
	postern_services_format(POSTERN_SERVICES_ALL, text);
	assert_string_equal(text, "imap pop3 submission sieve web");
	postern_services_format(0, text);
	assert_string_equal(text, "");
	/* Bits of a newer postern. */
	postern_services_format(1u << 20 | POSTERN_SERVICE_POP3, text);
	assert_string_equal(text, "pop3");
}

static void knows_protocols(void **state)
{
	static const struct {
		const char *protocol;
		unsigned service;
	} cases[] = {
		{ "imap", POSTERN_SERVICE_IMAP },
		{ "pop3", POSTERN_SERVICE_POP3 },
		{ "smtp", POSTERN_SERVICE_SUBMISSION },
		{ "submission", POSTERN_SERVICE_SUBMISSION },
		{ "sieve", POSTERN_SERVICE_SIEVE },
		{ "managesieve", POSTERN_SERVICE_SIEVE },
		{ "lmtp", 0 },
		{ "all", 0 },
		{ "", 0 },
		{ NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(postern_service_of_protocol(cases[i].protocol), cases[i].service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(names_the_unknown_word),
		cmocka_unit_test(formats_what_it_parses),
		cmocka_unit_test(knows_protocols),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
