/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_QUESTION_H
#define POSTERN_QUESTION_H

#include "error.h"
#include "page_message.h"
#include "request.h"

/*
 * What password.cgi asks postern-keeper: a request as the message of page.h. What only the web
 * server can know, of the client and its certificate, is taken from its variables; a certificate
 * and an upload are read here, and what they say goes on.
 */

/* Adds to message, which is the caller's. Fails for want of memory, or where page_ca cannot be
   read. */
int postern_question_compose(const char *page_ca, const struct postern_request *request,
			     struct postern_page_message *message, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
