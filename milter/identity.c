/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static int conclude(int outcome, const struct postern_login *login,
		    struct postern_identity *identity_r)
{
	identity_r->login = *login;
	switch (outcome) {
	case POSTERN_LOGIN_OK:
		identity_r->account = login->account;
		return POSTERN_IDENTITY_KNOWN;
	case POSTERN_LOGIN_NOT_OURS:
		return POSTERN_IDENTITY_NONE;
	default:
		identity_r->denial = outcome;
		return outcome < 0 ? -1 : POSTERN_IDENTITY_DENIED;
	}
}

/* A session without AUTH, or with AUTH EXTERNAL, which is no more than the key's word. */
static int by_key(struct postern_store *store, const struct postern_generation *generation,
		  const struct postern_session *session, struct postern_identity *identity_r,
		  const char **error_r)
{
	struct postern_login login;
	int outcome = postern_login_by_key(store, generation->config, &session->key,
					   POSTERN_SERVICE_SUBMISSION, NULL, &login, error_r);

	strcpy(identity_r->label, login.label);
	if (outcome == POSTERN_LOGIN_OK && *session->login != '\0' &&
	    strcmp(login.account.name, session->login) != 0)
		outcome = POSTERN_LOGIN_OTHER_ACCOUNT;
	return conclude(outcome, &login, identity_r);
}

/*
 * A login whose way in is not known here: a proxy's word (XCLIENT LOGIN, the way of Dovecot's own
 * submission service), which looked at the policy when it let the user in. What remains is whether
 * the account is still there and able, and whether there is a key on this connection that is
 * another's. Dovecot looks at the policy again with each of its sessions.
 */
static int by_word(int outcome, const struct postern_login *login,
		   struct postern_identity *identity_r)
{
	if (outcome == POSTERN_LOGIN_NOT_ALLOWED)
		outcome = POSTERN_LOGIN_OK;
	return conclude(outcome, login, identity_r);
}

static int find(struct postern_store *store, const struct postern_generation *generation,
		const struct postern_session *session, struct postern_identity *identity_r,
		const char **error_r)
{
	const struct postern_fingerprint *key = session->has_key ? &session->key : NULL;
	bool external = strcasecmp(session->method, "EXTERNAL") == 0;
	struct postern_login login;
	int outcome;

	if (*session->login == '\0' && key == NULL)
		return POSTERN_IDENTITY_NONE;
	/* The login is the key's word, and the key is not this session's: it was somebody
	   else's. */
	if (external && key == NULL)
		return POSTERN_IDENTITY_NONE;
	if (*session->login == '\0' || external)
		return by_key(store, generation, session, identity_r, error_r);
	outcome = postern_login_precheck(store, generation->config, session->login, key, &login,
					 error_r);
	if (strcasecmp(session->method, "XCLIENT") == 0)
		return by_word(outcome, &login, identity_r);
	return conclude(outcome, &login, identity_r);
}

int postern_identity_find(const struct postern_generation *generation,
			  struct postern_snapshot *snapshot,
			  const struct postern_session *session,
			  struct postern_identity *identity_r, const char **error_r)
{
	struct postern_store *store;
	int outcome;

	memset(identity_r, 0, sizeof(*identity_r));
	if (*session->login == '\0' && !session->has_key)
		return POSTERN_IDENTITY_NONE;
	if (postern_snapshot_store(snapshot, &store, error_r) < 0)
		return -1;
	outcome = find(store, generation, session, identity_r, error_r);
	if (outcome < 0)
		postern_snapshot_drop(snapshot);
	return outcome;
}
