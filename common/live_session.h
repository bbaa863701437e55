/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LIVE_SESSION_H
#define POSTERN_LIVE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "key.h"
#include "store.h"

/*
 * A session that is under way, by what it was let in, and whether that would still be done: what
 * the passdb module notes when it lets somebody in, and what postern-milter looks at whenever the
 * store has changed.
 *
 * As text it is one line, "imap key 4711 tKu… alice": service, way in, id of the account,
 * fingerprint of the key on the connection ("-" for none), name of the account. It may come from
 * anybody; who lies in it ends his own session, or does not.
 */
enum postern_live_by {
	POSTERN_LIVE_BY_KEY,
	/* Whoever compared it. */
	POSTERN_LIVE_BY_PASSWORD,
	/* A master user of the admin's: the policy is about the account's own ways in. */
	POSTERN_LIVE_BY_MASTER,
	POSTERN_LIVE_BYS
};

struct postern_live_session {
	/* One bit. */
	unsigned service;
	enum postern_live_by by;
	int64_t account_id;
	char account[POSTERN_ACCOUNT_NAME_MAX + 1];
	bool has_key;
	struct postern_fingerprint key;
};

#define POSTERN_LIVE_TEXT_MAX 512

/* Returns text_r. */
const char *postern_live_session_format(const struct postern_live_session *session,
					char text_r[POSTERN_LIVE_TEXT_MAX]);
/* size is without a newline. */
int postern_live_session_parse(const char *text, size_t size,
			       struct postern_live_session *session_r, const char **error_r)
	POSTERN_WARN_UNUSED;

enum postern_live_outcome {
	POSTERN_LIVE_GOES_ON = 0,
	/* The key, the account or its policy is not what it was. */
	POSTERN_LIVE_ENDS = 1,
};

int postern_live_session_check(struct postern_store *store, const struct postern_config *config,
			       const struct postern_live_session *session, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
