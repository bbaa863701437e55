/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CGI_CONFIG_H
#define POSTERN_CGI_CONFIG_H

#include "error.h"

/*
 * The options of postern.conf that password.cgi goes by, read by the functions that config.h reads
 * them with. The lines of all others are passed over: what they are read with is most of the
 * library, and a process that lives for one request would pay more for loading that than for the
 * request. postern-keeper goes by the whole file, and answers no request by a wrong one.
 */
struct postern_cgi_config {
	/* As in struct postern_config. */
	char *page_url, *page_ca, *keeper_socket, *log;
};

/* path NULL means the built-in POSTERN_CONFIG_FILE. Fails as postern_config_load. config_r is to be given
   to deinit in any case. */
int postern_cgi_config_init(const char *path, struct postern_cgi_config *config_r,
			    const char **error_r) POSTERN_WARN_UNUSED;
void postern_cgi_config_deinit(struct postern_cgi_config *config);

#endif
