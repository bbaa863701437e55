/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <sys/wait.h>

#include "secret.h"
#include "trusted_file.h"

/* Some user that is not root. */
#define OTHER 65534

static char folder[PATH_MAX];
static char path[PATH_MAX + 16];

static int set_up(void **state)
{
	(void)state;
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_folder_remove(folder);
	return 0;
}

static void judges_modes(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		bool untampered, private, secret;
	} cases[] = {
		{ "0600", 0600, true, true, true },
		{ "0400", 0400, true, true, true },
		{ "0640", 0640, true, true, false },
		{ "0610", 0610, true, true, false },
		{ "0644", 0644, true, false, false },
		{ "0641", 0641, true, false, false },
		{ "0660", 0660, false, false, false },
		{ "0620", 0620, false, false, false },
		{ "0602", 0602, false, false, false },
		{ "0666", 0666, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const bool expected[] = { cases[i].untampered, cases[i].private, cases[i].secret };

		unit_write(path, "x", cases[i].mode);
		for (int trust = POSTERN_TRUST_UNTAMPERED; trust <= POSTERN_TRUST_SECRET; trust++) {
			const char *error = NULL;
			int fd = postern_trusted_open(path, trust, &error);

			check_row(cases[i].name, (fd >= 0) == expected[trust]);
			check_row(cases[i].name, (error == NULL) == expected[trust]);
			check_row(cases[i].name, error == NULL || strstr(error, path) != NULL);
			check_row(cases[i].name, (postern_trusted_check(path, trust, &error) == 0)
				  == expected[trust]);
			if (fd >= 0) {
				check_row(cases[i].name, (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
				close(fd);
			}
		}
	}
}

static void refuses_what_is_no_file(void **state)
{
	char link[PATH_MAX + 16], fifo[PATH_MAX + 16], missing[PATH_MAX + 16];
	const char *const paths[] = { link, fifo, missing, folder, "/dev/null" };
	const char *error;

	(void)state;
	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	snprintf(missing, sizeof(missing), "%s/missing", folder);
	unit_write(path, "x", 0600);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (size_t i = 0; i < COUNT(paths); i++) {
		check_row(paths[i], postern_trusted_open(paths[i], POSTERN_TRUST_UNTAMPERED,
							 &error) == -1);
		check_row(paths[i], postern_trusted_check(paths[i], POSTERN_TRUST_UNTAMPERED,
							  &error) == -1);
	}
	assert_int_equal(postern_trusted_open(link, POSTERN_TRUST_UNTAMPERED, &error), -1);
	assert_non_null(strstr(error, "symbolic link"));
}

static void judges_owners(void **state)
{
	const char *error;
	int fd, status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	unit_write(path, "x", 0644);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chown(path, OTHER, OTHER), 0);
	assert_int_equal(postern_trusted_open(path, POSTERN_TRUST_UNTAMPERED, &error), -1);
	assert_non_null(strstr(error, "neither root"));

	/* To its owner it is fine; root's is fine to everyone; another's is not. */
	pid = fork();
	if (pid == 0) {
		bool good = setresuid(OTHER, OTHER, OTHER) == 0;

		fd = postern_trusted_open(path, POSTERN_TRUST_UNTAMPERED, &error);
		good = good && fd >= 0;
		good = good && postern_trusted_check("/etc/passwd", POSTERN_TRUST_UNTAMPERED,
						     &error) == 0;
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(chown(path, OTHER - 1, OTHER), 0);
	pid = fork();
	if (pid == 0) {
		bool good = setresuid(OTHER, OTHER, OTHER) == 0;

		_exit(good && postern_trusted_open(path, POSTERN_TRUST_UNTAMPERED, &error) < 0 ?
		      0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void judges_folders(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		bool good;
	} cases[] = {
		{ "0700", 0700, true },  { "0750", 0750, true },  { "0751", 0751, true },
		{ "0755", 0755, true },  { "0770", 0770, false }, { "0702", 0702, false },
		/* The sticky bit keeps files from being removed, not from being put there. */
		{ "1777", 01777, false },
	};
	const char *error;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(chmod(folder, cases[i].mode), 0);
		check_row(cases[i].name, (postern_trusted_check_folder(folder, &error) == 0) ==
			  cases[i].good);
	}
	assert_int_equal(chmod(folder, 0700), 0);
	unit_write(path, "x", 0600);
	assert_int_equal(postern_trusted_check_folder(path, &error), -1);
}

static void reads_a_whole_file(void **state)
{
	static const char data[] = "a\0b\n";
	const char *error;
	char *read = NULL;
	size_t size;

	(void)state;
	unit_write_sized(path, data, sizeof(data) - 1, 0600);
	assert_int_equal(postern_trusted_read(path, POSTERN_TRUST_SECRET, 4, &read, &size, &error),
			 0);
	assert_int_equal(size, 4);
	assert_memory_equal(read, data, 5);
	postern_secret_free_sized((void **)&read, size);

	assert_int_equal(postern_trusted_read(path, POSTERN_TRUST_SECRET, 3, &read, &size, &error),
			 -1);
	assert_non_null(strstr(error, "larger than 3"));
	assert_null(read);

	unit_write(path, "", 0600);
	assert_int_equal(postern_trusted_read(path, POSTERN_TRUST_SECRET, 3, &read, &size, &error),
			 0);
	assert_int_equal(size, 0);
	assert_string_equal(read, "");
	postern_secret_free(&read);
}

/* A descriptor opened for the look would drop the lock when closed. */
static void leaves_locks_alone(void **state)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const char *error;
	int fd, status;
	pid_t pid;

	(void)state;
	unit_write(path, "x", 0600);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	assert_int_equal(postern_trusted_check(path, POSTERN_TRUST_SECRET, &error), 0);
	pid = fork();
	if (pid == 0) {
		struct flock held = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

		_exit(fcntl(fd, F_GETLK, &held) == 0 && held.l_type == F_WRLCK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(judges_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(judges_owners, set_up, tear_down),
		cmocka_unit_test_setup_teardown(judges_folders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reads_a_whole_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_locks_alone, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("trusted_file", tests, NULL, NULL);
}
