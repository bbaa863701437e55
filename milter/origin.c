/* SPDX-License-Identifier: MIT */
#include "origin.h"

#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "identity.h"
#include "local_user.h"
#include "log.h"
#include "login.h"
#include "loop.h"
#include "outside.h"
#include "ownership.h"

static int refuse(const struct postern_origin_claims *claims, int priority, const char *reason,
		  const struct postern_reply *reply)
{
	char client[POSTERN_ENDPOINT_TEXT_MAX] = "unknown";
	char login[256] = "";

	if (claims->has_client)
		postern_endpoint_format(&claims->client, client);
	if (claims->login != NULL)
		postern_escape(claims->login, strlen(claims->login), login, sizeof(login));
	postern_log(priority, "NOQUEUE: refused: %s %s: login=%s client=%s: %s", reply->code,
		    reply->status, login, client, reason);
	return POSTERN_ORIGIN_REFUSED;
}

static int refuse_unknown(const struct postern_origin_claims *claims, const char *reason,
			  struct postern_reply *reply_r)
{
	postern_reply_set(reply_r, "451", "4.7.1",
			  "It is not known who you are; log in, or let your mail program use a TLS "
			  "key that is registered, and try again");
	return refuse(claims, LOG_WARNING, reason, reply_r);
}

static int refuse_without_account(const struct postern_origin_claims *claims,
				  const struct postern_session *session,
				  struct postern_reply *reply_r)
{
	static const char reason[] = "neither the login nor the key is an account's of the store: "
				     "postern account add, postern key add";
	char shown[64];

	if (*session->login == '\0')
		return refuse_unknown(claims, reason, reply_r);
	postern_reply_set(reply_r, "451", "4.7.1",
			  "Your login, %s, has no account here to send from; ask the administrator for "
			  "one", postern_escape_ascii(session->login, strlen(session->login), shown,
						      sizeof(shown)));
	return refuse(claims, LOG_WARNING, reason, reply_r);
}

static int refuse_failure(const struct postern_origin_claims *claims, const char *error,
			  struct postern_reply *reply_r)
{
	postern_reply_set_failure(reply_r);
	return refuse(claims, LOG_ERR, error, reply_r);
}

static bool same(const char *claim, const char *known)
{
	return strcmp(claim == NULL ? "" : claim, known) == 0;
}

/* The names of the login and its method always have to agree. Whether there is TLS smtpd tells
   the milter only where it is asked for the macro, which an old Postfix is not. */
static const char *find_disagreement(const struct postern_origin_claims *claims,
				     const struct postern_session *session)
{
	if (!same(claims->login, session->login))
		return "{auth_authen} and the policy request name different logins (is the policy "
		       "service asked at MAIL?)";
	if (!same(claims->method, session->method))
		return "{auth_type} and the policy request name different mechanisms";
	if (claims->protocol != NULL && !same(claims->protocol, session->protocol))
		return "{tls_version} and the policy request name different TLS versions";
	if (!session->attached && !postern_peer_lives(&session->process))
		return "the smtpd process of this session is gone";
	return NULL;
}

/* Returns NULL when the session was found, else why not. */
static const char *find_session(struct postern_session_table *table,
				const struct postern_origin_claims *claims,
				struct postern_session *session_r)
{
	if (!claims->has_client)
		return "the address of the client is not known";
	switch (postern_session_table_find_client(table, &claims->client, &claims->server,
						  postern_loop_now(), session_r)) {
	case POSTERN_SESSION_FOUND:
		return find_disagreement(claims, session_r);
	case POSTERN_SESSION_AMBIGUOUS:
		return "more than one session has this client's address and port";
	default:
		return "the policy service was never asked about this session (is it in "
		       "smtpd_client_restrictions, with smtpd_delay_reject = no?)";
	}
}

/* cleanup(8), with a message of pickup(8): smtpd always has a port, or comes from a proxy that the
   admin trusts. */
static bool is_local(const struct postern_origin_claims *claims)
{
	return claims->daemon != NULL && strcmp(claims->daemon, POSTERN_LOCAL_DAEMON) == 0 &&
	       claims->has_client && claims->client.port == 0 && claims->login == NULL;
}

/* A listener that says it is for mail from outside. The name alone is not enough: should it be given to
   a submission listener as well, that one asks the policy service, and then it counts for nothing. */
static bool is_outside(const struct postern_origin_claims *claims,
		       const struct postern_session *session)
{
	return claims->daemon != NULL && strcmp(claims->daemon, POSTERN_OUTSIDE_DAEMON) == 0 &&
	       claims->has_client && claims->login == NULL && session->serial == 0;
}

static int find_account(const struct postern_generation *generation,
			struct postern_snapshot *snapshot, const struct postern_origin_claims *claims,
			const struct postern_session *session,
			struct postern_message_origin *origin_r, struct postern_reply *reply_r)
{
	struct postern_identity identity;
	const char *error;

	switch (postern_identity_find(generation, snapshot, session, &identity, &error)) {
	case POSTERN_IDENTITY_KNOWN:
		origin_r->account = identity.account;
		snprintf(origin_r->by, sizeof(origin_r->by), "%s", *identity.label != '\0' ?
			 identity.label : session->method);
		return POSTERN_ORIGIN_OK;
	case POSTERN_IDENTITY_NONE:
		if (*session->login == '\0' && !session->has_key)
			return refuse_unknown(claims, "neither AUTH nor a key", reply_r);
		return refuse_without_account(claims, session, reply_r);
	case POSTERN_IDENTITY_DENIED:
		postern_reply_set(reply_r, "550", "5.7.1", "%s",
				  postern_login_outcome_text(identity.denial));
		return refuse(claims, LOG_NOTICE, postern_login_outcome_word(identity.denial),
			      reply_r);
	default:
		return refuse_failure(claims, error, reply_r);
	}
}

int postern_origin_find(const struct postern_generation *generation,
			struct postern_snapshot *snapshot, struct postern_session_table *table,
			const struct postern_origin_claims *claims,
			struct postern_message_origin *origin_r,
			struct postern_session *session_r, struct postern_reply *reply_r)
{
	bool trusted = claims->has_client &&
		       postern_networks_contain(generation->trusted_networks,
						&claims->client.address);
	const char *reason;

	memset(origin_r, 0, sizeof(*origin_r));
	memset(session_r, 0, sizeof(*session_r));
	origin_r->client = claims->client;
	if (is_local(claims)) {
		origin_r->local = true;
		return POSTERN_ORIGIN_OK;
	}
	reason = find_session(table, claims, session_r);
	/* Who has logged in from a trusted network sends as himself all the same. */
	if (trusted && claims->login == NULL && (reason != NULL || !session_r->has_key)) {
		origin_r->trusted = true;
		return POSTERN_ORIGIN_OK;
	}
	if (is_outside(claims, session_r)) {
		origin_r->outside = true;
		return POSTERN_ORIGIN_OK;
	}
	if (reason != NULL)
		return refuse_unknown(claims, reason, reply_r);
	return find_account(generation, snapshot, claims, session_r, origin_r, reply_r);
}

void postern_origin_describe_own(struct postern_generation *generation,
				 const struct postern_account *account, char *text_r, size_t size)
{
	struct postern_store *store = NULL;
	char list[256];
	const char *error;

	*text_r = '\0';
	if (postern_store_pool_take(generation->stores, &store, &error) < 0)
		return;
	if (postern_ownership_describe(store, generation->config, account, list, sizeof(list),
				       &error) == 0)
		postern_escape_ascii(list, strlen(list), text_r, size);
	postern_store_pool_give(generation->stores, &store);
}
