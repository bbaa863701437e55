/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "failure.h"

void *postern_memory_checked(void *memory)
{
	if (memory == NULL)
		exit(postern_fail(EX_OSERR, "out of memory"));
	return memory;
}

void *postern_memory_new(size_t count, size_t size)
{
	return postern_memory_checked(calloc(count == 0 ? 1 : count, size));
}

void postern_memory_grow(void **array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return;
	*room = *room == 0 ? 16 : 2 * *room;
	*array = postern_memory_checked(reallocarray(*array, *room, size));
}

char *postern_memory_copy(const char *text)
{
	return postern_memory_checked(strdup(text));
}
