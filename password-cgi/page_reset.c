/* SPDX-License-Identifier: MIT */
#include "layout.h"
#include "owner.h"
#include "visitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "password.h"
#include "password_new.h"
#include "precis.h"

/* ---- Asking for it ---- */

static int show(struct postern_page *page)
{
	postern_layout_begin(page, "reset", T("Ask for a new way in"), NULL);
	postern_html_add(&page->html, "<p>%s</p>\n", T("The administrator gets your request, finds "
		"out in another way that it is you, and gives you a link that is good once. With "
		"it you choose a password yourself."));
	postern_form_begin(page, "/reset", "ask-for-reset");
	postern_form_input(page, &(struct postern_input){
		.name = "name", .label = T("Login name"), .type = "text",
		.autocomplete = "username", .value = postern_page_field(page, "name"),
		.required = true,
	});
	postern_form_input(page, &(struct postern_input){
		.name = "words", .label = T("Words to the administrator"),
		.value = postern_page_field(page, "words"), .autocomplete = "off",
		.hint = T("Who you are and how to reach you, if you like. No password."),
	});
	postern_html_add(&page->html, "<details>\n<summary>%s</summary>\n",
			 T("Send the hash of a new password along"));
	postern_form_input(page, &(struct postern_input){
		.name = "crypt", .label = T("Hash"), .type = "text", .monospace = true,
		.autocomplete = "off", .value = postern_page_field(page, "crypt"),
		.hint = T("It is set when the administrator approves, and no link is needed. The "
			  "command asks for the password:"),
	});
	postern_html_add(&page->html, "<pre class=\"command\"><code>openssl passwd -6</code></pre>\n"
			 "</details>\n");
	postern_form_end(page, T("Send the request"), false);
	postern_layout_end(page);
	return 0;
}

int postern_page_reset(struct postern_page *page, const char **error_r)
{
	(void)error_r;
	return show(page);
}

/* Cut between two characters. */
static void copy_words(const char *words, char text_r[POSTERN_REQUEST_WORDS_MAX + 1])
{
	size_t size = strlen(words);

	if (size > POSTERN_REQUEST_WORDS_MAX) {
		size = POSTERN_REQUEST_WORDS_MAX;
		while (size > 0 && ((unsigned char)words[size] & 0xc0) == 0x80)
			size--;
	}
	memcpy(text_r, words, size);
	text_r[size] = '\0';
}

/* A name that is nobody's makes a request too, which nobody sees: the same work, and the same
   answer. */
static int fill_in(struct postern_page *page, struct postern_reset_request *request,
		   bool *known_r, const char **error_r)
{
	const char *name = postern_page_field(page, "name"), *ignored;
	struct postern_account account;
	char *prepared = NULL;
	int ret;

	if (postern_precis_username(name, &prepared, &ignored) < 0)
		return postern_error(error_r, "no memory");
	ret = postern_store_account_find(page->store, prepared != NULL ? prepared : "?", &account,
					 error_r);
	*known_r = ret == POSTERN_STORE_OK && !account.disabled;
	if (*known_r)
		request->account_id = account.id;
	snprintf(request->account, sizeof(request->account), "%s",
		 prepared != NULL ? prepared : "?");
	free(prepared);
	copy_words(postern_page_field(page, "words"), request->words);
	snprintf(request->verifier, sizeof(request->verifier), "%s",
		 postern_page_field(page, "crypt"));
	snprintf(request->client, sizeof(request->client), "%s", postern_page_field(page, ":client"));
	return ret < 0 ? -1 : 0;
}

/* As mail programs quote, so that no line of a stranger's passes for one of those below. */
static void quote(const char *words, char text_r[3 * POSTERN_REQUEST_WORDS_MAX + 3])
{
	strcpy(text_r, "> ");
	text_r += 2;
	for (; *words != '\0'; words++) {
		if (*words == '\r')
			continue;
		*text_r++ = (unsigned char)*words < ' ' && *words != '\n' ? ' ' : *words;
		if (*words == '\n') {
			*text_r++ = '>';
			*text_r++ = ' ';
		}
	}
	*text_r = '\0';
}

static void tell_admins(struct postern_page *page, const struct postern_reset_request *request)
{
	char words[3 * POSTERN_REQUEST_WORDS_MAX + 3];

	quote(*request->words != '\0' ? request->words : "(no words)", words);
	for (char **to = page->config->page_mail_to; *to != NULL; to++) {
		postern_mail_add(&page->mails, *to, "postern: a request for a new way in",
			"Account:  %s\nFrom:     %s\nNumber:   %lld\nHash:     %s\n\n"
			"%s\n\n"
			"Make sure in another way that this is the account's owner. Then:\n\n"
			"  postern reset approve %lld\n  postern reset refuse %lld\n\n"
			"or %s/admin\n",
			request->account, request->client, (long long)request->id,
			*request->verifier != '\0' ? "came along; approving sets it" : "none",
			words, (long long)request->id, (long long)request->id, page->config->page_url);
	}
}

