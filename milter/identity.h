/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_IDENTITY_H
#define POSTERN_IDENTITY_H

#include "error.h"
#include "generation.h"
#include "key.h"
#include "login.h"
#include "session_table.h"
#include "snapshot.h"
#include "store.h"

/*
 * Whose session this is. The store is asked afresh each time, so that a key that was removed, an
 * account that was disabled or a policy that was changed counts from the next command on. Nothing
 * that the client says of itself is an argument here: the login is Dovecot's word by way of
 * smtpd, the key is smtpd's.
 */
enum postern_identity_outcome {
	/* It is this account's. */
	POSTERN_IDENTITY_KNOWN = 0,
	/* Neither key nor login is any account's of ours. */
	POSTERN_IDENTITY_NONE = 1,
	/* An account is named, and must not send this way: disabled, another's key, policy. */
	POSTERN_IDENTITY_DENIED = 2,
};

struct postern_identity {
	/* With KNOWN. */
	struct postern_account account;
	/* Label of the key, where the key decided; else "". */
	char label[POSTERN_KEY_LABEL_MAX];
	/* With DENIED: an outcome of login.h, for its text and word. */
	int denial;
	/* What login.h said, for the login record alone. */
	struct postern_login login;
};

/* Of session its key, login and method are looked at. The store is asked through snapshot, which stays
   the caller's to end. */
int postern_identity_find(const struct postern_generation *generation,
			  struct postern_snapshot *snapshot,
			  const struct postern_session *session,
			  struct postern_identity *identity_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
