/* SPDX-License-Identifier: MIT */
#include "uses.h"

#include <string.h>

#include "failure.h"

/* One complaint is enough. */
static void give_up(struct postern_uses *uses, const char *error)
{
	postern_note("what was last used when is not known: %s", error);
	postern_login_journal_free(&uses->journal);
}

void postern_uses_open(const struct postern_command *command, struct postern_uses *uses_r)
{
	const char *error;

	uses_r->journal = NULL;
	if (postern_login_journal_open(command->config, &uses_r->journal, &error) < 0)
		give_up(uses_r, error);
}

void postern_uses_close(struct postern_uses *uses)
{
	postern_login_journal_free(&uses->journal);
}

static void fill(const struct postern_login_use *use, int64_t created, struct postern_use *use_r)
{
	memset(use_r, 0, sizeof(*use_r));
	if (use->when < created)
		return;
	use_r->when = use->when;
	postern_services_format(use->service, use_r->service);
	strcpy(use_r->client, use->client);
}

void postern_uses_of_key(struct postern_uses *uses, const struct postern_account_key *key,
			 struct postern_use *use_r)
{
	struct postern_login_use use = { 0 };
	const char *error;

	if (uses->journal != NULL &&
	    postern_login_journal_key_use(uses->journal, key->account_id, &key->fingerprint, &use,
					  &error) < 0)
		give_up(uses, error);
	fill(&use, key->created, use_r);
}

void postern_uses_of_password(struct postern_uses *uses,
			      const struct postern_account_password *password,
			      struct postern_use *use_r)
{
	struct postern_login_use use = { 0 };
	const char *error;

	if (uses->journal != NULL &&
	    postern_login_journal_password_use(uses->journal, password->account_id,
					       password->label, &use, &error) < 0)
		give_up(uses, error);
	fill(&use, password->created, use_r);
}
