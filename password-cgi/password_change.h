/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PASSWORD_CHANGE_H
#define POSTERN_PASSWORD_CHANGE_H

#include "page.h"

/* A new password for the account: from the form, from a webmail, with a request that is approved. */

enum postern_password_change_outcome {
	POSTERN_PASSWORD_CHANGE_OK = 0,
	POSTERN_PASSWORD_CHANGE_REFUSED = 1,
};

/* Is it one to set? *reason_r says why not, translated; good until the next failure. */
int postern_password_change_check(struct postern_page *page, const char *new,
				  const char **reason_r, const char **error_r)
	POSTERN_WARN_UNUSED;

struct postern_password_change {
	/* Remove other passwords; and keys, but that of this connection. */
	bool others, keys;
};

/* Stores it for page->account, ends its sessions and links, tells its owner. The services of the
   one that it replaces stay. In one transaction but for the sessions, which end first: what a
   crash leaves is the old password or the new one. */
int postern_password_change_store(struct postern_page *page, char *const *verifiers,
				  const struct postern_password_change *change,
				  const char **error_r) POSTERN_WARN_UNUSED;

/* The same from the page, where the visitor stays signed in; answers. */
int postern_password_change(struct postern_page *page, char *const *verifiers,
			    const struct postern_password_change *change, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
