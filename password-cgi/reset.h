/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_RESET_H
#define POSTERN_RESET_H

#include "config.h"
#include "page.h"
#include "state.h"
#include "store.h"

/*
 * What approving a request does, for the admin's page and for `postern reset`. An administrator
 * never chooses a password for somebody: he lets a link out, or the hash in that came along with the
 * request.
 */
enum postern_reset_outcome {
	POSTERN_RESET_LINK = 0,  /* a link was made */
	POSTERN_RESET_SET = 1,   /* the hash was set */
	POSTERN_RESET_NONE = 2,  /* there is no such open request */
	POSTERN_RESET_GONE = 3,  /* the account is gone or disabled; the request is closed */
};

/* page: config, store (to write, with verifiers), state, now; page->account becomes the request's.
   token_r is set with LINK: the link is page_url/link?t=TOKEN. */
int postern_reset_approve(struct postern_page *page, int64_t id,
			  char token_r[POSTERN_TOKEN_SIZE], const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
