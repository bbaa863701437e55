/* SPDX-License-Identifier: MIT */
#include "visitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "keeper_log.h"
#include "layout.h"
#include "login_datagram.h"
#include "login_record.h"
#include "ownership.h"
#include "precis.h"

static const struct postern_fingerprint *key_of(const struct postern_page *page)
{
	return page->has_key ? &page->key : NULL;
}

/* ---- By certificate ---- */

struct owner {
	char name[POSTERN_ACCOUNT_NAME_MAX + 1];
	bool several;
};

/* A postern_owner_fn. */
static int add_owner(const char *name, void *context)
{
	struct owner *owner = context;

	if (*owner->name == '\0')
		snprintf(owner->name, sizeof(owner->name), "%s", name);
	else if (strcmp(owner->name, name) != 0)
		owner->several = true;
	return 0;
}

/* The address itself has to be the account's: neither a whole domain nor a subaddress is enough to
   say who somebody is. */
static int find_owners(struct postern_page *page, const char *text, struct owner *owner,
		       const char **error_r)
{
	struct postern_address address;
	int ret = postern_address_parse(text, strlen(text), &address, error_r);

	if (ret < 0)
		return ret == POSTERN_ADDRESS_NO_MEMORY ? -1 : 0;
	return postern_ownership_direct(page->store, page->config, &address, add_owner, owner,
					error_r);
}

static int by_address(struct postern_page *page, struct postern_login *login_r,
		      const char **error_r)
{
	struct owner owner = { .several = false };
	const char *text;
	size_t size;
	int ret;

	memset(login_r, 0, sizeof(*login_r));
	if (!page->has_key)
		return POSTERN_LOGIN_NOT_OURS;
	for (size_t n = 0; (text = postern_page_message_nth(page->in, ":certified", n, &size)) !=
	     NULL; n++) {
		if (find_owners(page, text, &owner, error_r) < 0)
			return -1;
	}
	/* A certificate that fits two accounts says of neither that it is the one. */
	if (*owner.name == '\0' || owner.several)
		return POSTERN_LOGIN_NOT_OURS;
	ret = postern_login_precheck(page->store, page->config, owner.name, key_of(page), login_r,
				     error_r);
	/* What the policy wants of a mail program is no matter here: this sets it right. */
	return ret == POSTERN_LOGIN_NOT_ALLOWED ? POSTERN_LOGIN_OK : ret;
}

int postern_visitor_by_certificate(struct postern_page *page, enum postern_way *way_r,
				   struct postern_login *login_r, const char **error_r)
{
	int ret = postern_login_by_key(page->store, page->config, key_of(page),
				       POSTERN_SERVICE_WEB, NULL, login_r, error_r);

	*way_r = POSTERN_WAY_KEY;
	if (ret != POSTERN_LOGIN_NOT_OURS && ret != POSTERN_LOGIN_NOT_ALLOWED)
		return ret;
	*way_r = POSTERN_WAY_CERTIFICATE;
	return by_address(page, login_r, error_r);
}

/* ---- The session ---- */

struct began {
	int64_t at;
	bool with_one;
};

static int see_password(const struct postern_account_password *password, void *context)
{
	struct began *began = context;

	began->with_one = (password->services & POSTERN_SERVICE_WEB) != 0 &&
		password->created <= began->at;
	return began->with_one;
}

/* Has the account a password still that the session may have begun with? An administrator who sets
   another one shuts out who knew the one before. */
static int has_its_password(struct postern_page *page, const struct postern_session *session,
			    const char **error_r)
{
	struct began began = { .at = session->started };

	if (session->way != POSTERN_WAY_PASSWORD)
		return 1;
	if (postern_store_password_each(page->store, session->account_id, see_password, &began,
					error_r) < 0)
		return -1;
	return began.with_one;
}

/* Is what the session began with there on this connection, too? */
static int is_still_good(struct postern_page *page, const struct postern_session *session,
			 const char **error_r)
{
	struct postern_login login;
	enum postern_way way;
	int ret;

	if (session->has_key &&
	    (!page->has_key || memcmp(&session->key, &page->key, sizeof(page->key)) != 0))
		return 0;
	if (session->way == POSTERN_WAY_KEY || session->way == POSTERN_WAY_CERTIFICATE) {
		ret = postern_visitor_by_certificate(page, &way, &login, error_r);
		return ret < 0 ? -1 : ret == POSTERN_LOGIN_OK && way == session->way &&
			login.account.id == session->account_id;
	}
	ret = postern_login_precheck(page->store, page->config, session->account, key_of(page),
				     &login, error_r);
	if (ret < 0)
		return -1;
	/* For who has a session, the rest of the policy was looked at when it began. */
	if ((ret != POSTERN_LOGIN_OK && ret != POSTERN_LOGIN_NOT_ALLOWED) ||
	    login.account.id != session->account_id)
		return 0;
	return has_its_password(page, session, error_r);
}

bool postern_visitor_is_admin(const struct postern_page *page)
{
	for (char **name = page->config->page_admins; *name != NULL; name++) {
		if (strcmp(*name, page->account.name) == 0)
			return true;
	}
	return false;
}

