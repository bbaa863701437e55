/* SPDX-License-Identifier: MIT */
#include "mail_settings.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "ownership.h"

const struct postern_mail_server postern_mail_servers[] = {
	{ "imap", POSTERN_SERVICE_IMAP, 993, false },
	{ "imap", POSTERN_SERVICE_IMAP, 143, true },
	{ "pop3", POSTERN_SERVICE_POP3, 995, false },
	{ "pop3", POSTERN_SERVICE_POP3, 110, true },
	{ "smtp", POSTERN_SERVICE_SUBMISSION, 465, false },
	{ "smtp", POSTERN_SERVICE_SUBMISSION, 587, true },
	{ NULL, 0, 0, false },
};

static void find_host(const struct postern_config *config, char host_r[POSTERN_DOMAIN_MAX + 1])
{
	/* "https://host:port/path", as config_value.h made it. */
	const char *begin = config->page_url + strlen("https://");

	if (*config->page_mail_host != '\0')
		snprintf(host_r, POSTERN_DOMAIN_MAX + 1, "%s", config->page_mail_host);
	else if (*config->page_url != '\0')
		snprintf(host_r, POSTERN_DOMAIN_MAX + 1, "%.*s", (int)strcspn(begin, ":/"), begin);
	else
		*host_r = '\0';
}

static void begin(const struct postern_config *config, struct postern_mail_settings *settings_r)
{
	memset(settings_r, 0, sizeof(*settings_r));
	settings_r->by_password = true;
	find_host(config, settings_r->host);
	snprintf(settings_r->provider, sizeof(settings_r->provider), "%s", settings_r->host);
}

static int add_services(const struct postern_account_key *key, void *context)
{
	unsigned *services = context;

	*services |= key->services & POSTERN_SERVICES_MAIL;
	return 0;
}

/* Any first one. */
static int take_address(const char *account_name, const char *address, void *context)
{
	struct postern_mail_settings *settings = context;

	(void)account_name;
	if (*address == '@')
		return 0;
	snprintf(settings->address, sizeof(settings->address), "%s", address);
	return 1;
}

/* The login name as an address where it is one, else an alias. */
static int find_address(struct postern_store *store, const struct postern_config *config,
			const struct postern_account *account,
			struct postern_mail_settings *settings, const char **error_r)
{
	int ret = 0;

	if (strchr(account->name, '@') != NULL)
		snprintf(settings->address, sizeof(settings->address), "%s", account->name);
	else if (*config->domains != NULL)
		snprintf(settings->address, sizeof(settings->address), "%s@%s", account->name,
			 *config->domains);
	else
		ret = postern_store_address_each(store, account->id, take_address, settings,
						 error_r);
	return ret < 0 ? -1 : 0;
}

int postern_mail_settings_of_account(struct postern_store *store,
				     const struct postern_config *config,
				     const struct postern_account *account,
				     struct postern_mail_settings *settings_r,
				     const char **error_r)
{
	const char *domain;

	begin(config, settings_r);
	snprintf(settings_r->user, sizeof(settings_r->user), "%s", account->name);
	if (find_address(store, config, account, settings_r, error_r) < 0 ||
	    postern_store_key_each(store, account->id, add_services, &settings_r->by_key,
				   error_r) < 0)
		return -1;
	domain = strrchr(settings_r->address, '@');
	if (domain != NULL)
		snprintf(settings_r->provider, sizeof(settings_r->provider), "%s", domain + 1);
	settings_r->both = account->policy == POSTERN_POLICY_BOTH;
	settings_r->by_password = account->policy != POSTERN_POLICY_KEY;
	if (account->policy == POSTERN_POLICY_PASSWORD || settings_r->both)
		settings_r->by_key = 0;
	return 0;
}

/* The user name that an address has, by the configuration alone. */
static void set_user(const struct postern_config *config, const struct postern_address *address,
		     struct postern_mail_settings *settings)
{
	struct postern_address base;
	char text[2 * POSTERN_ADDRESS_MAX];
	const char *user = text;

	if (config->recipient_delimiter == '\0' ||
	    !postern_address_base(address, config->recipient_delimiter, &base))
		base = *address;
	postern_address_format(&base, text, sizeof(text));
	for (char **domain = config->domains; *domain != NULL; domain++) {
		if (strcmp(*domain, address->domain) == 0)
			user = base.local_part;
	}
	snprintf(settings->user, sizeof(settings->user), "%s", user);
}

struct owner {
	char name[POSTERN_ACCOUNT_NAME_MAX + 1];
};

static int take_owner(const char *account_name, void *context)
{
	struct owner *owner = context;

	snprintf(owner->name, sizeof(owner->name), "%s", account_name);
	return 1;
}

/* Of nobody's address: is it like that of somebody with a key? */
static int draw(struct postern_store *store, const char *address, unsigned *services_r,
		const char **error_r)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (HMAC(EVP_sha256(), postern_store_id(store), POSTERN_STORE_ID_SIZE,
		 (const unsigned char *)address, strlen(address), digest, NULL) == NULL)
		return postern_error(error_r, "HMAC failed");
	*services_r = digest[0] % 2 == 0 ? POSTERN_SERVICES_MAIL : 0;
	return 0;
}

/* Everybody's answer has one of two shapes, with a key and without. */
static int find_key(struct postern_store *store, const struct postern_config *config,
		    const struct postern_address *address, struct postern_mail_settings *settings,
		    const char **error_r)
{
	struct owner owner = { .name = "" };
	struct postern_account account = { .id = 0 };
	unsigned drawn = 0, services = 0;
	int ret;

	if (draw(store, settings->address, &drawn, error_r) < 0 ||
	    postern_ownership_owners(store, config, address, take_owner, &owner, error_r) < 0)
		return -1;
	ret = postern_store_account_find(store, owner.name, &account, error_r);
	if (ret < 0)
		return -1;
	/* No id is negative: the same work for nobody. */
	if (postern_store_key_each(store, ret == POSTERN_STORE_OK ? account.id : -1, add_services,
				   &services, error_r) < 0)
		return -1;
	if (ret != POSTERN_STORE_OK)
		settings->by_key = drawn;
	else if (services != 0 && (account.policy == POSTERN_POLICY_ANY ||
				   account.policy == POSTERN_POLICY_KEY))
		settings->by_key = POSTERN_SERVICES_MAIL;
	return 0;
}

int postern_mail_settings_of_address(struct postern_store *store,
				     const struct postern_config *config, const char *text,
				     struct postern_mail_settings *settings_r,
				     const char **error_r)
{
	struct postern_address address;
	const char *ignored;

	begin(config, settings_r);
	if (postern_address_parse(text, strlen(text), &address, &ignored) < 0) {
		snprintf(settings_r->user, sizeof(settings_r->user), "%%EMAIL%s%%",
			 *config->domains != NULL ? "LOCALPART" : "ADDRESS");
		return 0;
	}
	postern_address_format(&address, settings_r->address, sizeof(settings_r->address));
	snprintf(settings_r->provider, sizeof(settings_r->provider), "%s", address.domain);
	set_user(config, &address, settings_r);
	return find_key(store, config, &address, settings_r, error_r);
}
