/* SPDX-License-Identifier: MIT */
#include "hashing_turn.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

#define PROJECT 'P'

/* semctl(2) has it be declared by who calls. */
union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

/* Those that this process may run on. */
static short count_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (short)(CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1);
}

/* Its value is 0 until its turns are put in; who comes in between waits for them. */
static int make(key_t key)
{
	int set = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
	struct sembuf turns = { .sem_op = count_processors() };

	if (set >= 0 && semop(set, &turns, 1) < 0) {
		semctl(set, 0, IPC_RMID);
		return -1;
	}
	return set;
}

/* Keys can be guessed. */
static bool is_own(int set)
{
	struct semid_ds status;
	union semun argument = { .buf = &status };

	return semctl(set, 0, IPC_STAT, argument) == 0 && status.sem_perm.uid == geteuid() &&
	       status.sem_perm.cuid == geteuid() && (status.sem_perm.mode & 077) == 0;
}

static int find(const char *path)
{
	key_t key = ftok(path, PROJECT);
	int set = key == (key_t)-1 ? -1 : make(key);

	if (key != (key_t)-1 && set < 0 && errno == EEXIST)
		set = semget(key, 1, 0);
	return set >= 0 && is_own(set) ? set : -1;
}

static int wait_for(int set)
{
	struct sembuf take = { .sem_op = -1, .sem_flg = SEM_UNDO };
	const struct timespec patience = { .tv_sec = POSTERN_TURN_SECONDS };
	int ret;

	do
		ret = semtimedop(set, &take, 1, &patience);
	while (ret < 0 && errno == EINTR);
	return ret;
}

void postern_turn_take(const char *path, struct postern_turn *turn_r)
{
	/* Looked up once, and again when it was removed. */
	static int set = -1;

	turn_r->set = 0;
	if (set < 0)
		set = find(path);
	if (set < 0)
		return;
	if (wait_for(set) == 0) {
		turn_r->set = set + 1;
		return;
	}
	/* Nobody computes for so long: whoever made it died before the turns were in. */
	if (errno == EAGAIN)
		semctl(set, 0, IPC_RMID);
	set = -1;
}

void postern_turn_give(struct postern_turn *turn)
{
	struct sembuf give = { .sem_op = 1, .sem_flg = SEM_UNDO };

	/* It can only have been removed meanwhile. */
	if (turn->set != 0)
		(void)semop(turn->set - 1, &give, 1);
	turn->set = 0;
}
