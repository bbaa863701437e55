/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

#include "service.h"

#include "../dovecot-plugin/postern-wire.h"

/*
 * Reads our fields out of a request of Dovecot's, and writes the log and the client's text.
 */

static const char *wire_field(const struct auth_request *request, const char *name)
{
	const char *value = auth_fields_find(request->fields.extra_fields, name);

	return value == NULL ? "" : value;
}

/* A certificate of the admin's CA may be an account's key by an address in it: both halves of the
   login process have to say so, Dovecot's and our plugin. */
static int take_mail_key(struct auth_request *request, struct postern_fingerprint *fingerprint,
			 const char **error_r)
{
	const char *addresses = wire_field(request, POSTERN_WIRE_AUTH_PREFIX POSTERN_WIRE_MAIL);
	struct postern_passdb *passdb = postern_passdb_of(auth_request_get_auth(request));

	if (*addresses == '\0' || !request->fields.valid_client_cert)
		return 0;
	return postern_backend_mail_key(passdb->backend, addresses, fingerprint, error_r);
}

int postern_attempt_init(struct auth_request *request, struct postern_attempt *attempt_r,
			 const char **error_r)
{
	const char *key = wire_field(request, POSTERN_WIRE_AUTH_PREFIX POSTERN_WIRE_KEY);

	i_zero(attempt_r);
	attempt_r->name = request->fields.requested_login_user != NULL ?
		request->fields.requested_login_user : request->fields.user;
	attempt_r->service = postern_service_of_protocol(compat_protocol(request));
	attempt_r->greeting = strcmp(
		wire_field(request, POSTERN_WIRE_AUTH_PREFIX POSTERN_WIRE_GREETING), "1") == 0;
	attempt_r->tls = wire_field(request, POSTERN_WIRE_AUTH_PREFIX POSTERN_WIRE_TLS);
	if (*key == '\0')
		return 0;
	if (postern_fingerprint_parse(key, &attempt_r->fingerprint_storage, error_r) < 0)
		return -1;
	attempt_r->fingerprint = &attempt_r->fingerprint_storage;
	return take_mail_key(request, &attempt_r->fingerprint_storage, error_r);
}

void postern_request_log(struct auth_request *request, const char *format, ...)
{
	enum log_type level = event_get_min_log_level(request->event);
	va_list args;

	event_set_min_log_level(request->event, LOG_TYPE_INFO);
	va_start(args, format);
	T_BEGIN {
		const char *text = t_strdup_vprintf(format, args);

		e_info(request->event, "%s%s", compat_log_prefix(request), text);
	} T_END;
	va_end(args);
	event_set_min_log_level(request->event, level);
}

void postern_request_set_reason(struct auth_request *request, const char *text)
{
	auth_fields_add(request->fields.extra_fields, "reason", text, 0);
}
