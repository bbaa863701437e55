/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SEND_LIMITS_H
#define POSTERN_SEND_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "reply.h"

/* The limits of an account (send_journal.h) in the words that its user is told. Returns 0 when it may
   send one message more to so many recipients, now, and with count counts it; 1 with a reply. */
int postern_send_limits_check(const struct postern_config *config, int64_t account_id,
			      unsigned recipients, bool count, struct postern_reply *reply_r,
			      const char **error_r) POSTERN_WARN_UNUSED;

#endif
