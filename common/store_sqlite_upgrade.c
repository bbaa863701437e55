/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include "trusted_file.h"

static int upgrade_file(const struct postern_sqlite_place *place, enum postern_sqlite_which which,
			const char **error_r)
{
	const char *path = place->path[which];
	sqlite3 *db = NULL;
	struct stat status;
	int on = 1, ret;

	if (postern_sqlite_examine(place, which, &status, error_r) < 0)
		return -1;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA synchronous = FULL;", NULL, NULL, NULL) != SQLITE_OK) {
		ret = postern_sqlite_db_failed(db, path, error_r);
	} else {
		sqlite3_busy_timeout(db, POSTERN_SQLITE_BUSY_TIMEOUT);
		/* As for every other handle: readers need -wal and -shm to be there. */
		sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
		ret = postern_sqlite_schema_upgrade(db, which, path, error_r);
	}
	sqlite3_close(db);
	return ret;
}

/* Killed between the two, the next one goes on: until then the store is of two schemas, and every
   handle that needs the older file refuses it. */
int postern_sqlite_upgrade(const struct postern_config *config, const char **error_r)
{
	struct postern_sqlite_place place;

	if (postern_sqlite_place_init(&place, config, error_r) < 0 ||
	    postern_trusted_check_folder(place.folder, error_r) < 0)
		return -1;
	for (size_t i = POSTERN_SQLITE_FILES; i-- > 0;) {
		if (upgrade_file(&place, i, error_r) < 0)
			return -1;
	}
	return 0;
}
