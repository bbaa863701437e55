/* SPDX-License-Identifier: MIT */
#include "live_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login.h"
#include "service.h"

static const char *const ways[POSTERN_LIVE_BYS] = { "key", "password", "master" };

const char *postern_live_session_format(const struct postern_live_session *session,
					char text_r[POSTERN_LIVE_TEXT_MAX])
{
	char service[POSTERN_SERVICES_TEXT_MAX];
	char key[POSTERN_FINGERPRINT_TEXT_MAX] = "-";

	postern_services_format(session->service, service);
	if (session->has_key)
		postern_fingerprint_format(&session->key, key);
	snprintf(text_r, POSTERN_LIVE_TEXT_MAX, "%s %s %" PRId64 " %s %s", service,
		 ways[session->by], session->account_id, key, session->account);
	return text_r;
}

/* The next word of what is left; the last one may have blanks in it. */
static const char *next_word(char **rest, bool last)
{
	return last ? *rest : strsep(rest, " ");
}

static int read_way(const char *word, enum postern_live_by *by_r)
{
	for (int i = 0; i < POSTERN_LIVE_BYS; i++) {
		if (strcmp(ways[i], word) == 0) {
			*by_r = (enum postern_live_by)i;
			return 0;
		}
	}
	return -1;
}

static int read_id(const char *word, int64_t *id_r)
{
	char *end;

	if (*word < '1' || *word > '9')
		return -1;
	*id_r = strtoll(word, &end, 10);
	return *end == '\0' ? 0 : -1;
}

int postern_live_session_parse(const char *text, size_t size,
			       struct postern_live_session *session_r, const char **error_r)
{
	char copy[POSTERN_LIVE_TEXT_MAX];
	const char *words[5], *ignored;
	char *rest = copy;

	memset(session_r, 0, sizeof(*session_r));
	if (size >= sizeof(copy) || memchr(text, '\0', size) != NULL)
		return postern_error(error_r, "a session that is too long, or has a NUL in it");
	memcpy(copy, text, size);
	copy[size] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (rest == NULL)
			return postern_error(error_r, "a session that lacks a word");
		words[i] = next_word(&rest, i + 1 == sizeof(words) / sizeof(words[0]));
	}
	session_r->service = postern_service_of_protocol(words[0]);
	session_r->has_key = strcmp(words[3], "-") != 0;
	if (session_r->service == 0 || read_way(words[1], &session_r->by) < 0 ||
	    read_id(words[2], &session_r->account_id) < 0 ||
	    (session_r->has_key &&
	     postern_fingerprint_parse(words[3], &session_r->key, &ignored) < 0) ||
	    (session_r->by == POSTERN_LIVE_BY_KEY && !session_r->has_key) ||
	    *words[4] == '\0' || strlen(words[4]) >= sizeof(session_r->account))
		return postern_error(error_r, "a session with a word that is none of ours");
	strcpy(session_r->account, words[4]);
	return 0;
}

static int ask(struct postern_store *store, const struct postern_config *config,
	       const struct postern_live_session *session, struct postern_login *login_r,
	       const char **error_r)
{
	const struct postern_fingerprint *key = session->has_key ? &session->key : NULL;

	if (session->by == POSTERN_LIVE_BY_KEY)
		return postern_login_by_key(store, config, key, session->service, NULL, login_r,
					    error_r);
	return postern_login_precheck(store, config, session->account, key, login_r, error_r);
}

int postern_live_session_check(struct postern_store *store, const struct postern_config *config,
			       const struct postern_live_session *session, const char **error_r)
{
	struct postern_login login;
	int outcome = ask(store, config, session, &login, error_r);

	if (outcome < 0)
		return -1;
	if (session->by == POSTERN_LIVE_BY_MASTER && outcome == POSTERN_LOGIN_NOT_ALLOWED)
		outcome = POSTERN_LOGIN_OK;
	/* A key that has become another's, or another account of the same name, is not it. */
	return outcome == POSTERN_LOGIN_OK && login.account.id == session->account_id ?
		POSTERN_LIVE_GOES_ON : POSTERN_LIVE_ENDS;
}
