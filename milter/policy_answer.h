/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_POLICY_ANSWER_H
#define POSTERN_POLICY_ANSWER_H

#include <stdint.h>

#include "generation.h"
#include "session_table.h"

/*
 * What Postfix is to do (access(5)): "DUNNO", "OK", or a reply that refuses. OK is said at RCPT
 * alone, and to a session that is an account's: by its key, or by a login that goes with the key
 * if there is one. So it belongs into smtpd_relay_restrictions, and nowhere where it would let a
 * later check be skipped. At RCPT the milter has to have been asked about the session, at MAIL; otherwise
 * the answer is a 451, since the message would pass unchecked.
 */
#define POSTERN_POLICY_ANSWER_MAX 512

/* What was last logged of the sessions of one connection: each asks many times, and is one login.
   All zero at first. */
struct postern_policy_logged {
	uint64_t serial;
	int outcome;
	/* The session that was last found to be an account's. */
	uint64_t known_serial;
};

/* Never fails: what goes wrong is logged and answered with a 451. */
void postern_policy_answer(struct postern_generation *generation,
			   const struct postern_session *session,
			   struct postern_policy_logged *logged,
			   char text_r[POSTERN_POLICY_ANSWER_MAX]);

#endif
