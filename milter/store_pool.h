/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_STORE_POOL_H
#define POSTERN_STORE_POOL_H

#include "config.h"
#include "error.h"
#include "store.h"

/*
 * Open handles of the store, since a handle belongs to one thread at a time and libmilter moves a
 * session from thread to thread. Opened for reading, when they are first needed, without the
 * verifiers; a store that cannot be opened is tried anew each time. Any thread.
 */
struct postern_store_pool;

/* config has to live as long as the pool. */
int postern_store_pool_new(const struct postern_config *config,
			   struct postern_store_pool **pool_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* After every handle was given back. */
void postern_store_pool_free(struct postern_store_pool **pool);

int postern_store_pool_take(struct postern_store_pool *pool, struct postern_store **store_r,
			    const char **error_r) POSTERN_WARN_UNUSED;
/* Gives back; sets *store to NULL, and NULL is fine. */
void postern_store_pool_give(struct postern_store_pool *pool, struct postern_store **store);
/* The same for a handle that failed: it is closed, and with it all that lie idle, which may be as
   outdated as it is. */
void postern_store_pool_drop(struct postern_store_pool *pool, struct postern_store **store);

#endif
