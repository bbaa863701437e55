/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <sys/resource.h>
#include <signal.h>

#include <sqlite3.h>

#include "login_journal.h"

struct unit_journal {
	char folder[PATH_MAX];
	char path[PATH_MAX + 32];
	struct postern_config config;
	struct postern_login_journal *journal;
	const char *error;
};

#define ok(unit, expression) \
	do { \
		(unit)->error = NULL; \
		if ((expression) != 0) \
			fail_msg("%s: %s", #expression, (unit)->error); \
	} while (0)

static int set_up(void **state)
{
	struct unit_journal *unit = calloc(1, sizeof(*unit));

	unit_folder_make(unit->folder);
	snprintf(unit->path, sizeof(unit->path), "%s/logins/logins.db", unit->folder);
	unit->config.store = unit->folder;
	unit->config.user = geteuid();
	unit->config.store_group = getegid();
	ok(unit, postern_login_journal_prepare(&unit->config, &unit->error));
	*state = unit;
	return 0;
}

static int tear_down(void **state)
{
	struct unit_journal *unit = *state;

	postern_login_journal_free(&unit->journal);
	unit_folder_remove(unit->folder);
	free(unit);
	return 0;
}

static struct postern_login_record login(int64_t account_id, const char *account, unsigned number)
{
	struct postern_login_record record = {
		.service = POSTERN_SERVICE_IMAP, .account_id = account_id,
		.by = POSTERN_LOGIN_BY_PASSWORD, .label = "main",
	};

	snprintf(record.account, sizeof(record.account), "%s", account);
	snprintf(record.client, sizeof(record.client), "192.0.2.%u", number);
	return record;
}

static void append(struct unit_journal *unit, const struct postern_login_record *record,
		   int64_t now)
{
	ok(unit, postern_login_journal_append(&unit->config, record, 1, now, &unit->error));
}

static void open_anew(struct unit_journal *unit)
{
	postern_login_journal_free(&unit->journal);
	ok(unit, postern_login_journal_open(&unit->config, &unit->journal, &unit->error));
}

/* "when client" of each, newest first. */
static int list_row(const struct postern_login_record *record, int64_t when, void *context)
{
	char *text = context;

	sprintf(text + strlen(text), "%d %s;", (int)when, record->client);
	return 0;
}

static const char *list(struct unit_journal *unit, int64_t account_id)
{
	static char text[8192];

	*text = '\0';
	open_anew(unit);
	ok(unit, postern_login_journal_each(unit->journal, account_id, list_row, text,
					    &unit->error));
	return text;
}

static void there_need_be_none(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_use use;

	assert_string_equal(list(unit, 1), "");
	ok(unit, postern_login_journal_password_use(unit->journal, 1, "main", &use, &unit->error));
	assert_int_equal(use.when, 0);
	/* Nor the folder. */
	rmdir(unit->config.store);
	assert_string_equal(list(unit, 1), "");
	/* And reading makes none. */
	assert_int_equal(access(unit->path, F_OK), -1);
}

static void the_newest_come_first(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record batch[3] = {
		login(1, "alice", 1), login(2, "bob", 2), login(1, "alice", 3),
	};

	ok(unit, postern_login_journal_append(&unit->config, batch, 3, 1000, &unit->error));
	append(unit, &batch[0], 900); /* a clock that went back */
	assert_string_equal(list(unit, 1), "900 192.0.2.1;1000 192.0.2.3;1000 192.0.2.1;");
	assert_string_equal(list(unit, 2), "1000 192.0.2.2;");
	assert_string_equal(list(unit, 3), "");
}

static int same_record(const struct postern_login_record *record, int64_t when, void *context)
{
	(void)when;
	assert_memory_equal(record, context, sizeof(*record));
	return 7;
}

static void a_record_is_kept_as_it_was(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record record = {
		.result = POSTERN_LOGIN_RESULT_REFUSED, .reason = "other-account",
		.service = POSTERN_SERVICE_SIEVE, .account_id = 5, .account = "zürich",
		.asked = "who's \"that\"?", .client = "::1", .by = POSTERN_LOGIN_BY_KEY,
		.label = "a; DROP TABLE login; --", .has_key = true, .tls = "TLSv1.2/X",
	};

	append(unit, &record, 1);
	open_anew(unit);
	assert_int_equal(postern_login_journal_each(unit->journal, 5, same_record, &record,
						    &unit->error), 7);
}

static void the_51st_takes_the_place_of_the_first(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record bob = login(2, "bob", 1);
	const char *text;

	append(unit, &bob, 1);
	for (unsigned i = 1; i <= POSTERN_LOGIN_JOURNAL_MAX + 1; i++) {
		struct postern_login_record record = login(1, "alice", i);

		append(unit, &record, i);
		if (i == POSTERN_LOGIN_JOURNAL_MAX)
			assert_non_null(strstr(list(unit, 1), ";1 192.0.2.1;"));
	}
	text = list(unit, 1);
	assert_null(strstr(text, ";1 192.0.2.1;"));
	assert_int_equal(strncmp(text, "51 192.0.2.51;50 ", 17), 0);
	assert_non_null(strstr(text, ";2 192.0.2.2;"));
	/* The others keep theirs. */
	assert_string_equal(list(unit, 2), "1 192.0.2.1;");
}

static int64_t password_use(struct unit_journal *unit, int64_t account_id, const char *label)
{
	struct postern_login_use use;

	open_anew(unit);
	ok(unit, postern_login_journal_password_use(unit->journal, account_id, label, &use,
						    &unit->error));
	return use.when;
}

static int64_t key_use(struct unit_journal *unit, const struct postern_fingerprint *key)
{
	struct postern_login_use use;

	open_anew(unit);
	ok(unit, postern_login_journal_key_use(unit->journal, 1, key, &use, &unit->error));
	return use.when;
}

static void what_was_used_is_remembered(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_fingerprint other = { .octets = { 1 } };
	struct postern_login_record record = login(1, "alice", 9);
	struct postern_login_use use;

	append(unit, &record, 100);
	assert_int_equal(password_use(unit, 1, "main"), 100);
	ok(unit, postern_login_journal_password_use(unit->journal, 1, "main", &use, &unit->error));
	assert_int_equal(use.service, POSTERN_SERVICE_IMAP);
	assert_string_equal(use.client, "192.0.2.9");
	/* The account's password of that name, and no other. */
	assert_int_equal(password_use(unit, 1, "printer"), 0);
	assert_int_equal(password_use(unit, 2, "main"), 0);
	assert_int_equal(key_use(unit, &record.key), 0);

	record.has_key = true;
	append(unit, &record, 200);
	assert_int_equal(password_use(unit, 1, "main"), 200);
	assert_int_equal(key_use(unit, &record.key), 200);
	assert_int_equal(key_use(unit, &other), 0);

	record.by = POSTERN_LOGIN_BY_KEY;
	append(unit, &record, 300);
	assert_int_equal(password_use(unit, 1, "main"), 200);
	assert_int_equal(key_use(unit, &record.key), 300);

	/* A refusal is no use. */
	record.result = POSTERN_LOGIN_RESULT_REFUSED;
	strcpy(record.reason, "disabled");
	append(unit, &record, 400);
	assert_int_equal(key_use(unit, &record.key), 300);

	/* Long after its record has made room for others. */
	record = login(1, "alice", 2);
	for (int i = 0; i <= POSTERN_LOGIN_JOURNAL_MAX; i++)
		append(unit, &record, 500);
	assert_int_equal(key_use(unit, &record.key), 300);
}

static void uses_are_bounded(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record *batch = calloc(POSTERN_LOGIN_JOURNAL_USES_MAX + 1,
						    sizeof(*batch));

	assert_non_null(batch);
	for (int i = 0; i <= POSTERN_LOGIN_JOURNAL_USES_MAX; i++) {
		batch[i] = login(1, "alice", 1);
		sprintf(batch[i].label, "%d", i);
	}
	append(unit, &batch[0], 1);
	ok(unit, postern_login_journal_append(&unit->config, batch + 1,
					      POSTERN_LOGIN_JOURNAL_USES_MAX, 2, &unit->error));
	assert_int_equal(password_use(unit, 1, "0"), 0);
	assert_int_equal(password_use(unit, 1, "1"), 2);
	free(batch);
}

static int is_alice(int64_t account_id, const char *name, void *context, const char **error_r)
{
	(void)context;
	if (account_id == 3)
		return postern_error(error_r, "the store is away");
	return account_id == 1 && strcmp(name, "alice") == 0;
}

static void who_is_gone_is_forgotten(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record batch[2] = { login(1, "alice", 1), login(2, "bob", 2) };
	struct postern_login_record third = login(3, "dodo", 3);

	ok(unit, postern_login_journal_append(&unit->config, batch, 2, 5, &unit->error));
	ok(unit, postern_login_journal_sweep(&unit->config, is_alice, NULL, &unit->error));
	assert_string_equal(list(unit, 1), "5 192.0.2.1;");
	assert_string_equal(list(unit, 2), "");
	assert_int_equal(password_use(unit, 1, "main"), 5);
	assert_int_equal(password_use(unit, 2, "main"), 0);

	/* A store that cannot be asked is no reason to forget anybody. */
	append(unit, &batch[1], 6);
	append(unit, &third, 6);
	assert_int_equal(postern_login_journal_sweep(&unit->config, is_alice, NULL, &unit->error),
			 -1);
	assert_non_null(strstr(unit->error, "the store is away"));
	assert_string_equal(list(unit, 2), "6 192.0.2.2;");
}

static void a_damaged_one_is_set_aside(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record record = login(1, "alice", 1);
	char aside[PATH_MAX + 64];

	unit_write(unit->path, "This is no database, and it is longer than a header of one, which "
		   "takes a hundred octets at its beginning.", 0640);
	assert_int_equal(postern_login_journal_append(&unit->config, &record, 1, 1, &unit->error),
			 -1);
	assert_non_null(strstr(unit->error, "was damaged"));
	snprintf(aside, sizeof(aside), "%s.damaged", unit->path);
	assert_int_equal(access(aside, F_OK), 0);
	append(unit, &record, 2);
	assert_string_equal(list(unit, 1), "2 192.0.2.1;");
}

static void anothers_database_is_left_alone(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record record = login(1, "alice", 1);
	sqlite3 *db;

	assert_int_equal(sqlite3_open(unit->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 9; CREATE TABLE login (x)", NULL,
				      NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(postern_login_journal_append(&unit->config, &record, 1, 1, &unit->error),
			 -1);
	assert_non_null(strstr(unit->error, "move it away"));
	assert_int_equal(postern_login_journal_open(&unit->config, &unit->journal, &unit->error),
			 -1);
	assert_null(unit->journal);
}

/* The folder is the daemon's, so what is in it is not believed by root. */
static void no_link_is_followed(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record record = login(1, "alice", 1);
	char target[PATH_MAX + 64];

	append(unit, &record, 1);
	snprintf(target, sizeof(target), "%s/elsewhere.db", unit->folder);
	assert_int_equal(rename(unit->path, target), 0);
	assert_int_equal(symlink(target, unit->path), 0);
	assert_int_equal(postern_login_journal_open(&unit->config, &unit->journal, &unit->error),
			 -1);
	assert_int_equal(postern_login_journal_append(&unit->config, &record, 1, 1, &unit->error),
			 -1);
}

static void the_file_is_the_groups_to_read(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record record = login(1, "alice", 1);
	struct stat status;

	append(unit, &record, 1);
	assert_int_equal(stat(unit->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(chmod(unit->path, 0660), 0);
	assert_int_equal(postern_login_journal_open(&unit->config, &unit->journal, &unit->error),
			 -1);
	assert_non_null(strstr(unit->error, "the daemon's user alone"));
}

/* What was there stays, and there is room for the next when there is room again. */
static void a_full_disk_costs_the_record(void **state)
{
	struct unit_journal *unit = *state;
	struct postern_login_record record = login(1, "alice", 1);
	struct rlimit before, small = { .rlim_cur = 12 * 4096 };
	int ret = 0;

	append(unit, &record, 1);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int64_t id = 2; id < 2000 && ret == 0; id++) {
		struct postern_login_record next = login(id, "bob", 1);

		ret = postern_login_journal_append(&unit->config, &next, 1, 2, &unit->error);
	}
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(ret, -1);
	assert_string_equal(list(unit, 1), "1 192.0.2.1;");
	append(unit, &record, 3);
	assert_string_equal(list(unit, 1), "3 192.0.2.1;1 192.0.2.1;");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(there_need_be_none),
		TEST(the_newest_come_first),
		TEST(a_record_is_kept_as_it_was),
		TEST(the_51st_takes_the_place_of_the_first),
		TEST(what_was_used_is_remembered),
		TEST(uses_are_bounded),
		TEST(who_is_gone_is_forgotten),
		TEST(a_damaged_one_is_set_aside),
		TEST(anothers_database_is_left_alone),
		TEST(no_link_is_followed),
		TEST(the_file_is_the_groups_to_read),
		TEST(a_full_disk_costs_the_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
