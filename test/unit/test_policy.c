/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy.h"

#define BEGIN "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.1\n"
#define HEX4 "0A:1b:FF:00"
#define HEX16 HEX4 ":" HEX4 ":" HEX4 ":" HEX4
#define SHA256 HEX16 ":" HEX16
#define TLS "encryption_protocol=TLSv1.3\n"
#define X10(text) text text text text text text text text text text
#define X100(text) X10(X10(text))

/* Gives lines until one is not MORE. */
static int parse(const char *text, size_t size, struct postern_policy_request *request,
		 const char **error_r)
{
	const char *end = text + size;

	postern_policy_request_init(request);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		int ret = postern_policy_request_line(request, text, (size_t)(newline - text),
						      error_r);

		if (ret != POSTERN_POLICY_MORE)
			return ret;
		text = newline + 1;
	}
	return POSTERN_POLICY_MORE;
}

/* As Postfix 3.7 writes it. */
static void test_whole(void **state)
{
	static const char text[] =
		"request=smtpd_access_policy\nprotocol_state=MAIL\nprotocol_name=ESMTP\n"
		"client_address=2001:db8::1\nclient_name=unknown\nclient_port=50123\n"
		"reverse_client_name=unknown\nserver_address=2001:db8::2\nserver_port=465\n"
		"helo_name=a=b protocol_state=CONNECT\nsender=a@example.test\nrecipient=\n"
		"recipient_count=0\nqueue_id=\ninstance=14.1\nsize=10\netrn_domain=\nstress=\n"
		"sasl_method=PLAIN\nsasl_username=alice\nsasl_sender=\nccert_subject=\n"
		"ccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=" SHA256 "\n"
		TLS "encryption_cipher=X\nencryption_keysize=256\npolicy_context=\n\n";
	struct postern_policy_request request;
	const struct postern_session *session = &request.session;
	char endpoint[POSTERN_ENDPOINT_TEXT_MAX];
	const char *error;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &request, &error), POSTERN_POLICY_COMPLETE);
	assert_int_equal(session->stage, POSTERN_STAGE_MAIL);
	assert_string_equal(postern_endpoint_format(&session->client, endpoint),
			    "[2001:db8::1]:50123");
	assert_string_equal(postern_endpoint_format(&session->server, endpoint),
			    "[2001:db8::2]:465");
	assert_string_equal(session->protocol, "TLSv1.3");
	assert_string_equal(session->cipher, "X");
	assert_string_equal(session->method, "PLAIN");
	assert_string_equal(session->login, "alice");
	assert_true(session->has_key);
	assert_int_equal(session->key.octets[1], 0x1b);
	assert_int_equal(session->key.octets[30], 0xff);
}

/* It decides nothing. */
static void test_long_cipher(void **state)
{
	static const char text[] = BEGIN TLS "encryption_cipher=" X100("x") "\n\n";
	struct postern_policy_request request;
	const char *error;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &request, &error), POSTERN_POLICY_COMPLETE);
	assert_string_equal(request.session.cipher, "");
	assert_string_equal(request.session.protocol, "TLSv1.3");
}

static const struct {
	const char *word;
	enum postern_session_stage stage;
} stages[] = {
	{ "CONNECT", POSTERN_STAGE_CONNECT }, { "HELO", POSTERN_STAGE_HELO },
	{ "EHLO", POSTERN_STAGE_HELO },       { "MAIL", POSTERN_STAGE_MAIL },
	{ "RCPT", POSTERN_STAGE_RCPT },       { "DATA", POSTERN_STAGE_OTHER },
	{ "END-OF-MESSAGE", POSTERN_STAGE_OTHER }, { "connect", POSTERN_STAGE_OTHER },
};

static void test_stages(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stages); i++) {
		struct postern_policy_request request;
		const char *error;
		char text[256];

		snprintf(text, sizeof(text), "request=smtpd_access_policy\nprotocol_state=%s\n"
			 "client_address=192.0.2.1\n\n", stages[i].word);
		check_row(stages[i].word, parse(text, strlen(text), &request, &error) ==
			  POSTERN_POLICY_COMPLETE);
		check_row(stages[i].word, request.session.stage == stages[i].stage);
	}
}

