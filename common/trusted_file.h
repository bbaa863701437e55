/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_TRUSTED_FILE_H
#define POSTERN_TRUSTED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/*
 * Files that decide who may do what are believed only when nobody else could have
 * written them, and files with secrets in them only when nobody else can read them.
 * The file is opened first and what was opened is checked, so a rename in between
 * changes nothing.
 */
enum postern_trust {
	/* Owner is root or the effective user; not writable by group or others. */
	POSTERN_TRUST_UNTAMPERED,
	/* The same, and not accessible by others at all; the group may read. */
	POSTERN_TRUST_PRIVATE,
	/* The same, and not accessible by the group either. */
	POSTERN_TRUST_SECRET,
};

/* Opens a regular file for reading (O_CLOEXEC, never a FIFO or device, never through
   a symbolic link as its last component). Returns the descriptor, which the caller
   closes, or -1. */
int postern_trusted_open(const char *path, enum postern_trust trust, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Checks a path without keeping it open (for files that a library opens by name). POSIX locks
   that this process holds on the file stay. */
int postern_trusted_check(const char *path, enum postern_trust trust, const char **error_r)
	POSTERN_WARN_UNUSED;

/* The same for a folder: owner is root or the effective user, and nobody else could have put a
   file into it. */
int postern_trusted_check_folder(const char *path, const char **error_r) POSTERN_WARN_UNUSED;

/* Reads a whole trusted file of at most max octets. *data_r is on the heap, has a NUL
   after *size_r octets and is the caller's to wipe and free (postern_secret_free). */
int postern_trusted_read(const char *path, enum postern_trust trust, size_t max,
			 char **data_r, size_t *size_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
