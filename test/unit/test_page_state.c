/* SPDX-License-Identifier: MIT */
#include "unit_store.h"

#include <sys/random.h>
#include <sys/wait.h>

#include "state.h"

#define NOW 1800000000
#define MINUTE 60

struct fixture {
	struct unit_store *unit;
	struct postern_state *state;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	void *unit;

	assert_non_null(fixture);
	unit_store_set_up(&unit);
	fixture->unit = unit;
	ok(fixture->unit, postern_state_open(&fixture->unit->config, &fixture->state,
					     &fixture->unit->error));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	void *unit = fixture->unit;

	postern_state_free(&fixture->state);
	unit_store_tear_down(&unit);
	free(fixture);
	return 0;
}

static void make_token(char token_r[POSTERN_TOKEN_SIZE])
{
	const char *error;

	assert_int_equal(postern_token_make(token_r, &error), 0);
	assert_true(postern_token_is(token_r));
}

/* In place of the C library's: a system may have no random numbers. */
static bool no_random;

int getentropy(void *octets, size_t size)
{
	return no_random || getrandom(octets, size, 0) != (ssize_t)size ? -1 : 0;
}

/* ---- Tokens ---- */

static void without_random_numbers_there_is_no_token(void **state)
{
	char token[POSTERN_TOKEN_SIZE] = "";
	const char *error = "";
	int ret;

	(void)state;
	no_random = true;
	ret = postern_token_make(token, &error);
	no_random = false;
	assert_int_equal(ret, -1);
	assert_string_equal(token, "");
	assert_non_null(strstr(error, "no random numbers"));
}

static void tokens_are_random(void **state)
{
	char tokens[64][POSTERN_TOKEN_SIZE];
	unsigned char seen[64] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(tokens); i++) {
		make_token(tokens[i]);
		assert_int_equal(strlen(tokens[i]), 43);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(tokens[i], tokens[k]);
		for (size_t at = 0; at < 43; at++)
			seen[at] |= tokens[i][at] != tokens[0][at];
	}
	/* No place of it stays the same: 43 characters of 6 bits, the last of 4. */
	for (size_t at = 0; at < 43; at++)
		assert_true(seen[at]);
}

static void tokens_vouch_for_one_purpose(void **state)
{
	char a[POSTERN_TOKEN_SIZE], b[POSTERN_TOKEN_SIZE], first[POSTERN_TOKEN_SIZE];
	char other[POSTERN_TOKEN_SIZE];
	const char *error;

	(void)state;
	make_token(a);
	make_token(b);
	assert_int_equal(postern_token_mac(a, "p", "text", first, &error), 0);
	assert_int_equal(postern_token_mac(a, "p", "text", other, &error), 0);
	assert_true(postern_token_equal(first, other));
	assert_int_equal(postern_token_mac(a, "q", "text", other, &error), 0);
	assert_false(postern_token_equal(first, other));
	assert_int_equal(postern_token_mac(b, "p", "text", other, &error), 0);
	assert_false(postern_token_equal(first, other));
	assert_false(postern_token_equal(NULL, NULL));
	assert_false(postern_token_equal(first, ""));
}

/* ---- Sessions ---- */

static void sessions_end(void **state)
{
	static const struct {
		const char *title;
		/* Used at these minutes; -1 ends it. */
		int used[40];
		int at;
		int ret;
	} cases[] = {
		{ "at once", { -1 }, 0, POSTERN_STATE_OK },
		{ "idle 15 minutes", { -1 }, 15, POSTERN_STATE_OK },
		{ "idle longer", { -1 }, 16, POSTERN_STATE_NONE },
		{ "used in between", { 10, 20, -1 }, 35, POSTERN_STATE_OK },
		{ "idle after use", { 10, -1 }, 26, POSTERN_STATE_NONE },
		{ "4 hours", { 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180, 195, 210, 225,
			       -1 }, 240, POSTERN_STATE_OK },
		{ "longer than 4 hours", { 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180,
			195, 210, 225, 240, -1 }, 241, POSTERN_STATE_NONE },
		{ "a clock that was set back", { -1 }, -120, POSTERN_STATE_NONE },
	};
	struct fixture *fixture = *state;
	const char *error;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_session session = { .account_id = 7, .account = "alice",
						   .way = POSTERN_WAY_LINK };
		char token[POSTERN_TOKEN_SIZE];

		make_token(token);
		ok(fixture->unit, postern_state_session_add(fixture->state, token, &session, NOW,
							    &error));
		for (const int *used = cases[i].used; *used >= 0; used++)
			ok(fixture->unit, postern_state_session_find(fixture->state, token,
				NOW + *used * MINUTE, &session, &error));
		check_row(cases[i].title, postern_state_session_find(fixture->state, token,
			NOW + cases[i].at * MINUTE, &session, &error) == cases[i].ret);
	}
}

