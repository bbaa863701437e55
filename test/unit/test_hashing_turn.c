/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hashing_turn.h"

/* As many at a time as processors, and those of the dead are given back. */

/* Waiting is cut to so much, where it is not 0. */
static long patience_nsec;

int __real_semtimedop(int set, struct sembuf *operations, size_t count,
		      const struct timespec *timeout);
int __wrap_semtimedop(int set, struct sembuf *operations, size_t count,
		      const struct timespec *timeout);

int __wrap_semtimedop(int set, struct sembuf *operations, size_t count,
		      const struct timespec *timeout)
{
	const struct timespec cut = { .tv_nsec = patience_nsec };

	return __real_semtimedop(set, operations, count, patience_nsec != 0 ? &cut : timeout);
}

static char path[] = "/tmp/postern-turn-XXXXXX";

static int processors(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return CPU_COUNT(&set);
}

static key_t key(void)
{
	return ftok(path, 1 + (processors() - 1) % 255);
}

static int set_of_path(void)
{
	return semget(key(), 1, 0);
}

/* Whether there was a semaphore. */
static bool take(struct postern_hashing_turn *turn)
{
	const char *error;

	return postern_hashing_turn_take(path, turn, &error) == 0;
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(path) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	semctl(set_of_path(), 0, IPC_RMID);
	return rmdir(path);
}

/* A process that has a turn, writes an octet, and keeps it. */
static pid_t start_holder(int fd)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct postern_hashing_turn turn;

		if (!take(&turn) || turn.set_plus_one == 0 || write(fd, "t", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	return pid;
}

static bool one_more_has_a_turn(int fd, int msecs)
{
	char octet;

	for (int i = 0; i < msecs / 10; i++) {
		if (read(fd, &octet, 1) == 1)
			return true;
		usleep(10000);
	}
	return false;
}

static void end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_no_more_than_processors(void **state)
{
	int count = processors(), fds[2];
	pid_t holders[CPU_SETSIZE + 1];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	for (int i = 0; i < count; i++) {
		holders[i] = start_holder(fds[1]);
		assert_true(one_more_has_a_turn(fds[0], 5000));
	}
	holders[count] = start_holder(fds[1]);
	assert_false(one_more_has_a_turn(fds[0], 300));
	/* Killed in its turn, as by a limit of memory. */
	end(holders[0]);
	assert_true(one_more_has_a_turn(fds[0], 5000));
	for (int i = 1; i <= count; i++)
		end(holders[i]);
	close(fds[0]);
	close(fds[1]);
}

static void test_given_back(void **state)
{
	struct postern_hashing_turn turn;

	(void)state;
	for (int i = 0; i < 3 * processors(); i++) {
		assert_true(take(&turn));
		assert_int_not_equal(turn.set_plus_one, 0);
		postern_hashing_turn_give(&turn);
		assert_int_equal(turn.set_plus_one, 0);
	}
	assert_int_equal(semctl(set_of_path(), 0, GETVAL), processors());
}

/* Also when they change while the process lives. */
static void test_another_number_of_processors(void **state)
{
	struct postern_hashing_turn turn;
	cpu_set_t all, one;
	int first;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (int i = 0; CPU_COUNT(&one) == 0; i++) {
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	}
	if (CPU_COUNT(&all) == 1) {
		print_message("there is one processor here, and no other number to change to\n");
		skip();
	}
	first = set_of_path();
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_true(take(&turn));
	assert_int_not_equal(turn.set_plus_one, first + 1);
	assert_int_equal(semctl(turn.set_plus_one - 1, 0, GETVAL), 0);
	postern_hashing_turn_give(&turn);
	semctl(set_of_path(), 0, IPC_RMID);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_true(take(&turn));
	assert_int_equal(turn.set_plus_one, first + 1);
	postern_hashing_turn_give(&turn);
}

static void test_removed(void **state)
{
	struct postern_hashing_turn turn;

	(void)state;
	assert_true(take(&turn));
	assert_int_equal(semctl(set_of_path(), 0, IPC_RMID), 0);
	postern_hashing_turn_give(&turn);
	/* Without one, and then with a new one. */
	assert_true(take(&turn));
	assert_int_equal(turn.set_plus_one, 0);
	postern_hashing_turn_give(&turn);
	assert_true(take(&turn));
	assert_int_not_equal(turn.set_plus_one, 0);
	postern_hashing_turn_give(&turn);
}

/* The kernel does not tell it from one that nobody will ever put turns into, but by its times. */
static void test_long_queue(void **state)
{
	struct postern_hashing_turn turn;
	int count = processors(), fds[2], set;
	pid_t holders[CPU_SETSIZE];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	for (int i = 0; i < count; i++) {
		holders[i] = start_holder(fds[1]);
		assert_true(one_more_has_a_turn(fds[0], 5000));
	}
	set = set_of_path();
	patience_nsec = 50000000;
	assert_true(take(&turn));
	assert_int_equal(turn.set_plus_one, 0);
	assert_int_equal(set_of_path(), set);
	for (int i = 0; i < count; i++)
		end(holders[i]);
	assert_true(take(&turn));
	assert_int_equal(turn.set_plus_one, set + 1);
	postern_hashing_turn_give(&turn);
	patience_nsec = 0;
	close(fds[0]);
	close(fds[1]);
}

static void test_its_maker_died(void **state)
{
	struct postern_hashing_turn turn;
	int set;

	(void)state;
	/* This process knows the one that is removed. */
	assert_int_equal(semctl(set_of_path(), 0, IPC_RMID), 0);
	assert_true(take(&turn));
	set = semget(key(), 1, IPC_CREAT | IPC_EXCL | 0600);
	assert_true(set >= 0);
	patience_nsec = 50000000;
	assert_true(take(&turn));
	assert_int_equal(turn.set_plus_one, 0);
	patience_nsec = 0;
	assert_true(take(&turn));
	assert_int_not_equal(turn.set_plus_one, 0);
	assert_int_not_equal(turn.set_plus_one, set + 1);
	postern_hashing_turn_give(&turn);
}

/* In a process of its own, which has not looked for one yet. */
static bool is_used(void)
{
	struct postern_hashing_turn turn;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(take(&turn) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_not_anothers(void **state)
{
	int set;

	(void)state;
	semctl(set_of_path(), 0, IPC_RMID);
	set = semget(key(), 1, IPC_CREAT | IPC_EXCL | 0666);
	assert_true(set >= 0);
	assert_false(is_used());
	semctl(set, 0, IPC_RMID);
	/* Of another program, that came to the same key. */
	set = semget(key(), 5, IPC_CREAT | IPC_EXCL | 0600);
	assert_true(set >= 0);
	assert_false(is_used());
	semctl(set, 0, IPC_RMID);
	assert_true(is_used());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_anothers),
		cmocka_unit_test(test_no_more_than_processors),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_another_number_of_processors),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_long_queue),
		cmocka_unit_test(test_its_maker_died),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
