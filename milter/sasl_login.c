/* SPDX-License-Identifier: MIT */
#include "sasl_login.h"

#include <string.h>
#include <strings.h>

#include "generation.h"
#include "identity.h"
#include "login.h"
#include "login_log.h"
#include "loop.h"

static bool is_external(const struct postern_sasl_login *login)
{
	return strcasecmp(login->auth.mechanism, "EXTERNAL") == 0;
}

/* What Dovecot decides is in its log, in the same words; here is what becomes of it afterwards, or
   is refused without asking it. */
static void log_refusal(const struct postern_sasl_login *login, const char *user, int outcome,
			const struct postern_login *what)
{
	struct postern_generation *generation = postern_generation_get();
	struct postern_session session = login->session;

	postern_login_text_copy(user, session.login, sizeof(session.login));
	postern_login_text_copy(login->auth.mechanism, session.method, sizeof(session.method));
	postern_login_log(generation, &session, outcome, what, NULL);
	postern_generation_unref(&generation);
}

/* The line has the client's address and whether TLS is on. A session that disagrees is not the
   one in which the AUTH was said: Postfix did not ask at CONNECT, or not at EHLO after STARTTLS.
   */
static int check_agreement(const struct postern_sasl_login *login, const char **error_r)
{
	struct postern_endpoint rip;

	if (!postern_endpoint_parse(login->auth.rip, NULL, &rip) ||
	    memcmp(&rip.address, &login->session.client.address, sizeof(rip.address)) != 0)
		return postern_error(error_r, "AUTH of a client that is not the one known of this "
				     "process (is the policy service asked at CONNECT?)");
	if (login->auth.secured != (*login->session.protocol != '\0'))
		return postern_error(error_r, "AUTH after STARTTLS without an EHLO in between (or "
				     "the policy service is not asked at EHLO)");
	return 0;
}

static int find_session(struct postern_session_table *table,
			const struct postern_process *process,
			struct postern_session *session_r, const char **error_r)
{
	if (postern_session_table_find_process(table, process, postern_loop_now(), session_r) !=
	    POSTERN_SESSION_FOUND)
		return postern_error(error_r, "AUTH from a process of which nothing is known (is "
				     "the policy service asked at CONNECT and EHLO?)");
	return 0;
}

int postern_sasl_login_begin(struct postern_sasl_login *login, struct postern_session_table *table,
			     const struct postern_process *process, const char *line, size_t size,
			     const char **reason_r, const char **error_r)
{
	memset(login, 0, sizeof(*login));
	if (postern_sasl_line_parse_auth(line, size, &login->auth, error_r) < 0 ||
	    find_session(table, process, &login->session, error_r) < 0 ||
	    check_agreement(login, error_r) < 0)
		return -1;
	if (is_external(login) && !login->session.has_key) {
		log_refusal(login, "", POSTERN_LOGIN_NOT_OURS, NULL);
		*reason_r = "This connection has no TLS key. Let the mail program use its "
			    "certificate, or log in by password";
		return POSTERN_SASL_LOGIN_REFUSED;
	}
	return POSTERN_SASL_LOGIN_GOES_ON;
}

static int find_identity(const struct postern_sasl_login *login, const char *user,
			 struct postern_identity *identity_r, const char **error_r)
{
	struct postern_session session = login->session;
	struct postern_generation *generation;
	struct postern_snapshot snapshot;
	int outcome;

	if (strlen(user) >= sizeof(session.login) ||
	    strlen(login->auth.mechanism) >= sizeof(session.method))
		return postern_error(error_r, "the name of a user or a mechanism is too long");
	strcpy(session.login, user);
	strcpy(session.method, login->auth.mechanism);
	generation = postern_generation_get();
	snapshot = (struct postern_snapshot){ .pool = generation->stores };
	outcome = postern_identity_find(generation, &snapshot, &session, identity_r, error_r);
	postern_snapshot_end(&snapshot);
	postern_generation_unref(&generation);
	return outcome;
}

int postern_sasl_login_end(struct postern_sasl_login *login, struct postern_session_table *table,
			   const char *user, const char **reason_r, const char **error_r)
{
	struct postern_identity identity;
	struct postern_session now;
	int outcome;

	if (*user == '\0')
		return postern_error(error_r, "Dovecot's auth said OK and did not say to whom");
	/* A password takes time to compare; the process may be serving another by now. */
	if (find_session(table, &login->session.process, &now, error_r) < 0)
		return -1;
	if (now.serial != login->session.serial)
		return postern_error(error_r, "the session changed while Dovecot looked");
	outcome = find_identity(login, user, &identity, error_r);
	if (outcome < 0)
		return -1;
	/* EXTERNAL is the key's word, so it has to be an account's. */
	if (outcome == POSTERN_IDENTITY_NONE && is_external(login)) {
		identity.denial = POSTERN_LOGIN_NOT_OURS;
		outcome = POSTERN_IDENTITY_DENIED;
	}
	if (outcome == POSTERN_IDENTITY_DENIED) {
		log_refusal(login, user, identity.denial, &identity.login);
		*reason_r = postern_login_outcome_text(identity.denial);
		return POSTERN_SASL_LOGIN_REFUSED;
	}
	return POSTERN_SASL_LOGIN_GOES_ON;
}
