/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include "pages.h"
#include "text.h"

static const struct {
	int status;
	const char *text;
} statuses[] = {
	{ 400, N_("Bad request") },
	{ 403, N_("Refused") },
	{ 404, N_("Not found") },
	{ 405, N_("Method not allowed") },
	{ 411, N_("Length required") },
	{ 413, N_("Too large") },
	{ 415, N_("Not a form") },
	{ 421, N_("Wrong host") },
	{ 422, N_("Please check what you have entered") },
	{ 429, N_("Too many attempts") },
	{ 503, N_("Out of order") },
};

const char *postern_frame_status(int status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (statuses[i].status == status)
			return T(statuses[i].text);
	}
	return T("Internal error");
}

static void begin_head(struct postern_html *html, const char *title)
{
	postern_html_add(html, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n"
			 "<meta charset=\"utf-8\">\n"
			 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			 "<meta name=\"color-scheme\" content=\"light dark\">\n"
			 "<title>%s</title>\n"
			 "<link rel=\"stylesheet\" href=\"%sstyle.css\">\n",
			 postern_text_language(), title, POSTERN_PAGES_STATIC);
}

static void end_head(struct postern_html *html, const char *id)
{
	postern_html_add(html, "</head>\n<body id=\"page-%s\">\n"
			 "<a class=\"skip\" href=\"#main\">%s</a>\n<header>\n", id,
			 T("Skip to the content"));
}

void postern_frame_head(struct postern_html *html, const char *id, const char *title,
			bool script)
{
	begin_head(html, title);
	if (script)
		postern_html_add(html, "<script src=\"%skeys.js\" defer></script>\n",
				 POSTERN_PAGES_STATIC);
	end_head(html, id);
}

void postern_frame_again(struct postern_html *html, const char *base)
{
	begin_head(html, T("One moment"));
	postern_html_add(html, "<meta http-equiv=\"refresh\" content=\"0\">\n");
	end_head(html, "again");
	postern_html_add(html, "</header>\n<main id=\"main\">\n<h1>%s</h1>\n"
			 "<p><a href=\"%s/\">%s</a></p>\n</main>\n</body>\n</html>\n",
			 T("One moment"), base, T("Go on"));
}

void postern_frame_error(struct postern_html *html, const char *base, int status,
			 const char *text)
{
	postern_frame_head(html, "error", postern_frame_status(status), false);
	postern_html_add(html, "</header>\n<main id=\"main\">\n<h1>%s</h1>\n<p>%s</p>\n"
			 "<p><a href=\"%s/\">%s</a></p>\n</main>\n</body>\n</html>\n",
			 postern_frame_status(status), text, base, T("To the first page"));
}
