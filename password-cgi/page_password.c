/* SPDX-License-Identifier: MIT */
#include "layout.h"
#include "owner.h"
#include "visitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "password.h"
#include "password_change.h"
#include "password_new.h"
#include "secret.h"

static int show(struct postern_page *page)
{
	postern_layout_begin(page, "password", T("Set your password"), NULL);
	postern_html_add(&page->html, "<p>%s</p>\n", T("This is the password for everything that has "
		"no password or key of its own. Everyone else signed in to this account is signed "
		"out."));
	postern_form_begin(page, "/password", "set-password");
	/* For a password manager: whose password it is. */
	postern_html_add(&page->html, "<input type=\"text\" name=\"username\" value=\"%s\" "
			 "autocomplete=\"username\" hidden disabled>\n", page->account.name);
	postern_form_current(page);
	postern_form_input(page, &(struct postern_input){
		.name = "new", .label = T("New password"), .type = "password",
		.autocomplete = "new-password",
		.hint = T("A long one is best: four words that have nothing to do with each other. "
			  "Any characters may stand in it."),
	});
	postern_form_input(page, &(struct postern_input){
		.name = "again", .label = T("The same again"), .type = "password",
		.autocomplete = "new-password",
	});
	postern_html_add(&page->html, "<details>\n<summary>%s</summary>\n",
			 T("Or a finished hash instead"));
	postern_form_input(page, &(struct postern_input){
		.name = "crypt", .label = T("Hash"), .type = "text", .monospace = true,
		.autocomplete = "off",
		.hint = T("As crypt(3) makes it, so that the password itself never comes here. "
			  "The command asks for the password:"),
	});
	postern_html_add(&page->html, "<pre class=\"command\"><code>openssl passwd -6</code></pre>\n"
			 "</details>\n<fieldset>\n<legend>%s</legend>\n", T("At the same time"));
	postern_form_choice(page, "others", "others", "1", postern_page_flag(page, "others"),
			    T("Remove all device passwords"));
	postern_form_choice(page, "keys", "keys", "1", postern_page_flag(page, "keys"),
			    T("Remove all keys but the one of this connection"));
	postern_html_add(&page->html, "</fieldset>\n");
	postern_form_end(page, T("Set the password"), false);
	postern_layout_end(page);
	return 0;
}

int postern_page_password(struct postern_page *page, const char **error_r)
{
	(void)error_r;
	return show(page);
}

static int check_crypt(struct postern_page *page, const char *hash, char ***verifiers_r,
		       const char **error_r)
{
	int ret = strlen(hash) <= POSTERN_VERIFIER_MAX ?
		postern_password_hash_check(page->config, hash, error_r) :
		POSTERN_PASSWORD_HASH_REFUSED;

	if (ret < 0)
		return -1;
	if (ret == POSTERN_PASSWORD_HASH_REFUSED) {
		postern_page_wrong(page, "crypt", T("This is no hash that a password can be "
			"compared with, or it asks for too much work."));
		return 0;
	}
	*verifiers_r = calloc(2, sizeof(**verifiers_r));
	if (*verifiers_r == NULL || ((*verifiers_r)[0] = strdup(hash)) == NULL)
		return postern_error(error_r, "no memory for a new password");
	return 0;
}

static int check_new(struct postern_page *page, const char *new, char ***verifiers_r,
		     const char **error_r)
{
	const char *reason;
	int ret;

	if (strcmp(new, postern_page_field(page, "again")) != 0) {
		postern_page_wrong(page, "again", T("The two are not the same."));
		return 0;
	}
	ret = postern_password_change_check(page, new, &reason, error_r);
	if (ret < 0)
		return -1;
	if (ret == POSTERN_PASSWORD_CHANGE_REFUSED) {
		postern_page_wrong(page, "new", reason);
		return 0;
	}
	return postern_password_new_verifiers(page->config, new, verifiers_r, error_r);
}

int postern_page_do_password(struct postern_page *page, const char **error_r)
{
	const char *new = postern_page_field(page, "new");
	const char *hash = postern_page_field(page, "crypt");
	const struct postern_password_change change = {
		.others = postern_page_flag(page, "others"),
		.keys = postern_page_flag(page, "keys"),
	};
	char **verifiers = NULL;
	int ret = postern_visitor_again(page, error_r);

	if (ret < 0)
		return -1;
	if (ret == POSTERN_VISITOR_OK) {
		if (*new != '\0' && *hash != '\0')
			postern_page_wrong(page, "crypt", T("Give a password or a hash, not both."));
		else if (*new == '\0' && *hash == '\0')
			postern_page_wrong(page, "new", T("Type the new password."));
		else if (*hash != '\0')
			ret = check_crypt(page, hash, &verifiers, error_r);
		else
			ret = check_new(page, new, &verifiers, error_r);
	}
	if (ret >= 0 && page->wrong_count > 0)
		ret = show(page);
	else if (ret >= 0)
		ret = postern_password_change(page, verifiers, &change, error_r);
	postern_password_verifiers_free(&verifiers);
	return ret;
}
