/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOCAL_USER_H
#define POSTERN_LOCAL_USER_H

#include "error.h"
#include "generation.h"
#include "message.h"

/*
 * Who sends through sendmail(1) on the host itself: no SMTP session and no login, but a user of the
 * system, whom Postfix's pickup(8) knows by the owner of the file.
 *
 * The trick it knows: pickup writes that user's number into the Received field that it puts on top,
 * and Postfix shows this one field to no milter. A header check (config/local-users) of the cleanup
 * service that serves pickup alone makes a field of our own from it, above everything that the
 * message brought. So the number is believed in the first field of a message only, and only from a
 * cleanup service that bears our name (POSTERN_LOCAL_DAEMON); what comes over SMTP never does.
 */
#define POSTERN_LOCAL_DAEMON "postern-local"
#define POSTERN_LOCAL_FIELD "X-Postern-Local-User"

enum postern_local_user_outcome {
	/* origin has the account, or is trusted. */
	POSTERN_LOCAL_USER_KNOWN = 0,
	/* *reason_r says for the log why it is nobody who may send. */
	POSTERN_LOCAL_USER_UNKNOWN = 1,
	/* The same, and it will not change by itself. */
	POSTERN_LOCAL_USER_DISABLED = 2,
};

/* Of the first field. *reason_r is good until the next call on this thread. */
int postern_local_user_find(struct postern_generation *generation, const char *name,
			    const char *value, struct postern_message_origin *origin,
			    const char **reason_r, const char **error_r) POSTERN_WARN_UNUSED;

#endif
