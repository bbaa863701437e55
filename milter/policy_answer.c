/* SPDX-License-Identifier: MIT */
#include "policy_answer.h"

#include <stdio.h>
#include <string.h>

#include "identity.h"
#include "log.h"
#include "login.h"
#include "login_log.h"

/* Not twice in a session, unless it has become another outcome. */
static void log_once(struct postern_generation *generation, const struct postern_session *session,
		     struct postern_policy_logged *logged, int outcome,
		     const struct postern_identity *identity)
{
	if (logged->serial == session->serial && logged->outcome == outcome)
		return;
	logged->serial = session->serial;
	logged->outcome = outcome;
	postern_login_log(generation, session, outcome, &identity->login, NULL);
}

/* Whoever was let in and is not any more: smtpd hangs up after a 421. */
static bool is_over(const struct postern_generation *generation,
		    const struct postern_session *session,
		    const struct postern_policy_logged *logged, int outcome)
{
	bool was_let_in = logged->known_serial == session->serial ||
			  (outcome == POSTERN_IDENTITY_DENIED && *session->login != '\0');

	return generation->config->end_sessions && was_let_in;
}

/* Postfix asks the milter at MAIL, and the policy service at RCPT after that: a message that the milter
   does not see must not come so far, whatever switched the milter off (no_milters, smtpd_milters). */
static bool is_past_milter(const struct postern_session *session, int outcome)
{
	return session->stage == POSTERN_STAGE_RCPT && !session->at_milter &&
	       (outcome == POSTERN_IDENTITY_KNOWN || *session->login != '\0');
}

static void refuse_past_milter(char text_r[POSTERN_POLICY_ANSWER_MAX])
{
	postern_log(LOG_ERR, "policy: RCPT of a session that the milter was not asked about at MAIL: "
		    "is it in smtpd_milters, and no_milters not in receive_override_options?");
	strcpy(text_r, "451 4.3.5 The server is not set up to check who sends; tell the administrator");
}

void postern_policy_answer(struct postern_generation *generation,
			   const struct postern_session *session,
			   struct postern_policy_logged *logged,
			   char text_r[POSTERN_POLICY_ANSWER_MAX])
{
	bool without_auth = *session->login == '\0';
	struct postern_snapshot snapshot = { .pool = generation->stores };
	struct postern_identity identity;
	const char *error;
	int outcome;

	strcpy(text_r, "DUNNO");
	/* Before MAIL the client may still be about to use AUTH; what it is then worth is looked at
	   when it is used for something. */
	if (session->stage != POSTERN_STAGE_MAIL && session->stage != POSTERN_STAGE_RCPT)
		return;
	outcome = postern_identity_find(generation, &snapshot, session, &identity, &error);
	postern_snapshot_end(&snapshot);
	if (outcome >= 0 && outcome != POSTERN_IDENTITY_DENIED &&
	    is_past_milter(session, outcome)) {
		refuse_past_milter(text_r);
		return;
	}
	switch (outcome) {
	case POSTERN_IDENTITY_KNOWN:
		logged->known_serial = session->serial;
		if (session->stage == POSTERN_STAGE_RCPT)
			strcpy(text_r, "OK");
		/* With AUTH, Dovecot has said so. */
		if (without_auth)
			log_once(generation, session, logged, POSTERN_LOGIN_OK, &identity);
		break;
	case POSTERN_IDENTITY_NONE:
		if (without_auth && session->has_key)
			log_once(generation, session, logged, POSTERN_LOGIN_NOT_OURS, &identity);
		break;
	case POSTERN_IDENTITY_DENIED:
		log_once(generation, session, logged, identity.denial, &identity);
		snprintf(text_r, POSTERN_POLICY_ANSWER_MAX, "550 5.7.1 %s",
			 postern_login_outcome_text(identity.denial));
		break;
	default:
		postern_login_log(generation, session, -1, NULL, error);
		snprintf(text_r, POSTERN_POLICY_ANSWER_MAX,
			 "451 4.3.0 Temporary failure on our side; try again later");
		return;
	}
	if (outcome != POSTERN_IDENTITY_KNOWN && is_over(generation, session, logged, outcome))
		strcpy(text_r, "421 4.7.0 Your key or account was changed; connect again");
}
