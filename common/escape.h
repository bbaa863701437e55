/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ESCAPE_H
#define POSTERN_ESCAPE_H

#include <stddef.h>

/*
 * Bytes from the network on their way into a log line, an SMTP reply or a terminal.
 * Printable ASCII and valid UTF-8 letters stay; controls, DEL, invalid UTF-8, C1 controls,
 * bidi controls, line separators, and the backslash become \xHH. The result is cut at size, never
 * inside an escape or a character, and ends in "…" when it was cut.
 */
#define POSTERN_ESCAPED_MAX 1024

/* Returns text_r. size counts the NUL; at least 8. */
const char *postern_escape(const void *data, size_t data_size, char *text_r, size_t size);

/* The same for SMTP and other 7-bit replies: non-ASCII becomes \xHH too. */
const char *postern_escape_ascii(const void *data, size_t data_size, char *text_r, size_t size);

/* Escapes the double quotes of a text that is escaped already, for a value in quotes; cut at size as above,
   without the mark. Returns text_r. */
const char *postern_escape_quotes(const char *text, char *text_r, size_t size);

#endif
