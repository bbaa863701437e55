/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MEMORY_H
#define POSTERN_MEMORY_H

#include <stddef.h>

/*
 * Memory for a command that is short-lived. Where there is none left the command ends with
 * EX_OSERR: the store takes an open transaction back, so no transaction is half-done.
 */

/* Zeroed; the caller's to free. */
void *postern_memory_new(size_t count, size_t size);

/* Room for one more element behind the count that are there; it doubles as it grows. array is a
   T **, room a size_t *: how many elements fit. */
#define POSTERN_MEMORY_GROW(array, count, room) \
	postern_memory_grow((void **)(array), (count), (room), sizeof(**(array)))
void postern_memory_grow(void **array, size_t count, size_t *room, size_t size);

char *postern_memory_copy(const char *text);

/* For what another function has allocated: gives memory back, or ends the command for NULL. */
void *postern_memory_checked(void *memory);

#endif
