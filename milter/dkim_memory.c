/* SPDX-License-Identifier: MIT */
#include "dkim_memory.h"

#include <stdint.h>
#include <stdlib.h>

#include "secret.h"

/* Octets. A signature of a message with a dozen fields takes 22 thousand, whatever its body. */
#define CHUNK_SIZE 24576

struct postern_dkim_chunk {
	struct postern_dkim_chunk *next;
	size_t size, used;
	_Alignas(max_align_t) unsigned char data[];
};

static struct postern_dkim_chunk *add_chunk(struct postern_dkim_memory *memory, size_t size)
{
	struct postern_dkim_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (chunk == NULL)
		return NULL;
	chunk->size = size;
	chunk->used = 0;
	chunk->next = memory->first;
	memory->first = chunk;
	return chunk;
}

void *postern_dkim_memory_allocate(void *context, size_t size)
{
	struct postern_dkim_memory *memory = context;
	struct postern_dkim_chunk *chunk = memory->first;
	const size_t unit = _Alignof(max_align_t);
	size_t rounded = (size + unit - 1) / unit * unit;
	void *data;

	if (size > SIZE_MAX / 2)
		chunk = NULL;
	else if (chunk == NULL || rounded > chunk->size - chunk->used)
		chunk = add_chunk(memory, rounded > CHUNK_SIZE ? rounded : CHUNK_SIZE);
	if (chunk == NULL) {
		memory->failed = true;
		return NULL;
	}
	data = chunk->data + chunk->used;
	chunk->used += rounded;
	return data;
}

/* All of it goes at once, at the end. */
void postern_dkim_memory_release(void *context, void *data)
{
	(void)context;
	(void)data;
}

void postern_dkim_memory_deinit(struct postern_dkim_memory *memory)
{
	while (memory->first != NULL) {
		struct postern_dkim_chunk *chunk = memory->first;

		memory->first = chunk->next;
		postern_wipe(chunk->data, chunk->used);
		free(chunk);
	}
}
