/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "daemon_options.h"
#include "keeper.h"
#include "keeper_log.h"

int main(int argc, char **argv)
{
	struct postern_config *config = NULL;
	struct postern_daemon_options options;
	const char *error;
	int code = EXIT_SUCCESS;

	postern_daemon_options_parse("postern-keeper", argc, argv, &options);
	umask(077);
	/* Passwords pass through here: nobody is to read this memory, and no core is left of it. */
	prctl(PR_SET_DUMPABLE, 0);
	if (postern_config_load(options.config, &config, &error) < 0) {
		postern_keeper_log(LOG_ERR, "%s", error);
		return EX_CONFIG;
	}
	if (options.check) {
		puts("The configuration is right.");
	} else {
		postern_keeper_log_open("postern-keeper", config->log);
		if (postern_keeper_run(options.config, config, &error) < 0) {
			postern_keeper_log(LOG_ERR, "%s", error);
			code = EX_UNAVAILABLE;
		}
	}
	postern_config_free(&config);
	return code;
}
