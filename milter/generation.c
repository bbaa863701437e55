/* SPDX-License-Identifier: MIT */
#include "generation.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct counted_generation {
	struct postern_generation generation; /* first: what callers have is this */
	atomic_uint references;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct postern_generation *current;

int postern_generation_load(const char *path, struct postern_generation **generation_r,
			    const char **error_r)
{
	struct counted_generation *counted = calloc(1, sizeof(*counted));
	struct postern_generation *generation = (struct postern_generation *)counted;
	int ret = -1;

	if (counted == NULL)
		return postern_error(error_r, "cannot keep the configuration: %m");
	counted->references = 1;
	if (postern_config_load(path, &generation->config, error_r) < 0 ||
	    postern_networks_new(generation->config->trusted_networks,
				 &generation->trusted_networks, error_r) < 0 ||
	    postern_networks_new(generation->config->outside_exempt_networks,
				 &generation->outside_exempt, error_r) < 0 ||
	    postern_sender_maps_new(generation->config->sender_login_maps,
				    &generation->sender_maps, error_r) < 0 ||
	    postern_store_pool_new(generation->config, &generation->stores, error_r) < 0 ||
	    postern_dkim_keys_new(generation->config->dkim_dir, &generation->dkim_keys,
				  error_r) < 0)
		goto out;
	*generation_r = generation;
	generation = NULL; /* transferred */
	ret = 0;
out:
	postern_generation_unref(&generation);
	return ret;
}

void postern_generation_publish(struct postern_generation *generation)
{
	struct postern_generation *previous;

	pthread_mutex_lock(&mutex);
	previous = current;
	current = generation;
	pthread_mutex_unlock(&mutex);
	postern_generation_unref(&previous);
}

struct postern_generation *postern_generation_get(void)
{
	struct postern_generation *generation;

	pthread_mutex_lock(&mutex);
	generation = current;
	postern_generation_ref(generation);
	pthread_mutex_unlock(&mutex);
	return generation;
}

void postern_generation_ref(struct postern_generation *generation)
{
	atomic_fetch_add(&((struct counted_generation *)generation)->references, 1);
}

void postern_generation_unref(struct postern_generation **generation)
{
	struct counted_generation *counted = (struct counted_generation *)*generation;

	*generation = NULL;
	if (counted == NULL || atomic_fetch_sub(&counted->references, 1) > 1)
		return;
	postern_dkim_keys_free(&counted->generation.dkim_keys);
	postern_store_pool_free(&counted->generation.stores);
	postern_sender_maps_free(&counted->generation.sender_maps);
	postern_networks_free(&counted->generation.trusted_networks);
	postern_networks_free(&counted->generation.outside_exempt);
	postern_config_free(&counted->generation.config);
	free(counted);
}
