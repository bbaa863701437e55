/* SPDX-License-Identifier: MIT */
#include "config_outside.h"

#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "escape.h"

static const char *const actions[] = {
	[POSTERN_OUTSIDE_OFF] = "off",
	[POSTERN_OUTSIDE_MARK] = "mark",
	[POSTERN_OUTSIDE_DEFER] = "defer",
	[POSTERN_OUTSIDE_REJECT] = "reject",
};

int postern_config_read_outside_action(const char *text, enum postern_outside_action *action_r,
				       const char **error_r)
{
	char shown[64];

	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i], text) == 0) {
			*action_r = (enum postern_outside_action)i;
			return 0;
		}
	}
	postern_escape(text, strlen(text), shown, sizeof(shown));
	return postern_error(error_r, "expected off, mark, defer or reject, not \"%s\"", shown);
}

int postern_config_read_envelope_sender(const char *text, char **word_r, const char **error_r)
{
	char domain[1 + POSTERN_DOMAIN_MAX + 1] = "@";

	if (*text != '@')
		return postern_config_read_address(text, word_r, error_r);
	if (postern_domain_normalize(text + 1, strlen(text + 1), domain + 1, error_r) < 0)
		return -1;
	*word_r = strdup(domain);
	return *word_r != NULL ? 0 : postern_error(error_r, "no memory");
}
