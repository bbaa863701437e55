/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_HASHING_TURN_H
#define POSTERN_HASHING_TURN_H

#include "error.h"

/*
 * As many hashes at a time as there are processors, whatever the number of auth-workers. Who
 * guesses keeps all of them busy, thirty by default; more at a time than processors get nothing
 * done sooner, take thirty times the memory of a hash (16 MiB for yescrypt, 64 for Argon2id), and
 * make the auth process, which answers keys in between, wait for a processor behind them.
 *
 * The trick: a System V semaphore, whose turns the kernel takes back from a process that dies
 * (SEM_UNDO, semop(2)). The first that needs it makes it, with mode 0600, and it goes with the
 * machine's next boot. One that another user has put in its place is not used. Where there is none
 * to be had, and after POSTERN_HASHING_TURN_SECONDS of waiting, the hash is computed without a
 * turn: nobody is refused because of it.
 */

/* Dovecot gives a worker's look-up sixty. */
#define POSTERN_HASHING_TURN_SECONDS 30

struct postern_hashing_turn {
	/* The semaphore's id and one more; 0 for no turn. */
	int set_plus_one;
};

/* Waits for a turn. path is a file that all have in common and nobody replaces, as the folder of
   the store; the one of a process's first call is that of all. *turn_r is given back by the same
   process, which takes no second one meanwhile. Fails where no semaphore is to be had, and with no
   turn. */
int postern_hashing_turn_take(const char *path, struct postern_hashing_turn *turn_r,
			      const char **error_r) POSTERN_WARN_UNUSED;
void postern_hashing_turn_give(struct postern_hashing_turn *turn);

#endif
