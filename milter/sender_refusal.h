/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SENDER_REFUSAL_H
#define POSTERN_SENDER_REFUSAL_H

#include <stddef.h>

#include "sender_rule.h"

/*
 * The words of a refusal: one sentence a user understands, which says what was found and what to
 * do. Whatever comes from the message is escaped and bounded here.
 */
enum postern_sender_reason {
	POSTERN_REASON_FROM_MISSING,
	POSTERN_REASON_FROM_TWICE,
	POSTERN_REASON_SENDER_TWICE,
	POSTERN_REASON_ONLY_ONE,
	POSTERN_REASON_TWICE,
	POSTERN_REASON_UNREADABLE,
	POSTERN_REASON_ENVELOPE_UNREADABLE,
	POSTERN_REASON_NOT_OWN,
	POSTERN_REASON_SHOWN_NOT_OWN,
	POSTERN_REASON_GROUP,
	POSTERN_REASON_FIELD_TOO_LONG,
	POSTERN_REASON_NAME_TOO_LONG,
	POSTERN_REASON_NAME_ILLEGAL,
	POSTERN_REASON_CONTROL,
	POSTERN_REASON_LINE_END,
	POSTERN_REASON_NOT_UTF8,
	POSTERN_REASON_ENCODING,
	POSTERN_REASON_CHARSET,
	POSTERN_REASON_HIDDEN,
	POSTERN_REASONS
};

struct postern_sender_finding {
	enum postern_sender_reason reason;
	/* "P3" */
	const char *rule;
	/* As the message names it; not necessarily legal. */
	const char *field;
	size_t field_size;
	const char *found;
	size_t found_size;
	/* With UNREADABLE and ENVELOPE_UNREADABLE. */
	const char *why;
};

/* Fills *refusal_r and returns the verdict that goes with it. */
int postern_sender_refuse(const struct postern_sender_finding *finding,
			  struct postern_sender_refusal *refusal_r) POSTERN_WARN_UNUSED;

#endif
