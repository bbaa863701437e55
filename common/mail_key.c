/* SPDX-License-Identifier: MIT */
#include "mail_key.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ownership.h"

#define PREFIX "postern CA e-mail "

int postern_mail_key_fingerprint(const struct postern_address *address,
				 struct postern_fingerprint *fingerprint_r, const char **error_r)
{
	char text[sizeof(PREFIX) + 2 * POSTERN_ADDRESS_MAX] = PREFIX;

	postern_address_format(address, text + strlen(PREFIX), 2 * POSTERN_ADDRESS_MAX);
	return postern_fingerprint_of_spki(text, strlen(text), fingerprint_r, error_r);
}

struct holder {
	const char *name;
	/* Whose the address is itself: the account's, and another's. */
	bool own, other;
};

/* A postern_owner_fn. */
static int see_holder(const char *account, void *context)
{
	struct holder *holder = context;

	if (strcmp(account, holder->name) == 0)
		holder->own = true;
	else
		holder->other = true;
	return 0;
}

/* Who owns a whole domain may send as each address in it, and is nobody else for that: an address
   that has become another account's says who that one is. */
static int check_holder(struct postern_store *store, const struct postern_config *config,
			const struct postern_account *account,
			const struct postern_address *address, const char **error_r)
{
	struct holder holder = { .name = account->name };

	if (postern_ownership_direct(store, config, address, see_holder, &holder, error_r) < 0)
		return -1;
	return holder.other && !holder.own ? POSTERN_STORE_NOT_FOUND : POSTERN_STORE_OK;
}

/* Whether the key that is the address's opens an account: POSTERN_STORE_OK or NOT_FOUND. */
static int look_up(struct postern_store *store, const struct postern_config *config,
		   const struct postern_address *address,
		   struct postern_fingerprint *fingerprint_r, const char **error_r)
{
	struct postern_account_key key;
	struct postern_account account;
	int ret;

	if (postern_mail_key_fingerprint(address, fingerprint_r, error_r) < 0)
		return -1;
	ret = postern_store_key_find(store, fingerprint_r, &key, &account, error_r);
	if (ret != POSTERN_STORE_OK)
		return ret;
	ret = postern_ownership_check(store, config, &account, address, error_r);
	if (ret < 0)
		return -1;
	return ret == POSTERN_OWN ? check_holder(store, config, &account, address, error_r) :
		POSTERN_STORE_NOT_FOUND;
}

int postern_mail_key_find(struct postern_store *store, const struct postern_config *config,
			  const char *addresses, struct postern_fingerprint *fingerprint,
			  const char **error_r)
{
	struct postern_fingerprint found;
	struct postern_account_key key;
	struct postern_account account;
	int ret = postern_store_key_find(store, fingerprint, &key, &account, error_r);

	for (const char *text = addresses; ret == POSTERN_STORE_NOT_FOUND && *text != '\0';) {
		size_t size = strcspn(text, " ");
		struct postern_address address;
		int parsed = postern_address_parse(text, size, &address, error_r);

		if (parsed == POSTERN_ADDRESS_NO_MEMORY)
			return -1;
		/* What is no address is nobody's. */
		if (parsed == 0)
			ret = look_up(store, config, &address, &found, error_r);
		if (ret == POSTERN_STORE_OK)
			*fingerprint = found;
		text += size + strspn(text + size, " ");
	}
	return ret < 0 ? -1 : 0;
}
