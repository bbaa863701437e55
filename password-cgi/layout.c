/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void navigation_link(struct postern_page *page, const char *path, const char *text)
{
	const char *current = page->route->path;
	bool here = strcmp(path, current) == 0 ||
		(strcmp(path, "/keys") == 0 && strncmp(current, "/keys/", 6) == 0) ||
		(strcmp(path, "/passwords") == 0 && strncmp(current, "/passwords/", 11) == 0);

	postern_html_add(&page->html, "<li><a href=\"%s%s\"", page->base, path);
	if (here)
		postern_html_add(&page->html, " aria-current=\"page\"");
	postern_html_add(&page->html, ">%s</a></li>\n", text);
}

static const char *way_text(enum postern_way way)
{
	switch (way) {
	case POSTERN_WAY_KEY:
		return T("Signed in by the registered key of this browser.");
	case POSTERN_WAY_CERTIFICATE:
		return T("Signed in by a certificate with your e-mail address.");
	case POSTERN_WAY_PASSWORD:
		return T("Signed in by name and password.");
	default:
		return T("Signed in by a one-time link.");
	}
}

static void navigation(struct postern_page *page)
{
	postern_html_add(&page->html, "<p class=\"account\">%s</p>\n<nav aria-label=\"%s\">\n<ul>\n",
			 page->account.name, T("Pages"));
	navigation_link(page, "/", T("Overview"));
	navigation_link(page, "/password", T("Password"));
	navigation_link(page, "/passwords", T("Device passwords"));
	navigation_link(page, "/keys", T("Keys"));
	navigation_link(page, "/settings", T("Mail programs"));
	if (page->is_admin)
		navigation_link(page, "/admin", T("Requests"));
	postern_html_add(&page->html, "</ul>\n</nav>\n");
	postern_form_begin(page, "/sign-out", "sign-out");
	postern_form_end(page, T("Sign out"), false);
	postern_html_add(&page->html, "<p id=\"way\" data-way=\"%s\">%s</p>\n",
			 postern_way_word(page->way), way_text(page->way));
}

static void summary(struct postern_page *page)
{
	if (page->wrong_count == 0)
		return;
	postern_html_add(&page->html, "<div class=\"summary error\" id=\"errors\" role=\"alert\" "
			 "tabindex=\"-1\">\n<h2>%s</h2>\n<ul>\n",
			 postern_frame_status(page->status));
	for (size_t i = 0; i < page->wrong_count; i++) {
		const struct postern_page_wrong *wrong = &page->wrong[i];

		if (wrong->field != NULL)
			postern_html_add(&page->html, "<li><a href=\"#%s\">%s</a></li>\n",
					 wrong->field, wrong->text);
		else
			postern_html_add(&page->html, "<li>%s</li>\n", wrong->text);
	}
	postern_html_add(&page->html, "</ul>\n</div>\n");
}

void postern_layout_begin(struct postern_page *page, const char *id, const char *title,
			  const char *done)
{
	postern_frame_head(&page->html, id, title, page->script);
	if (page->signed_in)
		navigation(page);
	postern_html_add(&page->html, "</header>\n<main id=\"main\">\n<h1>%s</h1>\n", title);
	summary(page);
	if (done != NULL && page->wrong_count == 0)
		postern_html_add(&page->html, "<div class=\"summary done\" role=\"status\">"
				 "<p>%s</p></div>\n", done);
}

void postern_layout_end(struct postern_page *page)
{
	postern_html_add(&page->html, "</main>\n<footer>\n<p>%s</p>\n</footer>\n</body>\n</html>\n",
			 T("All times are UTC."));
}

void postern_layout_cell(struct postern_page *page, const char *heading, const char *text)
{
	postern_html_add(&page->html, "<td data-label=\"%s\">%s</td>\n", heading, text);
}

/* What scrolls has to be reached by the keyboard, and then to have a name. */
void postern_layout_table(struct postern_page *page, const char *id, const char *caption)
{
	postern_html_add(&page->html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
			 "aria-labelledby=\"%s-caption\">\n<table id=\"%s\">\n"
			 "<caption id=\"%s-caption\">%s</caption>\n", id, id, id, caption);
}

const char *postern_layout_time(int64_t when, const char *never,
				char text_r[POSTERN_LAYOUT_TIME_MAX])
{
	time_t seconds = (time_t)when;
	struct tm utc;

	if (when == 0 || gmtime_r(&seconds, &utc) == NULL)
		snprintf(text_r, POSTERN_LAYOUT_TIME_MAX, "%s", never);
	else
		strftime(text_r, POSTERN_LAYOUT_TIME_MAX, "%Y-%m-%d %H:%M", &utc);
	return text_r;
}
