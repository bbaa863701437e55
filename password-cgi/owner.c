/* SPDX-License-Identifier: MIT */
#include "owner.h"

#include <stdio.h>
#include <string.h>

#include "address.h"
#include "layout.h"

void postern_owner_address(const struct postern_config *config, const char *account,
			   char *text_r, size_t size)
{
	char text[POSTERN_ACCOUNT_NAME_MAX + POSTERN_DOMAIN_MAX + 2] = "";
	struct postern_address address;
	const char *ignored;

	if (strchr(account, '@') != NULL)
		snprintf(text, sizeof(text), "%s", account);
	else if (config->domains[0] != NULL)
		snprintf(text, sizeof(text), "%s@%s", account, config->domains[0]);
	/* A login name may have marks in it that sendmail would take for more than one address. */
	*text_r = '\0';
	if (postern_address_parse(text, strlen(text), &address, &ignored) == 0)
		postern_address_format(&address, text_r, size);
}

void postern_owner_tell(struct postern_page *page, const char *what, const char *detail)
{
	char address[POSTERN_OWNER_ADDRESS_MAX];
	char when[POSTERN_LAYOUT_TIME_MAX];

	postern_owner_address(page->config, page->account.name, address, sizeof(address));
	if (*address == '\0')
		return;
	postern_layout_time(page->now, "", when);
	postern_mail_add(&page->mails, address, T("Your mail account was changed"),
			 "%s\n\n  %s%s%s\n\n%s %s UTC\n%s %s\n%s %s\n\n%s\n%s/\n",
			 T("On the page of your mail account, somebody has made this change:"),
			 what, *detail != '\0' ? ": " : "", detail,
			 T("When:"), when, T("From:"), postern_page_field(page, ":client"),
			 T("Account:"), page->account.name,
			 T("If that was not you, change your password at once, and tell your "
			   "administrator."), page->config->page_url);
}

static int count_password(const struct postern_account_password *password, void *context)
{
	struct postern_owner_counts *counts = context;

	counts->passwords++;
	if (strcmp(password->label, POSTERN_OWNER_PASSWORD) == 0)
		counts->main_services = password->services;
	return 0;
}

static int count_key(const struct postern_account_key *key, void *context)
{
	struct postern_owner_counts *counts = context;

	(void)key;
	counts->keys++;
	return 0;
}

int postern_owner_count(struct postern_page *page, struct postern_owner_counts *counts_r,
			const char **error_r)
{
	memset(counts_r, 0, sizeof(*counts_r));
	if (postern_store_password_each(page->store, page->account.id, count_password, counts_r,
					error_r) < 0 ||
	    postern_store_key_each(page->store, page->account.id, count_key, counts_r,
				   error_r) < 0)
		return -1;
	return 0;
}

int postern_owner_recheck(struct postern_page *page, const char **error_r)
{
	struct postern_account account;
	int ret = postern_store_account_find(page->store, page->account.name, &account, error_r);

	if (ret == POSTERN_STORE_OK && (account.id != page->account.id || account.disabled))
		return POSTERN_STORE_NOT_FOUND;
	return ret;
}

unsigned postern_owner_services(const struct postern_page *page)
{
	unsigned services = 0, one;
	const char *text, *ignored;
	size_t size;

	for (size_t n = 0; (text = postern_page_message_nth(page->in, "services", n, &size)) != NULL;
	     n++) {
		if (postern_services_parse(text, &one, &ignored) == 0)
			services |= one;
	}
	return services;
}

int postern_owner_confirm(struct postern_page *page, const char *path, const char *text,
			  const char *const *hidden)
{
	postern_layout_begin(page, "confirm", T("Really remove it?"), NULL);
	postern_html_add(&page->html, "<p>%s</p>\n", text);
	postern_form_begin(page, path, "confirm");
	for (; *hidden != NULL; hidden += 2)
		postern_form_hidden(page, hidden[0], hidden[1]);
	postern_form_hidden(page, "confirm", "1");
	postern_form_end(page, T("Remove it"), true);
	postern_html_add(&page->html, "<p><a href=\"%s/\">%s</a></p>\n", page->base,
			 T("No, leave it"));
	postern_layout_end(page);
	return 0;
}
