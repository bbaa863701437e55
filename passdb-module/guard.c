/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

/*
 * A connection that carries a registered key of one account never becomes another account, and a
 * disabled account is closed; also to a passdb that the admin has put before ours, to a master
 * user, and to mechanisms that compare credentials of their own. So each list of passdbs that ours
 * stands in, and its master passdbs, begin with the guard: it says "next" or it ends the login.
 */

/* Calls of passdb_deinit that the guard outlives: Dovecot counts them against calls of init that it
   may not have seen, depending on which auth of several it initialises first. */
#define NEVER_DEINIT (INT_MAX / 2)

static bool is_master_login(const struct auth_request *request)
{
	return request->fields.requested_login_user != NULL || request->fields.master_user != NULL;
}

/* Returns PASSDB_RESULT_NEXT, or the end of this login. *to_worker_r is set, where it is not NULL,
   when what the client is told depends on its password: the worker then has the last word. */
static enum passdb_result ask(struct auth_request *request, bool *to_worker_r)
{
	struct postern_passdb *passdb = postern_passdb_of(auth_request_get_auth(request));
	struct postern_attempt attempt;
	struct postern_login login;
	const char *error = NULL;
	int outcome = -1;

	i_zero(&login);
	if (to_worker_r != NULL)
		*to_worker_r = FALSE;
	/* Lookups without a login (doveadm, LMTP) are not for us to stop, and a key has been asked
	   already. */
	if (!compat_is_login(request) || postern_external_by_key(request))
		return PASSDB_RESULT_NEXT;
	if (postern_attempt_init(request, &attempt, &error) == 0) {
		outcome = postern_backend_precheck(passdb->backend, attempt.name,
						   attempt.fingerprint, &login, &error);
	}
	/* The policy is about the account's own ways in; a master user is one of the admin's
	   making. */
	if (is_master_login(request) && outcome == POSTERN_LOGIN_NOT_ALLOWED)
		outcome = POSTERN_LOGIN_OK;
	if (outcome == POSTERN_LOGIN_OK) {
		postern_session_note(request, &attempt, is_master_login(request) ?
				     POSTERN_LIVE_BY_MASTER : POSTERN_LIVE_BY_PASSWORD,
				     &login.account);
	}
	if (outcome == POSTERN_LOGIN_OK || outcome == POSTERN_LOGIN_NOT_OURS)
		return PASSDB_RESULT_NEXT;
	if (to_worker_r != NULL && !is_master_login(request) &&
	    !postern_request_is_external(request) &&
	    (outcome == POSTERN_LOGIN_DISABLED || outcome == POSTERN_LOGIN_NOT_ALLOWED)) {
		*to_worker_r = TRUE;
		return PASSDB_RESULT_USER_DISABLED;
	}
	return postern_decide(request, &attempt, outcome, &login, error);
}

/* The guard is the auth process's; where it is in the worker's list as well, it steps aside. */
static bool step_aside(struct auth_request *request)
{
	const struct postern_passdb *own;

	if (!compat_is_worker())
		return FALSE;
	own = postern_passdb_of(auth_request_get_auth(request));
	while (request->passdb->passdb != &own->module)
		request->passdb = request->passdb->next;
	return TRUE;
}

static void verify_plain(struct auth_request *request, const char *password,
			 verify_plain_callback_t *callback)
{
	enum passdb_result result;
	bool to_worker;

	if (step_aside(request)) {
		request->passdb->passdb->iface.verify_plain(request, password, callback);
		return;
	}
	result = ask(request, &to_worker);

	/* The worker does the same work as for any wrong password, so that nobody learns from the
	   time of the answer which names are closed ones. Whatever it answers is the end. */
	if (to_worker)
		passdb_blocking_verify_plain(request);
	else
		callback(result, request);
}

static void lookup_credentials(struct auth_request *request,
			       lookup_credentials_callback_t *callback)
{
	if (step_aside(request))
		request->passdb->passdb->iface.lookup_credentials(request, callback);
	else
		compat_credentials_reply(callback, ask(request, NULL), request);
}

static struct passdb_module guard = {
	.init_refcount = NEVER_DEINIT,
	.iface = {
		.name = "postern",
		.verify_plain = verify_plain,
		.lookup_credentials = lookup_credentials,
	},
};

static void put_first(struct auth *auth, const struct auth_passdb *own, struct auth_passdb **list)
{
	struct auth_passdb *passdb;

	/* An empty list of master passdbs means that there are no master users. */
	if (*list == NULL || (*list)->passdb == &guard)
		return;
	passdb = compat_auth_passdb_new(auth, own, &guard);
	/* Only "next" goes on, which is no matter of these rules. */
	passdb->result_success = AUTH_DB_RULE_RETURN_FAIL;
	passdb->result_failure = AUTH_DB_RULE_RETURN_FAIL;
	passdb->result_internalfail = AUTH_DB_RULE_RETURN_FAIL;
	passdb->next = *list;
	*list = passdb;
}

void postern_guard_install(void)
{
	const struct auth_passdb *passdb;
	struct auth *auth;

	if (compat_is_worker() && !compat_worker_wants_same_passdbs())
		return;
	array_foreach_elem(&auths, auth) {
		struct postern_passdb *own = postern_passdb_of(auth);

		if (own == NULL)
			continue;
		for (passdb = auth->passdbs; passdb->passdb != &own->module; )
			passdb = passdb->next;
		/* By which the worker finds the passdb that does the guard's work there. */
		guard.id = own->module.id;
		put_first(auth, passdb, &auth->passdbs);
		put_first(auth, passdb, &auth->masterdbs);
	}
}
