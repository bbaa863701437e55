/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SENDER_RULE_H
#define POSTERN_SENDER_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "config_allow.h"
#include "error.h"

/*
 * "Send only as your own address": the rule, as a pure function over the bytes of an envelope
 * sender and of header fields. It knows no milter, no store and no DKIM; who owns an address is
 * asked through a callback. Everything it reads is hostile. What two parsers could read
 * differently is refused, not guessed.
 *
 * A rule object follows one message: _new, one _envelope_sender, _field for every header field in
 * order, _end_of_header. Once a verdict is a refusal it stays the same. One thread at a time.
 */

/* Limits (P8): one identity field's body, and a field's name, in octets. */
#define POSTERN_IDENTITY_FIELD_MAX 8192
#define POSTERN_FIELD_NAME_MAX 998

enum postern_sender_verdict {
	POSTERN_SENDER_OK = 0,
	POSTERN_SENDER_NOT_OWN = 1,   /* 550 5.7.1: forged, or not the account's */
	POSTERN_SENDER_MALFORMED = 2, /* 550 5.6.0: broken, or could be read in two ways */
};

/* 0 the address is the account's own, 1 it is not, -1 it could not be found out. */
typedef int postern_owns_fn(const struct postern_address *address, void *context,
			    const char **error_r);

struct postern_sender_refusal {
	char rule[4];        /* "P3" */
	char field[32];      /* "From", "MAIL FROM" */
	/* What was found, escaped to ASCII and bounded: an address where there is one. */
	char found[256];
	/* One sentence for the user, ASCII, without code and without the list of own addresses. */
	char text[512];
};

struct postern_sender_rule;

/* allow is a set of enum postern_allow: the knob rules that do not hold. */
int postern_sender_rule_new(postern_owns_fn *owns, void *context, unsigned allow,
			    struct postern_sender_rule **rule_r, const char **error_r)
	POSTERN_WARN_UNUSED;
void postern_sender_rule_free(struct postern_sender_rule **rule);

/* The argument of MAIL FROM, with or without angle brackets (libmilter gives them); "<>" is the
   null sender. */
int postern_sender_rule_envelope_sender(struct postern_sender_rule *rule, const char *sender,
					const char **error_r) POSTERN_WARN_UNUSED;

/* Adds to what is allowed, for the fields to come: what holds for a domain is known once the
   envelope sender is. */
void postern_sender_rule_allow(struct postern_sender_rule *rule, unsigned allow);

/* One field as it stands in the message: name without the colon, body of size octets that
   begins behind the colon, its folds as LF or CRLF followed by blank or tab (libmilter gives
   LF). */
int postern_sender_rule_field(struct postern_sender_rule *rule, const char *name, size_t name_size,
			      const char *body, size_t size, const char **error_r)
	POSTERN_WARN_UNUSED;

int postern_sender_rule_end_of_header(struct postern_sender_rule *rule, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Why it was refused; NULL while it was not. The rule's memory. */
const struct postern_sender_refusal *
postern_sender_rule_refusal(const struct postern_sender_rule *rule);

/* Takes a refusal back, for who only reports: the rule goes on as if there had been none. */
void postern_sender_rule_pardon(struct postern_sender_rule *rule);

/* The domain of the first From mailbox, A-labels in lower case: the d= to sign with. "" before
   there is one. Also whether Date and Message-ID were seen. */
const char *postern_sender_rule_from_domain(const struct postern_sender_rule *rule);
bool postern_sender_rule_has_date(const struct postern_sender_rule *rule);
bool postern_sender_rule_has_message_id(const struct postern_sender_rule *rule);

#endif
