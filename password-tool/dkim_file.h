/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_FILE_H
#define POSTERN_DKIM_FILE_H

#include <stdbool.h>

#include "config.h"

/*
 * The private DKIM keys on disk: dkim_dir/DOMAIN/SELECTOR.pem, the file 0600 and both folders 0700,
 * all of the daemon's user. The command writes here as root, in folders that belong to somebody
 * less trusted: it goes from folder to folder by descriptor and follows no symbolic link. domain
 * and selector are normalised. Each returns 0 or an exit code, and has said why.
 */

/* Whether this process can make files for the daemon's user at all. */
int postern_dkim_file_check_owner(const struct postern_config *config);

/* Makes dkim_dir where it is missing. */
int postern_dkim_file_prepare(const struct postern_config *config);

/* Writes a new file, whole or not at all, and to the disk before it returns. One that is there is
   left alone (EX_CANTCREAT). */
int postern_dkim_file_write(const struct postern_config *config, const char *domain,
			    const char *selector, const char *pem);

/* Reads a file that nobody but root and the daemon's user can read or write. *pem_r is the caller's
   (postern_secret_free). */
int postern_dkim_file_read(const struct postern_config *config, const char *domain,
			   const char *selector, char **pem_r);

/* Whether there is one of that name, whatever it is. */
bool postern_dkim_file_exists(const struct postern_config *config, const char *domain,
			      const char *selector);

/* Removes a file; none is fine. */
int postern_dkim_file_remove(const struct postern_config *config, const char *domain,
			     const char *selector);

#endif
