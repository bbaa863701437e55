/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_OUTSIDE_H
#define POSTERN_OUTSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "endpoint.h"
#include "error.h"
#include "generation.h"
#include "reply.h"

/*
 * One message that comes from outside, at port 25. Nobody has logged in and the sender rule does
 * not apply; looked at is one thing alone: whether From names one of our domains although no valid
 * signature of ours is on the message (own_domain_from_outside in postern.conf(5)). The message is
 * hostile.
 *
 * Our domains are those of the configuration and those with a DKIM key in the store. Nothing here fails
 * towards the caller: a failure is logged and becomes a temporary refusal.
 */
struct postern_outside;

/* What a listener at port 25 calls itself to the milter (milter_macro_daemon_name). */
#define POSTERN_OUTSIDE_DAEMON "postern-outside"

/* host is this host's name for Authentication-Results, where the configuration has none; may be NULL.
   Returns NULL when there is no memory. generation gets a reference. */
struct postern_outside *postern_outside_new(struct postern_generation *generation,
					    const struct postern_endpoint *client,
					    const char *host);
/* NULL is fine. */
void postern_outside_free(struct postern_outside **outside);

/* In this order, as for message.h. */
void postern_outside_sender(struct postern_outside *outside, const char *sender);
void postern_outside_field(struct postern_outside *outside, const char *name, const char *value);
void postern_outside_end_of_header(struct postern_outside *outside);
void postern_outside_body(struct postern_outside *outside, const void *data, size_t size);
/* NULL when the message may pass, else the reply. */
const struct postern_reply *postern_outside_end(struct postern_outside *outside,
						const char *queue_id);

/* Then, of a message that passes: the value of the Authentication-Results field to be put on top, with its
   leading blank, or NULL; and which of those in the message are to be taken out, as their numbers from
   1 on, the last first; 0 behind the first. */
const char *postern_outside_result(const struct postern_outside *outside);
unsigned postern_outside_removed(const struct postern_outside *outside, size_t index);

#endif
