/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CONFIG_OPTION_H
#define POSTERN_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "error.h"

/*
 * The options of postern.conf one by one, for config.c alone: name, default, and how a
 * value is read into its place in struct postern_config.
 */

/* No more options than this. */
#define POSTERN_CONFIG_OPTIONS_MAX 64

/* Gives every option but users and groups its default. config is all zero before. */
int postern_config_set_defaults(struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;

/* The default of an option that is a user or group and was not given; nothing for another option.
   To be called when the file has been read: a name that this machine does not have is asked of every
   name service. It matters to none but the part that needs it: it finds an id of -1, and says
   so. */
void postern_config_option_set_default_id(struct postern_config *config, size_t index);

bool postern_config_option_find(const char *name, size_t *index_r);

/* Reads value (no blanks around it, no controls in it) into the option; the failure names
   neither file nor option. */
int postern_config_option_set(struct postern_config *config, size_t index, const char *value,
			      const char **error_r) POSTERN_WARN_UNUSED;

/* Frees what the options hold. */
void postern_config_clear(struct postern_config *config);

#endif
