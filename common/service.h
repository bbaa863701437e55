/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SERVICE_H
#define POSTERN_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * The services that a key or a password may be good for, as a set of bits.
 * The words are those of the command line, the config and the store.
 */
enum postern_service {
	POSTERN_SERVICE_IMAP = 1 << 0,
	POSTERN_SERVICE_POP3 = 1 << 1,
	POSTERN_SERVICE_SUBMISSION = 1 << 2,
	POSTERN_SERVICE_SIEVE = 1 << 3,
	POSTERN_SERVICE_WEB = 1 << 4,
};

#define POSTERN_SERVICES_MAIL \
	(POSTERN_SERVICE_IMAP | POSTERN_SERVICE_POP3 | \
	 POSTERN_SERVICE_SUBMISSION | POSTERN_SERVICE_SIEVE)
#define POSTERN_SERVICES_ALL (POSTERN_SERVICES_MAIL | POSTERN_SERVICE_WEB)

/* Longest text of a set, with its NUL. */
#define POSTERN_SERVICES_TEXT_MAX 48

/* Reads words separated by commas or blanks ("imap pop3", "imap,submission", "all").
   An empty list or an unknown word is a failure that names it. */
int postern_services_parse(const char *list, unsigned *services_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Writes the words separated by one blank, in the order of the enum. */
void postern_services_format(unsigned services, char text_r[POSTERN_SERVICES_TEXT_MAX]);

/* The one service that a protocol name of Dovecot or Postfix means ("imap", "pop3",
   "smtp", "submission", "sieve", "managesieve"), or 0 if it is none of ours. */
unsigned postern_service_of_protocol(const char *protocol);

#endif
