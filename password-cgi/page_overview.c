/* SPDX-License-Identifier: MIT */
#include "layout.h"
#include "owner.h"
#include "uses_of.h"

#include <string.h>

#include "ownership.h"

/* Of addresses and of logins. */
#define ADDRESSES_MAX 200
#define LOGINS_MAX 20

struct walk {
	struct postern_page *page;
	size_t count;
};

static int show_address(const char *account_name, const char *address, void *context)
{
	struct walk *walk = context;

	(void)account_name;
	walk->count++;
	if (walk->count > ADDRESSES_MAX) {
		postern_html_add(&walk->page->html, "<li>…</li>\n");
		return 1;
	}
	postern_html_add(&walk->page->html, "<li>%s</li>\n", address);
	return 0;
}

static int show_addresses(struct postern_page *page, const char **error_r)
{
	struct walk walk = { .page = page };
	const char *name = page->account.name;

	postern_html_add(&page->html, "<h2>%s</h2>\n<p>%s</p>\n<ul id=\"addresses\">\n",
			 T("Your addresses"), T("You may send as:"));
	if (strchr(name, '@') != NULL)
		postern_html_add(&page->html, "<li>%s</li>\n", name);
	for (char **domain = page->config->domains;
	     strchr(name, '@') == NULL && *domain != NULL; domain++)
		postern_html_add(&page->html, "<li>%s@%s</li>\n", name, *domain);
	if (postern_store_address_each(page->store, page->account.id, show_address, &walk,
				       error_r) < 0)
		return -1;
	postern_html_add(&page->html, "</ul>\n");
	return 0;
}

static int show_login(const struct postern_login_record *record, int64_t when, void *context)
{
	struct walk *walk = context;
	char time[POSTERN_LAYOUT_TIME_MAX], services[POSTERN_SERVICES_TEXT_MAX];
	struct postern_page *page = walk->page;

	walk->count++;
	postern_services_format(record->service, services);
	postern_html_add(&page->html, "<tr>\n");
	postern_layout_cell(page, T("When"), postern_layout_time(when, "", time));
	postern_layout_cell(page, T("Result"), record->result == POSTERN_LOGIN_RESULT_OK ?
			    T("let in") : T("refused"));
	postern_layout_cell(page, T("Where"), services);
	postern_layout_cell(page, T("From"), record->client);
	postern_html_add(&page->html, "<td data-label=\"%s\">%s %s</td>\n</tr>\n", T("By"),
			 record->by == POSTERN_LOGIN_BY_KEY ? T("key") : T("password"),
			 record->label);
	return walk->count == LOGINS_MAX ? 1 : 0;
}

static void show_logins(struct postern_page *page)
{
	struct postern_login_journal *journal = postern_uses_journal(page);
	struct walk walk = { .page = page };
	const char *error;

	postern_html_add(&page->html, "<h2>%s</h2>\n", T("Last logins"));
	postern_layout_table(page, "logins", T("Where somebody got in, or tried to"));
	postern_html_add(&page->html, "<thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
			 "<th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
			 "</tr></thead>\n<tbody>\n", T("When"), T("Result"), T("Where"), T("From"),
			 T("By"));
	/* The journal decides nothing: without it, the table is empty. */
	if (journal != NULL &&
	    postern_login_journal_each(journal, page->account.id, show_login, &walk, &error) < 0)
		postern_keeper_log(LOG_WARNING, "postern page: %s", error);
	postern_login_journal_free(&journal);
	postern_html_add(&page->html, "</tbody>\n</table>\n</div>\n");
	if (walk.count == 0)
		postern_html_add(&page->html, "<p>%s</p>\n", T("Nothing is recorded yet."));
}

int postern_page_overview(struct postern_page *page, const char **error_r)
{
	struct postern_owner_counts counts;
	bool done = strcmp(postern_page_field(page, "done"), "password") == 0;

	if (postern_owner_count(page, &counts, error_r) < 0)
		return -1;
	postern_layout_begin(page, "overview", T("Your mail account"),
			     done ? T("The new password is set. Change it in your mail programs.") :
			     NULL);
	postern_html_add(&page->html, "<dl class=\"facts\">\n<dt>%s</dt><dd>%s</dd>\n"
			 "<dt>%s</dt><dd><a href=\"%s/passwords\">%u</a></dd>\n"
			 "<dt>%s</dt><dd><a href=\"%s/keys\">%u</a></dd>\n</dl>\n",
			 T("Login name"), page->account.name,
			 T("Passwords"), page->base, (unsigned)counts.passwords,
			 T("Keys"), page->base, (unsigned)counts.keys);
	if (show_addresses(page, error_r) < 0)
		return -1;
	show_logins(page);
	postern_layout_end(page);
	return 0;
}
