/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "session_table.h"

#define MAX 4

/* Times are seconds; nothing here waits. */
static struct postern_session_table *table;

static int set_up(void **state)
{
	const char *error;

	(void)state;
	return postern_session_table_new(MAX, &table, &error);
}

static int tear_down(void **state)
{
	(void)state;
	postern_session_table_free(&table);
	return 0;
}

static struct postern_process process(int pid)
{
	return (struct postern_process){ .pid = pid, .start_time = 7000 + (uint64_t)pid };
}

static struct postern_endpoint client(const char *port)
{
	struct postern_endpoint endpoint;

	assert_true(postern_endpoint_parse("192.0.2.1", port, &endpoint));
	return endpoint;
}

static struct postern_endpoint server(const char *port)
{
	struct postern_endpoint endpoint;

	assert_true(postern_endpoint_parse("198.51.100.1", port, &endpoint));
	return endpoint;
}

static struct postern_session request(int pid, enum postern_session_stage stage, const char *port)
{
	return (struct postern_session){
		.process = process(pid), .stage = stage, .client = client(port),
		.server = server("465"), .protocol = "TLSv1.3",
	};
}

static void attach(int pid, int64_t now)
{
	struct postern_process key = process(pid);
	const char *error;

	assert_int_equal(postern_session_table_attach(table, &key, now, &error), 0);
}

static void detach(int pid, int64_t now)
{
	struct postern_process key = process(pid);

	postern_session_table_detach(table, &key, now);
}

/* Returns the serial. */
static uint64_t renew(struct postern_session session)
{
	const char *error;

	assert_int_equal(postern_session_table_renew(table, &session, &error), 0);
	assert_int_not_equal(session.serial, 0);
	return session.serial;
}

/* A whole session's beginning, with key number n. */
static uint64_t greet(int pid, const char *port, uint8_t n)
{
	struct postern_session session = request(pid, POSTERN_STAGE_CONNECT, port);

	renew(session);
	session.stage = POSTERN_STAGE_HELO;
	session.has_key = true;
	session.key.octets[0] = n;
	return renew(session);
}

static int by_process(int pid, int64_t now, struct postern_session *session_r)
{
	struct postern_process key = process(pid);

	return postern_session_table_find_process(table, &key, now, session_r);
}

static int by_client(const char *port, int64_t now, struct postern_session *session_r)
{
	struct postern_endpoint key = client(port), at = server("465");

	return postern_session_table_find_client(table, &key, &at, now, session_r);
}

static void test_both_ways(void **state)
{
	struct postern_session session;

	(void)state;
	attach(1, 0);
	assert_int_equal(by_process(1, 0, &session), POSTERN_SESSION_MISSING);
	greet(1, "1001", 11);
	assert_int_equal(by_process(1, 0, &session), POSTERN_SESSION_FOUND);
	assert_int_equal(session.key.octets[0], 11);
	assert_int_equal(by_client("1001", 0, &session), POSTERN_SESSION_FOUND);
	assert_int_equal(session.key.octets[0], 11);
	assert_int_equal(by_client("1002", 0, &session), POSTERN_SESSION_MISSING);
	assert_int_equal(by_process(2, 0, &session), POSTERN_SESSION_MISSING);
}

static void test_interleaved(void **state)
{
	struct postern_session session;

	(void)state;
	attach(1, 0);
	attach(2, 0);
	renew(request(1, POSTERN_STAGE_CONNECT, "1001"));
	renew(request(2, POSTERN_STAGE_CONNECT, "1002"));
	greet(2, "1002", 22);
	greet(1, "1001", 11);
	/* The next client of process 1, while process 2 still has its own. */
	renew(request(1, POSTERN_STAGE_CONNECT, "1003"));
	assert_int_equal(by_process(2, 0, &session), POSTERN_SESSION_FOUND);
	assert_int_equal(session.key.octets[0], 22);
	assert_int_equal(by_client("1002", 0, &session), POSTERN_SESSION_FOUND);
	assert_int_equal(session.key.octets[0], 22);
	assert_int_equal(by_client("1001", 0, &session), POSTERN_SESSION_MISSING);
	assert_int_equal(by_process(1, 0, &session), POSTERN_SESSION_FOUND);
	assert_false(session.has_key);
}

