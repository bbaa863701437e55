/* SPDX-License-Identifier: MIT */
#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trusted_file.h"

/* Milliseconds. */
#define CHECKPOINT_TIMEOUT 100
/* KiB of pages kept, of a file that has so many. Three million keys have 7 MiB of inner pages,
   and a reader's look-up brings in two leaves that nobody wants again; with room for some
   thousands of those the inner pages stay, and a look-up reads its leaves and nothing else. A
   writer that takes in a host's accounts would else write pages many times over to -wal. No
   mmap, though a look-up in so large a file would take 9 us with it instead of 14: a file that
   somebody truncates would then kill the auth process by SIGBUS, and a large one would use up
   its vsz_limit. */
#define READER_CACHE 32768
#define WRITER_CACHE 65536

static const char *const file_names[POSTERN_SQLITE_FILES] = { "postern.db", "verifiers.db" };
static const char *const group_options[POSTERN_SQLITE_FILES] = { "store_group", "verifier_group" };

int postern_sqlite_place_init(struct postern_sqlite_place *place,
			      const struct postern_config *config, const char **error_r)
{
	memset(place, 0, sizeof(*place));
	/* Room for the longest name that SQLite makes of it. */
	if (strlen(config->store) + sizeof("/verifiers.db.new-journal") > PATH_MAX)
		return postern_error(error_r, "the path of the store is too long");
	strcpy(place->folder, config->store);
	for (size_t i = 0; i < POSTERN_SQLITE_FILES; i++)
		snprintf(place->path[i], PATH_MAX, "%s/%s", config->store, file_names[i]);
	place->group[POSTERN_SQLITE_ACCOUNTS] = config->store_group;
	place->group[POSTERN_SQLITE_VERIFIERS] = config->verifier_group;
	return 0;
}

static int missing(const struct postern_sqlite_place *place, enum postern_sqlite_which which,
		   const char **error_r)
{
	const char *path = place->path[which];
	const char *other = place->path[which == POSTERN_SQLITE_ACCOUNTS ?
					POSTERN_SQLITE_VERIFIERS : POSTERN_SQLITE_ACCOUNTS];

	/* "postern init" would refuse. */
	if (access(other, F_OK) == 0) {
		return postern_error(error_r, "%s is missing and %s is there: restore it from the "
				     "copy that belongs to it", path, other);
	}
	return postern_error(error_r, "%s is missing: restore it, or make a new store with "
			     "\"postern init\"", path);
}

/* By a folder on the way: a member of the group is let in by none that is closed to the group. */
static int closed(const struct postern_sqlite_place *place, enum postern_sqlite_which which,
		  const char **error_r)
{
	gid_t group = place->group[POSTERN_SQLITE_ACCOUNTS];

	if (getegid() == group || group_member(group)) {
		return postern_error(error_r, "user %lu may not read %s, being in the store_group of "
				     "postern.conf: %s, or a folder above, is closed to the group: "
				     "chgrp it, and chmod g+x it", (unsigned long)geteuid(),
				     place->path[which], place->folder);
	}
	return postern_error(error_r, "user %lu may not read %s: be root, or in the store_group of "
			     "postern.conf (for Dovecot: extra_groups)", (unsigned long)geteuid(),
			     place->path[which]);
}

