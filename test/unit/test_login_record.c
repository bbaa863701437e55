/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "login_datagram.h"
#include "login_record.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static struct postern_login_record example(void)
{
	struct postern_login_record record = {
		.result = POSTERN_LOGIN_RESULT_REFUSED, .reason = "not-allowed",
		.service = POSTERN_SERVICE_IMAP, .account_id = 42, .account = "zürich",
		.asked = "Someone Else", .client = "2001:db8::1", .by = POSTERN_LOGIN_BY_KEY,
		.label = "my \"old\" phone", .has_key = true,
		.tls = "TLSv1.3/TLS_AES_256_GCM_SHA384", .session = "a/b+c",
	};

	for (size_t i = 0; i < POSTERN_FINGERPRINT_SIZE; i++)
		record.key.octets[i] = (uint8_t)i;
	return record;
}

static void a_line_has_every_word(void **state)
{
	struct postern_login_record record = example(), empty = { .service = POSTERN_SERVICE_POP3 };
	char line[POSTERN_LOGIN_LINE_MAX];

	(void)state;
	assert_string_equal(postern_login_record_format(&record, NULL, line),
		"postern login: result=refused reason=not-allowed service=imap account=zürich "
		"client=2001:db8::1 by=key label=\"my \\x22old\\x22 phone\" key=" KEY
		" tls=TLSv1.3/TLS_AES_256_GCM_SHA384 asked=\"Someone Else\" session=a/b+c");
	assert_string_equal(postern_login_record_format(&empty, "no disk: \"x\"", line),
		"postern login: result=ok reason=- service=pop3 account=- client=- by=key label=- "
		"key=- tls=- asked=- session=- error=\"no disk: \\x22x\\x22\"");
}

/* Nothing that a client chooses can end a word or a line. */
static void a_line_cannot_be_forged(void **state)
{
	static const struct {
		const char *asked, *word;
	} cases[] = {
		{ "bob result=ok", " asked=\"bob result=ok\" " },
		{ "bob\" result=ok", " asked=\"bob\\x22 result=ok\" " },
		{ "bob\nresult=ok", " asked=\"bob?result=ok\" " },
		{ "bob\\", " asked=\"bob\\x5C\" " },
		{ "-", " asked=\"-\" " },
		{ "\xff\xfe", " asked=\"\?\?\" " },
		{ "bob\xc2\x85", " asked=\"bob?\" " },
		{ "a\xe2\x80\xa8" "b", " asked=\"a\\xE2\\x80\\xA8b\" " },
		{ "alice", " asked=- " },
		{ "", " asked=- " },
		{ NULL, " asked=- " },
	};
	struct postern_login login = { .account = { .id = 1, .name = "alice" } };
	char line[POSTERN_LOGIN_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_login_record record = { .service = POSTERN_SERVICE_IMAP };

		postern_login_record_conclude(&record, POSTERN_LOGIN_DISABLED, &login,
					      cases[i].asked);
		postern_login_record_format(&record, NULL, line);
		if (strstr(line, cases[i].word) == NULL)
			fail_msg("case %zu: %s", i, line);
	}
}

static void the_longest_line_fits(void **state)
{
	struct postern_login_record record = example();
	char line[POSTERN_LOGIN_LINE_MAX];

	(void)state;
	memset(record.account, '"', sizeof(record.account) - 1);
	memset(record.label, '"', sizeof(record.label) - 1);
	memset(record.asked, '"', sizeof(record.asked) - 1);
	postern_login_record_format(&record, NULL, line);
	assert_non_null(strstr(line, " session=a/b+c"));
}

