/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <sqlite3.h>

#include "send_journal.h"

static char folder[PATH_MAX];
static struct postern_config config;

static int set_up(void **state)
{
	const char *error;

	(void)state;
	unit_folder_make(folder);
	config = (struct postern_config){
		.store = folder, .user = getuid(), .group = getgid(),
	};
	return postern_send_journal_prepare(&config, &error);
}

static int tear_down(void **state)
{
	struct postern_config elsewhere = { .store = (char[]){ "/nonexistent" },
					    .limit_messages_per_day = 1 };
	struct postern_send_excess excess;
	const char *error;

	(void)state;
	/* Closes the file. */
	(void)!postern_send_journal_ask(&elsewhere, 1, 1, false, 0, &excess, &error);
	unit_folder_remove(folder);
	return 0;
}

/* In steps of an account's life: what is sent when, and what comes of it. */
struct step {
	int64_t account;
	unsigned at; /* minutes */
	unsigned recipients;
	int outcome;
	unsigned wait;
	const char *what, *window;
};

#define START ((int64_t)29000000) /* minutes since 1970 */

static void walk(const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct step *step = &steps[i];
		struct postern_send_excess excess;
		const char *error = "";
		int outcome = postern_send_journal_ask(&config, step->account, step->recipients,
						       true, (START + step->at) * 60, &excess,
						       &error);

		if (outcome != step->outcome)
			fail_msg("step %zu: %d %s", i, outcome, error);
		if (step->outcome != POSTERN_SEND_OK &&
		    (strcmp(excess.what, step->what) != 0 || strcmp(excess.window, step->window) != 0))
			fail_msg("step %zu: %s, %s", i, excess.what, excess.window);
		if (step->outcome == POSTERN_SEND_LATER && excess.minutes != step->wait)
			fail_msg("step %zu: %u minutes", i, excess.minutes);
	}
}

static void an_hour_is_any_sixty_minutes(void **state)
{
	static const struct step steps[] = {
		{ 1, 0, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 30, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 59, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 59, 1, POSTERN_SEND_LATER, 1, "messages", "an hour" },
		{ 2, 59, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 60, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 60, 1, POSTERN_SEND_LATER, 30, "messages", "an hour" },
		{ 1, 89, 1, POSTERN_SEND_LATER, 1, "messages", "an hour" },
		{ 1, 90, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 1000, 1, POSTERN_SEND_OK, 0, "", "" },
	};

	(void)state;
	config.limit_messages_per_hour = 3;
	walk(steps, COUNT(steps));
}

static void recipients_count_one_by_one(void **state)
{
	static const struct step steps[] = {
		{ 1, 0, 6, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 1, 5, POSTERN_SEND_LATER, 59, "recipients", "an hour" },
		{ 1, 1, 4, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 1, 11, POSTERN_SEND_NEVER, 0, "recipients", "an hour" },
		/* Six of the day's are gone in a day, ten in a day and a minute. */
		{ 1, 61, 10, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 121, 1, POSTERN_SEND_LATER, 1440 - 121, "recipients", "a day" },
		{ 1, 121, 7, POSTERN_SEND_LATER, 1441 - 121, "recipients", "a day" },
		{ 1, 1440, 6, POSTERN_SEND_OK, 0, "", "" },
	};

	(void)state;
	config.limit_recipients_per_hour = 10;
	config.limit_recipients_per_day = 20;
	walk(steps, COUNT(steps));
}

static void the_longest_wait_is_told(void **state)
{
	static const struct step steps[] = {
		{ 1, 0, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 10, 1, POSTERN_SEND_LATER, 1430, "messages", "a day" },
	};

	(void)state;
	config.limit_messages_per_hour = 1;
	config.limit_messages_per_day = 1;
	walk(steps, COUNT(steps));
}

