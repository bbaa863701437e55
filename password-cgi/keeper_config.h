/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_KEEPER_CONFIG_H
#define POSTERN_KEEPER_CONFIG_H

#include <stdbool.h>
#include <sys/stat.h>

#include "config.h"

/*
 * postern.conf as it is now, for the processes that the keeper forks: each would else read it for
 * itself, and ask for five users and groups. A file that was written to is another one by its times, so
 * what is changed in it counts at the next request; what is changed in /etc/group counts when the
 * keeper is started anew.
 */
struct postern_keeper_config {
	/* NULL also where it was read and cannot be used for all. */
	struct postern_config *config;
	bool was_read;
	struct stat seen;
};

/* Looks at the file, and reads it where it is not the one that was read before. NULL where a process
   has to read it by itself: it is wrong, which that one says, or so young that it may be written to
   once more without a difference in its times, or a user or group is missing, who may come. path NULL
   means the built-in POSTERN_CONFIG_FILE. What it returns is good until the next call. */
const struct postern_config *postern_keeper_config_now(struct postern_keeper_config *known,
						       const char *path);
void postern_keeper_config_deinit(struct postern_keeper_config *known);

#endif
