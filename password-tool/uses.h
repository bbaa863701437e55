/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_USES_H
#define POSTERN_USES_H

#include <netinet/in.h>
#include <stdint.h>

#include "command.h"
#include "login_journal.h"
#include "service.h"

/*
 * When keys and passwords were last used, for the verbs that list them. It comes from the login
 * record, which may be missing or unreadable: then one note is made, and all are shown as never
 * used.
 */
struct postern_use {
	/* 0 for never; service and client are "" then. */
	int64_t when;
	char service[POSTERN_SERVICES_TEXT_MAX];
	char client[INET6_ADDRSTRLEN];
};

struct postern_uses {
	/* NULL where there is nothing to be found out. */
	struct postern_login_journal *journal;
};

/* The columns that show a use, and its values. */
#define POSTERN_USE_COLUMNS \
	{ "last_used", POSTERN_COLUMN_TIME }, \
	{ "last_service", POSTERN_COLUMN_TEXT }, \
	{ "last_client", POSTERN_COLUMN_TEXT }
#define POSTERN_USE_COLUMN_COUNT 3
#define POSTERN_USE_VALUES(use) \
	{ .number = (use)->when }, { .text = (use)->service }, { .text = (use)->client }

void postern_uses_open(const struct postern_command *command, struct postern_uses *uses_r);
void postern_uses_close(struct postern_uses *uses);

/* Uses from before the key was added, or the password was last set, belong to its predecessor and
   are not shown. */
void postern_uses_of_key(struct postern_uses *uses, const struct postern_account_key *key,
			 struct postern_use *use_r);
void postern_uses_of_password(struct postern_uses *uses,
			      const struct postern_account_password *password,
			      struct postern_use *use_r);

#endif
