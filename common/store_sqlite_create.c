/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "trusted_file.h"

/*
 * Both files are made under names that nobody opens, written to the disk, and renamed: whenever
 * this is interrupted, there is no store, or the whole of it.
 */
#define NEW ".new"

static const char *const companions[] = { "", "-journal", "-wal", "-shm" };

/* Removes a database file of this name with all that SQLite may have left beside it. */
static void remove_database(const char *path)
{
	char name[PATH_MAX + 16];

	for (size_t i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
		if (snprintf(name, sizeof(name), "%s%s", path, companions[i]) < (int)sizeof(name))
			unlink(name);
	}
}

static bool is_empty_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	bool empty = true;

	if (folder == NULL)
		return false;
	while (empty && (entry = readdir(folder)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(folder);
	return empty;
}

/* Makes the folder, or takes the one that is there. Only an empty one is given its group and
   mode: another may be shared, and its admin's choice stands. */
static int make_folder(const struct postern_sqlite_place *place, const char **error_r)
{
	/* auth-worker's group has to pass through where it is another than the store's; it
	   cannot list the folder even then. */
	gid_t verifier_group = place->group[POSTERN_SQLITE_VERIFIERS];
	bool others_pass = verifier_group != 0 &&
		verifier_group != place->group[POSTERN_SQLITE_ACCOUNTS];

	if (mkdir(place->folder, 0700) < 0 && errno != EEXIST)
		return postern_error(error_r, "cannot make the folder %s: %m", place->folder);
	if (postern_trusted_check_folder(place->folder, error_r) < 0)
		return -1;
	if (is_empty_folder(place->folder) &&
	    (chown(place->folder, (uid_t)-1, place->group[POSTERN_SQLITE_ACCOUNTS]) < 0 ||
	     chmod(place->folder, others_pass ? 0751 : 0750) < 0)) {
		return postern_error(error_r, "cannot give the folder %s its group and mode: %m",
				     place->folder);
	}
	return 0;
}

/* The descriptor holds the lock: of two commands that make a store here, one fails. */
static int lock_folder(const char *path, const char **error_r)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return postern_error(error_r, "cannot open the folder %s: %m", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		postern_error(error_r, "another command is making a store in %s: %m", path);
		close(fd);
		return -1;
	}
	return fd;
}

static int make_file(const char *path, gid_t group, const char **error_r)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int ret = 0;

	if (fd < 0)
		return postern_error(error_r, "cannot make %s: %m", path);
	if (fchown(fd, (uid_t)-1, group) < 0 || fchmod(fd, group == 0 ? 0600 : 0640) < 0)
		ret = postern_error(error_r, "cannot give %s its group and mode: %m", path);
	close(fd);
	return ret;
}

static int make_database(const char *path, enum postern_sqlite_which which, gid_t group,
			 const void *store_id, const char **error_r)
{
	sqlite3 *db = NULL;
	int ret = -1;

	if (make_file(path, group, error_r) < 0)
		return -1;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA synchronous = FULL;", NULL, NULL, NULL) != SQLITE_OK) {
		postern_sqlite_db_failed(db, path, error_r);
		goto out;
	}
	if (postern_sqlite_schema_make(db, which, store_id, path, error_r) < 0)
		goto out;
	if (sqlite3_exec(db, "PRAGMA journal_mode = WAL;", NULL, NULL, NULL) != SQLITE_OK) {
		postern_sqlite_db_failed(db, path, error_r);
		goto out;
	}
	ret = 0;
out:
	/* The last one to close writes -wal back and removes it. */
	if (sqlite3_close(db) != SQLITE_OK && ret == 0)
		ret = postern_error(error_r, "%s could not be written", path);
	return ret;
}

static int check_absent(const struct postern_sqlite_place *place, const char **error_r)
{
	for (size_t i = 0; i < POSTERN_SQLITE_FILES; i++) {
		struct stat status;

		if (lstat(place->path[i], &status) == 0) {
			return postern_error(error_r, "%s is there already: to make a new store, "
				"move both files of the old one away", place->path[i]);
		}
		if (errno != ENOENT)
			return postern_error(error_r, "cannot examine %s: %m", place->path[i]);
	}
	return 0;
}

/* verifiers.db first: with postern.db the store begins to be. */
static int rename_files(const struct postern_sqlite_place *place,
			const char new_path[POSTERN_SQLITE_FILES][PATH_MAX], const char **error_r)
{
	for (size_t i = POSTERN_SQLITE_FILES; i-- > 0;) {
		/* A -wal of an earlier store would be read as this one's. */
		remove_database(place->path[i]);
		if (rename(new_path[i], place->path[i]) < 0) {
			postern_error(error_r, "cannot rename %s: %m", new_path[i]);
			remove_database(place->path[POSTERN_SQLITE_VERIFIERS]);
			return -1;
		}
	}
	return 0;
}

