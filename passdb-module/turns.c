/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

#include "hashing_turn.h"
#include "password.h"

/* Of the store that this worker asks. */
static char *folder;

static void turn(bool begins)
{
	static struct postern_hashing_turn current;
	static bool said;
	const char *error = NULL;

	if (!begins)
		postern_hashing_turn_give(&current);
	else if (postern_hashing_turn_take(folder, &current, &error) < 0 && !said) {
		i_warning("postern: passwords are compared as many at a time as there are workers: %s",
			  error);
		said = TRUE;
	}
}

void postern_turns_install(const char *store)
{
	if (folder != NULL || store == NULL)
		return;
	folder = i_strdup(store);
	postern_password_set_turns(turn);
}

void postern_turns_remove(void)
{
	postern_password_set_turns(NULL);
	i_free(folder);
}
