/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_NEW_H
#define POSTERN_DKIM_NEW_H

#include "command.h"
#include "dkim_key.h"

/*
 * A new DKIM key: its file, and its row in the store. The file is written before the row is
 * committed, so that a row always has its file.
 */

/* Decides, with the store locked, on the selector's name and state, or against it with an exit
   code. new has its domain, and what the caller put there. */
typedef int postern_dkim_choose_fn(struct postern_command *command,
				   struct postern_dkim_selector *new);

/* Returns 0 or an exit code, and has said why. */
int postern_dkim_new(struct postern_command *command,
		     const struct postern_dkim_algorithm *algorithm,
		     postern_dkim_choose_fn *choose, struct postern_dkim_selector *new);

/* "20240501-rsa", and from the second one on "20240501-rsa-2". */
void postern_dkim_new_name(const struct postern_dkim_algorithm *algorithm, unsigned number,
			   char selector_r[POSTERN_DKIM_SELECTOR_MAX + 1]);

#endif
