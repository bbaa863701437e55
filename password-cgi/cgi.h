/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CGI_H
#define POSTERN_CGI_H

#include "question.h"

/*
 * One request, and the end. pages.h says what is done here and what is not.
 *
 * There are two programs for it. The web server starts password.cgi, which has no OpenSSL: to load it
 * takes longer than all the rest of a page, and most requests have nothing to do with a key.
 * password.cgi becomes password-key.cgi for one that has.
 */

/* The name of the other program, in the folder of this one. */
#define POSTERN_CGI_KEY_PROGRAM "password-key.cgi"

/* Answers the request of this process's environment and stdin, and returns its exit status. keys is
   NULL for who cannot read any, and why_not the errno for which: a request that has to do with one is
   refused then. */
int postern_cgi_run(postern_question_keys_fn *keys, int why_not);

#endif
