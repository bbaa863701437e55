/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

int postern_snapshot_store(struct postern_snapshot *snapshot, struct postern_store **store_r,
			   const char **error_r)
{
	if (snapshot->store == NULL) {
		if (postern_store_pool_take(snapshot->pool, &snapshot->store, error_r) < 0)
			return -1;
		if (postern_store_snapshot_begin(snapshot->store, error_r) < 0) {
			postern_snapshot_drop(snapshot);
			return -1;
		}
	}
	*store_r = snapshot->store;
	return 0;
}

void postern_snapshot_drop(struct postern_snapshot *snapshot)
{
	postern_store_pool_drop(snapshot->pool, &snapshot->store);
}

void postern_snapshot_end(struct postern_snapshot *snapshot)
{
	if (snapshot->store == NULL)
		return;
	postern_store_snapshot_end(snapshot->store);
	postern_store_pool_give(snapshot->pool, &snapshot->store);
}
