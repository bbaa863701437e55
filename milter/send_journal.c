/* SPDX-License-Identifier: MIT */
#include "send_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

/* Milliseconds to wait for another writer, of which there is none but an old process that ends. */
#define BUSY_TIMEOUT 2000
#define HOUR 60 /* minutes */
#define DAY (24 * HOUR)

static const char schema[] =
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
	"CREATE TABLE IF NOT EXISTS sent ("
	" account_id INTEGER NOT NULL,"
	" minute INTEGER NOT NULL,"
	" messages INTEGER NOT NULL,"
	" recipients INTEGER NOT NULL,"
	" PRIMARY KEY (account_id, minute)"
	") STRICT, WITHOUT ROWID;";

struct minute {
	int64_t minute;
	uint64_t messages, recipients;
};

/* All of it is behind the mutex. */
static struct {
	pthread_mutex_t mutex;
	char path[PATH_MAX];
	sqlite3 *db;
	/* Of the account at hand, the latest first. */
	struct minute minutes[DAY];
	size_t count;
	int64_t swept_at; /* in minutes */
} journal = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static bool has_limits(const struct postern_config *config)
{
	return config->limit_messages_per_hour != 0 || config->limit_messages_per_day != 0 ||
	       config->limit_recipients_per_hour != 0 || config->limit_recipients_per_day != 0;
}

static int name_file(const struct postern_config *config, char *path_r, const char *suffix,
		     const char **error_r)
{
	int length = snprintf(path_r, PATH_MAX, "%s/limits%s", config->store, suffix);

	if (length < 0 || length >= PATH_MAX)
		return postern_error(error_r, "the path of the store is too long");
	return 0;
}

int postern_send_journal_prepare(const struct postern_config *config, const char **error_r)
{
	char folder[PATH_MAX];
	int fd, ret = 0;

	if (name_file(config, folder, "", error_r) < 0)
		return -1;
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return postern_error(error_r, "cannot make the folder %s: %m", folder);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, config->user, config->group) < 0 || fchmod(fd, 0700) < 0)
		ret = postern_error(error_r, "cannot give %s to the daemon's user: %m", folder);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int failed(const char **error_r)
{
	return postern_error(error_r, "%s: %s", journal.path,
			     journal.db != NULL ? sqlite3_errmsg(journal.db) : "no memory");
}

static int open_file(const struct postern_config *config, const char **error_r)
{
	char path[PATH_MAX];

	if (name_file(config, path, "/sent.db", error_r) < 0)
		return -1;
	if (journal.db != NULL && strcmp(path, journal.path) == 0)
		return 0;
	sqlite3_close_v2(journal.db);
	strcpy(journal.path, path);
	journal.swept_at = 0;
	if (sqlite3_open_v2(path, &journal.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
			    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		return failed(error_r);
	sqlite3_busy_timeout(journal.db, BUSY_TIMEOUT);
	return sqlite3_exec(journal.db, schema, NULL, NULL, NULL) == SQLITE_OK ?
	       0 : failed(error_r);
}

/* After a failure: what is damaged goes away, and the next one opens the file anew. */
static void close_file(void)
{
	int code = journal.db != NULL ? sqlite3_errcode(journal.db) & 0xff : SQLITE_OK;
	char beside[PATH_MAX + 8];

	sqlite3_close_v2(journal.db);
	journal.db = NULL;
	if (code != SQLITE_CORRUPT && code != SQLITE_NOTADB)
		return;
	postern_log(LOG_ERR, "%s is damaged: removed, and all accounts begin anew", journal.path);
	unlink(journal.path);
	snprintf(beside, sizeof(beside), "%s-wal", journal.path);
	unlink(beside);
	snprintf(beside, sizeof(beside), "%s-shm", journal.path);
	unlink(beside);
}

/* Runs a statement with up to three numbers; its rows go into journal.minutes. */
static int run(const char *sql, int64_t a, int64_t b, int64_t c, const char **error_r)
{
	sqlite3_stmt *statement = NULL;
	int step;

	journal.count = 0;
	if (sqlite3_prepare_v2(journal.db, sql, -1, &statement, NULL) != SQLITE_OK)
		return failed(error_r);
	for (int i = 0; i < sqlite3_bind_parameter_count(statement); i++)
		sqlite3_bind_int64(statement, i + 1, i == 0 ? a : i == 1 ? b : c);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW && journal.count < DAY) {
		journal.minutes[journal.count++] = (struct minute){
			.minute = sqlite3_column_int64(statement, 0),
			.messages = (uint64_t)sqlite3_column_int64(statement, 1),
			.recipients = (uint64_t)sqlite3_column_int64(statement, 2),
		};
	}
	sqlite3_finalize(statement);
	return step == SQLITE_DONE || step == SQLITE_ROW ? 0 : failed(error_r);
}

/* How long until more fits below the limit: the minutes that keep it full leave the window one by
   one, the oldest first. 0 for now. */
static unsigned wait_for(bool messages, unsigned window, unsigned limit, unsigned more, int64_t now)
{
	uint64_t sum = more;

	for (size_t i = 0; i < journal.count && journal.minutes[i].minute > now - window; i++) {
		const struct minute *minute = &journal.minutes[i];

		sum += messages ? minute->messages : minute->recipients;
		if (sum > limit)
			return (unsigned)(minute->minute + window - now);
	}
	return 0;
}

/* The limit that takes longest. */
static int judge(const struct postern_config *config, unsigned recipients, int64_t now,
		 struct postern_send_excess *excess_r)
{
	const struct {
		bool messages;
		unsigned window, limit;
	} limits[] = {
		{ true, HOUR, config->limit_messages_per_hour },
		{ true, DAY, config->limit_messages_per_day },
		{ false, HOUR, config->limit_recipients_per_hour },
		{ false, DAY, config->limit_recipients_per_day },
	};

	memset(excess_r, 0, sizeof(*excess_r));
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		unsigned more = limits[i].messages ? 1 : recipients;
		unsigned minutes = 0;

		if (limits[i].limit == 0)
			continue;
		if (more <= limits[i].limit)
			minutes = wait_for(limits[i].messages, limits[i].window, limits[i].limit,
					   more, now);
		if (more <= limits[i].limit && minutes <= excess_r->minutes)
			continue;
		excess_r->limit = limits[i].limit;
		excess_r->what = limits[i].messages ? "messages" : "recipients";
		excess_r->window = limits[i].window == HOUR ? "an hour" : "a day";
		excess_r->minutes = minutes;
		if (more > limits[i].limit)
			return POSTERN_SEND_NEVER;
	}
	return excess_r->minutes > 0 ? POSTERN_SEND_LATER : POSTERN_SEND_OK;
}

