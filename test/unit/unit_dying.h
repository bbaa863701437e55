/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_UNIT_DYING_H
#define POSTERN_UNIT_DYING_H

#include "unit_store.h"

#include <sys/wait.h>

#include <sqlite3.h>

/*
 * kill -9 at any point of a change: a child makes it and dies at its n-th call that writes, half of
 * the octets written.
 */

static unsigned calls_left;

static inline bool dies_now(void)
{
	return calls_left > 0 && --calls_left == 0;
}

static inline ssize_t dying_pwrite(int fd, const void *data, size_t size, off_t at)
{
	if (dies_now()) {
		if (pwrite(fd, data, size / 2, at) < 0)
			_exit(9);
		_exit(9);
	}
	return pwrite(fd, data, size, at);
}

static inline ssize_t dying_write(int fd, const void *data, size_t size)
{
	if (dies_now())
		_exit(9);
	return write(fd, data, size);
}

static inline int dying_fsync(int fd)
{
	if (dies_now())
		_exit(9);
	/* What a process wrote outlives it without this. */
	(void)fd;
	return 0;
}

static inline int dying_ftruncate(int fd, off_t size)
{
	if (dies_now())
		_exit(9);
	return ftruncate(fd, size);
}

static inline int dying_unlink(const char *path)
{
	if (dies_now())
		_exit(9);
	return unlink(path);
}

static inline void die_at(unsigned n)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	const struct {
		const char *name;
		sqlite3_syscall_ptr call;
	} calls[] = {
		{ "pwrite", (sqlite3_syscall_ptr)dying_pwrite },
		{ "pwrite64", (sqlite3_syscall_ptr)dying_pwrite },
		{ "write", (sqlite3_syscall_ptr)dying_write },
		{ "ftruncate", (sqlite3_syscall_ptr)dying_ftruncate },
		{ "fsync", (sqlite3_syscall_ptr)dying_fsync },
		{ "unlink", (sqlite3_syscall_ptr)dying_unlink },
	};

	for (size_t i = 0; i < COUNT(calls); i++)
		(void)vfs->xSetSystemCall(vfs, calls[i].name, calls[i].call);
	calls_left = n;
}

typedef int change_fn(struct unit_store *unit, const char **error_r);

/* Did the child live to the end of the change? Nobody has a handle open meanwhile. */
static inline bool survives(struct unit_store *unit, change_fn *change, unsigned n)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		die_at(n);
		_exit(change(unit, &unit->error) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) != 9)
		assert_int_equal(WEXITSTATUS(status), 0);
	return WEXITSTATUS(status) == 0;
}

#endif
