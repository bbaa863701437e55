/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_OWNERSHIP_H
#define POSTERN_OWNERSHIP_H

#include <stddef.h>

#include "address.h"
#include "config.h"
#include "error.h"
#include "sender_maps.h"
#include "store.h"

/*
 * Which addresses are an account's own, to send as: its login name (at the configured
 * domains where it has no "@"), its aliases, "@domain" of who owns a whole domain, and
 * the subaddresses of each.
 */
enum postern_ownership {
	POSTERN_OWN = 0,
	POSTERN_NOT_OWN = 1,
};

/* Of each address, the case of the local-part counts where its domain is one of
   case_sensitive_domains. */
int postern_ownership_check(struct postern_store *store, const struct postern_config *config,
			    const struct postern_account *account,
			    const struct postern_address *address, const char **error_r)
	POSTERN_WARN_UNUSED;

/* The same by the tables alone, which may have to wait for a server. */
int postern_ownership_in_maps(struct postern_sender_maps *maps, const struct postern_config *config,
			      const struct postern_account *account,
			      const struct postern_address *address, const char **error_r)
	POSTERN_WARN_UNUSED;

/* The one, and where the store says no the other: what the sender rule goes by (in the milter by way of
   own_address.h, which has to agree). */
int postern_ownership_ask(struct postern_store *store, struct postern_sender_maps *maps,
			  const struct postern_config *config,
			  const struct postern_account *account,
			  const struct postern_address *address, const char **error_r)
	POSTERN_WARN_UNUSED;

/* The other way round: every account of which the address is its own, each name once or more. A
   local-part of "" asks for who owns the whole domain. fn is as that of a walk of store.h. */
typedef int postern_owner_fn(const char *account, void *context);
int postern_ownership_owners(struct postern_store *store, const struct postern_config *config,
			     const struct postern_address *address, postern_owner_fn *fn,
			     void *context, const char **error_r) POSTERN_WARN_UNUSED;

/* Only those whose login name or alias it is itself: neither "@domain" nor a subaddress says who
   somebody is. */
int postern_ownership_direct(struct postern_store *store, const struct postern_config *config,
			     const struct postern_address *address, postern_owner_fn *fn,
			     void *context, const char **error_r) POSTERN_WARN_UNUSED;

/* The account's addresses as a text for a refusal: "a@x, b@x, … and 12 more"; never longer
   than size. */
int postern_ownership_describe(struct postern_store *store, const struct postern_config *config,
			       const struct postern_account *account, char *text_r, size_t size,
			       const char **error_r) POSTERN_WARN_UNUSED;

#endif
