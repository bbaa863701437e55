/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_FUZZ_MILTER_WORLD_H
#define POSTERN_FUZZ_MILTER_WORLD_H

#include <libmilter/mfapi.h>
#include <stdbool.h>

#include "address.h"
#include "config.h"

/*
 * What stands around the milter's callbacks in a fuzz run: libmilter, the session table, the store and
 * the signer, each as small as it can be and in place of the real one when the target is linked. alice
 * owns alice@example.test, a.liddell@example.test and the subaddresses of both.
 */
enum milter_world_origin {
	ORIGIN_ACCOUNT = 0,
	ORIGIN_LOCAL = 2,
	ORIGIN_TRUSTED = 3,
};

struct milter_world {
	struct smfiDesc callbacks;
	struct postern_config config;
	enum milter_world_origin origin;
	bool leading_blank;
	/* '4' or '5' of the last smfi_setreply. */
	char reply_class;
	/* Fields added, ever. */
	size_t added;
	/* Snapshots of the store that are begun and not ended. */
	size_t snapshots;
};

extern struct milter_world milter_world;

/* A session whose circumstances are the bits of settings, after negotiation and connection. */
SMFICTX *milter_world_open(unsigned settings);
void milter_world_close(SMFICTX *ctx);

/* As the callback of sender_rule.h. */
int milter_world_owns(const struct postern_address *address, void *context, const char **error_r);
/* A first field that says it is alice. */
bool milter_world_is_local_user(const char *name, const char *value);

#endif
