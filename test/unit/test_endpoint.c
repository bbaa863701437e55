/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "endpoint.h"
#include "networks.h"
#include "peer.h"

static const struct {
	const char *address, *port, *text; /* text NULL: refused */
} endpoints[] = {
	{ "192.0.2.1", "25", "[192.0.2.1]:25" },
	{ "192.0.2.1", NULL, "[192.0.2.1]:0" },
	{ "192.0.2.1", "", "[192.0.2.1]:0" },
	{ "192.0.2.1", "unknown", "[192.0.2.1]:0" },
	{ "::ffff:192.0.2.1", "65535", "[192.0.2.1]:65535" },
	{ "2001:DB8:0::1", "1", "[2001:db8::1]:1" },
	{ "fe80::1%eth0", "1", "[fe80::1]:1" },
	{ "unknown", "1", NULL },
	{ "", "1", NULL },
	{ "192.0.2", "1", NULL },
	{ "192.0.2.1 ", "1", NULL },
	{ "192.0.2.1", "65536", NULL },
	{ "192.0.2.1", "0x10", NULL },
	{ "192.0.2.1", "+1", NULL },
	{ "192.0.2.1", "000001", NULL },
	{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd", "1", NULL },
};

static void test_endpoints(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(endpoints); i++) {
		struct postern_endpoint endpoint;
		char text[POSTERN_ENDPOINT_TEXT_MAX];

		check_row(endpoints[i].address,
			  postern_endpoint_parse(endpoints[i].address, endpoints[i].port,
						 &endpoint) == (endpoints[i].text != NULL));
		if (endpoints[i].text != NULL)
			assert_string_equal(postern_endpoint_format(&endpoint, text),
					    endpoints[i].text);
	}
}

static void test_sockaddr(void **state)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(25) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons(26) };
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct postern_endpoint a, b;

	(void)state;
	inet_pton(AF_INET, "192.0.2.1", &ipv4.sin_addr);
	assert_true(postern_endpoint_of_sockaddr((struct sockaddr *)&ipv4, &a));
	assert_true(postern_endpoint_parse("192.0.2.1", "25", &b));
	assert_true(postern_endpoint_equal(&a, &b));
	inet_pton(AF_INET6, "2001:db8::1", &ipv6.sin6_addr);
	assert_true(postern_endpoint_of_sockaddr((struct sockaddr *)&ipv6, &a));
	assert_false(postern_endpoint_equal(&a, &b));
	assert_true(postern_endpoint_parse("2001:db8::1", "26", &b));
	assert_true(postern_endpoint_equal(&a, &b));
	assert_false(postern_endpoint_of_sockaddr(&other, &a));
	assert_false(postern_endpoint_of_sockaddr(NULL, &a));
}

static const struct {
	const char *network, *address;
	bool in;
} contained[] = {
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.7", "192.0.2.7", true },
	{ "192.0.2.7", "192.0.2.6", false },
	{ "192.0.2.6/31", "192.0.2.7", true },
	{ "0.0.0.0/0", "203.0.113.1", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "2001:db8::/32", "2001:db8:ffff::1", true },
	{ "2001:db8::/32", "2001:db9::1", false },
	{ "2001:db8::8/125", "2001:db8::f", true },
	{ "2001:db8::8/125", "2001:db8::10", false },
	{ "::/0", "203.0.113.1", true },
};

static void test_networks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(contained); i++) {
		char *list[] = { strdup(contained[i].network), NULL };
		struct postern_networks *networks = NULL;
		struct postern_endpoint endpoint;
		const char *error;

		check_row(list[0], postern_networks_new(list, &networks, &error) == 0);
		assert_true(postern_endpoint_parse(contained[i].address, NULL, &endpoint));
		check_row(list[0], postern_networks_contain(networks, &endpoint.address) ==
			  contained[i].in);
		postern_networks_free(&networks);
		free(list[0]);
	}
}

static void test_no_networks(void **state)
{
	struct postern_networks *networks = NULL;
	struct in6_addr any = { 0 };
	const char *error;

	(void)state;
	assert_int_equal(postern_networks_new(NULL, &networks, &error), 0);
	assert_false(postern_networks_contain(networks, &any));
	postern_networks_free(&networks);
}

static void test_wrong_networks(void **state)
{
	static const char *const wrong[] = {
		"", "x", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/ 24",
		"192.0.2.0/24x", "192.0.2.1/24", "2001:db8::/129", "2001:db8::1/64", "/24",
		"192.0.2.0/24/24",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		char good[] = "192.0.2.1";
		char *list[] = { good, strdup(wrong[i]), NULL };
		struct postern_networks *networks = NULL;
		const char *error = NULL;

		check_row(wrong[i], postern_networks_new(list, &networks, &error) == -1);
		check_row(wrong[i], error != NULL && networks == NULL);
		free(list[1]);
	}
}

#define FIELDS " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "

static const struct {
	const char *text;
	int ret;
	uint64_t start_time;
} stats[] = {
	{ "42 (smtpd)" FIELDS "12345 1 2\n", 0, 12345 },
	{ "42 (a) b) R 1 (x)" FIELDS "12345 1 2\n", 0, 12345 },
	{ "42 ())" FIELDS "0 1\n", 0, 0 },
	{ "42 (smtpd)" FIELDS "12345", -1, 0 },
	{ "42 (smtpd)" FIELDS "-1 2", -1, 0 },
	{ "42 (smtpd)" FIELDS "99999999999999999999 2", -1, 0 },
	{ "42 (smtpd) S 1 2 3", -1, 0 },
	{ "", -1, 0 },
};

static void test_stat(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stats); i++) {
		const char *error;
		uint64_t start_time = 0;

		check_row(stats[i].text, postern_peer_parse_stat(stats[i].text, &start_time,
								 &error) == stats[i].ret);
		if (stats[i].ret == 0)
			assert_int_equal(start_time, stats[i].start_time);
	}
}

static void test_peer(void **state)
{
	struct postern_process process;
	const char *error;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(postern_peer_process(fds[0], &process, &error), 0);
	assert_int_equal(process.pid, getpid());
	assert_int_not_equal(process.start_time, 0);
	assert_true(postern_peer_lives(&process));
	process.start_time++;
	assert_false(postern_peer_lives(&process));
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(postern_peer_process(-1, &process, &error), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_sockaddr),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_no_networks),
		cmocka_unit_test(test_wrong_networks),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