#define CASE(text) { text, sizeof(text) - 1 }

static const struct {
	const char *text;
	size_t size;
} good[] = {
	CASE(BEGIN "\n"),
	CASE(BEGIN "ccert_pubkey_fingerprint=\n\n"),
	CASE(BEGIN "client_port=unknown\nserver_port=\nserver_address=unknown\n\n"),
	CASE(BEGIN "helo_name=" X100("x") "\n\n"),
	CASE(BEGIN "helo_name=\xff\x01\n\n"),
	CASE("protocol_state=RCPT\nclient_address=fe80::1%eth0\nrequest=smtpd_access_policy\n\n"),
}, bad[] = {
	CASE("\n"),
	CASE("request=smtpd_access_policy\nprotocol_state=RCPT\n\n"),
	CASE("request=smtpd_access_policy\nclient_address=192.0.2.1\n\n"),
	CASE("protocol_state=RCPT\nclient_address=192.0.2.1\n\n"),
	CASE("request=junk\nprotocol_state=RCPT\nclient_address=192.0.2.1\n\n"),
	CASE("request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=unknown\n\n"),
	CASE("request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=\n\n"),
	CASE(BEGIN "client_address=192.0.2.1\n\n"),
	CASE(BEGIN "no equals sign\n\n"),
	CASE(BEGIN "client_port=65536\n\n"),
	CASE(BEGIN "client_port=-1\n\n"),
	CASE(BEGIN "client_port=1 \n\n"),
	CASE(BEGIN "server_port=x\n\n"),
	CASE(BEGIN "server_address=x\n\n"),
	CASE(BEGIN "sasl_username=a\0b\n\n"),
	CASE(BEGIN "sasl_username=" X100("abc") "\n\n"),
	CASE(BEGIN "sasl_method=" X100("x") "\n\n"),
	CASE(BEGIN "encryption_protocol=" X100("x") "\n\n"),
	/* a key without TLS; MD5 and SHA-1; one too long; not hex; base64url */
	CASE(BEGIN "ccert_pubkey_fingerprint=" SHA256 "\n\n"),
	CASE(BEGIN TLS "ccert_pubkey_fingerprint=" HEX16 "\n\n"),
	CASE(BEGIN TLS "ccert_pubkey_fingerprint=" HEX16 ":" HEX4 "\n\n"),
	CASE(BEGIN TLS "ccert_pubkey_fingerprint=" SHA256 ":00\n\n"),
	CASE(BEGIN TLS "ccert_pubkey_fingerprint=XX" SHA256 "\n\n"),
	CASE(BEGIN TLS "ccert_pubkey_fingerprint=" X10("abcd") "abc\n\n"),
	CASE(BEGIN "x=" X100(X100("x")) "\n\n"),
	CASE(BEGIN X100("x=y\n") X100("x=y\n") X100("x=y\n") "\n"),
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct postern_policy_request request;
		const char *error = "";

		check_row(good[i].text, parse(good[i].text, good[i].size, &request, &error) ==
			  POSTERN_POLICY_COMPLETE);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct postern_policy_request request;
		const char *error = NULL;

		check_row(bad[i].text, parse(bad[i].text, bad[i].size, &request, &error) == -1);
		check_row(bad[i].text, error != NULL && strchr(error, '\n') == NULL);
	}
}

/* What to set is in the log, since nothing else would tell an admin. */
static void test_wrong_digest_is_named(void **state)
{
	static const char text[] = BEGIN TLS "ccert_pubkey_fingerprint=" HEX16 "\n\n";
	struct postern_policy_request request;
	const char *error = "";

	(void)state;
	assert_int_equal(parse(text, strlen(text), &request, &error), -1);
	assert_non_null(strstr(error, "smtpd_tls_fingerprint_digest = sha256"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_long_cipher),
		cmocka_unit_test(test_stages),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_wrong_digest_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
