/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

#include "secret.h"

/*
 * For the mechanisms in which the password never comes (SCRAM, CRAM-MD5, APOP): the verifier that
 * they compare with.
 */

/* Hands a verifier to Dovecot, "{SCHEME}text" as all of these are, and wipes it. */
static void reply_with(struct auth_request *request, char **verifier,
		       lookup_credentials_callback_t *callback)
{
	const char *text = strchr(*verifier, '}');

	i_assert(**verifier == '{' && text != NULL);
	T_BEGIN {
		passdb_handle_credentials(PASSDB_RESULT_OK, text + 1,
					  t_strdup_until(*verifier + 1, text), callback, request);
	} T_END;
	postern_secret_free(verifier);
}

/* Nobody's verifier, when nobody behind us may know the user: SCRAM fails at the proof, as with
   a wrong password, and not at its first word, by which anyone could tell the names that are
   somebody's. What Dovecot is told here is OK, but nothing matches it. */
static void reply_without(struct auth_request *request, struct postern_backend *backend,
			  const struct postern_attempt *attempt, enum passdb_result result,
			  lookup_credentials_callback_t *callback)
{
	char *verifier = NULL;
	const char *error;

	if (request->passdb->next == NULL &&
	    postern_backend_credentials_decoy(backend, request->fields.user,
					      request->wanted_credentials_scheme, &verifier,
					      &error) < 0)
		result = postern_decide(request, attempt, -1, NULL, error);
	if (verifier != NULL)
		reply_with(request, &verifier, callback);
	else
		compat_credentials_reply(callback, result, request);
}

void postern_credentials_reply(struct auth_request *request, struct postern_backend *backend,
			       const struct postern_attempt *attempt,
			       lookup_credentials_callback_t *callback)
{
	const char *scheme = request->wanted_credentials_scheme, *error = NULL;
	struct postern_login login;
	char *verifier = NULL;
	enum passdb_result result;
	int outcome = postern_backend_credentials(backend, request->fields.user, scheme,
						  attempt->service, attempt->fingerprint, &login,
						  &verifier, &error);

	if (outcome == POSTERN_LOGIN_MISMATCH) {
		/* To be mended by the admin, who has to learn of it. */
		error = t_strdup_printf("no %s verifier stored: name it in password_schemes and "
					"set the password anew", scheme);
		postern_record(request, attempt, outcome, &login, error);
		reply_without(request, backend, attempt, PASSDB_RESULT_SCHEME_NOT_AVAILABLE,
			      callback);
		return;
	}
	if (outcome == POSTERN_LOGIN_OK) {
		postern_record_pending(request, attempt, &login);
		postern_set_account(request, &login);
		reply_with(request, &verifier, callback);
		return;
	}
	result = postern_decide(request, attempt, outcome, &login, error);
	if (outcome == POSTERN_LOGIN_NOT_OURS)
		reply_without(request, backend, attempt, result, callback);
	else
		compat_credentials_reply(callback, result, request);
}
