/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_UPLOAD_H
#define POSTERN_UPLOAD_H

#include <stdint.h>

#include "page_message.h"

/*
 * An uploaded or pasted key, and the proof that its private half is the visitor's. What is told
 * about them goes on to postern-keeper, as the values of page.h; their octets do not, but for the
 * text of a certificate or public key, to be shown again.
 */

/* cookie is the session's. Fails for want of memory alone. */
int postern_upload_add(const struct postern_page_message *form, const char *cookie, int64_t now,
		       struct postern_page_message *message, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
