/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_USES_OF_H
#define POSTERN_USES_OF_H

#include "login_journal.h"
#include "page.h"

/* When a key or a password was last used, and where, as a table shows it. The journal is
   postern-milter's; without one, nothing is known, and that is no failure. */

struct postern_login_journal *postern_uses_journal(struct postern_page *page);

/* Adds one cell. use is all zero for never. */
void postern_uses_cell(struct postern_page *page, const struct postern_login_use *use,
		       const char *never);

#endif
