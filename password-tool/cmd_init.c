/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "dkim_file.h"
#include "failure.h"
#include "login_journal.h"

int postern_cmd_init(struct postern_command *command)
{
	const char *error;
	int code;

	/* What would fail afterwards is better known before. */
	code = postern_dkim_file_check_owner(command->config);
	if (code != 0)
		return code;
	if (postern_store_create(command->config, &error) < 0)
		return postern_fail(EX_CANTCREAT, "%s", error);
	/* The daemon could make it as well, were it started as root. */
	if (postern_login_journal_prepare(command->config, &error) < 0)
		return postern_fail(EX_CANTCREAT, "%s", error);
	/* The folder of the DKIM keys may lie inside the store's; "dkim add" makes it as well. */
	return postern_dkim_file_prepare(command->config);
}

int postern_cmd_upgrade(struct postern_command *command)
{
	const char *error;

	if (postern_store_upgrade(command->config, &error) < 0)
		return postern_fail(EX_UNAVAILABLE, "%s", error);
	return 0;
}
