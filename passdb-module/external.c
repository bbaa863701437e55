/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"
#include "dovecot-compat-mechanism.h"

/*
 * SASL EXTERNAL (RFC 4422, appendix A) by the client's TLS key.
 *
 * Dovecot's own EXTERNAL takes the user name out of a certificate that a CA vouches for, and
 * modules register mechanisms too early to replace it. So the functions of the registered mechanism
 * are exchanged in place, when the passdb that needs it is initialised; where the key is not ours,
 * the original ones go on. Nobody guesses a key: the waiting that wrong passwords from the same
 * address have earned is not for it.
 */
struct external_request {
	/* First, since Dovecot knows no more of it. */
	struct compat_mechanism_request base;
	/* The key has let it through; our passdb gives the last word. */
	bool by_key;
};

static compat_continuation_t external_continue;
COMPAT_DEFINE_MECHANISM(external, "EXTERNAL", struct external_request, external_continue);

static bool installed;

bool postern_request_is_external(const struct auth_request *request)
{
	return compat_mechanism(request) != NULL &&
	       strcmp(compat_mechanism(request), "EXTERNAL") == 0;
}

bool postern_external_by_key(const struct auth_request *request)
{
	const struct external_request *own = compat_mechanism_request(&external, request);

	return own != NULL && own->by_key;
}

static void fail(struct auth_request *request, enum passdb_result result)
{
	/* Without delay, and without adding to the address's penalty. */
	compat_set_nodelay(request);
	request->passdb_result = result;
	compat_mechanism_fail(request, result == PASSDB_RESULT_INTERNAL_FAILURE);
}

static void let_through(struct auth_request *request, const struct postern_attempt *attempt,
			const struct postern_login *login)
{
	struct external_request *own = compat_mechanism_request(&external, request);
	const char *error = "it has auth_master_user_separator in it";

	/* Dovecot's rules for user names hold for ours as well; then the name as it is stored. */
	if (!auth_request_set_username(request, login->account.name, &error) ||
	    request->fields.requested_login_user != NULL) {
		postern_record(request, attempt, POSTERN_LOGIN_NOT_ALLOWED, login,
			       t_strdup_printf("account name not usable: %s", error));
		fail(request, PASSDB_RESULT_USER_UNKNOWN);
		return;
	}
	auth_request_set_username_forced(request, login->account.name);
	postern_session_note(request, attempt, POSTERN_LIVE_BY_KEY, &login->account);
	own->by_key = TRUE;
	/* A mechanism succeeds only when a passdb has; ours answers in verify_plain. The empty
	   password is looked at by none of ours. */
	compat_mechanism_verify_plain(request, "");
}

static void refuse(struct auth_request *request, const struct postern_attempt *attempt,
		   int outcome, const struct postern_login *login)
{
	/* Before the greeting nobody has asked for anything; what the client asks for then is
	   answered and recorded. But who has a key that is not registered may wonder why. */
	if (!attempt->greeting || outcome == POSTERN_LOGIN_NOT_OURS)
		postern_record(request, attempt, outcome, login, NULL);
	if (outcome == POSTERN_LOGIN_NOT_OURS) {
		fail(request, PASSDB_RESULT_USER_UNKNOWN);
		return;
	}
	/* For the log, here and in the login process. */
	if (login->account.id != 0)
		auth_request_set_username_forced(request, login->account.name);
	if (!attempt->greeting)
		postern_request_set_reason(request, postern_login_outcome_text(outcome));
	fail(request, PASSDB_RESULT_USER_DISABLED);
}

/* A certificate of the admin's CA, which Dovecot's own EXTERNAL knows what to do with. */
static bool is_vouched_for(const struct auth_request *request)
{
	return request->fields.valid_client_cert && request->fields.cert_username;
}

static void external_continue(struct auth_request *request, const unsigned char *data, size_t size)
{
	struct postern_passdb *passdb = postern_passdb_of(auth_request_get_auth(request));
	struct postern_attempt attempt;
	struct postern_login login;
	const char *error;
	int outcome;

	if (passdb == NULL) {
		compat_mechanism_original(&external, request, data, size);
		return;
	}
	if (postern_attempt_init(request, &attempt, &error) < 0) {
		postern_record(request, &attempt, -1, NULL, error);
		fail(request, PASSDB_RESULT_INTERNAL_FAILURE);
		return;
	}
	attempt.name = t_strndup(data, size); /* the authzid */
	/* A key is only ever seen in TLS; a request that says otherwise is not believed. */
	if (attempt.fingerprint == NULL || attempt.service == 0 ||
	    !compat_is_secured(request)) {
		compat_mechanism_original(&external, request, data, size);
		return;
	}
	outcome = postern_backend_by_key(passdb->backend, attempt.fingerprint, attempt.service,
					 attempt.name, &login, &error);
	if (outcome < 0) {
		postern_record(request, &attempt, -1, NULL, error);
		fail(request, PASSDB_RESULT_INTERNAL_FAILURE);
	} else if (outcome == POSTERN_LOGIN_NOT_OURS && !attempt.greeting &&
		   is_vouched_for(request))
		compat_mechanism_original(&external, request, data, size);
	else if (outcome != POSTERN_LOGIN_OK)
		refuse(request, &attempt, outcome, &login);
	else if (attempt.greeting && !login.preauth)
		fail(request, PASSDB_RESULT_USER_UNKNOWN);
	else
		let_through(request, &attempt, &login);
}

void postern_external_install(void)
{
	/* Where it is not among auth_mechanisms, keys are of no use but for policy "both". */
	if (!installed && !compat_is_worker())
		installed = compat_mechanism_install(&external);
}

void postern_external_remove(void)
{
	if (installed)
		compat_mechanism_remove(&external);
	installed = FALSE;
}
