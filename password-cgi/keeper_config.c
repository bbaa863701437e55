/* SPDX-License-Identifier: MIT */
#include "keeper_config.h"

#include <string.h>
#include <time.h>

#include "postern-build.h"

/* Seconds. File systems that have no finer times than one of them are the coarsest. */
#define AGE_MIN 2

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Whatever is done to a file, its owner and mode among it, sets st_ctim, which nobody can set back. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		is_same_time(&a->st_ctim, &b->st_ctim) && is_same_time(&a->st_mtim, &b->st_mtim);
}

static bool lacks_somebody(const struct postern_config *config)
{
	return config->store_group == (gid_t)-1 || config->verifier_group == (gid_t)-1 ||
		config->user == (uid_t)-1;
}

void postern_keeper_config_deinit(struct postern_keeper_config *known)
{
	postern_config_free(&known->config);
	memset(known, 0, sizeof(*known));
}

const struct postern_config *postern_keeper_config_now(struct postern_keeper_config *known,
						       const char *path)
{
	const char *file = path != NULL ? path : POSTERN_CONFIG_FILE, *ignored;
	struct stat before, after;

	if (lstat(file, &before) < 0) {
		postern_keeper_config_deinit(known);
		return NULL;
	}
	/* Once, also where nothing came of it: this process has others to serve. */
	if (known->was_read && is_same(&before, &known->seen))
		return known->config;
	postern_keeper_config_deinit(known);
	if (time(NULL) - before.st_ctim.tv_sec < AGE_MIN)
		return NULL;
	if (postern_config_load(path, &known->config, &ignored) == 0 &&
	    lacks_somebody(known->config))
		postern_config_free(&known->config);
	if (lstat(file, &after) < 0 || !is_same(&before, &after)) {
		postern_keeper_config_deinit(known);
		return NULL;
	}
	known->was_read = true;
	known->seen = before;
	return known->config;
}
