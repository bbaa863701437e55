/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PROGRAM_OUTPUT_H
#define POSTERN_PROGRAM_OUTPUT_H

#include "error.h"

/*
 * What another program prints, such as postconf(1): run without a shell, with stdin and
 * stderr on /dev/null. The output is cut into lines.
 */
struct postern_lines {
	/* Lines one behind the other, each with its NUL. */
	char *text;
	char *end;
};

enum postern_program_outcome {
	POSTERN_PROGRAM_OK = 0,
	/* There is no such program. */
	POSTERN_PROGRAM_MISSING = 1,
};

/* argv as for execvp(3). Fails, too, where the program does, or prints more than 16 MB. */
int postern_program_output(const char *const argv[], struct postern_lines *lines_r,
			   const char **error_r) POSTERN_WARN_UNUSED;
void postern_lines_deinit(struct postern_lines *lines);

/* The line behind this one, the first one for NULL; NULL behind the last. */
const char *postern_lines_next(const struct postern_lines *lines, const char *line);

/* Of lines "name = value" the value of the last that has the name, or NULL. */
const char *postern_lines_value(const struct postern_lines *lines, const char *name);

#endif
