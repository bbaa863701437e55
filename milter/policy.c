/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <string.h>

#include "escape.h"

enum attribute {
	REQUEST,
	PROTOCOL_STATE,
	CLIENT_ADDRESS,
	CLIENT_PORT,
	SERVER_ADDRESS,
	SERVER_PORT,
	SASL_METHOD,
	SASL_USERNAME,
	FINGERPRINT,
	PROTOCOL,
	CIPHER,
	ATTRIBUTES
};

static const char *const names[ATTRIBUTES] = {
	[REQUEST] = "request",
	[PROTOCOL_STATE] = "protocol_state",
	[CLIENT_ADDRESS] = "client_address",
	[CLIENT_PORT] = "client_port",
	[SERVER_ADDRESS] = "server_address",
	[SERVER_PORT] = "server_port",
	[SASL_METHOD] = "sasl_method",
	[SASL_USERNAME] = "sasl_username",
	[FINGERPRINT] = "ccert_pubkey_fingerprint",
	[PROTOCOL] = "encryption_protocol",
	[CIPHER] = "encryption_cipher",
};

/* Without these a request says nothing. A Postfix that was built without TLS or SASL leaves the
   others out. */
#define REQUIRED (1u << REQUEST | 1u << PROTOCOL_STATE | 1u << CLIENT_ADDRESS)

static const struct {
	const char *word;
	enum postern_session_stage stage;
} stages[] = {
	{ "CONNECT", POSTERN_STAGE_CONNECT },
	{ "HELO", POSTERN_STAGE_HELO },
	{ "EHLO", POSTERN_STAGE_HELO },
	{ "MAIL", POSTERN_STAGE_MAIL },
	{ "RCPT", POSTERN_STAGE_RCPT },
};

static int refuse(enum attribute attribute, const char *value, const char **error_r)
{
	char escaped[128];

	return postern_error(error_r, "policy request with %s=%s", names[attribute],
			     postern_escape(value, strlen(value), escaped, sizeof(escaped)));
}

static int copy(enum attribute attribute, const char *value, char *text_r, size_t size,
		const char **error_r)
{
	if (strlen(value) >= size)
		return refuse(attribute, value, error_r);
	strcpy(text_r, value);
	return 0;
}

static enum postern_session_stage stage_of(const char *word)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		if (strcmp(stages[i].word, word) == 0)
			return stages[i].stage;
	}
	return POSTERN_STAGE_OTHER;
}

static int set_address(enum attribute attribute, const char *value,
		       struct postern_endpoint *endpoint, const char **error_r)
{
	struct postern_endpoint parsed;

	if (!postern_endpoint_parse(value, NULL, &parsed))
		return refuse(attribute, value, error_r);
	endpoint->address = parsed.address;
	return 0;
}

static int set_port(enum attribute attribute, const char *value,
		    struct postern_endpoint *endpoint, const char **error_r)
{
	struct postern_endpoint parsed;

	if (!postern_endpoint_parse("::", value, &parsed))
		return refuse(attribute, value, error_r);
	endpoint->port = parsed.port;
	return 0;
}

static int set_fingerprint(const char *value, struct postern_session *session,
			   const char **error_r)
{
	/* XX:XX:…, as many as a SHA-256 has. With another digest it could match nothing, and a
	   user with a key would be told that he has none. */
	if (*value == '\0')
		return 0;
	if (strlen(value) != 3 * POSTERN_FINGERPRINT_SIZE - 1 ||
	    postern_fingerprint_parse(value, &session->key, error_r) < 0) {
		return postern_error(error_r, "policy request whose ccert_pubkey_fingerprint is no "
				     "SHA-256: set smtpd_tls_fingerprint_digest = sha256");
	}
	session->has_key = true;
	return 0;
}

static int set(struct postern_session *session, enum attribute attribute, const char *value,
	       const char **error_r)
{
	switch (attribute) {
	case REQUEST:
		return strcmp(value, "smtpd_access_policy") == 0 ?
		       0 : refuse(attribute, value, error_r);
	case PROTOCOL_STATE:
		session->stage = stage_of(value);
		return 0;
	case CLIENT_ADDRESS:
		return set_address(attribute, value, &session->client, error_r);
	case CLIENT_PORT:
		return set_port(attribute, value, &session->client, error_r);
	case SERVER_ADDRESS:
		/* Only ever compared; one that Postfix does not know is no reason to refuse. */
		return *value == '\0' || strcmp(value, "unknown") == 0 ?
		       0 : set_address(attribute, value, &session->server, error_r);
	case SERVER_PORT:
		return set_port(attribute, value, &session->server, error_r);
	case SASL_METHOD:
		return copy(attribute, value, session->method, sizeof(session->method), error_r);
	case SASL_USERNAME:
		return copy(attribute, value, session->login, sizeof(session->login), error_r);
	case FINGERPRINT:
		return set_fingerprint(value, session, error_r);
	case PROTOCOL:
		return copy(attribute, value, session->protocol, sizeof(session->protocol),
			    error_r);
	case CIPHER:
		/* For the login record alone: no reason to refuse anybody. */
		strcpy(session->cipher, strlen(value) < sizeof(session->cipher) ? value : "");
		return 0;
	case ATTRIBUTES:
		break;
	}
	return postern_error(error_r, "policy attribute %d is not handled", (int)attribute);
}

static int complete(const struct postern_policy_request *request, const char **error_r)
{
	const struct postern_session *session = &request->session;

	if ((request->seen & REQUIRED) != REQUIRED) {
		return postern_error(error_r, "policy request without request, protocol_state or "
				     "client_address");
	}
	if (session->has_key && *session->protocol == '\0')
		return postern_error(error_r, "policy request with a key and without TLS");
	return POSTERN_POLICY_COMPLETE;
}

void postern_policy_request_init(struct postern_policy_request *request)
{
	memset(request, 0, sizeof(*request));
}

int postern_policy_request_line(struct postern_policy_request *request, const char *line,
				size_t size, const char **error_r)
{
	char text[POSTERN_POLICY_LINE_MAX + 1];
	char *value;

	if (size == 0)
		return complete(request, error_r);
	if (size > POSTERN_POLICY_LINE_MAX || ++request->lines > POSTERN_POLICY_LINES_MAX)
		return postern_error(error_r, "policy request that is too long");
	if (memchr(line, '\0', size) != NULL)
		return postern_error(error_r, "policy request with a NUL");
	memcpy(text, line, size);
	text[size] = '\0';
	value = strchr(text, '=');
	if (value == NULL)
		return postern_error(error_r, "policy request with a line that has no \"=\"");
	*value++ = '\0';
	for (int i = 0; i < ATTRIBUTES; i++) {
		if (strcmp(text, names[i]) != 0)
			continue;
		if ((request->seen & 1u << i) != 0)
			return postern_error(error_r, "policy request with %s twice", names[i]);
		request->seen |= 1u << i;
		return set(&request->session, i, value, error_r);
	}
	return POSTERN_POLICY_MORE;
}
