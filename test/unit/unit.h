/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_UNIT_H
#define POSTERN_UNIT_H

/* What the unit tests share: cmocka, tables, and a folder that is gone afterwards. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Says which row of a table it was, where an assertion of cmocka would name the line alone. */
#define check_row(row, condition) \
	do { \
		if (!(condition)) \
			fail_msg("case \"%s\": %s", (row), #condition); \
	} while (0)

static inline int unit_remove(const char *path, const struct stat *status, int flag,
			      struct FTW *walk)
{
	(void)status;
	(void)flag;
	(void)walk;
	return remove(path);
}

static inline void unit_folder_remove(const char *path)
{
	(void)nftw(path, unit_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* path_r is the name of a new folder, 0700. */
static inline void unit_folder_make(char path_r[PATH_MAX])
{
	const char *parent = getenv("TMPDIR");

	snprintf(path_r, PATH_MAX, "%s/postern-unit-XXXXXX", parent != NULL ? parent : "/tmp");
	if (mkdtemp(path_r) == NULL)
		fail_msg("mkdtemp %s: %m", path_r);
}

static inline void unit_write_sized(const char *path, const void *data, size_t size, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || fchmod(fd, mode) < 0)
		fail_msg("write %s: %m", path);
	close(fd);
}

static inline void unit_write(const char *path, const char *text, mode_t mode)
{
	unit_write_sized(path, text, strlen(text), mode);
}

#endif