static void sessions_are_kept(void **state)
{
	struct fixture *fixture = *state;
	struct postern_session session = { .account_id = 7, .account = "alice",
		.way = POSTERN_WAY_KEY, .has_key = true, .key = unit_fingerprint(1) }, found;
	char token[POSTERN_TOKEN_SIZE], other[POSTERN_TOKEN_SIZE];
	const char *error;

	make_token(token);
	make_token(other);
	ok(fixture->unit, postern_state_session_add(fixture->state, token, &session, NOW, &error));
	ok(fixture->unit, postern_state_session_add(fixture->state, other, &session, NOW, &error));
	ok(fixture->unit, postern_state_session_find(fixture->state, token, NOW, &found, &error));
	assert_int_equal(found.account_id, 7);
	assert_string_equal(found.account, "alice");
	assert_int_equal(found.way, POSTERN_WAY_KEY);
	assert_true(found.has_key);
	assert_memory_equal(&found.key, &session.key, sizeof(found.key));
	ok(fixture->unit, postern_state_session_remove(fixture->state, token, &error));
	assert_int_equal(postern_state_session_find(fixture->state, token, NOW, &found, &error),
			 POSTERN_STATE_NONE);
	ok(fixture->unit, postern_state_session_find(fixture->state, other, NOW, &found, &error));
	ok(fixture->unit, postern_state_sessions_end(fixture->state, 7, &error));
	assert_int_equal(postern_state_session_find(fixture->state, other, NOW, &found, &error),
			 POSTERN_STATE_NONE);
}

/* ---- Attempts ---- */

static int attempt(struct fixture *fixture, const char *name, const char *client, int64_t now,
		   unsigned *wait_r)
{
	const char *error;
	int ret;

	*wait_r = 0;
	ret = postern_state_attempt(fixture->state, "test", name, client, now, wait_r, &error);
	if (ret < 0)
		fail_msg("%s", error);
	return ret;
}

static void attempts_are_limited(void **state)
{
	struct fixture *fixture = *state;
	unsigned wait;
	int64_t now = NOW;

	for (int i = 0; i < POSTERN_ATTEMPTS_MAX; i++)
		assert_int_equal(attempt(fixture, "a", "192.0.2.1", now, &wait), POSTERN_STATE_OK);
	assert_int_equal(attempt(fixture, "a", "192.0.2.1", now, &wait), POSTERN_STATE_NONE);
	assert_int_equal(wait, 15 * MINUTE);
	/* Nobody else's. */
	assert_int_equal(attempt(fixture, "b", "192.0.2.1", now, &wait), POSTERN_STATE_OK);
	assert_int_equal(attempt(fixture, "a", "192.0.2.2", now, &wait), POSTERN_STATE_OK);
	/* One a time from then on, and each wait twice as long, a day at most. */
	for (unsigned pause = 15 * MINUTE; pause < 86400; pause *= 2) {
		assert_int_equal(attempt(fixture, "a", "192.0.2.1", now + pause - 1, &wait),
				 POSTERN_STATE_NONE);
		assert_int_equal(wait, 1);
		now += pause;
		assert_int_equal(attempt(fixture, "a", "192.0.2.1", now, &wait), POSTERN_STATE_OK);
		assert_int_equal(attempt(fixture, "a", "192.0.2.1", now, &wait), POSTERN_STATE_NONE);
		assert_int_equal(wait, pause * 2 < 86400 ? pause * 2 : 86400);
	}
	/* A day after the last wait is over, all is forgotten. */
	now += 2 * 86400 + 1;
	for (int i = 0; i < POSTERN_ATTEMPTS_MAX; i++)
		assert_int_equal(attempt(fixture, "a", "192.0.2.1", now, &wait), POSTERN_STATE_OK);
}

