/* SPDX-License-Identifier: MIT */
#include "dkim_memory.h"

#include <stdint.h>
#include <stdlib.h>

#include "secret.h"

struct postern_dkim_block {
	struct postern_dkim_block *next;
	/* What points to this one. */
	struct postern_dkim_block **link;
	size_t size;
	_Alignas(max_align_t) unsigned char data[];
};

void *postern_dkim_memory_allocate(void *context, size_t size)
{
	struct postern_dkim_memory *memory = context;
	struct postern_dkim_block *block = NULL;

	if (size <= SIZE_MAX - sizeof(*block))
		block = malloc(sizeof(*block) + size);
	if (block == NULL) {
		memory->failed = true;
		return NULL;
	}
	block->size = size;
	block->next = memory->first;
	block->link = &memory->first;
	if (block->next != NULL)
		block->next->link = &block->next;
	memory->first = block;
	return block->data;
}

static void release(struct postern_dkim_block *block)
{
	*block->link = block->next;
	if (block->next != NULL)
		block->next->link = block->link;
	postern_wipe(block->data, block->size);
	free(block);
}

void postern_dkim_memory_release(void *context, void *data)
{
	(void)context;
	if (data != NULL) {
		release((struct postern_dkim_block *)
			((unsigned char *)data - offsetof(struct postern_dkim_block, data)));
	}
}

void postern_dkim_memory_deinit(struct postern_dkim_memory *memory)
{
	while (memory->first != NULL)
		release(memory->first);
}
