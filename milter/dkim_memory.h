/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_MEMORY_H
#define POSTERN_DKIM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The memory that libopendkim takes for one message, as it asks for it (dkim_init(), dkim_sign(),
 * dkim_verify()). Small allocations are parts of a few chunks, which go all at once at the end: the
 * daemon's threads would wait for each other in malloc() some hundred times a message, and libopendkim
 * 2.11 loses some with each Ed25519 signature. Large ones go when they are released. Everything is
 * wiped, because a copy of the private key is in it. And it is watched: libopendkim goes on when some
 * of its allocations fail, and signs what is not the message. Of one thread at a time; all zero is one
 * that is empty.
 */
struct postern_dkim_memory {
	struct postern_dkim_chunk *first;
	/* One allocation each. */
	struct postern_dkim_chunk *large;
	/* An allocation failed: whatever was computed since is not to be used. */
	bool failed;
};

/* For dkim_init(); memory, the closure, is a struct postern_dkim_memory. Returns NULL on failure. */
void *postern_dkim_memory_allocate(void *memory, size_t size);
/* For dkim_init(). NULL is fine. */
void postern_dkim_memory_release(void *memory, void *data);

/* Wipes and frees all of it. */
void postern_dkim_memory_deinit(struct postern_dkim_memory *memory);

#endif