static void attempts_far_apart_are_none(void **state)
{
	struct fixture *fixture = *state;
	unsigned wait;

	for (int i = 0; i < 20; i++)
		assert_int_equal(attempt(fixture, "a", "192.0.2.1", NOW + i * 901, &wait),
				 POSTERN_STATE_OK);
}

static void a_client_has_a_limit_of_its_own(void **state)
{
	struct fixture *fixture = *state;
	const char *error;
	char name[16];
	unsigned wait;

	for (int i = 0; i < POSTERN_ATTEMPTS_OF_CLIENT_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(attempt(fixture, name, "192.0.2.1", NOW, &wait), POSTERN_STATE_OK);
	}
	assert_int_equal(attempt(fixture, "other", "192.0.2.1", NOW, &wait), POSTERN_STATE_NONE);
	assert_int_equal(attempt(fixture, "other", "192.0.2.2", NOW, &wait), POSTERN_STATE_OK);
	/* What was good is not counted: a webmail has all its users at one address. */
	for (int i = 0; i < 3 * POSTERN_ATTEMPTS_OF_CLIENT_MAX; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		assert_int_equal(attempt(fixture, name, "192.0.2.3", NOW, &wait), POSTERN_STATE_OK);
		ok(fixture->unit, postern_state_attempt_good(fixture->state, "test", name,
							     "192.0.2.3", &error));
	}
}

/* ---- Requests and links ---- */

static int64_t make_link(struct fixture *fixture, char token_r[POSTERN_TOKEN_SIZE], int64_t now)
{
	struct postern_reset_request request = { .account_id = 7, .account = "alice" };
	const char *error;

	make_token(token_r);
	ok(fixture->unit, postern_state_request_add(fixture->state, &request, now, &error));
	ok(fixture->unit, postern_state_request_close(fixture->state, request.id, token_r, now,
						      &error));
	return request.id;
}

static void links_expire(void **state)
{
	static const struct {
		int minutes, ret;
	} cases[] = {
		{ 0, POSTERN_STATE_OK }, { 29, POSTERN_STATE_OK }, { 30, POSTERN_STATE_NONE },
		{ 10000, POSTERN_STATE_NONE }, { -1, POSTERN_STATE_NONE },
	};
	struct fixture *fixture = *state;
	struct postern_link link;
	const char *error;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char token[POSTERN_TOKEN_SIZE];
		int64_t now = NOW + cases[i].minutes * MINUTE;

		make_link(fixture, token, NOW);
		assert_int_equal(postern_state_link_find(fixture->state, token, now, &link, &error),
				 cases[i].ret);
		assert_int_equal(postern_state_link_use(fixture->state, token, now, &link, &error),
				 cases[i].ret);
	}
	assert_string_equal(link.account, "alice");
}

static void requests_are_answered_once(void **state)
{
	struct fixture *fixture = *state;
	char token[POSTERN_TOKEN_SIZE], again[POSTERN_TOKEN_SIZE];
	int64_t id = make_link(fixture, token, NOW);
	struct postern_reset_request request = { .account_id = 0, .account = "nobody" };
	struct postern_link link;
	const char *error;

	make_token(again);
	assert_int_equal(postern_state_request_close(fixture->state, id, again, NOW, &error),
			 POSTERN_STATE_NONE);
	assert_int_equal(postern_state_link_find(fixture->state, again, NOW, &link, &error),
			 POSTERN_STATE_NONE);
	ok(fixture->unit, postern_state_link_find(fixture->state, token, NOW, &link, &error));
	/* One in the name of nobody is answered never; nor is one that is a week old. */
	ok(fixture->unit, postern_state_request_add(fixture->state, &request, NOW, &error));
	assert_int_equal(postern_state_request_close(fixture->state, request.id, again, NOW,
						     &error), POSTERN_STATE_NONE);
	request = (struct postern_reset_request){ .account_id = 7, .account = "alice" };
	ok(fixture->unit, postern_state_request_add(fixture->state, &request, NOW, &error));
	assert_int_equal(postern_state_request_find(fixture->state, request.id,
		NOW + POSTERN_REQUEST_LIFE + 1, &request, &error), POSTERN_STATE_NONE);
	assert_int_equal(postern_state_request_close(fixture->state, request.id, again,
		NOW + POSTERN_REQUEST_LIFE + 1, &error), POSTERN_STATE_NONE);
}

