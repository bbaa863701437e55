/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_HASHING_TURN_H
#define POSTERN_HASHING_TURN_H

/*
 * As many hashes at a time as there are processors, whatever the number of processes that compare
 * passwords. Who guesses keeps all of Dovecot's auth-workers busy, thirty by default; more of them
 * at a time than processors get nothing done sooner, take thirty times the memory of a hash (16 MiB
 * for yescrypt, 64 for Argon2id), and make the auth process, which answers keys in between, wait
 * for a processor behind them.
 *
 * The trick: a System V semaphore, whose turns the kernel takes back from a process that dies
 * (SEM_UNDO, semop(2)). It is made by the first that needs it, has mode 0600, and goes with the
 * machine's next boot; one that another user has put in its place is not used. Where there is none
 * to be had, and after POSTERN_TURN_SECONDS of waiting, the hash is computed without a turn: nobody
 * is refused because of it.
 */
#define POSTERN_TURN_SECONDS 10

/* Zero is no turn. */
struct postern_turn {
	int set;
};

/* Waits for a turn. path is a file that all have in common and nobody replaces, as the folder of the
   store. *turn_r is given back by the same process, which takes no second one meanwhile. */
void postern_turn_take(const char *path, struct postern_turn *turn_r);
void postern_turn_give(struct postern_turn *turn);

#endif
