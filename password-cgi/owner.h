/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_OWNER_H
#define POSTERN_OWNER_H

#include "page.h"

/*
 * What an account has, as the pages need it, and the changes that several of them make.
 */

/* The label of the password that is the account's own, not a device's. */
#define POSTERN_OWNER_PASSWORD "main"
/* A login compares them one by one. */
#define POSTERN_OWNER_PASSWORDS_MAX 20
#define POSTERN_OWNER_KEYS_MAX 100

/* The address to write to: the login name where it is one, else that name at the first of the
   domains. "" where that is no address. size is at least POSTERN_OWNER_ADDRESS_MAX. */
#define POSTERN_OWNER_ADDRESS_MAX (2 * POSTERN_ADDRESS_MAX)
void postern_owner_address(const struct postern_config *config, const char *account,
			   char *text_r, size_t size);

/* A mail to the owner, in the language of the page; what is a sentence, without a secret. */
void postern_owner_tell(struct postern_page *page, const char *what, const char *detail);

struct postern_owner_counts {
	size_t passwords, keys;
	/* Of the password called POSTERN_OWNER_PASSWORD, 0 when there is none. */
	unsigned main_services;
};
int postern_owner_count(struct postern_page *page, struct postern_owner_counts *counts_r,
			const char **error_r) POSTERN_WARN_UNUSED;

/* Inside a change: is it the same account as ever, and not disabled? NOT_FOUND if not. */
int postern_owner_recheck(struct postern_page *page, const char **error_r) POSTERN_WARN_UNUSED;

/* Reads the fields "services"; 0 for none. */
unsigned postern_owner_services(const struct postern_page *page);

/* Asks again before the last way in is removed. hidden are fields and their values in turn,
   ending in NULL. */
int postern_owner_confirm(struct postern_page *page, const char *path, const char *text,
			  const char *const *hidden);

#endif
