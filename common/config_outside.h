/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CONFIG_OUTSIDE_H
#define POSTERN_CONFIG_OUTSIDE_H

#include "config_word.h"

/*
 * The values of postern.conf that say what becomes of a message that comes from outside and says it
 * is from here, as in config_word.h.
 */
enum postern_outside_action {
	POSTERN_OUTSIDE_OFF = 0,
	POSTERN_OUTSIDE_MARK,
	POSTERN_OUTSIDE_DEFER,
	POSTERN_OUTSIDE_REJECT,
};

/* "off", "mark", "defer" or "reject". */
int postern_config_read_outside_action(const char *text, enum postern_outside_action *action_r,
				       const char **error_r) POSTERN_WARN_UNUSED;

postern_config_word_fn postern_config_read_envelope_sender; /* local@domain, or @domain */

#endif
