/* SPDX-License-Identifier: MIT */
#include "layout.h"
#include "visitor.h"

#include <stdio.h>
#include <string.h>

static const char *done_text(const struct postern_page *page)
{
	const char *done = postern_page_field(page, "done");

	if (strcmp(done, "expired") == 0)
		return T("Your session is over. Sign in again; nothing was changed.");
	if (strcmp(done, "out") == 0)
		return T("You have signed out.");
	return NULL;
}

static void show_certificate_form(struct postern_page *page, enum postern_way way,
				  const struct postern_login *login)
{
	struct postern_html *html = &page->html;

	postern_html_add(html, "<h2>%s</h2>\n", T("With your certificate"));
	postern_html_add(html, "<p>%s <strong>%s</strong></p>\n", way == POSTERN_WAY_KEY ?
			 T("This browser has a key that is registered for:") :
			 T("This browser has a certificate with the address of:"),
			 login->account.name);
	postern_form_begin(page, "/sign-in/key", "with-certificate");
	postern_form_end(page, T("Sign in with this certificate"), false);
}

static int show(struct postern_page *page, const char **error_r)
{
	struct postern_login login;
	enum postern_way way;
	int ret = postern_visitor_by_certificate(page, &way, &login, error_r);

	if (ret < 0)
		return -1;
	postern_layout_begin(page, "sign-in", T("Sign in"), done_text(page));
	if (ret == POSTERN_LOGIN_OK) {
		show_certificate_form(page, way, &login);
		postern_html_add(&page->html, "<h2>%s</h2>\n", T("With your password"));
	}
	postern_form_begin(page, "/sign-in", "with-password");
	postern_form_input(page, &(struct postern_input){
		.name = "name", .label = T("Login name"), .type = "text",
		.autocomplete = "username", .value = postern_page_field(page, "name"),
		.required = true,
	});
	postern_form_input(page, &(struct postern_input){
		.name = "password", .label = T("Password"), .type = "password",
		.autocomplete = "current-password", .required = true,
	});
	postern_form_end(page, T("Sign in"), false);
	postern_html_add(&page->html, "<p><a href=\"%s/reset\">%s</a></p>\n", page->base,
			 T("No way in? Ask the administrator for a new one."));
	postern_layout_end(page);
	return 0;
}

int postern_page_sign_in(struct postern_page *page, const char **error_r)
{
	if (page->signed_in)
		return postern_page_redirect(page, "/");
	return show(page, error_r);
}

/* The same words whatever was wrong, but for one thing: who has a password is told that it is right
   and not enough. */
int postern_page_do_sign_in(struct postern_page *page, const char **error_r)
{
	struct postern_login login;
	int outcome, ret;

	ret = postern_visitor_password(page, postern_page_field(page, "name"),
				       postern_page_field(page, "password"), &login, &outcome,
				       error_r);
	if (ret < 0)
		return -1;
	if (ret == POSTERN_VISITOR_OK) {
		if (postern_visitor_begin(page, &login.account, POSTERN_WAY_PASSWORD, error_r) < 0)
			return -1;
		return postern_page_redirect(page, "/");
	}
	if (ret == POSTERN_VISITOR_WAIT) {
		postern_page_wrong(page, "name", T("There were too many attempts with this name "
			"from where you are. Wait, and try again. Nobody else is locked out."));
		page->status = 429;
	} else {
		postern_page_wrong(page, "name", T("Name or password is wrong, or this account may "
			"not sign in this way."));
		page->status = 403;
	}
	return show(page, error_r);
}

int postern_page_do_sign_in_key(struct postern_page *page, const char **error_r)
{
	struct postern_login login;
	enum postern_way way;
	int ret = postern_visitor_by_certificate(page, &way, &login, error_r);

	if (ret < 0)
		return -1;
	postern_visitor_record_key(page, ret, &login);
	if (ret != POSTERN_LOGIN_OK)
		return postern_page_refuse(page, 403, T("The certificate of this connection is no "
			"account's way in. Sign in with name and password, or ask the administrator."));
	if (postern_visitor_begin(page, &login.account, way, error_r) < 0)
		return -1;
	return postern_page_redirect(page, "/");
}

int postern_page_do_sign_out(struct postern_page *page, const char **error_r)
{
	if (postern_state_session_remove(page->state, page->cookie, error_r) < 0 ||
	    postern_token_make(page->cookie, error_r) < 0)
		return -1;
	page->new_cookie = true;
	return postern_page_redirect(page, "/sign-in?done=out");
}

int postern_page_change_password(struct postern_page *page, const char **error_r)
{
	(void)error_r;
	return postern_page_redirect(page, "/password");
}
