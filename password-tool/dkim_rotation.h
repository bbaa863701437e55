/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_ROTATION_H
#define POSTERN_DKIM_ROTATION_H

#include <stdint.h>

#include "config.h"
#include "dkim_dns.h"

/*
 * What a rotation does next with a selector: a pure function, of what the store says, what the DNS
 * shows and the time.
 *
 *     published, waits    its record is not in the DNS yet
 *     published, seen     it is; for dkim_settle_minutes it has to stay there, so that the last of
 *                         the domain's name servers has it too
 *     active              it signs, and the one before it does not any more:
 *     retired, fades      the record has to stay for dkim_retire_days, for mail on its way
 *     retired, gone       the private key is removed, and the record may be
 */
enum postern_dkim_step {
	POSTERN_DKIM_STEP_NONE,   /* nothing, now */
	POSTERN_DKIM_STEP_SEEN,   /* from waits to seen */
	POSTERN_DKIM_STEP_WAIT,   /* from seen back to waits: the record has gone */
	POSTERN_DKIM_STEP_SWITCH, /* it signs, in place of the one that did */
	POSTERN_DKIM_STEP_REMOVE, /* from fades to gone */
};

/* sight is looked at for published selectors alone. With UNKNOWN nothing changes. */
enum postern_dkim_step postern_dkim_rotation_step(const struct postern_dkim_selector *selector,
						  enum postern_dkim_sight sight, int64_t now,
						  unsigned settle_minutes, unsigned retire_days);

/* "90s", "30m", "2h", "3d" to seconds, at most 30 days; -1 for another text. */
long postern_dkim_duration(const char *text);

#endif
