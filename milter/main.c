/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "daemon.h"
#include "daemon_options.h"
#include "log.h"

int main(int argc, char **argv)
{
	struct postern_generation *generation = NULL;
	struct postern_daemon_options options;
	const char *error;

	postern_daemon_options_parse("postern-milter", argc, argv, &options);
	if (postern_generation_load(options.config, &generation, &error) < 0) {
		postern_log(LOG_ERR, "%s", error);
		return EX_CONFIG;
	}
	if (options.check) {
		puts("The configuration is right.");
		postern_generation_unref(&generation);
		return EXIT_SUCCESS;
	}
	postern_log_open(generation->config->log);
	if (postern_daemon_run(options.config, generation, &error) < 0)
		postern_log(LOG_ERR, "%s", error);
	return EX_UNAVAILABLE;
}