int postern_sqlite_examine(const struct postern_sqlite_place *place,
			   enum postern_sqlite_which which, struct stat *status_r,
			   const char **error_r)
{
	const char *path = place->path[which];

	if (lstat(path, status_r) < 0) {
		if (errno == ENOENT)
			return missing(place, which, error_r);
		if (errno == EACCES)
			return closed(place, which, error_r);
		return postern_error(error_r, "cannot examine %s: %m", path);
	}
	if (postern_trusted_check(path, POSTERN_TRUST_PRIVATE, error_r) < 0)
		return -1;
	if ((status_r->st_mode & S_IRWXG) != 0 && status_r->st_gid != place->group[which]) {
		return postern_error(error_r, "%s is readable by group %lu, which is not the %s of "
			"postern.conf: chgrp it, or chmod g= it", path,
			(unsigned long)status_r->st_gid, group_options[which]);
	}
	return 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
		a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

static int set_up(sqlite3 *db, bool writes, const char *path, const char **error_r)
{
	char pragmas[512];

	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* secure_delete: a removed verifier is not left lying in a free page.
	   journal_size_limit: a -wal that nobody needs any more is cut to nothing, so that a
	   restored file does not meet the -wal of another. */
	sqlite3_snprintf(sizeof(pragmas), pragmas,
			 "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;"
			 "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%d;"
			 "PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 0;"
			 "PRAGMA synchronous = FULL;%s", writes ? WRITER_CACHE : READER_CACHE,
			 writes ? "PRAGMA journal_mode = WAL;" : "");
	if (sqlite3_exec(db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return postern_sqlite_db_failed(db, path, error_r);
	return 0;
}

static int open_file(struct postern_sqlite *store, enum postern_sqlite_which which,
		     const char **error_r)
{
	const char *path = store->place.path[which];
	bool upgrades = which == POSTERN_SQLITE_VERIFIERS &&
		(store->base.flags & POSTERN_STORE_UPGRADE) != 0;
	bool writes = upgrades || (store->base.flags & POSTERN_STORE_WRITE) != 0;
	/* Never SQLITE_OPEN_CREATE. */
	int mode = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	int on = 1;

	/* Examined before it is opened: were it exchanged in between, the next operation would
	   see another file than the one examined, and open that. */
	if (postern_sqlite_examine(&store->place, which, &store->seen[which], error_r) < 0)
		return -1;
	if (sqlite3_open_v2(path, &store->db[which], mode | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return postern_sqlite_db_failed(store->db[which], path, error_r);
	sqlite3_extended_result_codes(store->db[which], 1);
	sqlite3_busy_timeout(store->db[which], upgrades ? 0 : POSTERN_SQLITE_BUSY_TIMEOUT);
	/* A reader who may not write into the folder needs -wal and -shm to be there always. */
	sqlite3_file_control(store->db[which], "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	/* The identity first: what is not ours is not even switched to WAL. */
	if (postern_sqlite_schema_check(store->db[which], which, path, error_r) < 0)
		return -1;
	return set_up(store->db[which], writes, path, error_r);
}

/* Files of two stores, or of two times, do not belong together. */
static int check_pair(struct postern_sqlite *store, const char **error_r)
{
	unsigned char id[POSTERN_SQLITE_FILES][POSTERN_SQLITE_STORE_ID_SIZE];

	for (size_t i = 0; i < POSTERN_SQLITE_FILES; i++) {
		if (postern_sqlite_schema_store_id(store->db[i], store->place.path[i], id[i],
						   error_r) < 0)
			return -1;
	}
	if (memcmp(id[0], id[1], sizeof(id[0])) != 0) {
		return postern_error(error_r, "%s and %s are of two different stores: restore both "
			"from one backup", store->place.path[0], store->place.path[1]);
	}
	memcpy(store->base.id, id[0], sizeof(id[0]));
	return 0;
}

static void close_files(struct postern_sqlite *store)
{
	postern_sqlite_forget_statements(store);
	for (size_t i = 0; i < POSTERN_SQLITE_FILES; i++) {
		sqlite3_close_v2(store->db[i]);
		store->db[i] = NULL;
	}
}

static int open_files(struct postern_sqlite *store, const char **error_r)
{
	if (postern_trusted_check_folder(store->place.folder, error_r) < 0 ||
	    open_file(store, POSTERN_SQLITE_ACCOUNTS, error_r) < 0)
		goto failed;
	if ((store->base.flags & POSTERN_STORE_VERIFIERS) != 0 &&
	    (open_file(store, POSTERN_SQLITE_VERIFIERS, error_r) < 0 ||
	     check_pair(store, error_r) < 0))
		goto failed;
	store->stale = false;
	store->opened++;
	return 0;
failed:
	close_files(store);
	/* The next operation tries again. */
	store->stale = true;
	return -1;
}

int postern_sqlite_refresh(struct postern_sqlite *store, enum postern_sqlite_which which,
			   const char **error_r)
{
	struct stat now;

	/* It was looked at when the snapshot began. */
	if (store->in_snapshot && !store->stale)
		return 0;
	if (!store->stale && lstat(store->place.path[which], &now) == 0 &&
	    is_same(&now, &store->seen[which]))
		return 0;
	if (store->spoilt) {
		return postern_error(error_r, "a part of the change failed before: roll it back "
				     "and begin anew");
	}
	if (store->walks > 0 || store->in_change || store->in_snapshot) {
		return postern_error(error_r, "%s was removed, replaced or damaged while it was in "
			"use: nothing was changed", store->place.path[which]);
	}
	close_files(store);
	return open_files(store, error_r);
}

static int sqlite_open(const struct postern_config *config, unsigned flags,
		       struct postern_store **store_r, const char **error_r)
{
	struct postern_sqlite *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return postern_error(error_r, "no memory for a handle of the store");
	store->base.backend = &postern_store_sqlite;
	store->base.flags = flags;
	if (postern_sqlite_place_init(&store->place, config, error_r) < 0 ||
	    open_files(store, error_r) < 0) {
		free(store);
		return -1;
	}
	*store_r = &store->base;
	return 0;
}

/* Leaves -wal empty, if no one is reading: a copy of the file is a whole one then, and a reader
   without the right to write looks through all of it each time, even through what a killed
   writer never committed. Nothing is lost when it fails. */
static void checkpoint(sqlite3 *db)
{
	if (db == NULL)
		return;
	sqlite3_busy_timeout(db, CHECKPOINT_TIMEOUT);
	sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static void sqlite_free(struct postern_store *base)
{
	struct postern_sqlite *store = (struct postern_sqlite *)base;

	if (store->in_change)
		postern_sqlite_rollback(base);
	postern_sqlite_snapshot_end(base);
	if ((base->flags & (POSTERN_STORE_WRITE | POSTERN_STORE_UPGRADE)) != 0) {
		for (size_t i = 0; i < POSTERN_SQLITE_FILES; i++)
			checkpoint(store->db[i]);
	}
	close_files(store);
	free(store);
}

const struct postern_store_backend postern_store_sqlite = {
	.create = postern_sqlite_create,
	.upgrade = postern_sqlite_upgrade,
	.open = sqlite_open,
	.free = sqlite_free,
	.version = postern_sqlite_version,
	.snapshot_begin = postern_sqlite_snapshot_begin,
	.snapshot_end = postern_sqlite_snapshot_end,
	.begin = postern_sqlite_begin,
	.commit = postern_sqlite_commit,
	.rollback = postern_sqlite_rollback,
	.account_find = postern_sqlite_account_find,
	.account_add = postern_sqlite_account_add,
	.account_update = postern_sqlite_account_update,
	.account_remove = postern_sqlite_account_remove,
	.account_each = postern_sqlite_account_each,
	.key_find = postern_sqlite_key_find,
	.key_add = postern_sqlite_key_add,
	.key_update = postern_sqlite_key_update,
	.key_remove = postern_sqlite_key_remove,
	.key_each = postern_sqlite_key_each,
	.password_set = postern_sqlite_password_set,
	.password_remove = postern_sqlite_password_remove,
	.password_upgrade = postern_sqlite_password_upgrade,
	.password_each = postern_sqlite_password_each,
	.address_add = postern_sqlite_address_add,
	.address_remove = postern_sqlite_address_remove,
	.address_has = postern_sqlite_address_has,
	.address_each = postern_sqlite_address_each,
	.address_owners = postern_sqlite_address_owners,
	.dkim_add = postern_sqlite_dkim_add,
	.dkim_set_state = postern_sqlite_dkim_set_state,
	.dkim_remove = postern_sqlite_dkim_remove,
	.dkim_each = postern_sqlite_dkim_each,
};