/* 100 processes that have all found the link good use it up at once. */
static void of_a_hundred_one_uses_a_link(void **state)
{
	struct fixture *fixture = *state;
	char token[POSTERN_TOKEN_SIZE], octet;
	int ready[2], go[2], used = 0;

	make_link(fixture, token, NOW);
	assert_int_equal(pipe(ready) | pipe(go), 0);
	for (int i = 0; i < 100; i++) {
		if (fork() == 0) {
			struct postern_state *own = NULL;
			struct postern_link link;
			const char *error;
			int ret = postern_state_open(&fixture->unit->config, &own, &error);

			close(go[1]);
			if (ret != 0 || write(ready[1], "x", 1) != 1 || read(go[0], &octet, 1) != 0)
				_exit(9);
			/* Those who do not get at the file in 2 s have not used it. */
			ret = postern_state_link_use(own, token, NOW, &link, &error);
			_exit(ret == POSTERN_STATE_OK ? 1 : 0);
		}
	}
	for (int i = 0; i < 100; i++)
		assert_int_equal(read(ready[0], &octet, 1), 1);
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < 100; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		used += WEXITSTATUS(status);
	}
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(used, 1);
}

static void the_file_is_its_owners(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX + 32];
	struct stat status;
	const char *error = "";
	struct postern_state *other = NULL;

	snprintf(path, sizeof(path), "%s/page/page.db", fixture->unit->path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(postern_state_open(&fixture->unit->config, &other, &error), -1);
	assert_non_null(strstr(error, path));
	unit_write(path, "not a database, and long enough to be taken for one", 0600);
	assert_int_equal(postern_state_open(&fixture->unit->config, &other, &error), -1);
	assert_null(other);
}

static void a_check_writes_nothing(void **state)
{
	struct fixture *fixture = *state;
	const struct postern_config *config = &fixture->unit->config;
	char path[PATH_MAX + 64], folder[PATH_MAX + 32];
	const char *error = "";
	struct stat status;

	snprintf(folder, sizeof(folder), "%s/page", fixture->unit->path);
	snprintf(path, sizeof(path), "%s/page.db", folder);
	assert_int_equal(postern_state_check(config, &error), 0);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(postern_state_check(config, &error), -1);
	assert_non_null(strstr(error, path));
	unit_write(path, "not a database, and long enough to be taken for one", 0600);
	assert_int_equal(postern_state_check(config, &error), -1);
	unit_write(path, "", 0600);
	assert_int_equal(postern_state_check(config, &error), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(postern_state_check(config, &error), 0);
	snprintf(path, sizeof(path), "%s/page.db-journal", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(postern_state_check(config, &error), 0);
	assert_int_equal(stat(folder, &status), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_random_numbers_there_is_no_token),
		cmocka_unit_test(tokens_are_random),
		cmocka_unit_test(tokens_vouch_for_one_purpose),
		TEST(sessions_end),
		TEST(sessions_are_kept),
		TEST(attempts_are_limited),
		TEST(attempts_far_apart_are_none),
		TEST(a_client_has_a_limit_of_its_own),
		TEST(links_expire),
		TEST(requests_are_answered_once),
		TEST(of_a_hundred_one_uses_a_link),
		TEST(the_file_is_its_owners),
		TEST(a_check_writes_nothing),
	};

	return cmocka_run_group_tests_name("page_state", tests, NULL, NULL);
}
