/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOGIN_JOURNAL_H
#define POSTERN_LOGIN_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "login_record.h"

/*
 * The last logins and refusals of each account, and when each of its keys and passwords was last
 * used: a SQLite file of its own, logins.db in the folder logins beside the store. postern-milter
 * writes it and owns the folder; the store's group may read. Nothing is ever decided by it: it may
 * be missing, and one that is damaged is set aside for a new one.
 *
 * A record is kept as its datagram, and read as strictly as one: what stands there is the word of
 * whoever runs as the daemon's user, and its texts are to be escaped before they are shown.
 */

/* Records of one account; the 51st takes the place of the first. */
#define POSTERN_LOGIN_JOURNAL_MAX 50
/* Keys and passwords of one account whose last use is remembered. */
#define POSTERN_LOGIN_JOURNAL_USES_MAX 1000

/* Makes the folder where it is missing, for the daemon's user and the store's group. Root has to do
   it. */
int postern_login_journal_prepare(const struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Adds records, with this time, in one transaction, and trims what they make too many. To be called
   by the daemon's user. */
int postern_login_journal_append(const struct postern_config *config,
				 const struct postern_login_record *records, size_t count,
				 int64_t now, const char **error_r) POSTERN_WARN_UNUSED;

/* Is there such an account? 1 for yes, 0 for no, -1 for a failure, which ends the sweep. */
typedef int postern_login_journal_exists_fn(int64_t account_id, const char *name, void *context,
					    const char **error_r);

/* Forgets the accounts that there are no more. Also the daemon's. */
int postern_login_journal_sweep(const struct postern_config *config,
				postern_login_journal_exists_fn *exists, void *context,
				const char **error_r) POSTERN_WARN_UNUSED;

/* For reading. */
struct postern_login_journal;

/* Opens it; one that is not there is an empty one. */
int postern_login_journal_open(const struct postern_config *config,
			       struct postern_login_journal **journal_r, const char **error_r)
	POSTERN_WARN_UNUSED;
void postern_login_journal_free(struct postern_login_journal **journal);

/* The newest first. A value other than 0 ends the walk and is returned by it. */
typedef int postern_login_journal_fn(const struct postern_login_record *record, int64_t when,
				     void *context);
int postern_login_journal_each(struct postern_login_journal *journal, int64_t account_id,
			       postern_login_journal_fn *fn, void *context, const char **error_r)
	POSTERN_WARN_UNUSED;

struct postern_login_use {
	/* 0 for never. */
	int64_t when;
	unsigned service;
	char client[INET6_ADDRSTRLEN];
};

/* When a key or a password let its account in for the last time. */
int postern_login_journal_key_use(struct postern_login_journal *journal, int64_t account_id,
				  const struct postern_fingerprint *key,
				  struct postern_login_use *use_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_login_journal_password_use(struct postern_login_journal *journal, int64_t account_id,
				       const char *label, struct postern_login_use *use_r,
				       const char **error_r) POSTERN_WARN_UNUSED;

#endif
