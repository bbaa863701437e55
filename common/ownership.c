/* SPDX-License-Identifier: MIT */
#include "ownership.h"

#include <idn2.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"

/* Addresses named in a refusal, before "and N more". */
#define DESCRIBED_MAX 8
#define TEXT_MAX (2 * POSTERN_ADDRESS_MAX + 1)

static bool has_domain(const struct postern_account *account)
{
	return strchr(account->name, '@') != NULL;
}

static bool is_same(const struct postern_address *a, const struct postern_address *b)
{
	return strcmp(a->local_part, b->local_part) == 0 && strcmp(a->domain, b->domain) == 0;
}

/* Is this the login name itself, as an address? A name that is no address owns none by
   itself: it may be one of RFC 8265 that RFC 5321 has no room for. An outcome, or -1. */
static int is_login_name(const struct postern_config *config,
			 const struct postern_account *account,
			 const struct postern_address *address, const char **error_r)
{
	struct postern_address own;
	int ret;

	if (has_domain(account)) {
		ret = postern_address_parse(account->name, strlen(account->name), &own, error_r);
		if (ret == POSTERN_ADDRESS_NO_MEMORY)
			return -1;
		if (ret < 0)
			return POSTERN_NOT_OWN;
		postern_address_apply_case(&own, config->case_sensitive_domains);
		return is_same(&own, address) ? POSTERN_OWN : POSTERN_NOT_OWN;
	}
	if (strcmp(account->name, address->local_part) != 0)
		return POSTERN_NOT_OWN;
	for (char **domain = config->domains; *domain != NULL; domain++) {
		if (strcmp(*domain, address->domain) == 0)
			return POSTERN_OWN;
	}
	return POSTERN_NOT_OWN;
}

static int is_alias(struct postern_store *store, const struct postern_account *account,
		    const struct postern_address *address, const char **error_r)
{
	char text[TEXT_MAX];

	postern_address_format(address, text, sizeof(text));
	return postern_store_address_has(store, account->id, text, error_r);
}

static int owns_domain(struct postern_store *store, const struct postern_account *account,
		       const struct postern_address *address, const char **error_r)
{
	char text[POSTERN_DOMAIN_MAX + 2];

	snprintf(text, sizeof(text), "@%s", address->domain);
	return postern_store_address_has(store, account->id, text, error_r);
}

/* The address as it is, without a look at subaddresses or "@domain". */
static int owns_exactly(struct postern_store *store, const struct postern_config *config,
			const struct postern_account *account,
			const struct postern_address *address, const char **error_r)
{
	int ret = is_login_name(config, account, address, error_r);

	return ret == POSTERN_NOT_OWN ? is_alias(store, account, address, error_r) : ret;
}

/* The address in the case that counts. */
static int check_cased(struct postern_store *store, const struct postern_config *config,
		       const struct postern_account *account,
		       const struct postern_address *address, const char **error_r)
{
	struct postern_address base;
	int ret = owns_exactly(store, config, account, address, error_r);

	if (ret > 0 && config->recipient_delimiter != '\0' &&
	    postern_address_base(address, config->recipient_delimiter, &base))
		ret = owns_exactly(store, config, account, &base, error_r);
	if (ret > 0)
		ret = owns_domain(store, account, address, error_r);
	if (ret < 0)
		return -1;
	return ret == POSTERN_STORE_OK ? POSTERN_OWN : POSTERN_NOT_OWN;
}

int postern_ownership_check(struct postern_store *store, const struct postern_config *config,
			    const struct postern_account *account,
			    const struct postern_address *address, const char **error_r)
{
	struct postern_address cased = *address;

	postern_address_apply_case(&cased, config->case_sensitive_domains);
	return check_cased(store, config, account, &cased, error_r);
}

int postern_ownership_in_maps(struct postern_sender_maps *maps, const struct postern_config *config,
			      const struct postern_account *account,
			      const struct postern_address *address, const char **error_r)
{
	struct postern_address cased = *address;
	int ret;

	postern_address_apply_case(&cased, config->case_sensitive_domains);
	ret = postern_sender_maps_check(maps, account->name, &cased, config->recipient_delimiter,
					error_r);
	if (ret < 0)
		return -1;
	return ret == 0 ? POSTERN_OWN : POSTERN_NOT_OWN;
}

int postern_ownership_ask(struct postern_store *store, struct postern_sender_maps *maps,
			  const struct postern_config *config,
			  const struct postern_account *account,
			  const struct postern_address *address, const char **error_r)
{
	int ret = postern_ownership_check(store, config, account, address, error_r);

	if (ret == POSTERN_NOT_OWN)
		ret = postern_ownership_in_maps(maps, config, account, address, error_r);
	return ret;
}

struct owners {
	struct postern_store *store;
	const struct postern_config *config;
	postern_owner_fn *fn;
	void *context;
};

static int pass_owner(const char *account_name, const char *address, void *context)
{
	struct owners *owners = context;

	(void)address;
	return owners->fn(account_name, owners->context);
}

/* The account of this name, if the address is its login name's. */
static int try_name(struct owners *owners, const struct postern_address *address, const char *domain,
		    const char **error_r)
{
	char name[POSTERN_ACCOUNT_NAME_MAX + 1];
	struct postern_account account;
	int length = snprintf(name, sizeof(name), "%s%s%s", address->local_part,
			      *domain != '\0' ? "@" : "", domain);
	int ret;

	if ((size_t)length >= sizeof(name))
		return 0;
	ret = postern_store_account_find(owners->store, name, &account, error_r);
	if (ret != POSTERN_STORE_OK)
		return ret < 0 ? -1 : 0;
	ret = is_login_name(owners->config, &account, address, error_r);
	return ret < 0 ? -1 : ret == POSTERN_OWN ? owners->fn(account.name, owners->context) : 0;
}

