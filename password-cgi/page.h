/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PAGE_H
#define POSTERN_PAGE_H

#include <stdbool.h>

#include "config.h"
#include "html.h"
#include "keeper_log.h"
#include "mailer.h"
#include "page_message.h"
#include "route.h"
#include "state.h"
#include "store.h"
#include "text.h"

/*
 * One request, from the message that password.cgi sent to the one that answers it. This is
 * postern-keeper's side: what comes in has been parsed by a process that may be anybody's
 * by now. So each value is checked again, and what counts for an account is a session, a password,
 * a link, or the word of the web server about the connection's key, which is a stated limit: who has
 * taken over password.cgi or the web server can say that a connection has any registered key.
 *
 * The message in: the fields by their names, and what password.cgi found by names with a colon:
 *     :method GET or POST       :path             :client address
 *     :cookie the session's     :link that of a link
 *     :language                 :tls
 *     :fingerprint              of the connection's certificate
 *     :certified                an address that a CA vouches for; may come more than once
 *     :this-type :this-label    of its key
 *     :key :key-type :key-label of an uploaded key; or :key-wrong, why it is none
 *     :proved                   the challenge of this session that key signed; or :proof-wrong
 * The message out:
 *     :status  :type  :body  :location (a path)  :retry (seconds)  :script 1
 *     :set-cookie :set-link     "" to remove it
 */

/* Fields that are wrong, with what to say. */
#define POSTERN_PAGE_WRONG_MAX 8
struct postern_page_wrong {
	const char *field;
	char text[320];
};

struct postern_page {
	const struct postern_config *config;
	/* POSTERN_STORE_VERIFIERS, and with a POST WRITE. */
	struct postern_store *store;
	struct postern_state *state;
	const struct postern_page_message *in;
	const struct postern_route *route;
	int64_t now;
	/* Of page_url: "/password.cgi". */
	const char *base;
	/* The cookie, "" without a good one; and what forms bring along. A new one goes out. */
	char cookie[POSTERN_TOKEN_SIZE];
	char form_token[POSTERN_TOKEN_SIZE];
	bool new_cookie;
	bool has_key;
	struct postern_fingerprint key;

	/* Whose session it is. */
	bool signed_in;
	struct postern_account account;
	enum postern_way way;
	bool is_admin;

	/* The answer. */
	int status;
	struct postern_html html;
	char location[128];
	unsigned retry;
	bool script;
	bool plain;
	/* NULL for that of a page, or with plain of a text. */
	const char *type;
	/* NULL to leave it as it is. */
	const char *link_cookie;
	struct postern_page_wrong wrong[POSTERN_PAGE_WRONG_MAX];
	size_t wrong_count;
	/* To be sent when the answer is out. */
	struct postern_mail *mails;
};

/* Answers. in and out are the caller's; what is in *mails_r, too. Never fails: what fails is an
   answer of 500 or 503, and is logged. config may be one without a store. */
void postern_page_answer(const struct postern_config *config,
			 const struct postern_page_message *in, int64_t now,
			 struct postern_page_message *out, struct postern_mail **mails_r);

/* The page that GET shows, as the account sees it who came that way, without a session; for
   looking at. *html_r is the caller's. */
int postern_page_preview(const struct postern_config *config, struct postern_store *store,
			 const struct postern_account *account, enum postern_way way,
			 const struct postern_page_message *in, int64_t now,
			 struct postern_html *html_r, int *status_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* ---- For the pages (page_*.c) ---- */

/* A page's function: 0 when it has answered, -1 when the store or the system failed. */
typedef int postern_page_fn(struct postern_page *page, const char **error_r);
postern_page_fn postern_page_overview, postern_page_sign_in, postern_page_do_sign_in,
	postern_page_do_sign_in_key, postern_page_do_sign_out, postern_page_password,
	postern_page_do_password, postern_page_passwords, postern_page_do_password_new,
	postern_page_do_password_remove, postern_page_keys, postern_page_key_new,
	postern_page_do_key_new, postern_page_key_edit, postern_page_do_key_edit,
	postern_page_do_key_remove, postern_page_settings, postern_page_reset,
	postern_page_do_reset, postern_page_link, postern_page_do_link, postern_page_admin,
	postern_page_do_approve, postern_page_do_refuse, postern_page_change_password,
	postern_page_api_password, postern_page_autoconfig, postern_page_autodiscover,
	postern_page_profile;

/* A field of the request as a text, "" without one. */
const char *postern_page_field(const struct postern_page *page, const char *name);
bool postern_page_flag(const struct postern_page *page, const char *name);

/* Says that a field is wrong; text is translated already. The status becomes 422. */
void postern_page_wrong(struct postern_page *page, const char *field, const char *text);

/* A redirection, after a POST (303). path is one of ours, with a query of ours. */
int postern_page_redirect(struct postern_page *page, const char *path);

/* A page of one sentence. */
int postern_page_refuse(struct postern_page *page, int status, const char *text);

/* What the page's log says: "postern page: what account=… client=…: …". */
void postern_page_log(const struct postern_page *page, int priority, const char *what,
		      const char *account, const char *text);

#endif
