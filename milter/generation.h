/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_GENERATION_H
#define POSTERN_GENERATION_H

#include "config.h"
#include "dkim_keys.h"
#include "error.h"
#include "networks.h"
#include "sender_maps.h"
#include "store_pool.h"

/*
 * One reading of the configuration and what was opened by it. A reload makes another generation;
 * whoever is in the middle of a message finishes it with the one it began with. Counted; never
 * changes but for the caches in it. Any thread.
 */
struct postern_generation {
	struct postern_config *config;
	struct postern_networks *trusted_networks;
	struct postern_networks *outside_exempt;
	struct postern_sender_maps *sender_maps;
	struct postern_store_pool *stores;
	struct postern_dkim_keys *dkim_keys;
};

/* Reads the file (NULL for the built-in place). The caller has the first reference. */
int postern_generation_load(const char *path, struct postern_generation **generation_r,
			    const char **error_r) POSTERN_WARN_UNUSED;

/* Takes the place of the one before, for everyone who asks from now on. Takes over the caller's
   reference. */
void postern_generation_publish(struct postern_generation *generation);
/* The present one, which there has to be, with a reference for the caller. */
struct postern_generation *postern_generation_get(void);

void postern_generation_ref(struct postern_generation *generation);
/* Sets *generation to NULL, and NULL is fine. */
void postern_generation_unref(struct postern_generation **generation);

#endif
