/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_MEMORY_H
#define POSTERN_DKIM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The memory that libopendkim takes for one signature, as it asks for it (dkim_init(), dkim_sign()).
 * It is kept track of because libopendkim 2.11 loses some with each Ed25519 signature, wiped because
 * a copy of the private key is in it, and watched because libopendkim goes on when some of its
 * allocations fail, and signs what is not the message. Of one thread at a time.
 */
struct postern_dkim_memory {
	struct postern_dkim_block *first;
	/* An allocation failed: whatever was computed since is not to be used. */
	bool failed;
};

/* For dkim_init(); memory, the closure, is a struct postern_dkim_memory. Returns NULL on failure. */
void *postern_dkim_memory_allocate(void *memory, size_t size);
/* NULL is fine. */
void postern_dkim_memory_release(void *memory, void *data);

/* Wipes and frees whatever was not released. */
void postern_dkim_memory_deinit(struct postern_dkim_memory *memory);

#endif
