/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_OWN_ADDRESS_H
#define POSTERN_OWN_ADDRESS_H

#include "address.h"
#include "error.h"
#include "generation.h"
#include "snapshot.h"
#include "store.h"

/*
 * Whether the account may send as this address (ownership.h): by the store and, where that says no, by
 * the tables of the configuration (postern_ownership_ask() says the same). One of those may be a server's,
 * and snapshot ends before it is waited for; else it stays the caller's to end. 0 when it may, 1, or -1.
 */
int postern_own_address_ask(const struct postern_generation *generation,
			    struct postern_snapshot *snapshot,
			    const struct postern_account *account,
			    const struct postern_address *address, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
