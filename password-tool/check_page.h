/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CHECK_PAGE_H
#define POSTERN_CHECK_PAGE_H

#include "command.h"

/* Looks whether the users' page has what postern.conf says of it: postern-keeper, a CA file, its
   administrators. Without a page_url there is no page, and nothing wrong with it. Each finding is
   one sentence on stderr. Returns an exit code (failure.h). The store is open. */
int postern_check_page(struct postern_command *command);

#endif
