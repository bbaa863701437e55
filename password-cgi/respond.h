/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_RESPOND_H
#define POSTERN_RESPOND_H

#include <stdbool.h>
#include <stdio.h>

#include "page_message.h"

/*
 * The answer of the CGI program: the same headers of security with every one, whoever wrote its
 * body. answer is postern-keeper's; what of it could end a header line is not written.
 */
void postern_respond(FILE *out, const char *page_url, bool head,
		     const struct postern_page_message *answer);

/* A page that has the browser ask for the same once more, of its own. */
void postern_respond_again(FILE *out, const char *page_url, bool head);

/* A page of its own, for a request that goes no further. */
void postern_respond_refusal(FILE *out, const char *page_url, bool head, int status);

#endif
