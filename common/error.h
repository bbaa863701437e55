/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ERROR_H
#define POSTERN_ERROR_H

/*
 * How a failure travels inside common/.
 *
 * A function that can fail returns an int:
 *     0         done
 *     negative  a failure, -1 where its header names no other: pass it on, never read
 *               it as "no"
 *     positive  an outcome, an enum of that function, which the caller must handle
 * With a negative return, *error_r points at one line of text without a newline,
 * ready for a log or a terminal. The text belongs to the calling thread and is good
 * until the next failure on it; nobody frees it. It never contains a secret, and
 * bytes from outside are escaped in it. The edge (main, a shim, a daemon's thread)
 * logs it once.
 */

#define POSTERN_WARN_UNUSED __attribute__((warn_unused_result))
#define POSTERN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Formats the text of a failure, points *error_r at it and returns -1, so that
   `return postern_error(error_r, "…")` is the whole of a failing path. */
int postern_error(const char **error_r, const char *fmt, ...) POSTERN_PRINTF(2, 3);

/* The text of the calling thread's latest failure, "" before the first: for a failure that went
   through a callback, which hands on the number alone. */
const char *postern_error_last(void);

#endif
