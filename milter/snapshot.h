/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SNAPSHOT_H
#define POSTERN_SNAPSHOT_H

#include "error.h"
#include "store.h"
#include "store_pool.h"

/*
 * The store as it is at one moment: what is asked from the first question to the end is answered from
 * one state of it. Made where one is needed, with the pool alone; whoever has made it ends it, also when
 * something failed in between. Of one thread at a time, and not to be kept while a client or another
 * server is waited for.
 */
struct postern_snapshot {
	struct postern_store_pool *pool;
	/* NULL before the first question and after the end. */
	struct postern_store *store;
};

/* The handle to ask, which stays the snapshot's; 0 or -1. */
int postern_snapshot_store(struct postern_snapshot *snapshot, struct postern_store **store_r,
			   const char **error_r) POSTERN_WARN_UNUSED;
/* Ends it for a handle that failed, which is closed. The next question begins another. */
void postern_snapshot_drop(struct postern_snapshot *snapshot);
/* The next question begins another. One that was not begun is fine. */
void postern_snapshot_end(struct postern_snapshot *snapshot);

#endif
