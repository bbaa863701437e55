/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "field.h"

#include "layout.h"
#include "pages.h"
#include "visitor.h"

static postern_page_fn *const functions[POSTERN_PAGE_COUNT] = {
	[POSTERN_PAGE_OVERVIEW] = postern_page_overview,
	[POSTERN_PAGE_SIGN_IN] = postern_page_sign_in,
	[POSTERN_PAGE_DO_SIGN_IN] = postern_page_do_sign_in,
	[POSTERN_PAGE_DO_SIGN_IN_KEY] = postern_page_do_sign_in_key,
	[POSTERN_PAGE_DO_SIGN_OUT] = postern_page_do_sign_out,
	[POSTERN_PAGE_PASSWORD] = postern_page_password,
	[POSTERN_PAGE_DO_PASSWORD] = postern_page_do_password,
	[POSTERN_PAGE_PASSWORDS] = postern_page_passwords,
	[POSTERN_PAGE_DO_PASSWORD_NEW] = postern_page_do_password_new,
	[POSTERN_PAGE_DO_PASSWORD_REMOVE] = postern_page_do_password_remove,
	[POSTERN_PAGE_KEYS] = postern_page_keys,
	[POSTERN_PAGE_KEY_NEW] = postern_page_key_new,
	[POSTERN_PAGE_DO_KEY_NEW] = postern_page_do_key_new,
	[POSTERN_PAGE_KEY_EDIT] = postern_page_key_edit,
	[POSTERN_PAGE_DO_KEY_EDIT] = postern_page_do_key_edit,
	[POSTERN_PAGE_DO_KEY_REMOVE] = postern_page_do_key_remove,
	[POSTERN_PAGE_SETTINGS] = postern_page_settings,
	[POSTERN_PAGE_RESET] = postern_page_reset,
	[POSTERN_PAGE_DO_RESET] = postern_page_do_reset,
	[POSTERN_PAGE_LINK] = postern_page_link,
	[POSTERN_PAGE_DO_LINK] = postern_page_do_link,
	[POSTERN_PAGE_ADMIN] = postern_page_admin,
	[POSTERN_PAGE_DO_APPROVE] = postern_page_do_approve,
	[POSTERN_PAGE_DO_REFUSE] = postern_page_do_refuse,
	[POSTERN_PAGE_CHANGE_PASSWORD] = postern_page_change_password,
	[POSTERN_PAGE_API_PASSWORD] = postern_page_api_password,
	[POSTERN_PAGE_AUTOCONFIG] = postern_page_autoconfig,
	[POSTERN_PAGE_AUTODISCOVER] = postern_page_autodiscover,
	[POSTERN_PAGE_PROFILE] = postern_page_profile,
};

/* ---- What the pages use ---- */

const char *postern_page_field(const struct postern_page *page, const char *name)
{
	const char *text = postern_page_message_get(page->in, name);

	return text != NULL ? text : "";
}

bool postern_page_flag(const struct postern_page *page, const char *name)
{
	return postern_page_message_get(page->in, name) != NULL;
}

void postern_page_wrong(struct postern_page *page, const char *field, const char *text)
{
	if (page->wrong_count < POSTERN_PAGE_WRONG_MAX) {
		struct postern_page_wrong *wrong = &page->wrong[page->wrong_count++];

		wrong->field = field;
		snprintf(wrong->text, sizeof(wrong->text), "%s", text);
	}
	page->status = 422;
}

int postern_page_redirect(struct postern_page *page, const char *path)
{
	page->status = 303;
	snprintf(page->location, sizeof(page->location), "%s", path);
	return 0;
}

int postern_page_refuse(struct postern_page *page, int status, const char *text)
{
	postern_html_deinit(&page->html);
	page->status = status;
	page->script = false;
	page->type = NULL;
	if (page->plain)
		postern_html_add(&page->html, "%s\n", text);
	else
		postern_frame_error(&page->html, page->base, status, text);
	return 0;
}