static int try_name_in_u_labels(struct owners *owners, const struct postern_address *address,
				const char **error_r)
{
	char *unicode = NULL;
	int ret = 0, status = idn2_to_unicode_8z8z(address->domain, &unicode, 0);

	if (status == IDN2_MALLOC)
		ret = postern_error(error_r, "no memory to read an address");
	else if (status == IDN2_OK && strcmp(unicode, address->domain) != 0)
		ret = try_name(owners, address, unicode, error_r);
	idn2_free(unicode);
	return ret;
}

/* A login name has its domain as the admin typed it, in A-labels or in U-labels. */
static int name_owners(struct owners *owners, const struct postern_address *address,
		       const char **error_r)
{
	int ret = try_name(owners, address, "", error_r);

	if (ret == 0)
		ret = try_name(owners, address, address->domain, error_r);
	return ret != 0 ? ret : try_name_in_u_labels(owners, address, error_r);
}

static int exact_owners(struct owners *owners, const struct postern_address *address,
			const char **error_r)
{
	char text[TEXT_MAX];
	int ret = name_owners(owners, address, error_r);

	if (ret != 0)
		return ret;
	postern_address_format(address, text, sizeof(text));
	return postern_store_address_owners(owners->store, text, pass_owner, owners, error_r);
}

int postern_ownership_owners(struct postern_store *store, const struct postern_config *config,
			     const struct postern_address *address, postern_owner_fn *fn,
			     void *context, const char **error_r)
{
	struct owners owners = { .store = store, .config = config, .fn = fn, .context = context };
	struct postern_address cased = *address, base;
	char domain[POSTERN_DOMAIN_MAX + 2];
	int ret = 0;

	postern_address_apply_case(&cased, config->case_sensitive_domains);
	if (*cased.local_part != '\0')
		ret = exact_owners(&owners, &cased, error_r);
	if (ret == 0 && config->recipient_delimiter != '\0' &&
	    postern_address_base(&cased, config->recipient_delimiter, &base))
		ret = exact_owners(&owners, &base, error_r);
	if (ret != 0)
		return ret;
	snprintf(domain, sizeof(domain), "@%s", address->domain);
	return postern_store_address_owners(store, domain, pass_owner, &owners, error_r);
}

int postern_ownership_direct(struct postern_store *store, const struct postern_config *config,
			     const struct postern_address *address, postern_owner_fn *fn,
			     void *context, const char **error_r)
{
	struct owners owners = { .store = store, .config = config, .fn = fn, .context = context };
	struct postern_address cased = *address;

	postern_address_apply_case(&cased, config->case_sensitive_domains);
	return exact_owners(&owners, &cased, error_r);
}

/* A list that grows while there is room for its end as well. */
struct description {
	char *text;
	size_t size, used;
	unsigned shown, more;
};

/* ", … and 4294967295 more" */
#define DESCRIPTION_END_MAX 32

static void describe(struct description *list, const char *address)
{
	char shown[TEXT_MAX];
	const char *separator = list->shown > 0 ? ", " : "";

	postern_escape_ascii(address, strlen(address), shown, sizeof(shown));
	if (list->more > 0 || list->shown == DESCRIBED_MAX ||
	    list->used + strlen(separator) + strlen(shown) + DESCRIPTION_END_MAX > list->size) {
		list->more++;
		return;
	}
	list->used += (size_t)snprintf(list->text + list->used, list->size - list->used, "%s%s",
				       separator, shown);
	list->shown++;
}

static int describe_alias(const char *account_name, const char *address, void *context)
{
	(void)account_name;
	describe(context, address);
	return 0;
}

static void describe_login_name(struct description *list, const struct postern_config *config,
				const struct postern_account *account)
{
	struct postern_address address;
	char text[TEXT_MAX];
	const char *ignored;

	if (has_domain(account)) {
		if (postern_address_parse(account->name, strlen(account->name), &address,
					  &ignored) == 0) {
			postern_address_format(&address, text, sizeof(text));
			describe(list, text);
		}
		return;
	}
	for (char **domain = config->domains; *domain != NULL; domain++) {
		char name[POSTERN_ACCOUNT_NAME_MAX + 1 + POSTERN_DOMAIN_MAX + 1];

		snprintf(name, sizeof(name), "%s@%s", account->name, *domain);
		if (postern_address_parse(name, strlen(name), &address, &ignored) == 0) {
			postern_address_format(&address, text, sizeof(text));
			describe(list, text);
		}
	}
}

int postern_ownership_describe(struct postern_store *store, const struct postern_config *config,
			       const struct postern_account *account, char *text_r, size_t size,
			       const char **error_r)
{
	struct description list = { .text = text_r, .size = size };

	text_r[0] = '\0';
	describe_login_name(&list, config, account);
	if (postern_store_address_each(store, account->id, describe_alias, &list, error_r) < 0)
		return -1;
	if (list.shown == 0 && list.more == 0)
		snprintf(text_r, size, "none");
	else if (list.shown == 0)
		snprintf(text_r, size, "%u addresses", list.more);
	else if (list.more > 0)
		snprintf(text_r + list.used, size - list.used, ", ... and %u more", list.more);
	return 0;
}
