/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_RECORD_COLLECTOR_H
#define POSTERN_RECORD_COLLECTOR_H

#include "error.h"
#include "loop.h"

/*
 * Takes the records of logins from record_socket and keeps them in logins.db (login_journal.h), in
 * batches of a quarter of a second, on a thread of its own: a slow or full disk holds up nobody
 * else. Where it cannot keep up, or cannot write, records are lost, and that is logged once an hour.
 * What comes in is untrusted: a record that is not of an account of the store is dropped.
 */
struct postern_record_collector;

/* fd is the socket's, which stays the caller's. */
int postern_record_collector_new(struct postern_loop *loop, int fd,
				 struct postern_record_collector **collector_r,
				 const char **error_r) POSTERN_WARN_UNUSED;

/* From any thread but the loop's, when the daemon is to end: returns when what has come in is written,
   or a slow disk has had its five seconds. The collector goes on, without gathering; a record that
   the loop has in hand at this moment may be lost. */
void postern_record_collector_finish(struct postern_record_collector *collector);

#endif
