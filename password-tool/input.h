/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_INPUT_H
#define POSTERN_INPUT_H

#include <stddef.h>

/*
 * What the command reads besides its line: files and stdin. All of it is untrusted and may be
 * secret, so it never goes through stdio's buffers and is wiped when done with. Each returns 0 or
 * an exit code, and has said why.
 */

/* Reads a whole file ("-" is stdin) of at most max octets. *data_r has a NUL behind *size_r octets
   and is the caller's (postern_secret_free_sized). what names the contents in a message. */
int postern_input_read(const char *path, const char *what, size_t max, char **data_r,
		       size_t *size_r);

/* Reads a secret of 1 to max octets: on a terminal with a prompt and without echo, and a second
   time where repeat is not NULL; else the one line that stdin holds. what as above ("password").
   *secret_r is the caller's (postern_secret_free). */
int postern_input_secret(const char *what, const char *prompt, const char *repeat, size_t max,
			 char **secret_r);

#endif
