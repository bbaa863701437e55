/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DAEMON_OPTIONS_H
#define POSTERN_DAEMON_OPTIONS_H

#include <stdbool.h>

/*
 * The command line of postern-milter and of postern-keeper, which is the same: which configuration,
 * and whether to do more than read it. For the beginning of main alone.
 */
struct postern_daemon_options {
	/* NULL where none is named; of argv. */
	const char *config;
	/* Say whether the configuration is right, and end. */
	bool check;
};

/* program is the name for --version and --help. Ends the process after these, and with EX_USAGE
   where the command line is wrong. */
void postern_daemon_options_parse(const char *program, int argc, char **argv,
				  struct postern_daemon_options *options_r);

#endif
