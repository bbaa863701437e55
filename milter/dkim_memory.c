/* SPDX-License-Identifier: MIT */
#include "dkim_memory.h"

#include <stdint.h>
#include <stdlib.h>

#include "secret.h"

/* Octets. A signature of a message with a dozen fields takes 23 thousand (Ed25519) or 25 thousand
   (RSA-2048). */
#define CHUNK_SIZE 28672

struct postern_dkim_chunk {
	struct postern_dkim_chunk *next;
	size_t size, used;
	_Alignas(max_align_t) unsigned char data[];
};

static struct postern_dkim_chunk *add(struct postern_dkim_chunk **list, size_t size)
{
	struct postern_dkim_chunk *chunk = NULL;

	if (size <= SIZE_MAX - sizeof(*chunk))
		chunk = malloc(sizeof(*chunk) + size);
	if (chunk == NULL)
		return NULL;
	chunk->size = size;
	chunk->used = 0;
	chunk->next = *list;
	*list = chunk;
	return chunk;
}

static void drop(struct postern_dkim_chunk **link)
{
	struct postern_dkim_chunk *chunk = *link;

	*link = chunk->next;
	postern_wipe(chunk->data, chunk->used);
	free(chunk);
}

/* Those of a chunk begin where any object may. */
static size_t round_up(size_t size)
{
	const size_t unit = _Alignof(max_align_t);

	return (size + unit - 1) / unit * unit;
}

void *postern_dkim_memory_allocate(void *context, size_t size)
{
	struct postern_dkim_memory *memory = context;
	struct postern_dkim_chunk *chunk = memory->first;
	void *data;

	if (size > CHUNK_SIZE)
		chunk = add(&memory->large, size);
	else if (chunk == NULL || round_up(size) > chunk->size - chunk->used)
		chunk = add(&memory->first, CHUNK_SIZE);
	if (chunk == NULL) {
		memory->failed = true;
		return NULL;
	}
	data = chunk->data + chunk->used;
	chunk->used += size > CHUNK_SIZE ? size : round_up(size);
	return data;
}

void postern_dkim_memory_release(void *context, void *data)
{
	struct postern_dkim_memory *memory = context;
	struct postern_dkim_chunk **link = &memory->large;

	while (*link != NULL && (*link)->data != data)
		link = &(*link)->next;
	if (*link != NULL)
		drop(link);
}

void postern_dkim_memory_deinit(struct postern_dkim_memory *memory)
{
	while (memory->first != NULL)
		drop(&memory->first);
	while (memory->large != NULL)
		drop(&memory->large);
}
