/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_UNIT_FILES_H
#define POSTERN_UNIT_FILES_H

/* What is done to the files of a store behind its back. */

#include "unit_store.h"

#include <sqlite3.h>

/* A user and group that nobody in particular has. */
#define OTHER 54321

static inline mode_t mode_of(const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		fail_msg("%s: %m", path);
	return status.st_mode & 07777;
}

static inline gid_t group_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_gid;
}

static inline bool exists(const char *path, const char *suffix)
{
	char name[PATH_MAX + 64];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return access(name, F_OK) == 0;
}

static inline void rename_to(const char *from, const char *to)
{
	if (rename(from, to) < 0)
		fail_msg("rename %s: %m", from);
}

static inline void copy(const char *from, const char *to, mode_t mode)
{
	static char data[1 << 20];
	struct stat status;
	int fd = open(from, O_RDONLY);
	ssize_t size = read(fd, data, sizeof(data));

	assert_true(size > 0 && (size_t)size < sizeof(data));
	assert_int_equal(fstat(fd, &status), 0);
	close(fd);
	unit_write_sized(to, data, (size_t)size, mode);
	assert_int_equal(chown(to, (uid_t)-1, status.st_gid), 0);
}

static inline void execute(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static inline int open_result(struct unit_store *unit, unsigned flags)
{
	struct postern_store *store = NULL;
	int ret = postern_store_open(&unit->config, flags, &store, &unit->error);

	assert_true((ret == 0) == (store != NULL));
	postern_store_free(&store);
	return ret;
}

#endif