void postern_page_log(const struct postern_page *page, int priority, const char *what,
		      const char *account, const char *text)
{
	char name[POSTERN_ACCOUNT_NAME_MAX * 4], client[64];
	const char *from = postern_page_field(page, ":client");

	postern_keeper_log(priority, "postern page: %s account=%s client=%s%s%s", what,
			   postern_escape(account, strlen(account), name, sizeof(name)),
			   postern_escape(from, strlen(from), client, sizeof(client)),
			   text != NULL ? ": " : "", text != NULL ? text : "");
}

/* ---- Before the page ---- */

static const char *base_of(const struct postern_config *config)
{
	const char *host = strstr(config->page_url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;

	return path != NULL ? path : "";
}

/* Is each value a field of this page, or a fact by its name with a colon? */
static bool fields_are_good(const struct postern_page *page)
{
	for (size_t i = 0; i < page->in->count; i++) {
		const struct postern_page_value *value = &page->in->values[i];
		const char *name = page->in->data + value->name;
		const struct postern_field *field;
		size_t ignored;

		if (*name == ':')
			continue;
		field = postern_field_find(name, strlen(name));
		if (field == NULL || !postern_route_takes(page->route, name) ||
		    !postern_field_check(field, page->in->data + value->value, value->size) ||
		    postern_page_message_nth(page->in, name, field->times, &ignored) != NULL)
			return false;
	}
	return true;
}

static int find_route(struct postern_page *page)
{
	const char *method = postern_page_field(page, ":method");
	bool post = strcmp(method, "POST") == 0;

	if (!post && strcmp(method, "GET") != 0)
		return 405;
	switch (postern_route_find(post ? POSTERN_METHOD_POST : POSTERN_METHOD_GET,
				   postern_page_field(page, ":path"), &page->route)) {
	case POSTERN_ROUTE_FOUND:
		page->plain = (page->route->flags & POSTERN_ROUTE_PROGRAM) != 0;
		return fields_are_good(page) ? 0 : 400;
	case POSTERN_ROUTE_NO_METHOD:
		return 405;
	default:
		return 404;
	}
}

static int read_cookie(struct postern_page *page, const char **error_r)
{
	const char *cookie = postern_page_message_get(page->in, ":cookie");
	const char *key = postern_page_message_get(page->in, ":fingerprint");
	const char *ignored;

	page->has_key = key != NULL && postern_fingerprint_parse(key, &page->key, &ignored) == 0;
	if (postern_token_is(cookie)) {
		strcpy(page->cookie, cookie);
	} else {
		if (postern_token_make(page->cookie, error_r) < 0)
			return -1;
		page->new_cookie = true;
	}
	return postern_token_of_form(page->cookie, page->form_token, error_r);
}

static bool is_post(const struct postern_page *page)
{
	return page->route->method == POSTERN_METHOD_POST;
}

static int open_places(struct postern_page *page, const char **error_r)
{
	unsigned flags = POSTERN_STORE_VERIFIERS | (is_post(page) ? POSTERN_STORE_WRITE : 0);

	if (postern_store_open(page->config, flags, &page->store, error_r) < 0)
		return -1;
	return postern_state_open(page->config, &page->state, error_r);
}

static int run(struct postern_page *page, const char **error_r)
{
	bool program = (page->route->flags & POSTERN_ROUTE_PROGRAM) != 0;

	if (is_post(page) && !program &&
	    (page->new_cookie || !postern_token_equal(postern_page_field(page, "token"),
						      page->form_token)))
		return postern_page_refuse(page, 403, T("This form is not of this visit. Go back, "
			"reload the page, and send the form again. The page needs a cookie."));
	if (postern_visitor_find(page, error_r) < 0)
		return -1;
	if ((page->route->flags & POSTERN_ROUTE_SESSION) != 0 && !page->signed_in)
		return postern_page_redirect(page, is_post(page) ? "/sign-in?done=expired" :
					     "/sign-in");
	if ((page->route->flags & POSTERN_ROUTE_ADMIN) != 0 && !page->is_admin)
		return postern_page_refuse(page, 404, T("There is no such page."));
	return functions[page->route->page](page, error_r);
}

static void answer(struct postern_page *page)
{
	const char *error;
	int status = find_route(page);

	if (status != 0) {
		postern_page_refuse(page, status, T("This page does not accept that request."));
		return;
	}
	if (read_cookie(page, &error) == 0 && open_places(page, &error) == 0 &&
	    run(page, &error) == 0) {
		if (page->html.failed)
			postern_page_refuse(page, 500, T("The server has no memory. Try again."));
		return;
	}
	postern_page_log(page, LOG_ERR, "failed", page->account.name, error);
	postern_mail_free_all(&page->mails);
	postern_page_refuse(page, 503, T("The server has a problem. Your change was made either "
					 "completely or not at all. Please try again later."));
}

/* ---- The answer as a message ---- */

static void add_number(struct postern_page_message *out, const char *name, unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	postern_page_message_add_text(out, name, text);
}

static void write_answer(const struct postern_page *page, struct postern_page_message *out)
{
	add_number(out, ":status", (unsigned)page->status);
	postern_page_message_add_text(out, ":type", page->type != NULL ? page->type :
				      page->plain ? "text/plain" : "text/html");
	if (*page->location != '\0')
		postern_page_message_add_text(out, ":location", page->location);
	if (page->retry != 0)
		add_number(out, ":retry", page->retry);
	if (page->script)
		postern_page_message_add_text(out, ":script", "1");
	if (page->new_cookie && !page->plain)
		postern_page_message_add_text(out, ":set-cookie", page->cookie);
	if (page->link_cookie != NULL)
		postern_page_message_add_text(out, ":set-link", page->link_cookie);
	postern_page_message_add(out, ":body", page->html.data, page->html.size);
}

void postern_page_answer(const struct postern_config *config,
			 const struct postern_page_message *in, int64_t now,
			 struct postern_page_message *out, struct postern_mail **mails_r)
{
	struct postern_page page = {
		.config = config, .in = in, .now = now, .base = base_of(config), .status = 200,
	};

	postern_text_choose(postern_page_message_get(in, ":language"));
	answer(&page);
	write_answer(&page, out);
	*mails_r = page.mails;
	postern_html_deinit(&page.html);
	postern_state_free(&page.state);
	postern_store_free(&page.store);
}

int postern_page_preview(const struct postern_config *config, struct postern_store *store,
			 const struct postern_account *account, enum postern_way way,
			 const struct postern_page_message *in, int64_t now,
			 struct postern_html *html_r, int *status_r, const char **error_r)
{
	struct postern_page page = {
		.config = config, .store = store, .in = in, .now = now, .base = base_of(config),
		.status = 200, .way = way,
	};
	int ret = 0;

	postern_text_choose(postern_page_message_get(in, ":language"));
	*status_r = find_route(&page);
	if (*status_r != 0)
		return postern_error(error_r, "there is no page to look at by this path and these "
				     "fields");
	if (account != NULL) {
		page.signed_in = true;
		page.account = *account;
		page.is_admin = postern_visitor_is_admin(&page);
	} else if ((page.route->flags & POSTERN_ROUTE_SESSION) != 0) {
		return postern_error(error_r, "this page is for who is signed in: say account=NAME");
	}
	if (read_cookie(&page, error_r) < 0 || postern_state_open(config, &page.state, error_r) < 0)
		ret = -1;
	if (ret == 0)
		ret = functions[page.route->page](&page, error_r);
	postern_state_free(&page.state);
	postern_mail_free_all(&page.mails);
	*html_r = page.html;
	*status_r = page.status;
	return ret;
}
