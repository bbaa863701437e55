/* SPDX-License-Identifier: MIT */
#include "daemon_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "postern-build.h"

static void print_usage(FILE *out, const char *program)
{
	fprintf(out, "usage: %s [-c FILE] [-n]\n"
		"\n"
		"  -c, --config FILE  read this instead of " POSTERN_CONFIG_FILE "\n"
		"  -n, --check        read the configuration, say whether it is right, and end\n"
		"      --version      print the version and end\n"
		"      --help         print this and end\n", program);
}

static void refuse(const char *program)
{
	print_usage(stderr, program);
	exit(EX_USAGE);
}

void postern_daemon_options_parse(const char *program, int argc, char **argv,
				  struct postern_daemon_options *options_r)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'n' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	*options_r = (struct postern_daemon_options){ 0 };
	while ((option = getopt_long(argc, argv, "c:n", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			options_r->config = optarg;
			break;
		case 'n':
			options_r->check = true;
			break;
		case 'v':
			printf("%s %s\n", program, POSTERN_VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			print_usage(stdout, program);
			exit(EXIT_SUCCESS);
		default:
			refuse(program);
		}
	}
	if (optind < argc)
		refuse(program);
}
