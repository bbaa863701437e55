/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "sasl_line.h"

#define POSTFIX "AUTH\t1\tEXTERNAL\tservice=smtp\tnologin\tlip=192.0.2.9\trip=192.0.2.1"
#define TEXT "QED_" /* how the text of the fingerprint begins */
#define X10(text) text text text text text text text text text text
#define X100(text) X10(X10(text))

/* What Postfix says, what Dovecot gets: with TLS, and with the key where key says so. */
static const struct {
	const char *line, *written;
	bool tls, key;
	const char *cipher;
} rewritten[] = {
	{ POSTFIX "\tsecured\tresp=",
	  POSTFIX "\tsecured=tls\tno-penalty\tforward_fields=postern_key=KEY\tresp=", true, true, "" },
	{ POSTFIX "\tsecured\tresp==",
	  POSTFIX "\tsecured=tls\tno-penalty\tforward_fields=postern_key=KEY\tresp==", true, true, "" },
	{ POSTFIX "\tsecured",
	  POSTFIX "\tsecured=tls\tno-penalty\tforward_fields=postern_key=KEY", true, true, "" },
	{ POSTFIX, POSTFIX "\tno-penalty", false, false, "" },
	{ "AUTH\t2\tPLAIN\tservice=smtp\tnologin\tlip=::1\trip=::1\tsecured\tresp=AGEAYg==",
	  "AUTH\t2\tPLAIN\tservice=smtp\tnologin\tlip=::1\trip=::1\tsecured=tls\tresp=AGEAYg==",
	  true, false, "" },
	{ "AUTH\t2\tPLAIN\tservice=smtp\tsecured\tresp=AGEAYg==",
	  "AUTH\t2\tPLAIN\tservice=smtp\tsecured=tls\tforward_fields=postern_key=KEY\t"
	  "resp=AGEAYg==", true, true, "" },
	{ POSTFIX "\tsecured\tresp=",
	  POSTFIX "\tsecured=tls\tno-penalty\tforward_fields=postern_key=KEY\001tpostern_tls="
	  "TLSv1.3/X\tresp=", true, true, "TLSv1.3/X" },
	{ POSTFIX "\tsecured", POSTFIX "\tsecured=tls\tno-penalty\tforward_fields=postern_tls="
	  "TLSv1.3/X", true, false, "TLSv1.3/X" },
	/* What could look like our own word does not go on. */
	{ POSTFIX "\tforward_fields=postern_key=evil\tsecured\tresp=",
	  POSTFIX "\tsecured=tls\tno-penalty\tresp=", true, false, "" },
	{ POSTFIX "\trport=1\tlport=2\tcert_username=root\tvalid-client-cert\tno-penalty\tclient_id=x"
	  "\tcertificate\tfinal-resp-ok\tsession=x\tdebug\treal_rip=1.1.1.1\tlocal_name=x",
	  POSTFIX "\tno-penalty", false, false, "" },
	{ POSTFIX "\tsecured=tls", POSTFIX "\tsecured\tno-penalty", false, false, "" },
	/* Behind resp there is nothing. */
	{ POSTFIX "\tresp=AA==\tforward_fields=postern_key=evil",
	  POSTFIX "\tno-penalty\tresp=AA==", false, false, "" },
};

static void expand(const char *text, const char *key, char *text_r, size_t size)
{
	const char *mark = strstr(text, "KEY");

	if (mark == NULL)
		snprintf(text_r, size, "%s", text);
	else
		snprintf(text_r, size, "%.*s%s%s", (int)(mark - text), text, key, mark + 3);
}

static void test_rewrite(void **state)
{
	struct postern_fingerprint key = { .octets = { 0x40, 0x40, 0xff } };
	char key_text[POSTERN_FINGERPRINT_TEXT_MAX];

	(void)state;
	postern_fingerprint_format(&key, key_text);
	assert_memory_equal(key_text, TEXT, strlen(TEXT));
	for (size_t i = 0; i < COUNT(rewritten); i++) {
		const char *line = rewritten[i].line;
		char text[POSTERN_SASL_LINE_MAX], expected[1024];
		struct postern_sasl_auth auth;
		const char *error = "";
		size_t size = 0;

		check_row(line, postern_sasl_line_parse_auth(line, strlen(line), &auth,
							     &error) == 0);
		check_row(line, postern_sasl_line_write_auth(line, strlen(line), &auth,
			rewritten[i].tls, rewritten[i].cipher,
			rewritten[i].key ? &key : NULL, text, &size, &error) == 0);
		expand(rewritten[i].written, key_text, expected, sizeof(expected));
		assert_int_equal(size, strlen(expected));
		assert_memory_equal(text, expected, size);
	}
}

