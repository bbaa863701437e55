/* SPDX-License-Identifier: MIT */
#include "password_scheme.h"

#include <sys/mman.h>

/* For what the libraries take beside the memory of the algorithm. */
#define ROOM (1024 * 1024)

bool postern_password_memory_fits(uint64_t size)
{
	/* As they get it. Nothing is written, so the kernel only has to agree (RLIMIT_AS,
	   overcommit): that takes microseconds. */
	void *memory = mmap(NULL, size + ROOM, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	munmap(memory, size + ROOM);
	return true;
}