static void an_outcome_says_whose_it_is(void **state)
{
	const struct postern_login_holder other = {
		.account = { .id = 2, .name = "bob" }, .label = "laptop",
	};
	const struct postern_login_holder own = {
		.account = { .id = 1, .name = "alice" }, .label = "phone",
	};
	const struct postern_login alice = { .account = own.account, .label = "main" };
	const struct postern_login with_key = { .account = own.account, .label = "main",
						.holder = own };
	const struct postern_login held = { .holder = other };
	const struct postern_login nobody = { .label = "" };
	const struct {
		const char *name;
		enum postern_login_by by;
		int outcome;
		const struct postern_login *login;
		enum postern_login_result result;
		const char *reason;
		int64_t id;
		const char *label;
		bool has_key;
	} cases[] = {
		{ "password", POSTERN_LOGIN_BY_PASSWORD, POSTERN_LOGIN_OK, &alice,
		  POSTERN_LOGIN_RESULT_OK, "", 1, "main", false },
		{ "password and key", POSTERN_LOGIN_BY_PASSWORD, POSTERN_LOGIN_OK, &with_key,
		  POSTERN_LOGIN_RESULT_OK, "", 1, "main", true },
		{ "key", POSTERN_LOGIN_BY_KEY, POSTERN_LOGIN_OK, &with_key,
		  POSTERN_LOGIN_RESULT_OK, "", 1, "main", true },
		{ "wrong password", POSTERN_LOGIN_BY_PASSWORD, POSTERN_LOGIN_MISMATCH, &alice,
		  POSTERN_LOGIN_RESULT_REFUSED, "mismatch", 1, "main", false },
		{ "unknown user", POSTERN_LOGIN_BY_PASSWORD, POSTERN_LOGIN_NOT_OURS, &nobody,
		  POSTERN_LOGIN_RESULT_REFUSED, "unknown", 0, "", false },
		{ "unknown key", POSTERN_LOGIN_BY_KEY, POSTERN_LOGIN_NOT_OURS, &nobody,
		  POSTERN_LOGIN_RESULT_REFUSED, "unknown-key", 0, "", true },
		{ "another's key", POSTERN_LOGIN_BY_PASSWORD, POSTERN_LOGIN_OTHER_ACCOUNT, &held,
		  POSTERN_LOGIN_RESULT_REFUSED, "other-account", 2, "laptop", true },
		{ "broken", POSTERN_LOGIN_BY_KEY, -1, NULL,
		  POSTERN_LOGIN_RESULT_FAILED, "failure", 0, "", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_login_record record = {
			.by = cases[i].by, .has_key = true, .service = POSTERN_SERVICE_IMAP,
		};

		postern_login_record_conclude(&record, cases[i].outcome, cases[i].login, "x");
		check_row(cases[i].name, record.result == cases[i].result);
		check_row(cases[i].name, strcmp(record.reason, cases[i].reason) == 0);
		check_row(cases[i].name, record.account_id == cases[i].id);
		check_row(cases[i].name, strcmp(record.label, cases[i].label) == 0);
		check_row(cases[i].name, record.has_key == cases[i].has_key);
		check_row(cases[i].name, strcmp(record.asked, "x") == 0);
	}
}

static void tls_is_believed_in_its_alphabet(void **state)
{
	struct postern_login_record record = { 0 };
	char longest[POSTERN_LOGIN_TLS_MAX + 1];

	(void)state;
	postern_login_record_set_tls(&record, "TLSv1.2/ECDHE-RSA-AES128-GCM-SHA256");
	assert_string_equal(record.tls, "TLSv1.2/ECDHE-RSA-AES128-GCM-SHA256");
	postern_login_record_set_tls(&record, "TLSv1.3 result=ok");
	assert_string_equal(record.tls, "");
	memset(longest, 'A', sizeof(longest));
	longest[POSTERN_LOGIN_TLS_MAX] = '\0';
	postern_login_record_set_tls(&record, longest);
	assert_string_equal(record.tls, "");
	longest[POSTERN_LOGIN_TLS_MAX - 1] = '\0';
	postern_login_record_set_tls(&record, longest);
	assert_string_equal(record.tls, longest);
}

static void a_text_is_cut_between_characters(void **state)
{
	char text[6];

	(void)state;
	postern_login_text_copy("abcü", text, sizeof(text));
	assert_string_equal(text, "abcü");
	postern_login_text_copy("abcdü", text, sizeof(text));
	assert_string_equal(text, "abcd");
	postern_login_text_copy("a\tb\x7f", text, sizeof(text));
	assert_string_equal(text, "a?b?");
}

static void a_datagram_comes_as_it_was_sent(void **state)
{
	struct postern_login_record record = example(), read;
	char data[POSTERN_LOGIN_DATAGRAM_MAX];
	const char *error = NULL;
	size_t size;

	(void)state;
	for (int i = 0; i < 2; i++) {
		size = postern_login_datagram_write(&record, data);
		if (postern_login_datagram_read(data, size, &read, &error) != 0)
			fail_msg("%s", error);
		memset(record.session, 0, sizeof(record.session)); /* stays behind */
		assert_memory_equal(&read, &record, sizeof(read));
		/* And one with as little in it as there can be. */
		record = (struct postern_login_record){
			.service = POSTERN_SERVICE_WEB, .account_id = INT64_MAX, .account = "a",
			.by = POSTERN_LOGIN_BY_PASSWORD,
		};
	}
}

static void the_longest_datagram_fits(void **state)
{
	struct postern_login_record record = example(), read;
	char data[POSTERN_LOGIN_DATAGRAM_MAX];
	const char *error;
	size_t size;

	(void)state;
	memset(record.reason, 'x', sizeof(record.reason) - 1);
	memset(record.account, 'x', sizeof(record.account) - 1);
	memset(record.asked, 'x', sizeof(record.asked) - 1);
	memset(record.label, 'x', sizeof(record.label) - 1);
	memset(record.tls, 'x', sizeof(record.tls) - 1);
	record.account_id = INT64_MAX;
	strcpy(record.client, "2001:db8:1111:2222:3333:4444:5555:6666");
	size = postern_login_datagram_write(&record, data);
	assert_true(size < sizeof(data));
	assert_int_equal(postern_login_datagram_read(data, size, &read, &error), 0);
}

/* The fields of a good one, less one that stands in its place. */
static const struct {
	const char *name;
	int field;
	const char *value;
	bool good;
} fields[] = {
	{ "version", 0, "postern-login-2", false },
	{ "result", 1, "maybe", false },
	{ "no result", 1, "", false },
	{ "reason with a success", 2, "mismatch", false },
	{ "service", 3, "smtp", false },
	{ "two services", 3, "imap pop3", false },
	{ "all services", 3, "all", false },
	{ "no service", 3, "", false },
	{ "id 0", 4, "0", false },
	{ "id with a sign", 4, "-1", false },
	{ "id with a blank", 4, " 1", false },
	{ "id with a tail", 4, "1x", false },
	{ "id too large", 4, "9223372036854775808", false },
	{ "largest id", 4, "9223372036854775807", true },
	{ "no account", 5, "", false },
	{ "account with a newline", 5, "a\nb", false },
	{ "account that is no UTF-8", 5, "a\xff", false },
	{ "account with a C1 control", 5, "a\xc2\x9b", false },
	{ "asked with an escape", 6, "\033[2J", false },
	{ "asked, a sentence", 6, "who \"is\" that?", true },
	{ "a name for an address", 7, "localhost", false },
	{ "half an address", 7, "192.0.2", false },
	{ "IPv6 with a zone", 7, "fe80::1%eth0", false },
	{ "IPv6", 7, "fe80::1", true },
	{ "by", 8, "certificate", false },
	{ "label with DEL", 9, "a\x7f", false },
	{ "label", 9, "Zoë's phone", true },
	{ "key in hex", 10, "0001020304050607080910111213141516171819202122232425262728293031", false },
	{ "short key", 10, "AAEC", false },
	{ "key", 10, KEY, true },
	{ "tls with a blank", 11, "TLSv1.3 x", false },
	{ "more than there is", 11, "TLSv1.3\tmore", false },
};

static void what_is_wrong_is_refused(void **state)
{
	static const char *const good[] = {
		"postern-login-1", "ok", "", "imap", "1", "alice", "", "192.0.2.1", "key", "phone",
		"", "TLSv1.3",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		struct postern_login_record record;
		const char *error = NULL;
		char data[2048] = "";

		for (size_t f = 0; f < COUNT(good); f++) {
			strcat(data, f == 0 ? "" : "\t");
			strcat(data, (int)f == fields[i].field ? fields[i].value : good[f]);
		}
		check_row(fields[i].name,
			  (postern_login_datagram_read(data, strlen(data), &record, &error) == 0) ==
			  fields[i].good);
		/* The same, cut anywhere. */
		for (size_t size = 0; fields[i].good && size < strlen(data) - strlen("\tTLSv1.3");
		     size++)
			check_row(fields[i].name, postern_login_datagram_read(data, size, &record,
									      &error) == -1);
		/* And with a NUL at its end. */
		check_row(fields[i].name, postern_login_datagram_read(data, strlen(data) + 1,
								      &record, &error) == -1);
	}
}

static void what_is_too_long_is_refused(void **state)
{
	char data[POSTERN_LOGIN_DATAGRAM_MAX];
	struct postern_login_record record;
	const char *error;
	int size;

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(postern_login_datagram_read(data, sizeof(data), &record, &error), -1);
	size = snprintf(data, sizeof(data),
			"postern-login-1\tok\t\timap\t1\t%0256d\t\t\tkey\t\t\t", 0);
	assert_int_equal(postern_login_datagram_read(data, (size_t)size, &record, &error), -1);
	assert_string_equal(error, "a login record without a valid account");
	/* One digit less. */
	size = snprintf(data, sizeof(data),
			"postern-login-1\tok\t\timap\t1\t%0255d\t\t\tkey\t\t\t", 0);
	assert_int_equal(postern_login_datagram_read(data, (size_t)size, &record, &error), 0);
}

/* Nobody there, nobody who listens, nobody who reads: each is told at once. */
static void a_sender_never_waits(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct postern_login_record record = example();
	char folder[PATH_MAX], data[POSTERN_LOGIN_DATAGRAM_MAX];
	int fd, error = 0;

	(void)state;
	unit_folder_make(folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/socket", folder);
	assert_int_equal(postern_login_datagram_send(&record, address.sun_path), ENOENT);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	for (int i = 0; i < 100000 && error == 0; i++)
		error = postern_login_datagram_send(&record, address.sun_path);
	assert_int_equal(error, EAGAIN);
	assert_int_equal(recv(fd, data, sizeof(data), 0),
			 (ssize_t)postern_login_datagram_write(&record, data));
	close(fd);
	assert_int_equal(postern_login_datagram_send(&record, address.sun_path), ECONNREFUSED);
	/* That of nobody is not even tried. */
	record.account_id = 0;
	assert_int_equal(postern_login_datagram_send(&record, address.sun_path), 0);
	unit_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_every_word),
		cmocka_unit_test(a_line_cannot_be_forged),
		cmocka_unit_test(the_longest_line_fits),
		cmocka_unit_test(an_outcome_says_whose_it_is),
		cmocka_unit_test(tls_is_believed_in_its_alphabet),
		cmocka_unit_test(a_text_is_cut_between_characters),
		cmocka_unit_test(a_datagram_comes_as_it_was_sent),
		cmocka_unit_test(the_longest_datagram_fits),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(a_sender_never_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
