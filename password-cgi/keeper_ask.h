/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_KEEPER_ASK_H
#define POSTERN_KEEPER_ASK_H

#include "error.h"
#include "page_message.h"

/* One question to postern-keeper at the unix socket path, and its answer, for which it may take as
   long as it likes: the caller's alarm ends that. answer_r is the caller's to deinit once it has
   been initialised, failed or not. */
int postern_keeper_ask(const char *path, const struct postern_page_message *message,
		       struct postern_page_message *answer_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
