/* SPDX-License-Identifier: MIT */
#include "own_address.h"

#include "ownership.h"

int postern_own_address_ask(const struct postern_generation *generation,
			    struct postern_snapshot *snapshot,
			    const struct postern_account *account,
			    const struct postern_address *address, const char **error_r)
{
	struct postern_store *store;
	int ret;

	if (postern_snapshot_store(snapshot, &store, error_r) < 0)
		return -1;
	ret = postern_ownership_check(store, generation->config, account, address, error_r);
	if (ret < 0)
		postern_snapshot_drop(snapshot);
	if (ret == POSTERN_NOT_OWN) {
		postern_snapshot_end(snapshot);
		ret = postern_ownership_in_maps(generation->sender_maps, generation->config, account,
						address, error_r);
	}
	return ret < 0 ? -1 : ret == POSTERN_OWN ? 0 : 1;
}