static int build(const struct postern_sqlite_place *place,
		 const char new_path[POSTERN_SQLITE_FILES][PATH_MAX], const char **error_r)
{
	unsigned char store_id[POSTERN_SQLITE_STORE_ID_SIZE];

	if (getentropy(store_id, sizeof(store_id)) < 0)
		return postern_error(error_r, "no random numbers: %m");
	for (size_t i = 0; i < POSTERN_SQLITE_FILES; i++) {
		remove_database(new_path[i]);
		if (make_database(new_path[i], i, place->group[i], store_id, error_r) < 0)
			return -1;
	}
	return rename_files(place, new_path, error_r);
}

static bool read_store_id(const char *path, enum postern_sqlite_which which,
			  unsigned char id_r[POSTERN_SQLITE_STORE_ID_SIZE])
{
	const char *ignored;
	sqlite3 *db = NULL;
	bool good = postern_trusted_check(path, POSTERN_TRUST_PRIVATE, &ignored) == 0 &&
		sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
		postern_sqlite_schema_check(db, which, path, &ignored) == 0 &&
		postern_sqlite_schema_store_id(db, path, id_r, &ignored) == 0;

	sqlite3_close(db);
	return good;
}

/* Did an earlier create die between the two renames? Then verifiers.db and the new
   postern.db are of one store, and nobody has written to either yet. A verifiers.db for
   which that does not hold is the rest of a store whose other half was lost, and stays. */
static bool is_interrupted(const struct postern_sqlite_place *place,
			   const char new_path[POSTERN_SQLITE_FILES][PATH_MAX])
{
	unsigned char id[POSTERN_SQLITE_FILES][POSTERN_SQLITE_STORE_ID_SIZE];
	struct stat status;

	return lstat(place->path[POSTERN_SQLITE_ACCOUNTS], &status) < 0 && errno == ENOENT &&
		read_store_id(new_path[POSTERN_SQLITE_ACCOUNTS], POSTERN_SQLITE_ACCOUNTS, id[0]) &&
		read_store_id(place->path[POSTERN_SQLITE_VERIFIERS], POSTERN_SQLITE_VERIFIERS,
			      id[1]) &&
		memcmp(id[0], id[1], sizeof(id[0])) == 0;
}

/* Opening for writing makes -wal and -shm, which are there from now on. */
static int make_companions(const struct postern_config *config, const char **error_r)
{
	struct postern_store *store = NULL;
	int ret = postern_store_sqlite.open(config,
		POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS, &store, error_r);

	if (ret == 0)
		ret = postern_sqlite_begin(store, error_r);
	if (store != NULL)
		postern_store_sqlite.free(store);
	return ret;
}

/* The folder is locked. */
static int create_in(const struct postern_sqlite_place *place, int folder, const char **error_r)
{
	char new_path[POSTERN_SQLITE_FILES][PATH_MAX];
	int ret;

	for (size_t i = 0; i < POSTERN_SQLITE_FILES; i++) {
		memcpy(new_path[i], place->path[i], PATH_MAX);
		strcat(new_path[i], NEW);
	}
	if (is_interrupted(place, new_path))
		remove_database(place->path[POSTERN_SQLITE_VERIFIERS]);
	if (check_absent(place, error_r) < 0)
		return -1;
	ret = build(place, new_path, error_r);
	for (size_t i = 0; i < POSTERN_SQLITE_FILES; i++)
		remove_database(new_path[i]);
	if (ret == 0 && fsync(folder) < 0)
		ret = postern_error(error_r, "cannot write the folder %s: %m", place->folder);
	return ret;
}

int postern_sqlite_create(const struct postern_config *config, const char **error_r)
{
	struct postern_sqlite_place place;
	int folder, ret;

	if (postern_sqlite_place_init(&place, config, error_r) < 0)
		return -1;
	for (size_t i = 0; i < POSTERN_SQLITE_FILES; i++) {
		if (place.group[i] == (gid_t)-1) {
			return postern_error(error_r, "this machine has no group \"postern\": make "
				"it, or name the store_group in postern.conf");
		}
	}
	if (make_folder(&place, error_r) < 0)
		return -1;
	folder = lock_folder(place.folder, error_r);
	if (folder < 0)
		return -1;
	ret = create_in(&place, folder, error_r);
	if (ret == 0)
		ret = make_companions(config, error_r);
	close(folder);
	return ret;
}
