/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_MEMORY_H
#define POSTERN_DKIM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The memory that libopendkim takes for one signature, as it asks for it (dkim_init(), dkim_sign()):
 * parts of a few large pieces, which go all at once when the signature is done. That is so because
 * libopendkim 2.11 loses some with each Ed25519 signature, because a copy of the private key is in it
 * and is to be wiped, and because its threads would wait for each other at a hundred small
 * allocations. How much it takes goes by the header, and not by the body. It is also watched:
 * libopendkim goes on when some of its allocations fail, and signs what is not the message. Of one
 * thread at a time.
 */
struct postern_dkim_memory {
	struct postern_dkim_chunk *first;
	/* An allocation failed: whatever was computed since is not to be used. */
	bool failed;
};

/* For dkim_init(); memory, the closure, is a struct postern_dkim_memory. Returns NULL on failure. */
void *postern_dkim_memory_allocate(void *memory, size_t size);
/* For dkim_init(). Does nothing. */
void postern_dkim_memory_release(void *memory, void *data);

/* Wipes and frees all of it. */
void postern_dkim_memory_deinit(struct postern_dkim_memory *memory);

#endif
