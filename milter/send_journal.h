/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SEND_JOURNAL_H
#define POSTERN_SEND_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

/*
 * How much each account has sent: messages and recipients by the minute, for a day, in an SQLite
 * file of the daemon's own (STORE/limits/sent.db), so that a limit holds across connections and
 * restarts. The limits are the configuration's; with all of them off the file is not touched.
 *
 * The counts outlive the process, and not always the machine: nothing is synced to the disk. A file
 * that is damaged is removed and begun anew, since it would keep everybody from sending; one that
 * cannot be written is a failure. Any thread.
 */
enum postern_send_outcome {
	POSTERN_SEND_OK = 0,
	/* Too much by now: try again after the wait. */
	POSTERN_SEND_LATER = 1,
	/* Too many recipients for any time. */
	POSTERN_SEND_NEVER = 2,
};

/* Of the limit that was reached. */
struct postern_send_excess {
	unsigned limit;
	const char *what;   /* "messages" or "recipients" */
	const char *window; /* "an hour" or "a day" */
	unsigned minutes;   /* to wait */
};

/* Makes the folder and gives it to the daemon's user, while the process is root. */
int postern_send_journal_prepare(const struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Whether the account may send one message more to so many recipients, at Unix time now; with OK and
   count it is counted, in one transaction with the look. */
int postern_send_journal_ask(const struct postern_config *config, int64_t account_id,
			     unsigned recipients, bool count, int64_t now,
			     struct postern_send_excess *excess_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
