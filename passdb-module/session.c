/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

#include "../dovecot-plugin/postern-wire.h"

/* Not as passdb's "userdb_" fields, of which any one would make a prefetch userdb believe that it
   has them all. */
static void add(struct auth_request *request, const char *name, const char *value)
{
	if (request->fields.userdb_reply == NULL)
		compat_userdb_reply_init(request);
	auth_fields_add(request->fields.userdb_reply, name, value, 0);
}

void postern_session_note(struct auth_request *request, const struct postern_attempt *attempt,
			  enum postern_live_by by, const struct postern_account *account)
{
	const char *socket = postern_backend_sessions_socket(
		postern_passdb_of(auth_request_get_auth(request))->backend);
	char text[POSTERN_LIVE_TEXT_MAX];
	struct postern_live_session session;

	if (socket == NULL || attempt->service == 0)
		return;
	i_zero(&session);
	session.service = attempt->service;
	session.by = by;
	session.account_id = account->id;
	i_strocpy(session.account, account->name, sizeof(session.account));
	session.has_key = attempt->fingerprint != NULL;
	if (session.has_key)
		session.key = *attempt->fingerprint;
	add(request, POSTERN_WIRE_SESSIONS_SOCKET, socket);
	add(request, POSTERN_WIRE_SESSION, postern_live_session_format(&session, text));
}
