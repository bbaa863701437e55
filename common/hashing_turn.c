/* SPDX-License-Identifier: MIT */
#include "hashing_turn.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

/* semctl(2) leaves the declaration to the caller. */
union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

/* Those that this process may run on. */
static int count_processors(void)
{
	cpu_set_t set;
	long count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) :
								    sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 1 : count > SHRT_MAX ? SHRT_MAX : (int)count;
}

/* Its value is 0 until its turns are put in; who comes in between waits for them. */
static int make(key_t key, int processors)
{
	int set = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
	struct sembuf turns = { .sem_op = (short)processors };

	if (set >= 0 && semop(set, &turns, 1) < 0) {
		semctl(set, 0, IPC_RMID);
		return -1;
	}
	return set;
}

/* Keys can be guessed, and met by chance. */
static bool is_own(int set)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };

	return semctl(set, 0, IPC_STAT, argument) == 0 && status.sem_perm.uid == geteuid() &&
	       status.sem_perm.cuid == geteuid() && (status.sem_perm.mode & 077) == 0 &&
	       status.sem_nsems == 1;
}

/* No semop has succeeded yet, and whoever made it died before the turns were in. */
static bool is_unfinished(int set)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };

	return semctl(set, 0, IPC_STAT, argument) == 0 && status.sem_otime == 0;
}

/* For another number of processors it is another semaphore. */
static int find(const char *path, int processors, const char **error_r)
{
	key_t key = ftok(path, 1 + (processors - 1) % 255);
	int set;

	if (key == (key_t)-1)
		return postern_error(error_r, "cannot examine %s: %m", path);
	set = make(key, processors);
	if (set < 0 && errno == EEXIST)
		set = semget(key, 1, 0);
	if (set < 0)
		return postern_error(error_r, "there is no semaphore to be had: %m");
	if (!is_own(set))
		return postern_error(error_r, "semaphore %d (ipcs -s) is in the way: ipcrm -s %d", set,
				     set);
	return set;
}

static int wait_for(int set)
{
	struct sembuf take = { .sem_op = -1, .sem_flg = SEM_UNDO };
	const struct timespec patience = { .tv_sec = POSTERN_HASHING_TURN_SECONDS };
	int ret;

	do
		ret = semtimedop(set, &take, 1, &patience);
	while (ret < 0 && errno == EINTR);
	return ret;
}

int postern_hashing_turn_take(const char *path, struct postern_hashing_turn *turn_r,
			      const char **error_r)
{
	static int set = -1, known;
	int processors = count_processors();

	turn_r->set_plus_one = 0;
	if (set < 0 || processors != known)
		set = find(path, processors, error_r);
	known = processors;
	if (set < 0)
		return -1;
	if (wait_for(set) == 0) {
		turn_r->set_plus_one = set + 1;
		return 0;
	}
	/* A long queue, and nothing else. */
	if (errno == EAGAIN && !is_unfinished(set))
		return 0;
	if (errno == EAGAIN)
		semctl(set, 0, IPC_RMID);
	/* Somebody has removed it; the next one makes another. */
	set = -1;
	return 0;
}

void postern_hashing_turn_give(struct postern_hashing_turn *turn)
{
	struct sembuf give = { .sem_op = 1, .sem_flg = SEM_UNDO };

	/* It can only have been removed meanwhile. */
	if (turn->set_plus_one != 0)
		(void)semop(turn->set_plus_one - 1, &give, 1);
	turn->set_plus_one = 0;
}