static void test_parse(void **state)
{
	static const char line[] = POSTFIX "\tsecured\tresp=\trip=192.0.2.66";
	struct postern_sasl_auth auth;
	const char *error;

	(void)state;
	assert_int_equal(postern_sasl_line_parse_auth(line, strlen(line), &auth, &error), 0);
	assert_string_equal(auth.id, "1");
	assert_string_equal(auth.mechanism, "EXTERNAL");
	assert_string_equal(auth.rip, "192.0.2.1");
	assert_true(auth.secured);
}

#define CASE(text) { text, sizeof(text) - 1 }

static const struct {
	const char *line;
	size_t size;
} bad[] = {
	CASE(""),
	CASE("AUTH"),
	CASE("AUTH\t"),
	CASE("AUTH\t\tPLAIN"),
	CASE("AUTH\t1"),
	CASE("AUTH\t1\t"),
	CASE("AUTH\tx\tPLAIN"),
	CASE("AUTH\t-1\tPLAIN"),
	CASE("AUTH\t12345678901\tPLAIN"),
	CASE("AUTH\t1\t" X100("xyz")),
	CASE("AUTH\t1\tPLAIN\trip=" X100("1")),
	CASE("AUTH\t1\tPLAIN\tservice=a\0b"),
	CASE("AUTH\t1\tPLAIN\tservice=a\rb"),
	CASE("AUTH\t1\tPLAIN\tservice=a\x01tb"),
	CASE("AUTH\t1\tPLAIN\tservice=a\x7f"),
	CASE("AUTH\t1\tPLAIN\tservice=" X100(X100("xx"))),
};

static void test_bad_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct postern_sasl_auth auth;
		const char *error = NULL;

		check_row(bad[i].line, postern_sasl_line_parse_auth(bad[i].line, bad[i].size,
								    &auth, &error) == -1);
		check_row(bad[i].line, error != NULL);
	}
}

static const struct {
	const char *line;
	bool good;
} continued[] = {
	{ "CONT\t1\tAGEAYg==", true }, { "CONT\t1\t", true }, { "CONT\t1", true },
	{ "CANCEL\t1", true },         { "CONT", false },     { "CONT\tx\tAA==", false },
	{ "AUTH\t1\tPLAIN", false },   { "REQUEST\t1", false }, { "", false },
	{ "CONT\t1\ta\x01tb", false },
};

static void test_continuations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(continued); i++) {
		const char *line = continued[i].line;
		const char *error;

		check_row(line, (postern_sasl_line_check_client(line, strlen(line), &error) == 0) ==
			  continued[i].good);
	}
}

static const struct {
	const char *line;
	int kind;
	const char *id, *user;
} replies[] = {
	{ "OK\t1\tuser=alice", POSTERN_SASL_OK, "1", "alice" },
	{ "OK\t1\tuser=alice@example.test\tforward_x=y", POSTERN_SASL_OK, "1",
	  "alice@example.test" },
	{ "OK\t1", POSTERN_SASL_OK, "1", "" },
	{ "FAIL\t7", POSTERN_SASL_FAIL, "7", "" },
	{ "FAIL\t7\tuser=alice", POSTERN_SASL_FAIL, "7", "alice" },
	{ "FAIL\t7\tuser=a\x01tb", POSTERN_SASL_FAIL, "7", "" },
	{ "FAIL\t7\tuser=alice\ttemp", POSTERN_SASL_TEMPFAIL, "7", "alice" },
	{ "FAIL\t7\tuser=alice\tcode=temp_fail\treason=x", POSTERN_SASL_TEMPFAIL, "7", "alice" },
	{ "FAIL\t7\tuser=temp", POSTERN_SASL_FAIL, "7", "temp" },
	{ "CONT\t7\ttemp", POSTERN_SASL_CONT, "7", "" },
	{ "SPID\t1", POSTERN_SASL_OTHER, "", "" },
	{ "OKAY\t1", POSTERN_SASL_OTHER, "", "" },
	{ "OK", -1, "", "" },
	{ "OK\tx\tuser=alice", -1, "", "" },
	{ "OK\t1\tuser=", -1, "", "" },
	{ "OK\t1\tuser=a\x01tb", -1, "", "" },
	{ "OK\t1\tuser=a\x02", -1, "", "" },
	{ "OK\t1\tuser=" X100("abc"), -1, "", "" },
};

static void test_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		const char *line = replies[i].line;
		struct postern_sasl_reply reply;
		const char *error;

		check_row(line, postern_sasl_line_parse_reply(line, strlen(line), &reply,
							      &error) == replies[i].kind);
		if (replies[i].kind < 0)
			continue;
		assert_string_equal(reply.id, replies[i].id);
		assert_string_equal(reply.user, replies[i].user);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rewrite),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_continuations),
		cmocka_unit_test(test_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
