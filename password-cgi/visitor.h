/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_VISITOR_H
#define POSTERN_VISITOR_H

#include "login.h"
#include "page.h"

/*
 * Who is it? The ways in, and the session that stands for one of them from then on. What an account
 * allows is decided in login.h; here are the two ways that mail servers do not have: a CA's word
 * for an address, and a link from an administrator.
 */

/* Fills in signed_in, account, way and is_admin by the cookie. A session that is not good any more
   is none. */
int postern_visitor_find(struct postern_page *page, const char **error_r) POSTERN_WARN_UNUSED;

bool postern_visitor_is_admin(const struct postern_page *page);

/* Which account's is the certificate of this connection, by its key (way KEY) or by its address
   (way CERTIFICATE)? POSTERN_LOGIN_OK, or another outcome of login.h. */
int postern_visitor_by_certificate(struct postern_page *page, enum postern_way *way_r,
				   struct postern_login *login_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Begins a session, with a new token; the one that came with the request ends. */
int postern_visitor_begin(struct postern_page *page, const struct postern_account *account,
			  enum postern_way way, const char **error_r) POSTERN_WARN_UNUSED;

/* Writes a login by certificate down. */
void postern_visitor_record_key(struct postern_page *page, int outcome,
				const struct postern_login *login);

enum postern_visitor_outcome {
	POSTERN_VISITOR_OK = 0,
	/* Name or password is wrong, or the account does not allow it: *login_r and *outcome_r. */
	POSTERN_VISITOR_WRONG = 1,
	/* Too many attempts: page->retry. */
	POSTERN_VISITOR_WAIT = 2,
};

/* Compares a password, with the limits on attempts. *outcome_r is login.h's. Writes it down. */
int postern_visitor_password(struct postern_page *page, const char *name, const char *password,
			     struct postern_login *login_r, int *outcome_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Where the page has to ask for the current password again: looks at it, and says what is wrong.
   OK, or an outcome that has been said, by page->wrong_count or as a page. */
int postern_visitor_again(struct postern_page *page, const char **error_r) POSTERN_WARN_UNUSED;

#endif
