/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <stdio.h>

#include "autoconfig.h"
#include "mail_settings.h"
#include "mobileconfig.h"

/* What mail programs have to know, as they ask for it; page_settings.c has it for people. */

int postern_page_autoconfig(struct postern_page *page, const char **error_r)
{
	struct postern_mail_settings settings;
	char help[1024];

	if (postern_mail_settings_of_address(page->store, page->config,
					     postern_page_field(page, "emailaddress"), &settings,
					     error_r) < 0)
		return -1;
	snprintf(help, sizeof(help), "%s/settings", page->config->page_url);
	postern_autoconfig_write(&page->html, &settings, help);
	page->type = POSTERN_AUTOCONFIG_TYPE;
	return 0;
}

int postern_page_autodiscover(struct postern_page *page, const char **error_r)
{
	struct postern_mail_settings settings;

	if (postern_mail_settings_of_address(page->store, page->config,
					     postern_page_field(page, "emailaddress"), &settings,
					     error_r) < 0)
		return -1;
	postern_autodiscover_write(&page->html, &settings);
	page->type = POSTERN_AUTODISCOVER_TYPE;
	return 0;
}

int postern_page_profile(struct postern_page *page, const char **error_r)
{
	const struct postern_config *config = page->config;
	struct postern_mail_settings settings;

	if (postern_mail_settings_of_account(page->store, config, &page->account, &settings,
					     error_r) < 0)
		return -1;
	postern_mobileconfig_write(&page->html, &settings);
	page->type = POSTERN_MOBILECONFIG_TYPE;
	if (*config->page_profile_key == '\0' || page->html.failed)
		return 0;
	return postern_mobileconfig_sign(&page->html, config->page_profile_certificate,
					 config->page_profile_key, error_r);
}
