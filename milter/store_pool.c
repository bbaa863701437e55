/* SPDX-License-Identifier: MIT */
#include "store_pool.h"

#include <pthread.h>
#include <stdlib.h>

/* Idle handles that are kept. There are seldom more look-ups at a time than processors. */
#define IDLE_MAX 16

struct postern_store_pool {
	const struct postern_config *config;
	pthread_mutex_t mutex;
	size_t idle_count;
	struct postern_store *idle[IDLE_MAX];
};

int postern_store_pool_new(const struct postern_config *config,
			   struct postern_store_pool **pool_r, const char **error_r)
{
	struct postern_store_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return postern_error(error_r, "cannot keep handles of the store: %m");
	pool->config = config;
	pthread_mutex_init(&pool->mutex, NULL);
	*pool_r = pool;
	return 0;
}

static void close_idle(struct postern_store_pool *pool)
{
	while (pool->idle_count > 0)
		postern_store_free(&pool->idle[--pool->idle_count]);
}

void postern_store_pool_free(struct postern_store_pool **pool)
{
	if (*pool == NULL)
		return;
	close_idle(*pool);
	pthread_mutex_destroy(&(*pool)->mutex);
	free(*pool);
	*pool = NULL;
}

int postern_store_pool_take(struct postern_store_pool *pool, struct postern_store **store_r,
			    const char **error_r)
{
	*store_r = NULL;
	pthread_mutex_lock(&pool->mutex);
	if (pool->idle_count > 0)
		*store_r = pool->idle[--pool->idle_count];
	pthread_mutex_unlock(&pool->mutex);
	if (*store_r != NULL)
		return 0;
	return postern_store_open(pool->config, POSTERN_STORE_READ, store_r, error_r);
}

void postern_store_pool_give(struct postern_store_pool *pool, struct postern_store **store)
{
	if (*store == NULL)
		return;
	pthread_mutex_lock(&pool->mutex);
	if (pool->idle_count < IDLE_MAX) {
		pool->idle[pool->idle_count++] = *store;
		*store = NULL; /* transferred */
	}
	pthread_mutex_unlock(&pool->mutex);
	postern_store_free(store);
}

void postern_store_pool_drop(struct postern_store_pool *pool, struct postern_store **store)
{
	postern_store_free(store);
	pthread_mutex_lock(&pool->mutex);
	close_idle(pool);
	pthread_mutex_unlock(&pool->mutex);
}
