/* SPDX-License-Identifier: MIT */
#include "send_limits.h"

#include <time.h>

#include "send_journal.h"

int postern_send_limits_check(const struct postern_config *config, int64_t account_id,
			      unsigned recipients, bool count, struct postern_reply *reply_r,
			      const char **error_r)
{
	struct postern_send_excess excess;

	switch (postern_send_journal_ask(config, account_id, recipients > 0 ? recipients : 1, count,
					 time(NULL), &excess, error_r)) {
	case POSTERN_SEND_OK:
		return 0;
	case POSTERN_SEND_LATER:
		postern_reply_set(reply_r, "450", "4.7.1", "You may send %u %s within %s, and it "
				  "would be more; try again in %u minute%s", excess.limit,
				  excess.what, excess.window, excess.minutes,
				  excess.minutes == 1 ? "" : "s");
		return 1;
	case POSTERN_SEND_NEVER:
		postern_reply_set(reply_r, "550", "5.5.3", "You may send to %u recipients within "
				  "%s; send the message to fewer at a time", excess.limit,
				  excess.window);
		return 1;
	default:
		return -1;
	}
}