int postern_visitor_find(struct postern_page *page, const char **error_r)
{
	struct postern_session session;
	int ret;

	if (page->new_cookie)
		return 0;
	ret = postern_state_session_find(page->state, page->cookie, page->now, &session, error_r);
	if (ret != POSTERN_STATE_OK)
		return ret < 0 ? -1 : 0;
	ret = is_still_good(page, &session, error_r);
	if (ret <= 0)
		return ret;
	ret = postern_store_account_find(page->store, session.account, &page->account, error_r);
	if (ret < 0)
		return -1;
	/* The name alone would be another account's, were this one removed and made anew. */
	if (ret != POSTERN_STORE_OK || page->account.id != session.account_id) {
		memset(&page->account, 0, sizeof(page->account));
		return 0;
	}
	page->signed_in = true;
	page->way = session.way;
	page->is_admin = postern_visitor_is_admin(page);
	return 0;
}

int postern_visitor_begin(struct postern_page *page, const struct postern_account *account,
			  enum postern_way way, const char **error_r)
{
	struct postern_session session = {
		.account_id = account->id, .way = way, .has_key = page->has_key, .key = page->key,
	};

	memcpy(session.account, account->name, sizeof(session.account));
	if (postern_state_session_remove(page->state, page->cookie, error_r) < 0 ||
	    postern_token_make(page->cookie, error_r) < 0 ||
	    /* Not page->now: a password that was set since then is older than the session. */
	    postern_state_session_add(page->state, page->cookie, &session, time(NULL),
				      error_r) < 0)
		return -1;
	page->new_cookie = true;
	return 0;
}

/* ---- By password ---- */

/* As every login: a line of the log, and a record for its owner. */
static void write_down(struct postern_page *page, enum postern_login_by by, int outcome,
		       const struct postern_login *login, const char *asked, const char *error)
{
	struct postern_login_record record = { .service = POSTERN_SERVICE_WEB, .by = by };
	char line[POSTERN_LOGIN_LINE_MAX];

	snprintf(record.client, sizeof(record.client), "%s", postern_page_field(page, ":client"));
	record.has_key = page->has_key && (by == POSTERN_LOGIN_BY_KEY ||
					   login->holder.account.id != 0);
	record.key = page->key;
	postern_login_record_set_tls(&record, postern_page_field(page, ":tls"));
	postern_login_record_conclude(&record, outcome, login, asked);
	postern_keeper_log(outcome < 0 ? LOG_ERR : LOG_INFO, "%s",
			   postern_login_record_format(&record, error, line));
	(void)postern_login_datagram_send(&record, page->config->record_socket);
}

void postern_visitor_record_key(struct postern_page *page, int outcome,
				const struct postern_login *login)
{
	write_down(page, POSTERN_LOGIN_BY_KEY, outcome, login, NULL, NULL);
}

int postern_visitor_password(struct postern_page *page, const char *name, const char *password,
			     struct postern_login *login_r, int *outcome_r, const char **error_r)
{
	const char *client = postern_page_field(page, ":client"), *ignored;
	char *prepared = NULL;
	int ret;

	memset(login_r, 0, sizeof(*login_r));
	/* However the name is written, its attempts are the same ones. */
	if (postern_precis_username(name, &prepared, &ignored) < 0)
		return postern_error(error_r, "no memory");
	ret = postern_state_attempt(page->state, "sign-in", prepared != NULL ? prepared : name,
				    client, page->now, &page->retry, error_r);
	if (ret == POSTERN_STATE_NONE) {
		postern_page_log(page, LOG_NOTICE, "too many attempts", name, NULL);
		ret = POSTERN_VISITOR_WAIT;
	} else if (ret == POSTERN_STATE_OK) {
		*outcome_r = postern_login_by_password(page->store, page->config, name, password,
						       POSTERN_SERVICE_WEB, key_of(page), login_r,
						       error_r);
		write_down(page, POSTERN_LOGIN_BY_PASSWORD, *outcome_r, login_r, name,
			   *outcome_r < 0 ? *error_r : NULL);
		ret = *outcome_r < 0 ? -1 : *outcome_r == POSTERN_LOGIN_OK ?
			POSTERN_VISITOR_OK : POSTERN_VISITOR_WRONG;
		if (ret == POSTERN_VISITOR_OK &&
		    postern_state_attempt_good(page->state, "sign-in", prepared, client,
					       error_r) < 0)
			ret = -1;
	}
	free(prepared);
	return ret;
}

int postern_visitor_again(struct postern_page *page, const char **error_r)
{
	struct postern_login login;
	int outcome, ret;

	if (page->way != POSTERN_WAY_PASSWORD)
		return POSTERN_VISITOR_OK;
	ret = postern_visitor_password(page, page->account.name, postern_page_field(page, "current"),
				       &login, &outcome, error_r);
	if (ret == POSTERN_VISITOR_WRONG)
		postern_page_wrong(page, "current", T("This is not your current password."));
	if (ret == POSTERN_VISITOR_WAIT) {
		postern_page_wrong(page, "current", T("There were too many wrong passwords. Wait a "
			"quarter of an hour, and try again."));
		page->status = 429;
	}
	return ret;
}
