/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

bool postern_outcome_is_final(int outcome)
{
	return outcome == POSTERN_LOGIN_DISABLED || outcome == POSTERN_LOGIN_OTHER_ACCOUNT ||
	       outcome == POSTERN_LOGIN_NOT_ALLOWED;
}

void postern_set_account(struct auth_request *request, const struct postern_login *login)
{
	auth_request_set_field(request, "user", login->account.name, NULL);
}

/* Dovecot asks no further passdb after this result and keeps the text. */
static enum passdb_result refuse(struct auth_request *request, int outcome)
{
	postern_request_set_reason(request, postern_login_outcome_text(outcome));
	return PASSDB_RESULT_USER_DISABLED;
}

enum passdb_result postern_decide(struct auth_request *request,
				  const struct postern_attempt *attempt, int outcome,
				  const struct postern_login *login, const char *error)
{
	/* Who is unknown here may well be known to another passdb behind us, and then it is no
	   refusal. */
	if (outcome != POSTERN_LOGIN_NOT_OURS || request->passdb->next == NULL)
		postern_record(request, attempt, outcome, login, error);
	if (outcome < 0)
		return PASSDB_RESULT_INTERNAL_FAILURE;
	if (postern_outcome_is_final(outcome))
		return refuse(request, outcome);

	switch (outcome) {
	case POSTERN_LOGIN_OK:
		postern_set_account(request, login);
		return PASSDB_RESULT_OK;
	case POSTERN_LOGIN_MISMATCH:
		compat_log_password_mismatch(request);
		return PASSDB_RESULT_PASSWORD_MISMATCH;
	default:
		/* The same for Dovecot's own line, which fail2ban reads along. */
		if (request->passdb->next == NULL)
			compat_log_unknown_user(request);
		return PASSDB_RESULT_USER_UNKNOWN;
	}
}
