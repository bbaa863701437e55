/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sender_maps.h"

static char folder[PATH_MAX];
static char path[PATH_MAX + 16], socket_path[PATH_MAX + 16];

static int set_up(void **state)
{
	(void)state;
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/senders", folder);
	snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_folder_remove(folder);
	return 0;
}

static struct postern_sender_maps *open_maps(const char *type, const char *place, const char *rest)
{
	struct postern_sender_maps *maps = NULL;
	char text[PATH_MAX + 64];
	char *list[] = { text, NULL };
	const char *error;

	snprintf(text, sizeof(text), "%s%s%s", type, place, rest);
	assert_int_equal(postern_sender_maps_new(list, &maps, &error), 0);
	return maps;
}

static int check(struct postern_sender_maps *maps, const char *login, const char *text,
		 const char **error_r)
{
	struct postern_address address;

	assert_int_equal(postern_address_parse(text, strlen(text), &address, error_r), 0);
	return postern_sender_maps_check(maps, login, &address, '+', error_r);
}

static void a_text_is_read_as_postmap_reads_it(void **state)
{
	static const char table[] =
		"# a comment\n"
		"\n"
		"Sales@Example.ORG\talice, bob\n"
		"info@example.org alice\n"
		"  bob\n"
		"# in between\n"
		" \tCarol\n"
		"   # not the end\n"
		" dave\n"
		"twice@example.org alice\n"
		"twice@example.org bob\n"
		"@example.net alice,\n"
		"bob@example.net bob\r\n"
		"last@example.org alice";
	static const struct {
		const char *login, *address;
		bool own;
	} cases[] = {
		{ "alice", "sales@example.org", true },
		{ "bob", "sales@example.org", true },
		{ "carol", "sales@example.org", false },
		{ "ali", "sales@example.org", false },
		{ "alice,", "sales@example.org", false },
		{ "", "sales@example.org", false },
		{ "alice", "sales+tag@example.org", true },
		{ "alice", "sales@example.com", false },
		{ "alice", "info@example.org", true },
		{ "bob", "info@example.org", true },
		{ "carol", "info@example.org", true },
		{ "dave", "info@example.org", true },
		{ "alice", "twice@example.org", true },
		{ "bob", "twice@example.org", false },
		{ "alice", "anybody@example.net", true },
		{ "alice", "anybody@sub.example.net", false },
		/* What is found first decides, as in smtpd. */
		{ "alice", "bob@example.net", false },
		{ "bob", "bob+tag@example.net", true },
		{ "alice", "last@example.org", true },
	};
	struct postern_sender_maps *maps = open_maps("hash:", path, "");
	const char *error;

	(void)state;
	unit_write(path, table, 0644);
	for (size_t i = 0; i < COUNT(cases); i++)
		check_row(cases[i].address, check(maps, cases[i].login, cases[i].address, &error) ==
			  (cases[i].own ? POSTERN_SENDER_MAPS_OWN : POSTERN_SENDER_MAPS_NOT_OWN));
	postern_sender_maps_free(&maps);
	postern_sender_maps_free(&maps);
}

static void a_changed_text_is_read_again(void **state)
{
	struct postern_sender_maps *maps = open_maps("texthash:", path, "");
	const char *error = "";

	(void)state;
	assert_int_equal(check(maps, "alice", "a@example.org", &error), -1);
	assert_non_null(strstr(error, path));
	unit_write(path, "a@example.org alice\n", 0644);
	assert_int_equal(check(maps, "alice", "a@example.org", &error), POSTERN_SENDER_MAPS_OWN);
	unit_write(path, "a@example.org bobby\n", 0644);
	assert_int_equal(check(maps, "alice", "a@example.org", &error), POSTERN_SENDER_MAPS_NOT_OWN);
	assert_int_equal(check(maps, "bobby", "a@example.org", &error), POSTERN_SENDER_MAPS_OWN);
	unlink(path);
	assert_int_equal(check(maps, "bobby", "a@example.org", &error), -1);
	postern_sender_maps_free(&maps);
}

static void a_text_that_is_not_to_be_believed(void **state)
{
	static const struct {
		const char *text, *error;
		mode_t mode;
	} cases[] = {
		{ "a@example.org alice\n", "writable by others", 0664 },
		{ "a@example.org\n", "has no value", 0644 },
		{ "a@example.org alice\nb@example.org \n", "has no value", 0644 },
	};
	struct postern_sender_maps *maps = open_maps("texthash:", path, "");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *error = "";

		unit_write(path, cases[i].text, cases[i].mode);
		check_row(cases[i].text, check(maps, "alice", "a@example.org", &error) == -1);
		check_row(cases[i].text, strstr(error, cases[i].error) != NULL);
	}
	postern_sender_maps_free(&maps);
}

/* Answers each connection with one of these, after the request. */
struct server {
	int fd;
	const char *const *replies;
	char request[256];
};

static void *serve(void *context)
{
	struct server *server = context;

	for (size_t i = 0; server->replies[i] != NULL; i++) {
		int fd = accept(server->fd, NULL, NULL);
		ssize_t got = recv(fd, server->request, sizeof(server->request) - 1, 0);

		server->request[got > 0 ? got : 0] = '\0';
		send(fd, server->replies[i], strlen(server->replies[i]), MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

static void a_socketmap_is_asked(void **state)
{
	static const char *const replies[] = {
		"8:OK alice,", "12:OK bob,alice,", "9:NOTFOUND ,", "9:NOTFOUND ,", "8:OK alice,",
		"11:TEMP locked,", "8:OK alice", "8:OK alice,x", "99999999999999:OK alice,", "", "x",
		":OK,", NULL
	};
	struct server server = { .replies = replies };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct postern_sender_maps *maps = open_maps("socketmap:unix:", socket_path, ":senders");
	pthread_t thread;
	const char *error = "";

	(void)state;
	assert_int_equal(check(maps, "alice", "a@example.org", &error), -1);
	assert_true(strlen(socket_path) < sizeof(address.sun_path));
	strcpy(address.sun_path, socket_path);
	server.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server.fd, 5), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
	assert_int_equal(check(maps, "alice", "a@example.org", &error), POSTERN_SENDER_MAPS_OWN);
	assert_string_equal(server.request, "21:senders a@example.org,");
	assert_int_equal(check(maps, "alice", "a@example.org", &error), POSTERN_SENDER_MAPS_OWN);
	/* The address, without its tag, the domain. */
	assert_int_equal(check(maps, "alice", "a+x@example.org", &error), POSTERN_SENDER_MAPS_OWN);
	assert_string_equal(server.request, "20:senders @example.org,");
	for (size_t i = 5; replies[i] != NULL; i++)
		check_row(replies[i], check(maps, "alice", "a@example.org", &error) == -1);
	pthread_join(thread, NULL);
	close(server.fd);
	postern_sender_maps_free(&maps);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_text_is_read_as_postmap_reads_it),
		TEST(a_changed_text_is_read_again),
		TEST(a_text_that_is_not_to_be_believed),
		TEST(a_socketmap_is_asked),
	};

	return cmocka_run_group_tests_name("sender_maps", tests, NULL, NULL);
}
