/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MILTER_CLIENT_H
#define BENCH_MILTER_CLIENT_H

#include <stddef.h>
#include <stdint.h>

/*
 * The MTA's side of the milter protocol (version 6), as much of it as Postfix uses:
 * enough to drive any signing milter at full speed. For benches only: the milter is
 * trusted, and whatever goes wrong ends the process with a sentence.
 */
struct milter_client {
	int fd;
	/* What the milter asked to be left out or not to answer (SMFIP_…). */
	uint32_t protocol;
	uint32_t actions;
};

struct milter_message {
	const char *sender;     /* "<alice@example.test>" */
	const char *recipient;
	const char *login;      /* {auth_authen}, or NULL */
	const char *const *fields; /* name, body, name, body, …, NULL */
	const char *body;
	size_t body_size;
};

/* What came of a message. */
struct milter_verdict {
	char code;             /* 'c' continue, 'a' accept, 'y' replied, 't' tempfail, 'r' reject */
	unsigned inserted;     /* fields that the milter added */
	unsigned signatures;   /* of them DKIM-Signature */
	char reply[256];       /* text of 'y' */
};

/* Connects to a unix socket and negotiates; tells of a client at 127.0.0.1:port. */
void milter_client_connect(struct milter_client *client, const char *path, uint16_t port);
/* Sends one message from MAIL to end of message and reads the verdict. */
void milter_client_send(struct milter_client *client, const struct milter_message *message,
			struct milter_verdict *verdict_r);
void milter_client_quit(struct milter_client *client);

#endif
