/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "layout.h"

static void begin(struct postern_page *page, const char *path, const char *id, bool upload)
{
	postern_html_add(&page->html, "<form method=\"post\" action=\"%s%s\"", page->base, path);
	if (upload)
		postern_html_add(&page->html, " enctype=\"multipart/form-data\"");
	if (id != NULL)
		postern_html_add(&page->html, " id=\"%s\"", id);
	postern_html_add(&page->html, ">\n");
	postern_form_hidden(page, "token", page->form_token);
}

void postern_form_begin(struct postern_page *page, const char *path, const char *id)
{
	begin(page, path, id, false);
}

void postern_form_begin_upload(struct postern_page *page, const char *path, const char *id)
{
	begin(page, path, id, true);
}

void postern_form_end(struct postern_page *page, const char *button, bool danger)
{
	if (danger)
		postern_html_add(&page->html, "<button class=\"danger\">%s</button>\n</form>\n",
				 button);
	else
		postern_html_add(&page->html, "<button>%s</button>\n</form>\n", button);
}

void postern_form_hidden(struct postern_page *page, const char *name, const char *value)
{
	postern_html_add(&page->html, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", name,
			 value);
}

static const char *wrong_with(const struct postern_page *page, const char *name)
{
	for (size_t i = 0; i < page->wrong_count; i++) {
		if (page->wrong[i].field != NULL && strcmp(page->wrong[i].field, name) == 0)
			return page->wrong[i].text;
	}
	return NULL;
}

/* Attributes of an input or a textarea. */
static void attributes(struct postern_page *page, const struct postern_input *input,
		       const char *wrong)
{
	struct postern_html *html = &page->html;

	postern_html_add(html, " id=\"%s\" name=\"%s\"", input->name, input->name);
	if (input->autocomplete != NULL)
		postern_html_add(html, " autocomplete=\"%s\"", input->autocomplete);
	if (input->required)
		postern_html_add(html, " required");
	if (input->monospace)
		postern_html_add(html, " class=\"code\" spellcheck=\"false\" autocapitalize=\"none\"");
	if (wrong != NULL)
		postern_html_add(html, " aria-invalid=\"true\"");
	if (input->hint != NULL && wrong != NULL)
		postern_html_add(html, " aria-describedby=\"%s-hint %s-wrong\"", input->name,
				 input->name);
	else if (input->hint != NULL)
		postern_html_add(html, " aria-describedby=\"%s-hint\"", input->name);
	else if (wrong != NULL)
		postern_html_add(html, " aria-describedby=\"%s-wrong\"", input->name);
}

void postern_form_input(struct postern_page *page, const struct postern_input *input)
{
	const char *wrong = wrong_with(page, input->name);
	struct postern_html *html = &page->html;

	postern_html_add(html, "<div class=\"field\">\n<label for=\"%s\">%s</label>\n",
			 input->name, input->label);
	if (input->hint != NULL)
		postern_html_add(html, "<p class=\"hint\" id=\"%s-hint\">%s</p>\n", input->name,
				 input->hint);
	if (wrong != NULL)
		postern_html_add(html, "<p class=\"wrong\" id=\"%s-wrong\">%s</p>\n", input->name,
				 wrong);
	if (input->type != NULL) {
		postern_html_add(html, "<input type=\"%s\"", input->type);
		attributes(page, input, wrong);
		if (input->value != NULL)
			postern_html_add(html, " value=\"%s\"", input->value);
		postern_html_add(html, ">\n</div>\n");
	} else {
		postern_html_add(html, "<textarea rows=\"6\"");
		attributes(page, input, wrong);
		/* A line end right behind the tag is not the text's (HTML, 13.2.6.4.7). */
		postern_html_add(html, ">\n%s</textarea>\n</div>\n", input->value);
	}
}

void postern_form_choice(struct postern_page *page, const char *name, const char *id,
			 const char *value, bool checked, const char *label)
{
	postern_html_add(&page->html, "<div class=\"choice\"><input type=\"checkbox\" id=\"%s\" "
			 "name=\"%s\" value=\"%s\"", id, name, value);
	if (checked)
		postern_html_add(&page->html, " checked");
	postern_html_add(&page->html, "> <label for=\"%s\">%s</label></div>\n", id, label);
}

void postern_form_services(struct postern_page *page, unsigned services)
{
	static const struct {
		unsigned service;
		const char *word, *id, *text;
	} choices[] = {
		{ POSTERN_SERVICE_IMAP, "imap", "services-imap", N_("Reading mail (IMAP)") },
		{ POSTERN_SERVICE_POP3, "pop3", "services-pop3", N_("Fetching mail (POP3)") },
		{ POSTERN_SERVICE_SUBMISSION, "submission", "services-submission",
		  N_("Sending mail") },
		{ POSTERN_SERVICE_SIEVE, "sieve", "services-sieve", N_("Filters (ManageSieve)") },
		{ POSTERN_SERVICE_WEB, "web", "services-web", N_("This page") },
	};
	const char *wrong = wrong_with(page, "services-imap");

	postern_html_add(&page->html, "<fieldset>\n<legend>%s</legend>\n", T("Good for"));
	if (wrong != NULL)
		postern_html_add(&page->html, "<p class=\"wrong\" id=\"services-imap-wrong\">%s</p>\n",
				 wrong);
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		postern_form_choice(page, "services", choices[i].id, choices[i].word,
				    (services & choices[i].service) != 0, T(choices[i].text));
	postern_html_add(&page->html, "</fieldset>\n");
}

void postern_form_current(struct postern_page *page)
{
	if (page->way != POSTERN_WAY_PASSWORD)
		return;
	postern_form_input(page, &(struct postern_input){
		.name = "current", .label = T("Current password"), .type = "password",
		.autocomplete = "current-password", .required = true,
	});
}
