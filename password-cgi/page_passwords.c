/* SPDX-License-Identifier: MIT */
#include "layout.h"
#include "owner.h"
#include "uses_of.h"
#include "visitor.h"

#include <string.h>

#include "label.h"
#include "password_new.h"
#include "secret.h"

struct walk {
	struct postern_page *page;
	struct postern_login_journal *journal;
	/* A label that is looked for. */
	const char *label;
	bool found;
};

static int show_row(const struct postern_account_password *password, void *context)
{
	struct walk *walk = context;
	struct postern_page *page = walk->page;
	char services[POSTERN_SERVICES_TEXT_MAX], created[POSTERN_LAYOUT_TIME_MAX];
	struct postern_login_use use = { 0 };
	const char *ignored;

	postern_services_format(password->services, services);
	if (walk->journal != NULL &&
	    postern_login_journal_password_use(walk->journal, password->account_id,
					       password->label, &use, &ignored) < 0)
		memset(&use, 0, sizeof(use));
	postern_html_add(&page->html, "<tr>\n<th scope=\"row\">%s</th>\n", password->label);
	postern_layout_cell(page, T("Good for"), services);
	postern_layout_cell(page, T("Since"), postern_layout_time(password->created, "", created));
	postern_uses_cell(page, &use, T("not yet"));
	postern_html_add(&page->html, "<td>\n");
	postern_form_begin(page, "/passwords/remove", NULL);
	postern_form_hidden(page, "label", password->label);
	postern_html_add(&page->html, "<button class=\"danger\" aria-label=\"%s: %s\">%s</button>\n"
			 "</form>\n</td>\n</tr>\n", T("Remove"), password->label, T("Remove"));
	return 0;
}

static int show_table(struct postern_page *page, const char **error_r)
{
	struct walk walk = { .page = page };
	int ret;

	postern_layout_table(page, "passwords", T("Your passwords"));
	postern_html_add(&page->html, "<thead><tr>"
			 "<th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
			 "<th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr></thead>\n<tbody>\n",
			 T("Name"), T("Good for"), T("Since"), T("Last used"),
			 T("Remove"));
	walk.journal = postern_uses_journal(page);
	ret = postern_store_password_each(page->store, page->account.id, show_row, &walk, error_r);
	postern_login_journal_free(&walk.journal);
	postern_html_add(&page->html, "</tbody>\n</table>\n</div>\n");
	return ret;
}

static int show(struct postern_page *page, const char **error_r)
{
	const char *done = postern_page_field(page, "done");
	unsigned services = postern_owner_services(page);

	postern_layout_begin(page, "passwords", T("Device passwords"),
			     strcmp(done, "removed") == 0 ? T("The password was removed.") : NULL);
	if (show_table(page, error_r) < 0)
		return -1;
	postern_html_add(&page->html, "<h2>%s</h2>\n<p>%s</p>\n", T("A new one for a device"),
			 T("It is made here and shown once. Where the device is lost, remove its "
			   "password, and all the others go on."));
	postern_form_begin(page, "/passwords/new", "generate");
	postern_form_input(page, &(struct postern_input){
		.name = "label", .label = T("Name of the device or program"), .type = "text",
		.autocomplete = "off", .value = postern_page_field(page, "label"), .required = true,
	});
	postern_form_services(page, services != 0 ? services : POSTERN_SERVICES_MAIL);
	postern_form_current(page);
	postern_form_end(page, T("Make a password"), false);
	postern_layout_end(page);
	return 0;
}

int postern_page_passwords(struct postern_page *page, const char **error_r)
{
	return show(page, error_r);
}

/* ---- New ---- */

static int match(const struct postern_account_password *password, void *context)
{
	struct walk *walk = context;

	if (strcmp(password->label, walk->label) == 0)
		walk->found = true;
	return 0;
}

