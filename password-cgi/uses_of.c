/* SPDX-License-Identifier: MIT */
#include "uses_of.h"

#include "layout.h"

struct postern_login_journal *postern_uses_journal(struct postern_page *page)
{
	struct postern_login_journal *journal = NULL;
	const char *error;

	if (postern_login_journal_open(page->config, &journal, &error) < 0) {
		postern_keeper_log(LOG_WARNING, "postern page: %s", error);
		return NULL;
	}
	return journal;
}

void postern_uses_cell(struct postern_page *page, const struct postern_login_use *use,
		       const char *never)
{
	char when[POSTERN_LAYOUT_TIME_MAX], services[POSTERN_SERVICES_TEXT_MAX];

	if (use->when == 0) {
		postern_html_add(&page->html, "<td data-label=\"%s\">%s</td>\n", T("Last used"),
				 never);
		return;
	}
	postern_services_format(use->service, services);
	postern_html_add(&page->html, "<td data-label=\"%s\">%s, %s, %s</td>\n", T("Last used"),
			 postern_layout_time(use->when, "", when), services, use->client);
}
