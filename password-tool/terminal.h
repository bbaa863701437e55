/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_TERMINAL_H
#define POSTERN_TERMINAL_H

#include <stddef.h>

/*
 * Asking for a secret on the terminal at stdin, without echo. However that ends, by a signal too,
 * the terminal echoes again afterwards; a signal that would have ended the command still does.
 */

/* Prompts on stderr and reads one line without its end into line_r, at most size - 1 octets.
   Returns 0, or an exit code and has said why: it is too long, has a NUL, or there is none. */
int postern_terminal_ask(const char *prompt, char *line_r, size_t size);

#endif
