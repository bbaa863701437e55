/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOGIN_DATAGRAM_H
#define POSTERN_LOGIN_DATAGRAM_H

#include <stddef.h>

#include "error.h"
#include "login_record.h"

/*
 * A login record on its way from who decides to postern-milter, which keeps it: one datagram on a
 * unix socket, a version and every field but session with tabs between.
 *
 * The sender never waits, and what nobody takes is lost: no login depends on its record.
 */
#define POSTERN_LOGIN_DATAGRAM_MAX 1024

/* Returns the size. The record has to be an account's. */
size_t postern_login_datagram_write(const struct postern_login_record *record,
				    char data_r[POSTERN_LOGIN_DATAGRAM_MAX]);

/* Reads one that anybody may have sent: each field has its own alphabet and length, and a failure
   says which of them was wrong. */
int postern_login_datagram_read(const void *data, size_t size,
				struct postern_login_record *record_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Sends the record of an account; that of nobody is not sent. Returns 0, or the errno of what went
   wrong. */
int postern_login_datagram_send(const struct postern_login_record *record,
				const char *socket_path);

#endif
