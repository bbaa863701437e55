/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

#include "login_datagram.h"
#include "net.h"

/* Carries a record from auth-worker to the auth process, among the fields of the user. */
#define PENDING "postern_pending"

static void set_session(const struct auth_request *request, struct postern_login_record *record)
{
	if (request->fields.session_id != NULL)
		postern_login_text_copy(request->fields.session_id, record->session,
					sizeof(record->session));
}

static void describe(const struct auth_request *request, const struct postern_attempt *attempt,
		     struct postern_login_record *record)
{
	const struct ip_addr *client = &request->fields.remote_ip;

	i_zero(record);
	record->service = attempt->service;
	record->by = postern_request_is_external(request) ? POSTERN_LOGIN_BY_KEY :
							    POSTERN_LOGIN_BY_PASSWORD;
	record->has_key = attempt->fingerprint != NULL;
	if (record->has_key)
		record->key = *attempt->fingerprint;
	if (client->family != 0)
		i_strocpy(record->client, net_ip2addr(client), sizeof(record->client));
	postern_login_record_set_tls(record, attempt->tls);
	set_session(request, record);
}

/* Not by the request's event: auth_verbose would have a say, and a request that ends has none any
   more. */
static void log_line(const struct postern_login_record *record, const char *error)
{
	char line[POSTERN_LOGIN_LINE_MAX];

	postern_login_record_format(record, error, line);
	if (record->result == POSTERN_LOGIN_RESULT_FAILED)
		i_error("%s", line);
	else
		i_info("%s", line);
}

/* With postern-milter away, or busy, the record is lost and that is all. But one that can never
   come through is a mistake in the setup. */
static void send_record(struct auth_request *request,
			const struct postern_login_record *record)
{
	const char *path = postern_backend_record_socket(
		postern_passdb_of(auth_request_get_auth(request))->backend);
	static bool complained;

	if (path == NULL || record->service == 0 ||
	    postern_login_datagram_send(record, path) != EACCES || complained)
		return;
	complained = TRUE;
	i_warning("postern: logins are not recorded: no access to %s (is the store's group in "
		  "extra_groups?)", path);
}

void postern_record(struct auth_request *request, const struct postern_attempt *attempt,
		    int outcome, const struct postern_login *login, const char *error)
{
	struct postern_login_record record;

	describe(request, attempt, &record);
	postern_login_record_conclude(&record, outcome, login, attempt->name);
	log_line(&record, error);
	send_record(request, &record);
}

void postern_record_pending(struct auth_request *request, const struct postern_attempt *attempt,
			    const struct postern_login *login)
{
	char data[POSTERN_LOGIN_DATAGRAM_MAX];
	struct postern_login_record record;

	describe(request, attempt, &record);
	postern_login_record_conclude(&record, POSTERN_LOGIN_OK, login, attempt->name);
	auth_fields_add(request->fields.extra_fields, PENDING,
			t_strndup(data, postern_login_datagram_write(&record, data)),
			AUTH_FIELD_FLAG_HIDDEN);
}

void postern_record_finish(struct auth_request *request)
{
	const char *data = auth_fields_find(request->fields.extra_fields, PENDING), *error;
	struct postern_login_record record;

	if (data == NULL || postern_login_datagram_read(data, strlen(data), &record, &error) < 0)
		return;
	/* Not told apart: a wrong proof, and a client that goes away in the middle. */
	if (!request->fields.successful)
		postern_login_record_mismatch(&record);
	set_session(request, &record);
	log_line(&record, NULL);
	send_record(request, &record);
}
