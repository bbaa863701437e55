/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PEER_H
#define POSTERN_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/*
 * Which process is at the other end of a unix socket. The kernel vouches for the pid
 * (SO_PEERCRED, unix(7)); the start time beside it (proc(5), field 22 of stat) tells that process
 * from a later one that got the same number. Needs a /proc that shows the processes of others:
 * with hidepid or ProtectProc= nothing is known, and then nobody is anybody.
 */
struct postern_process {
	pid_t pid;
	uint64_t start_time; /* clock ticks since boot */
};

/* The process that connected the socket. */
int postern_peer_process(int fd, struct postern_process *process_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Whether that very process still runs. */
bool postern_peer_lives(const struct postern_process *process);

/* The start time out of the text of /proc/PID/stat; the name in it may hold anything. */
int postern_peer_parse_stat(const char *text, uint64_t *start_time_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
