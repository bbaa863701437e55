/* SPDX-License-Identifier: MIT */
#include "dkim_rotation.h"

#include <ctype.h>
#include <string.h>

#include "dkim_selectors.h"

#define DAY (24 * 60 * 60)
#define DURATION_MAX (30L * DAY)

static enum postern_dkim_step published_step(const struct postern_dkim_selector *selector,
					     enum postern_dkim_sight sight, int64_t now,
					     unsigned settle_minutes)
{
	bool seen = postern_dkim_is(selector, POSTERN_DKIM_SEEN);

	if (sight == POSTERN_DKIM_SIGHT_UNKNOWN)
		return POSTERN_DKIM_STEP_NONE;
	if (sight != POSTERN_DKIM_SIGHT_GOOD)
		return seen ? POSTERN_DKIM_STEP_WAIT : POSTERN_DKIM_STEP_NONE;
	if (settle_minutes == 0)
		return POSTERN_DKIM_STEP_SWITCH;
	if (!seen)
		return POSTERN_DKIM_STEP_SEEN;
	return now - selector->changed >= (int64_t)settle_minutes * 60 ?
		POSTERN_DKIM_STEP_SWITCH : POSTERN_DKIM_STEP_NONE;
}

enum postern_dkim_step postern_dkim_rotation_step(const struct postern_dkim_selector *selector,
						  enum postern_dkim_sight sight, int64_t now,
						  unsigned settle_minutes, unsigned retire_days)
{
	if (postern_dkim_is(selector, POSTERN_DKIM_WAITS) ||
	    postern_dkim_is(selector, POSTERN_DKIM_SEEN))
		return published_step(selector, sight, now, settle_minutes);
	if (postern_dkim_is(selector, POSTERN_DKIM_FADES) &&
	    now - selector->changed >= (int64_t)retire_days * DAY)
		return POSTERN_DKIM_STEP_REMOVE;
	return POSTERN_DKIM_STEP_NONE;
}

long postern_dkim_duration(const char *text)
{
	static const char units[] = "smhd";
	static const long seconds[] = { 1, 60, 60 * 60, DAY };
	const char *unit;
	long number = 0;

	if (!isdigit((unsigned char)*text))
		return -1;
	for (; isdigit((unsigned char)*text); text++) {
		number = number * 10 + (*text - '0');
		if (number > DURATION_MAX)
			return -1;
	}
	unit = *text == '\0' ? NULL : strchr(units, *text);
	if (unit == NULL || text[1] != '\0' || number > DURATION_MAX / seconds[unit - units])
		return -1;
	return number * seconds[unit - units];
}
