/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CONFIG_FILE_H
#define POSTERN_CONFIG_FILE_H

#include "error.h"

/*
 * The lines of postern.conf, for config.c, and for who needs a few options of it and not what all of
 * the others are read with (cgi_config.h). It knows no option. The file must not be writable by others
 * than its owner.
 */

/* What both of them have to say of an option that is not given. */
#define POSTERN_CONFIG_KEEPER_SOCKET "/run/postern-keeper/keeper.sock"

struct postern_config_line {
	/* Without blanks around them and controls in them; the value may be empty. */
	const char *name, *value;
	unsigned number;
};

/* Called for each "name = value". The text of a failure is put behind file and line. */
typedef int postern_config_line_fn(const struct postern_config_line *line, void *context,
				   const char **error_r);

/* path NULL means the built-in POSTERN_CONFIG_FILE. A missing file is a failure, as is a line that is
   neither empty, a comment nor an option. */
int postern_config_file_read(const char *path, postern_config_line_fn *fn, void *context,
			     const char **error_r) POSTERN_WARN_UNUSED;

/* For an option that can be given once: *given_at is 0 at first, and then the line where it was. */
int postern_config_line_once(const struct postern_config_line *line, unsigned *given_at,
			     const char **error_r) POSTERN_WARN_UNUSED;

/* Puts the option's name in front of the failure of its value; always -1. */
int postern_config_line_wrong(const struct postern_config_line *line, const char **error_r);

#endif