/* Of accounts that send nothing, and of those that are gone. */
static int sweep(int64_t now, const char **error_r)
{
	if (now >= journal.swept_at && now < journal.swept_at + HOUR)
		return 0;
	if (run("DELETE FROM sent WHERE minute <= ?1 OR minute > ?2", now - DAY, now, 0, error_r) < 0)
		return -1;
	journal.swept_at = now;
	return 0;
}

static int ask(const struct postern_config *config, int64_t account_id, unsigned recipients,
	       bool count, int64_t now, struct postern_send_excess *excess_r, const char **error_r)
{
	int outcome;

	if (open_file(config, error_r) < 0 || sweep(now, error_r) < 0 || run("BEGIN IMMEDIATE", 0, 0, 0, error_r) < 0)
		return -1;
	/* What is of the future was written before the clock was put back. */
	if (run("DELETE FROM sent WHERE account_id = ?1 AND (minute <= ?2 OR minute > ?3)",
		account_id, now - DAY, now, error_r) < 0 ||
	    run("SELECT minute, messages, recipients FROM sent WHERE account_id = ?1"
		" ORDER BY minute DESC", account_id, 0, 0, error_r) < 0)
		return -1;
	outcome = judge(config, recipients, now, excess_r);
	if (outcome == POSTERN_SEND_OK && count &&
	    run("INSERT INTO sent (account_id, minute, messages, recipients)"
		" VALUES (?1, ?2, 1, ?3) ON CONFLICT (account_id, minute) DO UPDATE SET"
		" messages = messages + 1, recipients = recipients + excluded.recipients",
		account_id, now, recipients, error_r) < 0)
		return -1;
	return run("COMMIT", 0, 0, 0, error_r) < 0 ? -1 : outcome;
}

int postern_send_journal_ask(const struct postern_config *config, int64_t account_id,
			     unsigned recipients, bool count, int64_t now,
			     struct postern_send_excess *excess_r, const char **error_r)
{
	int outcome;

	if (!has_limits(config))
		return POSTERN_SEND_OK;
	pthread_mutex_lock(&journal.mutex);
	outcome = ask(config, account_id, recipients, count, now / 60, excess_r, error_r);
	/* What was begun is taken back. */
	if (outcome < 0)
		close_file();
	pthread_mutex_unlock(&journal.mutex);
	return outcome;
}
