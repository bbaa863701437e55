/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "failure.h"
#include "memory.h"
#include "secret.h"

/*
 * Accounts as a passwd-file of Dovecot's, which can say less than the store: one verifier an
 * account, and nothing of keys, services, policies or states. Where that would open a door that is
 * closed here, the line has no password, and a note says why.
 */
static const struct postern_column columns[] = {
	{ "account", POSTERN_COLUMN_TEXT },
	{ "hash", POSTERN_COLUMN_TEXT },
	{ 0 },
};

/* The first password that is good for every service, its first verifier; the rest is counted. */
struct choice {
	char *hash;
	size_t left_out;
};

static int choose(const struct postern_account_password *password, void *context)
{
	struct choice *choice = context;
	const char *verifier = password->verifiers[0];

	if (choice->hash != NULL || password->services != POSTERN_SERVICES_ALL ||
	    strpbrk(verifier, ":\r\n") != NULL) {
		choice->left_out++;
		return 0;
	}
	if (verifier[0] == '{')
		choice->hash = postern_memory_copy(verifier);
	else if (asprintf(&choice->hash, "{CRYPT}%s", verifier) < 0)
		return postern_error(NULL, "no memory for a verifier");
	return 0;
}

static const char *why_closed(const struct postern_account *account)
{
	if (account->disabled)
		return "is disabled";
	if (account->policy == POSTERN_POLICY_KEY)
		return "has the policy key";
	if (account->policy == POSTERN_POLICY_BOTH)
		return "has the policy both";
	return NULL;
}

struct walk {
	struct postern_command *command;
	struct postern_output *output;
};

static int export_account(const struct postern_account *account, void *context)
{
	struct walk *walk = context;
	struct choice choice = { 0 };
	const char *closed = why_closed(account), *error;

	if (strchr(account->name, ':') != NULL) {
		postern_note("\"%s\" left out: a name with \":\" cannot stand in a passwd-file",
			     postern_show(account->name));
		return 0;
	}
	if (closed != NULL)
		postern_note("\"%s\" %s, so it is without a password here",
			     postern_show(account->name), closed);
	else if (postern_store_password_each(walk->command->store, account->id, choose, &choice,
					     &error) < 0)
		return postern_error(NULL, "%s", error);
	if (choice.left_out > 0)
		postern_note("\"%s\" has %zu more password%s, which a passwd-file cannot hold",
			     postern_show(account->name), choice.left_out,
			     choice.left_out == 1 ? "" : "s");
	if (walk->output != NULL)
		postern_output_row(walk->output, (const struct postern_value[]){
			{ .text = account->name },
			{ .text = choice.hash != NULL ? choice.hash : "*" },
		});
	else
		printf("%s:%s::::::\n", account->name, choice.hash != NULL ? choice.hash : "*");
	postern_secret_free(&choice.hash);
	return 0;
}

int postern_cmd_export(struct postern_command *command)
{
	struct walk walk = { .command = command };
	const char *error;
	int code = 0;

	/* As text it is a file, and no table. */
	if (postern_command_option(command, POSTERN_OPTION_JSON) != NULL) {
		walk.output = postern_command_output(command);
		postern_output_table(walk.output, NULL, columns);
	}
	if (postern_store_account_each(command->store, export_account, &walk, &error) < 0)
		code = postern_command_store_failed(error);
	if (walk.output != NULL)
		return postern_output_finish(&walk.output, code);
	if (fflush(stdout) != 0 && code == 0)
		code = postern_fail(EX_IOERR, "cannot write the file: %m");
	return code;
}