static void a_clock_that_is_put_back_locks_nobody_out(void **state)
{
	static const struct step steps[] = {
		{ 1, 5000, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 0, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 0, 1, POSTERN_SEND_LATER, 1440, "messages", "a day" },
	};

	(void)state;
	config.limit_messages_per_day = 1;
	walk(steps, COUNT(steps));
}

static void looking_does_not_count(void **state)
{
	struct postern_send_excess excess;
	const char *error;

	(void)state;
	config.limit_messages_per_hour = 1;
	for (int i = 0; i < 3; i++)
		assert_int_equal(postern_send_journal_ask(&config, 1, 1, false, START * 60, &excess,
							  &error), POSTERN_SEND_OK);
}

static int row_count(void)
{
	sqlite3_stmt *statement = NULL;
	char path[PATH_MAX + 32];
	sqlite3 *db = NULL;
	int count;

	snprintf(path, sizeof(path), "%s/limits/sent.db", folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM sent", -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	count = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return count;
}

static void nothing_stays_of_who_sends_no_more(void **state)
{
	static const struct step first[] = {
		{ 1, 0, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 2, 30, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 3, 1439, 1, POSTERN_SEND_OK, 0, "", "" },
	}, later[] = {
		{ 3, 1441, 1, POSTERN_SEND_OK, 0, "", "" },
	}, an_hour_later[] = {
		{ 3, 1499, 1, POSTERN_SEND_OK, 0, "", "" },
	};

	(void)state;
	config.limit_messages_per_day = 9;
	walk(first, COUNT(first));
	/* Swept at 1439, so not again before 1499. */
	assert_int_equal(row_count(), 3);
	walk(later, COUNT(later));
	assert_int_equal(row_count(), 4);
	walk(an_hour_later, COUNT(an_hour_later));
	assert_int_equal(row_count(), 3);
}

static void without_limits_there_is_no_file(void **state)
{
	struct postern_send_excess excess;
	char path[PATH_MAX + 32];
	const char *error;

	(void)state;
	snprintf(path, sizeof(path), "%s/limits/sent.db", folder);
	assert_int_equal(postern_send_journal_ask(&config, 1, 1000, true, START * 60, &excess,
						  &error), POSTERN_SEND_OK);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_damaged_file_is_begun_anew(void **state)
{
	static const struct step full[] = {
		{ 1, 0, 1, POSTERN_SEND_OK, 0, "", "" },
		{ 1, 0, 1, POSTERN_SEND_LATER, 60, "messages", "an hour" },
	};
	struct postern_send_excess excess;
	char path[PATH_MAX + 32];
	const char *error = "";

	(void)state;
	config.limit_messages_per_hour = 1;
	snprintf(path, sizeof(path), "%s/limits/sent.db", folder);
	unit_write(path, "this is no data base, and it is long enough to be taken for one, perhaps, "
		   "were it not for its first sixteen octets, which are not those of SQLite", 0600);
	assert_int_equal(postern_send_journal_ask(&config, 1, 1, true, START * 60, &excess, &error),
			 -1);
	assert_non_null(strstr(error, path));
	walk(full, COUNT(full));
}

static void a_file_that_cannot_be_made_is_a_failure(void **state)
{
	struct postern_send_excess excess;
	char path[PATH_MAX + 32];
	const char *error = "";

	(void)state;
	config.limit_messages_per_hour = 1;
	snprintf(path, sizeof(path), "%s/limits", folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(postern_send_journal_ask(&config, 1, 1, true, START * 60, &excess, &error),
			 -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_hour_is_any_sixty_minutes),
		TEST(recipients_count_one_by_one),
		TEST(the_longest_wait_is_told),
		TEST(a_clock_that_is_put_back_locks_nobody_out),
		TEST(looking_does_not_count),
		TEST(nothing_stays_of_who_sends_no_more),
		TEST(without_limits_there_is_no_file),
		TEST(a_damaged_file_is_begun_anew),
		TEST(a_file_that_cannot_be_made_is_a_failure),
	};

	return cmocka_run_group_tests_name("send_journal", tests, NULL, NULL);
}