/* 0 also when something was wrong, and said. */
static int check(struct postern_page *page, const char *label, unsigned services,
		 const char **error_r)
{
	struct walk walk = { .label = label };
	struct postern_owner_counts counts;
	const char *reason;

	if (postern_store_password_each(page->store, page->account.id, match, &walk, error_r) < 0 ||
	    postern_owner_count(page, &counts, error_r) < 0)
		return -1;
	if (postern_label_check(label, &reason) < 0)
		postern_page_wrong(page, "label", T("Give a name of at most 127 bytes; a "
			"letter with an accent counts as two or more."));
	else if (walk.found || strcmp(label, POSTERN_OWNER_PASSWORD) == 0)
		postern_page_wrong(page, "label", T("There is a password of this name. Remove it "
			"first, or give another name."));
	if (services == 0)
		postern_page_wrong(page, "services-imap", T("Choose what it is good for."));
	if (counts.passwords >= POSTERN_OWNER_PASSWORDS_MAX)
		postern_page_wrong(page, "label", T("You have as many passwords as there may be. "
			"Remove one first."));
	return 0;
}

static int store_new(struct postern_page *page, const char *label, unsigned services,
		     const char *password, const char **error_r)
{
	char **verifiers = NULL;
	int ret = -1;

	if (postern_password_new_verifiers(page->config, password, &verifiers, error_r) < 0 ||
	    postern_store_begin(page->store, error_r) < 0)
		goto out;
	ret = postern_owner_recheck(page, error_r);
	/* Of two requests at once, the second has to find the name taken. */
	if (ret == 0)
		ret = check(page, label, services, error_r);
	if (ret == 0 && page->wrong_count == 0)
		ret = postern_store_password_set(page->store, page->account.id, label, services,
						 (const char *const *)verifiers, error_r);
	if (ret > 0)
		ret = postern_error(error_r, "the account was removed or disabled meanwhile");
	if (ret == 0)
		ret = postern_store_commit(page->store, error_r);
	else
		postern_store_rollback(page->store);
out:
	postern_password_verifiers_free(&verifiers);
	return ret;
}

static void show_new(struct postern_page *page, const char *label, const char *password)
{
	postern_layout_begin(page, "generated", T("The new password"), NULL);
	postern_html_add(&page->html, "<p>%s <strong>%s</strong></p>\n"
			 "<p><output id=\"generated\">%s</output></p>\n<p>%s</p>\n"
			 "<dl class=\"facts\"><dt>%s</dt><dd>%s</dd></dl>\n"
			 "<p><a href=\"%s/passwords\">%s</a></p>\n",
			 T("For:"), label, password,
			 T("Type or copy it into the device now. It is not shown again, and nobody "
			   "can look it up."), T("Login name"), page->account.name, page->base,
			 T("Back to the device passwords"));
	postern_layout_end(page);
}

int postern_page_do_password_new(struct postern_page *page, const char **error_r)
{
	const char *label = postern_page_field(page, "label");
	unsigned services = postern_owner_services(page);
	char password[POSTERN_PASSWORD_GENERATED_SIZE];
	int ret = postern_visitor_again(page, error_r);

	if (ret < 0 || check(page, label, services, error_r) < 0)
		return -1;
	if (page->wrong_count > 0)
		return show(page, error_r);
	if (postern_password_generate(password, error_r) < 0)
		return -1;
	ret = store_new(page, label, services, password, error_r);
	if (ret == 0 && page->wrong_count > 0) {
		ret = show(page, error_r);
	} else if (ret == 0) {
		postern_page_log(page, LOG_NOTICE, "device password made", page->account.name, NULL);
		postern_owner_tell(page, T("A password for a device was made"), label);
		show_new(page, label, password);
	}
	postern_wipe(password, sizeof(password));
	return ret;
}

/* ---- Remove ---- */

int postern_page_do_password_remove(struct postern_page *page, const char **error_r)
{
	const char *label = postern_page_field(page, "label");
	struct postern_owner_counts counts;
	int ret;

	if (postern_owner_count(page, &counts, error_r) < 0)
		return -1;
	if (counts.passwords + counts.keys == 1 && !postern_page_flag(page, "confirm")) {
		return postern_owner_confirm(page, "/passwords/remove", T("This is your last way "
			"in. Without it, no mail program gets in, and you will have to ask the "
			"administrator."), (const char *const[]){ "label", label, NULL });
	}
	ret = postern_store_password_remove(page->store, page->account.id, label, error_r);
	if (ret < 0)
		return -1;
	if (ret == POSTERN_STORE_OK) {
		postern_page_log(page, LOG_NOTICE, "password removed", page->account.name, NULL);
		postern_owner_tell(page, T("A password was removed"), label);
	}
	return postern_page_redirect(page, "/passwords?done=removed");
}
