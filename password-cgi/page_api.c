/* SPDX-License-Identifier: MIT */
#include "owner.h"
#include "password_change.h"
#include "visitor.h"

#include "password_new.h"

/* What a webmail asks for its user, who has said the current password: no session, no cookie, and
   the limits of the page that signs in. */
int postern_page_api_password(struct postern_page *page, const char **error_r)
{
	const struct postern_password_change change = { 0 };
	const char *new = postern_page_field(page, "newpass"), *reason;
	char **verifiers = NULL;
	struct postern_login login;
	int outcome, ret;

	ret = postern_visitor_password(page, postern_page_field(page, "user"),
				       postern_page_field(page, "curpass"), &login, &outcome,
				       error_r);
	if (ret < 0)
		return -1;
	if (ret == POSTERN_VISITOR_WAIT)
		return postern_page_refuse(page, 429, T("There were too many wrong passwords. Wait a "
			"quarter of an hour, and try again."));
	if (ret == POSTERN_VISITOR_WRONG)
		return postern_page_refuse(page, 403, T("Name or password is wrong, or this account "
			"may not sign in this way."));
	page->account = login.account;
	ret = postern_password_change_check(page, new, &reason, error_r);
	if (ret == POSTERN_PASSWORD_CHANGE_REFUSED)
		return postern_page_refuse(page, 400, reason);
	if (ret < 0 ||
	    postern_password_new_verifiers(page->config, new, &verifiers, error_r) < 0)
		return -1;
	ret = postern_password_change_store(page, verifiers, &change, error_r);
	postern_password_verifiers_free(&verifiers);
	return ret < 0 ? -1 : postern_page_refuse(page, 200, "ok");
}
