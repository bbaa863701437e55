/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ORIGIN_H
#define POSTERN_ORIGIN_H

#include "endpoint.h"
#include "generation.h"
#include "message.h"
#include "reply.h"
#include "session_table.h"
#include "snapshot.h"

/*
 * Where a message comes from: brings together what the milter was told of the SMTP session and
 * what the policy service was told of it. Both are smtpd's own words; where they do not agree
 * they are not of the same session, or there is a listener that is set up wrongly, and nobody
 * may send.
 */

/* What the milter knows. The texts are libmilter's, NULL where smtpd did not send them. */
struct postern_origin_claims {
	/* False when smtpd did not tell of an address. */
	bool has_client;
	struct postern_endpoint client;
	struct postern_endpoint server; /* port 0 when not known */
	const char *daemon;   /* {daemon_name} */
	const char *login;    /* {auth_authen} */
	const char *method;   /* {auth_type} */
	const char *protocol; /* {tls_version} */
};

enum postern_origin_outcome {
	POSTERN_ORIGIN_OK = 0,
	/* With the reply, and logged. */
	POSTERN_ORIGIN_REFUSED = 1,
};

/* The store is asked through snapshot, which stays the caller's to end. Never fails: a failure is logged
   and becomes a temporary refusal. session_r is the one found, serial 0 for none. */
int postern_origin_find(const struct postern_generation *generation,
			struct postern_snapshot *snapshot, struct postern_session_table *table,
			const struct postern_origin_claims *claims,
			struct postern_message_origin *origin_r,
			struct postern_session *session_r, struct postern_reply *reply_r)
	POSTERN_WARN_UNUSED;

/* What the account may send as, for a refusal: "a@x, b@x" in ASCII, or "" where it cannot be told: a refusal
   must not fail for want of it. */
void postern_origin_describe_own(struct postern_generation *generation,
				 const struct postern_account *account, char *text_r, size_t size);

#endif
