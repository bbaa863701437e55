/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MESSAGE_H
#define POSTERN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "dkim.h"
#include "endpoint.h"
#include "generation.h"
#include "reply.h"
#include "snapshot.h"
#include "store.h"

/*
 * One message on its way through: the sender rule, the fields it lacks, its signatures. Knows
 * neither libmilter nor sessions; who sends is given to it and is not asked of the message. The
 * message is hostile.
 *
 * Nothing here fails towards the caller: a failure is logged and becomes a temporary refusal.
 * Once refused, a message stays refused, and what comes after is passed over.
 */
struct postern_message;

struct postern_message_origin {
	/* From a trusted network, without an identity: the rule does not apply, and what cannot be
	   signed is passed as it is. */
	bool trusted;
	/* By sendmail(1) on this host: which of its users it is is told by the first field, and
	   who may send is not known before (local_user.h). */
	bool local;
	/* At port 25, by nobody of ours: outside.h has the message then. */
	bool outside;
	/* Unless trusted. */
	struct postern_account account;
	/* For the log: the label of the key that said so, or the SASL mechanism. */
	char by[POSTERN_KEY_LABEL_MAX];
	struct postern_endpoint client;
};

enum postern_message_outcome {
	POSTERN_MESSAGE_OK = 0,
	POSTERN_MESSAGE_REFUSED = 1,
};

/* Returns NULL when there is no memory. generation gets a reference; dkim has to live as long.
   snapshot, which the origin was found with, is taken over unless NULL is returned; it ends with
   postern_message_sender(). */
struct postern_message *postern_message_new(struct postern_generation *generation,
					    struct postern_snapshot *snapshot,
					    struct postern_dkim *dkim,
					    const struct postern_message_origin *origin);
/* NULL is fine. */
void postern_message_free(struct postern_message **message);

/* In this order. sender is the argument of MAIL FROM in angle brackets; value all that stands
   behind the colon, folds as LF. queue_id is for the log and may be NULL. */
int postern_message_sender(struct postern_message *message, const char *sender)
	POSTERN_WARN_UNUSED;
/* Each recipient, in between. */
void postern_message_recipient(struct postern_message *message);
void postern_message_field(struct postern_message *message, const char *name, const char *value);
int postern_message_end_of_header(struct postern_message *message, const char *queue_id)
	POSTERN_WARN_UNUSED;
void postern_message_body(struct postern_message *message, const void *data, size_t size);
int postern_message_end(struct postern_message *message, const char *queue_id)
	POSTERN_WARN_UNUSED;

/* After REFUSED. */
const struct postern_reply *postern_message_reply(const struct postern_message *message);

/* After OK at the end: what is to be added to the message, from index 0 on. */
struct postern_added_field {
	const char *name;
	/* All behind the colon, folds as LF. */
	const char *value;
	/* Above everything, else below the last field. */
	bool on_top;
};

/* After OK at the end: the name of a field whose first occurrence is to be taken out, or NULL. */
const char *postern_message_removed(const struct postern_message *message);

/* False behind the last. */
bool postern_message_added(const struct postern_message *message, size_t index,
			   struct postern_added_field *field_r);

#endif