static void test_connect_empties(void **state)
{
	struct postern_session session;
	uint64_t first;

	(void)state;
	attach(1, 0);
	first = greet(1, "1001", 11);
	/* Even for the same address and port. */
	assert_int_not_equal(renew(request(1, POSTERN_STAGE_CONNECT, "1001")), first);
	assert_int_equal(by_process(1, 0, &session), POSTERN_SESSION_FOUND);
	assert_false(session.has_key);
	assert_int_equal(session.stage, POSTERN_STAGE_CONNECT);
}

static void test_request_is_the_whole_truth(void **state)
{
	struct postern_session session = request(1, POSTERN_STAGE_MAIL, "1001");
	uint64_t first;

	(void)state;
	attach(1, 0);
	first = greet(1, "1001", 11);
	/* A MAIL request that knows of no key: then there is none. */
	assert_int_equal(renew(session), first);
	assert_int_equal(by_process(1, 0, &session), POSTERN_SESSION_FOUND);
	assert_false(session.has_key);
}

static void test_starttls_is_another_session(void **state)
{
	struct postern_session session = request(1, POSTERN_STAGE_HELO, "1001");
	uint64_t plain;

	(void)state;
	attach(1, 0);
	*session.protocol = '\0';
	plain = renew(session);
	strcpy(session.protocol, "TLSv1.3");
	assert_int_not_equal(renew(session), plain);
}

static void test_another_start_time_is_another_process(void **state)
{
	struct postern_process later = { .pid = 1, .start_time = 1 };
	struct postern_session session;
	const char *error;

	(void)state;
	attach(1, 0);
	greet(1, "1001", 11);
	assert_int_equal(postern_session_table_find_process(table, &later, 0, &session),
			 POSTERN_SESSION_MISSING);
	assert_int_equal(postern_session_table_attach(table, &later, 0, &error), 0);
	assert_int_equal(postern_session_table_find_process(table, &later, 0, &session),
			 POSTERN_SESSION_MISSING);
	assert_int_equal(by_process(1, 0, &session), POSTERN_SESSION_FOUND);
}

static void test_detached_stays_for_a_while(void **state)
{
	const int64_t last = 100 + POSTERN_SESSION_DETACHED_MAX - 1;
	struct postern_session session;
	uint64_t serial;

	(void)state;
	attach(1, 0);
	serial = greet(1, "1001", 11);
	assert_int_equal(by_client("1001", 0, &session), POSTERN_SESSION_FOUND);
	assert_true(session.attached);
	detach(1, 100);
	assert_int_equal(by_process(1, last, &session), POSTERN_SESSION_FOUND);
	assert_false(session.attached);
	assert_int_equal(by_client("1001", last, &session), POSTERN_SESSION_FOUND);
	assert_false(session.attached);
	assert_int_equal(by_process(1, last + 1, &session), POSTERN_SESSION_MISSING);
	assert_int_equal(by_client("1001", last + 1, &session), POSTERN_SESSION_MISSING);
	/* It comes back with another policy connection, in the same session. */
	attach(1, last);
	assert_int_equal(by_process(1, last + 1000, &session), POSTERN_SESSION_FOUND);
	assert_true(session.attached);
	assert_int_equal(session.serial, serial);
}

static void test_detached_is_not_the_next_clients(void **state)
{
	struct postern_session session;

	(void)state;
	attach(1, 0);
	greet(1, "1001", 11);
	detach(1, 10);
	attach(1, 20);
	renew(request(1, POSTERN_STAGE_CONNECT, "1002"));
	assert_int_equal(by_process(1, 20, &session), POSTERN_SESSION_FOUND);
	assert_false(session.has_key);
	assert_int_equal(by_client("1001", 20, &session), POSTERN_SESSION_MISSING);
}

static void test_several_policy_connections(void **state)
{
	const int64_t later = 10 + POSTERN_SESSION_DETACHED_MAX;
	struct postern_session session;

	(void)state;
	attach(1, 0);
	attach(1, 0);
	greet(1, "1001", 11);
	detach(1, 10);
	assert_int_equal(by_process(1, later, &session), POSTERN_SESSION_FOUND);
	detach(1, 10);
	assert_int_equal(by_process(1, later, &session), POSTERN_SESSION_MISSING);
}

static void test_expire_and_unused(void **state)
{
	(void)state;
	attach(1, 0);
	detach(1, 0); /* never asked anything */
	assert_int_equal(postern_session_table_count(table), 0);
	attach(1, 0);
	greet(1, "1001", 11);
	detach(1, 0);
	postern_session_table_expire(table, POSTERN_SESSION_DETACHED_MAX - 1);
	assert_int_equal(postern_session_table_count(table), 1);
	postern_session_table_expire(table, POSTERN_SESSION_DETACHED_MAX);
	assert_int_equal(postern_session_table_count(table), 0);
}

