/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_FAILURE_H
#define POSTERN_FAILURE_H

#include <sysexits.h>

#include "error.h"

/*
 * How the command fails: one line on stderr, "postern: …", that says what is wrong and what to do,
 * and an exit code of sysexits.h. The codes and what they mean to a script:
 *
 *     1               "address check": the address is not the account's; "dns --check": advice
 *     EX_USAGE        the command line is wrong
 *     EX_DATAERR      a name, certificate, address, password or line of an import is wrong
 *     EX_NOINPUT      a file to read is missing or unreadable
 *     EX_NOUSER       the account, key, password, address or selector is not there
 *     EX_UNAVAILABLE  the store is missing, damaged or not to be trusted
 *     EX_OSERR        the system had no memory or no random numbers
 *     EX_CANTCREAT    what is to be added is there already, or its file cannot be made
 *     EX_IOERR        reading or writing failed; a change was taken back
 *     EX_TEMPFAIL     somebody else is writing to the store, or the DNS cannot tell: try again
 *     EX_NOPERM       another user has to do this: root
 *     EX_CONFIG       postern.conf is wrong, or `check` or `dns --check` found something
 */

/* Prints the line and returns code, so that `return postern_fail(EX_…, "…")` is a whole failing
   path. Text from outside goes through postern_show first. */
int postern_fail(int code, const char *fmt, ...) POSTERN_PRINTF(2, 3);

/* The same words without an exit code, for what is worth saying and no failure. */
void postern_note(const char *fmt, ...) POSTERN_PRINTF(1, 2);

/* A text from outside, escaped and cut for a message. Good for the next few calls. */
const char *postern_show(const char *text);

#endif
