/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SASL_UPSTREAM_H
#define POSTERN_SASL_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "loop.h"

/*
 * One connection to Dovecot's auth service as its client, on the loop: greets, keeps what Dovecot
 * says of itself, then passes lines both ways. Each smtpd has one of its own, so that what is
 * wrong with one request ends no other.
 */
struct postern_sasl_upstream;

/* Octets of Dovecot's greeting; it lists the mechanisms. */
#define POSTERN_SASL_GREETING_MAX 8192

struct postern_sasl_upstream_events {
	/* Greeted; from now on lines can be sent. */
	void (*ready)(void *context);
	/* A line, without its newline. Returns false if it has freed the upstream. */
	bool (*line)(const char *line, size_t size, void *context);
	/* It is over, and has to be freed now or later. */
	void (*closed)(const char *reason, void *context);
};

/* pid is told to Dovecot as the client's. Fails at once where nobody listens. */
int postern_sasl_upstream_new(struct postern_loop *loop, const char *path, pid_t pid,
			      const struct postern_sasl_upstream_events *events, void *context,
			      struct postern_sasl_upstream **upstream_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* NULL is fine. */
void postern_sasl_upstream_free(struct postern_sasl_upstream **upstream);

bool postern_sasl_upstream_is_ready(const struct postern_sasl_upstream *upstream);
/* Dovecot's greeting, lines with their newlines, from VERSION to DONE. */
const char *postern_sasl_upstream_greeting(const struct postern_sasl_upstream *upstream,
					   size_t *size_r);
/* Adds the newline. */
int postern_sasl_upstream_send(struct postern_sasl_upstream *upstream, const char *line,
			       size_t size, const char **error_r) POSTERN_WARN_UNUSED;

/* Whether a greeting lists a mechanism. */
bool postern_sasl_greeting_offers(const char *greeting, size_t size, const char *mechanism);

#endif