static void test_full(void **state)
{
	struct postern_process one_more = process(99);
	struct postern_session session;
	const char *error = NULL;

	(void)state;
	for (int pid = 1; pid <= MAX; pid++) {
		char port[] = { '1', (char)('0' + pid), '\0' };

		attach(pid, 0);
		greet(pid, port, 11);
	}
	assert_int_equal(postern_session_table_attach(table, &one_more, 1, &error), -1);
	assert_non_null(error);
	/* Who is detached makes room for who is there, the longest first. */
	detach(3, 5);
	detach(2, 6);
	attach(99, 7);
	assert_int_equal(postern_session_table_count(table), MAX);
	assert_int_equal(by_process(3, 7, &session), POSTERN_SESSION_MISSING);
	assert_int_equal(by_process(2, 7, &session), POSTERN_SESSION_FOUND);
	assert_int_equal(by_process(1, 7, &session), POSTERN_SESSION_FOUND);
}

static void test_end(void **state)
{
	struct postern_session first, second;

	(void)state;
	attach(1, 0);
	greet(1, "1001", 11);
	assert_int_equal(by_client("1001", 0, &first), POSTERN_SESSION_FOUND);
	postern_session_table_end(table, &first);
	assert_int_equal(by_process(1, 0, &second), POSTERN_SESSION_MISSING);
	assert_int_equal(by_client("1001", 0, &second), POSTERN_SESSION_MISSING);
	/* The milter may hear late of the end of one session: the next one is not touched. */
	greet(1, "1001", 12);
	postern_session_table_end(table, &first);
	assert_int_equal(by_client("1001", 0, &second), POSTERN_SESSION_FOUND);
	assert_int_equal(second.key.octets[0], 12);
}

static void test_same_client_at_two_processes(void **state)
{
	struct postern_session session;
	struct postern_session other = request(2, POSTERN_STAGE_HELO, "1001");

	(void)state;
	attach(1, 0);
	attach(2, 0);
	greet(1, "1001", 11);
	/* Without a CONNECT, which is how it cannot be: nobody can say which is meant. */
	renew(other);
	assert_int_equal(by_client("1001", 0, &session), POSTERN_SESSION_AMBIGUOUS);
	/* A new connection with both ends the same: the one before is over. */
	renew(request(2, POSTERN_STAGE_CONNECT, "1001"));
	assert_int_equal(by_client("1001", 0, &session), POSTERN_SESSION_FOUND);
	assert_int_equal(session.process.pid, 2);
	assert_int_equal(by_process(1, 0, &session), POSTERN_SESSION_MISSING);
}

static void test_same_client_at_two_ports_of_the_server(void **state)
{
	struct postern_endpoint key = client("1001"), at = server("587"), unknown = { 0 };
	struct postern_session session = request(2, POSTERN_STAGE_CONNECT, "1001");

	(void)state;
	attach(1, 0);
	attach(2, 0);
	greet(1, "1001", 11);
	session.server = at;
	renew(session);
	assert_int_equal(by_client("1001", 0, &session), POSTERN_SESSION_FOUND);
	assert_int_equal(session.process.pid, 1);
	assert_int_equal(postern_session_table_find_client(table, &key, &at, 0, &session),
			 POSTERN_SESSION_FOUND);
	assert_int_equal(session.process.pid, 2);
	assert_int_equal(postern_session_table_find_client(table, &key, &unknown, 0, &session),
			 POSTERN_SESSION_AMBIGUOUS);
}

static void test_request_of_nobody(void **state)
{
	struct postern_session session = request(1, POSTERN_STAGE_MAIL, "1001");
	const char *error = NULL;

	(void)state;
	assert_int_equal(postern_session_table_renew(table, &session, &error), -1);
	assert_non_null(error);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_both_ways),
		TEST(test_interleaved),
		TEST(test_connect_empties),
		TEST(test_request_is_the_whole_truth),
		TEST(test_starttls_is_another_session),
		TEST(test_another_start_time_is_another_process),
		TEST(test_detached_stays_for_a_while),
		TEST(test_detached_is_not_the_next_clients),
		TEST(test_several_policy_connections),
		TEST(test_expire_and_unused),
		TEST(test_full),
		TEST(test_end),
		TEST(test_same_client_at_two_processes),
		TEST(test_same_client_at_two_ports_of_the_server),
		TEST(test_request_of_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
