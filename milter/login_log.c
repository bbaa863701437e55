/* SPDX-License-Identifier: MIT */
#include "login_log.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "login_datagram.h"
#include "service.h"

static const int priorities[POSTERN_LOGIN_RESULTS] = {
	[POSTERN_LOGIN_RESULT_OK] = LOG_INFO,
	[POSTERN_LOGIN_RESULT_REFUSED] = LOG_NOTICE,
	[POSTERN_LOGIN_RESULT_FAILED] = LOG_ERR,
};

const char *postern_login_log_tls(const struct postern_session *session,
				  char text_r[POSTERN_LOGIN_TLS_MAX])
{
	char text[POSTERN_SESSION_PROTOCOL_MAX + POSTERN_SESSION_CIPHER_MAX + sizeof("/")];
	struct postern_login_record record;

	snprintf(text, sizeof(text), "%s%s%s", session->protocol,
		 *session->cipher != '\0' ? "/" : "", session->cipher);
	postern_login_record_set_tls(&record, text);
	return strcpy(text_r, record.tls);
}

static void describe(const struct postern_session *session, struct postern_login_record *record_r)
{
	memset(record_r, 0, sizeof(*record_r));
	record_r->service = POSTERN_SERVICE_SUBMISSION;
	record_r->by = *session->login == '\0' || strcasecmp(session->method, "EXTERNAL") == 0 ?
		POSTERN_LOGIN_BY_KEY : POSTERN_LOGIN_BY_PASSWORD;
	record_r->has_key = session->has_key;
	record_r->key = session->key;
	postern_endpoint_format_address(&session->client, record_r->client);
	postern_login_log_tls(session, record_r->tls);
	/* As Postfix's own lines name it. */
	snprintf(record_r->session, sizeof(record_r->session), "smtpd/%ld",
		 (long)session->process.pid);
}

void postern_login_log(const struct postern_generation *generation,
		       const struct postern_session *session, int outcome,
		       const struct postern_login *login, const char *error)
{
	struct postern_login_record record;
	char line[POSTERN_LOGIN_LINE_MAX];

	describe(session, &record);
	postern_login_record_conclude(&record, outcome, login,
				      *session->login == '\0' ? NULL : session->login);
	postern_log(priorities[record.result], "%s",
		    postern_login_record_format(&record, error, line));
	/* Lost when nobody takes it, and that is all. */
	(void)postern_login_datagram_send(&record, generation->config->record_socket);
}
