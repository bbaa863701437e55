/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_QUESTION_H
#define POSTERN_QUESTION_H

#include <stdbool.h>

#include "error.h"
#include "page_message.h"
#include "request.h"

/*
 * What password.cgi asks postern-keeper: a request as the message of page.h. What only the web
 * server can know, of the client and its certificate, is taken from its variables; a certificate
 * and an upload are read here, and what they say goes on.
 */

/* Adds to message, which is the caller's, all but what has to do with keys. Memory that is missing
   spoils the message. */
void postern_question_compose(const struct postern_request *request,
			      struct postern_page_message *message);

/* Is there a client certificate, or is this the page that takes uploads? */
bool postern_question_has_keys(enum postern_method method, const char *path);

/* Adds what the certificate and the upload say. page_ca is that of postern.conf. Fails for want of
   memory, or where page_ca cannot be read. */
typedef int postern_question_keys_fn(const char *page_ca, const struct postern_request *request,
				     struct postern_page_message *message, const char **error_r);
postern_question_keys_fn postern_question_add_keys POSTERN_WARN_UNUSED;

#endif
