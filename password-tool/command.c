/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "failure.h"
#include "precis.h"
#include "words.h"

int postern_command_open_store(struct postern_command *command)
{
	const char *folder = command->config->store;
	const char *error;

	if (postern_store_open(command->config, command->args.verb->store_flags, &command->store,
			       &error) == 0)
		return 0;
	if (access(folder, F_OK) < 0 && errno == ENOENT)
		return postern_fail(EX_UNAVAILABLE, "there is no store in %s; make one: "
				    "postern init", folder);
	return postern_fail(EX_UNAVAILABLE, "%s", error);
}

int postern_command_open(struct postern_command *command)
{
	const char *error;

	if (command->args.verb->needs_no_config)
		return 0;
	if (postern_config_load(postern_command_option(command, POSTERN_OPTION_CONFIG),
				&command->config, &error) < 0)
		return postern_fail(EX_CONFIG, "%s", error);
	return command->args.verb->opens_store ? postern_command_open_store(command) : 0;
}

void postern_command_deinit(struct postern_command *command)
{
	postern_store_free(&command->store);
	postern_config_free(&command->config);
	postern_args_deinit(&command->args);
}

const char *postern_command_operand(const struct postern_command *command, size_t place)
{
	return place < command->args.operand_count ? command->args.operands[place] : NULL;
}

const char *postern_command_option(const struct postern_command *command,
				   enum postern_option option)
{
	return command->args.values[option];
}

struct postern_output *postern_command_output(const struct postern_command *command)
{
	return postern_output_new(postern_command_option(command, POSTERN_OPTION_JSON) != NULL);
}

int postern_command_begin(struct postern_command *command)
{
	const char *error;

	if (postern_store_begin(command->store, &error) < 0)
		return postern_fail(EX_TEMPFAIL, "%s; nothing was changed, try again", error);
	return 0;
}

int postern_command_end(struct postern_command *command, int code)
{
	const char *error;

	if (code != 0) {
		postern_store_rollback(command->store);
		return code;
	}
	if (postern_store_commit(command->store, &error) < 0)
		return postern_fail(EX_IOERR, "%s; nothing was changed", error);
	return 0;
}

int postern_command_name(const char *text, bool new, char **name_r)
{
	const char *error;
	int ret = new ? postern_words_new_name(text, name_r, &error) :
			postern_precis_username(text, name_r, &error);

	if (ret != 0)
		return postern_fail(EX_DATAERR, "\"%s\" cannot be an account's name: %s",
				    postern_show(text), error);
	return 0;
}

int postern_command_account(struct postern_command *command, const char *text,
			    struct postern_account *account_r)
{
	const char *error;
	char *name = NULL;
	int code;

	code = postern_command_name(text, false, &name);
	if (code != 0)
		goto out;
	switch (postern_store_account_find(command->store, name, account_r, &error)) {
	case POSTERN_STORE_OK:
		break;
	case POSTERN_STORE_NOT_FOUND:
		code = postern_fail(EX_NOUSER, "there is no account \"%s\"; see: postern account list",
				    postern_show(name));
		break;
	default:
		code = postern_command_store_failed(error);
	}
out:
	free(name);
	return code;
}

int postern_command_store_failed(const char *error)
{
	return postern_fail(EX_IOERR, "%s", error);
}

int postern_command_change_failed(const char *error)
{
	return postern_fail(EX_IOERR, "%s; nothing was changed", error);
}