static int check_hash(struct postern_page *page, const char **error_r)
{
	const char *hash = postern_page_field(page, "crypt");
	int ret = POSTERN_PASSWORD_HASH_OK;

	if (*hash != '\0' && strlen(hash) <= POSTERN_VERIFIER_MAX)
		ret = postern_password_hash_check(page->config, hash, error_r);
	if (ret == POSTERN_PASSWORD_HASH_REFUSED || strlen(hash) > POSTERN_VERIFIER_MAX)
		postern_page_wrong(page, "crypt", T("This is no hash that a password can be "
			"compared with, or it asks for too much work."));
	return ret < 0 ? -1 : 0;
}

int postern_page_do_reset(struct postern_page *page, const char **error_r)
{
	struct postern_reset_request request = { 0 };
	bool known = false;
	int ret;

	if (*postern_page_field(page, "name") == '\0')
		postern_page_wrong(page, "name", T("Type your login name."));
	if (page->wrong_count > 0)
		return show(page);
	if (fill_in(page, &request, &known, error_r) < 0)
		return -1;
	ret = postern_state_attempt(page->state, "reset", request.account, request.client,
				    page->now, &page->retry, error_r);
	if (ret == POSTERN_STATE_NONE)
		return postern_page_refuse(page, 429, T("There were too many requests from where "
			"you are. Wait, or reach the administrator in another way."));
	/* Counted by now: anybody may have a hash computed here, and it may be a dear one. */
	if (ret == 0)
		ret = check_hash(page, error_r);
	if (ret == 0 && page->wrong_count > 0)
		return show(page);
	if (ret < 0 || postern_state_request_add(page->state, &request, page->now, error_r) < 0)
		return -1;
	postern_page_log(page, LOG_NOTICE, known ? "reset asked for" : "reset asked for by nobody",
			 request.account, NULL);
	if (known)
		tell_admins(page, &request);
	postern_layout_begin(page, "reset-sent", T("The request was sent"), NULL);
	postern_html_add(&page->html, "<p>%s</p>\n", T("If there is such an account, the "
		"administrator has your request now and will find out that it is you."));
	postern_layout_end(page);
	return 0;
}

/* ---- The link ---- */

static int void_link(struct postern_page *page)
{
	page->link_cookie = "";
	return postern_page_refuse(page, 403, T("This link was used already, or is older than "
		"half an hour, or was replaced by a newer one. Ask for another."));
}

/* With the token in the URL, it moves into a cookie and out of the URL: what follows cannot leak
   it. Programs that look at links in mails use nothing up. */
int postern_page_link(struct postern_page *page, const char **error_r)
{
	const char *token = postern_page_field(page, "t");
	struct postern_link link;
	int ret;

	if (*token != '\0') {
		page->link_cookie = postern_token_is(token) ? token : "";
		return postern_page_redirect(page, "/link");
	}
	token = postern_page_field(page, ":link");
	if (!postern_token_is(token))
		return void_link(page);
	ret = postern_state_link_find(page->state, token, page->now, &link, error_r);
	if (ret < 0)
		return -1;
	if (ret == POSTERN_STATE_NONE)
		return void_link(page);
	postern_layout_begin(page, "link", T("Your new way in"), NULL);
	postern_html_add(&page->html, "<p>%s <strong>%s</strong></p>\n<p>%s</p>\n",
			 T("This link lets you in, once, as:"), link.account,
			 T("Then set a password, or register a key."));
	postern_form_begin(page, "/link", "use-link");
	postern_form_end(page, T("Use the link"), false);
	postern_layout_end(page);
	return 0;
}

int postern_page_do_link(struct postern_page *page, const char **error_r)
{
	const char *token = postern_page_field(page, ":link");
	struct postern_account account;
	struct postern_login login;
	struct postern_link link;
	int ret;

	if (!postern_token_is(token))
		return void_link(page);
	ret = postern_state_link_use(page->state, token, page->now, &link, error_r);
	if (ret < 0)
		return -1;
	if (ret == POSTERN_STATE_NONE)
		return void_link(page);
	page->link_cookie = "";
	ret = postern_store_account_find(page->store, link.account, &account, error_r);
	if (ret == POSTERN_STORE_OK && account.id == link.account_id)
		ret = postern_login_precheck(page->store, page->config, link.account,
					     page->has_key ? &page->key : NULL, &login, error_r);
	else if (ret >= 0)
		ret = POSTERN_LOGIN_NOT_OURS;
	if (ret < 0)
		return -1;
	if (ret != POSTERN_LOGIN_OK && ret != POSTERN_LOGIN_NOT_ALLOWED)
		return postern_page_refuse(page, 403, T("The link is used up, but it lets nobody in "
			"here: the account is disabled, or the key of this browser is another "
			"account's. Ask the administrator."));
	postern_page_log(page, LOG_NOTICE, "link used", account.name, NULL);
	page->account = account;
	postern_owner_tell(page, T("A link from the administrator was used"), "");
	if (postern_visitor_begin(page, &account, POSTERN_WAY_LINK, error_r) < 0)
		return -1;
	return postern_page_redirect(page, "/password");
}
