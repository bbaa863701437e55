/* SPDX-License-Identifier: MIT */
#include "layout.h"
#include "reset.h"
#include "visitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* At a time: anybody can send them, and all of them would make a page without end. */
#define SHOWN_MAX 20

struct walk {
	struct postern_page *page;
	size_t count;
};

static int show_request(const struct postern_reset_request *request, void *context)
{
	struct walk *walk = context;
	struct postern_page *page = walk->page;
	struct postern_html *html = &page->html;
	char when[POSTERN_LAYOUT_TIME_MAX], id[24];

	if (walk->count++ == SHOWN_MAX)
		return 1;
	snprintf(id, sizeof(id), "%lld", (long long)request->id);
	postern_html_add(html, "<section class=\"request\" id=\"request-%s\">\n<h2>%s</h2>\n"
			 "<dl class=\"facts\"><dt>%s</dt><dd>%s</dd><dt>%s</dt><dd>%s</dd>"
			 "<dt>%s</dt><dd>%s</dd></dl>\n<p class=\"words\">%s</p>\n", id,
			 request->account, T("When"), postern_layout_time(request->created, "", when),
			 T("From"), request->client, T("Hash"), *request->verifier != '\0' ?
			 T("came along; approving sets it") : T("none; approving makes a link"),
			 request->words);
	postern_form_begin(page, "/admin/approve", NULL);
	postern_form_hidden(page, "id", id);
	if (page->way == POSTERN_WAY_PASSWORD)
		postern_html_add(html, "<div class=\"field\"><label for=\"current-%s\">%s</label>\n"
				 "<input type=\"password\" id=\"current-%s\" name=\"current\" "
				 "autocomplete=\"current-password\" required></div>\n", id,
				 T("Current password"), id);
	postern_html_add(html, "<button aria-label=\"%s: %s\">%s</button>\n</form>\n", T("Approve"),
			 request->account, T("Approve"));
	postern_form_begin(page, "/admin/refuse", NULL);
	postern_form_hidden(page, "id", id);
	postern_html_add(html, "<button class=\"danger\" aria-label=\"%s: %s\">%s</button>\n"
			 "</form>\n</section>\n", T("Refuse"), request->account, T("Refuse"));
	return 0;
}

static const char *done_text(const struct postern_page *page)
{
	const char *done = postern_page_field(page, "done");

	if (strcmp(done, "refused") == 0)
		return T("The request was refused.");
	if (strcmp(done, "set") == 0)
		return T("The hash was set as the account's password.");
	if (strcmp(done, "gone") == 0)
		return T("That request is not open any more.");
	return NULL;
}

static int show(struct postern_page *page, const char **error_r)
{
	struct walk walk = { .page = page };

	postern_layout_begin(page, "admin", T("Requests for a new way in"), done_text(page));
	postern_html_add(&page->html, "<p>%s</p>\n", T("Anybody can send a request in anybody's "
		"name. Approve one when you have made sure in another way that it is the "
		"account's owner."));
	if (postern_state_request_each(page->state, page->now, show_request, &walk, error_r) < 0)
		return -1;
	if (walk.count > SHOWN_MAX)
		postern_html_add(&page->html, "<p id=\"more\">%s</p>\n", T("There are more; these "
			"are the oldest."));
	if (walk.count == 0)
		postern_html_add(&page->html, "<p>%s</p>\n", T("There is none."));
	postern_layout_end(page);
	return 0;
}

int postern_page_admin(struct postern_page *page, const char **error_r)
{
	return show(page, error_r);
}

static int64_t read_id(const struct postern_page *page)
{
	const char *text = postern_page_field(page, "id");

	return *text != '\0' && strlen(text) <= 18 && text[strspn(text, "0123456789")] == '\0' ?
		strtoll(text, NULL, 10) : 0;
}

static int show_link(struct postern_page *page, const char *account, const char *token)
{
	postern_layout_begin(page, "admin-link", T("The link"), NULL);
	postern_html_add(&page->html, "<p>%s <strong>%s</strong></p>\n"
			 "<p><output id=\"link\">%s/link?t=%s</output></p>\n<p>%s</p>\n"
			 "<p><a href=\"%s/admin\">%s</a></p>\n", T("For:"), account,
			 page->config->page_url, token,
			 T("Give it to the owner in a way that nobody else reads. It is good once, "
			   "for half an hour, and is not shown again."), page->base,
			 T("Back to the requests"));
	postern_layout_end(page);
	return 0;
}

int postern_page_do_approve(struct postern_page *page, const char **error_r)
{
	const struct postern_account admin = page->account;
	char token[POSTERN_TOKEN_SIZE];
	struct postern_account owner;
	int ret = postern_visitor_again(page, error_r);

	if (ret < 0)
		return -1;
	if (page->wrong_count > 0)
		return show(page, error_r);
	ret = postern_reset_approve(page, read_id(page), token, error_r);
	/* The page is the administrator's again. */
	owner = page->account;
	page->account = admin;
	switch (ret) {
	case POSTERN_RESET_LINK:
		postern_page_log(page, LOG_NOTICE, "reset approved by", admin.name, owner.name);
		return show_link(page, owner.name, token);
	case POSTERN_RESET_SET:
		postern_page_log(page, LOG_NOTICE, "reset approved by", admin.name, owner.name);
		return postern_page_redirect(page, "/admin?done=set");
	case POSTERN_RESET_NONE:
	case POSTERN_RESET_GONE:
		return postern_page_redirect(page, "/admin?done=gone");
	default:
		return -1;
	}
}

int postern_page_do_refuse(struct postern_page *page, const char **error_r)
{
	int ret = postern_state_request_close(page->state, read_id(page), NULL, page->now, error_r);

	if (ret < 0)
		return -1;
	if (ret == POSTERN_STATE_NONE)
		return postern_page_redirect(page, "/admin?done=gone");
	postern_page_log(page, LOG_NOTICE, "reset refused by", page->account.name,
			 postern_page_field(page, "id"));
	return postern_page_redirect(page, "/admin?done=refused");
}
