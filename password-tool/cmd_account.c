/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "failure.h"
#include "memory.h"
#include "words.h"

static const struct postern_column account_columns[] = {
	{ "account", POSTERN_COLUMN_TEXT },
	{ "state", POSTERN_COLUMN_TEXT },
	{ "policy", POSTERN_COLUMN_TEXT },
	{ "created", POSTERN_COLUMN_TIME },
	{ 0 },
};

#define ACCOUNT_VALUES(account) \
	(const struct postern_value[]) { \
		{ .text = (account)->name }, \
		{ .text = (account)->disabled ? "disabled" : "active" }, \
		{ .text = postern_words_policy_name((account)->policy) }, \
		{ .number = (account)->created }, \
	}

static int read_policy(const char *text, enum postern_policy *policy_r)
{
	const char *error;

	if (postern_words_policy(text, policy_r, &error) < 0)
		return postern_fail(EX_USAGE, "\"%s\" is no policy: %s", postern_show(text), error);
	return 0;
}

/* ---- add ---- */

/* Every --address normalised, one behind the other. */
static int read_addresses(const struct postern_command *command,
			  char (*addresses_r)[POSTERN_WORDS_ADDRESS_MAX])
{
	const struct postern_args *args = &command->args;
	const char *error;

	for (size_t i = 0; i < args->address_count; i++) {
		if (postern_words_address(args->addresses[i],
					  command->config->case_sensitive_domains, addresses_r[i], &error) < 0)
			return postern_fail(EX_DATAERR, "\"%s\" is no address: %s",
					    postern_show(args->addresses[i]), error);
	}
	return 0;
}

/* "alice" and "alice@example.org" are two accounts, and may be one address. */
static int note_owners_of_name(struct postern_command *command, const char *name)
{
	int code = 0;

	if (strchr(name, '@') != NULL)
		return postern_cmd_address_note_owners(command, name, name);
	for (char **domain = command->config->domains; code == 0 && *domain != NULL; domain++) {
		char address[POSTERN_ACCOUNT_NAME_MAX + 1 + POSTERN_DOMAIN_MAX + 1];

		snprintf(address, sizeof(address), "%s@%s", name, *domain);
		code = postern_cmd_address_note_owners(command, name, address);
	}
	return code;
}

static int add_account(struct postern_command *command, struct postern_account *account,
		       char (*addresses)[POSTERN_WORDS_ADDRESS_MAX])
{
	const char *error;
	int code;

	switch (postern_store_account_add(command->store, account, &error)) {
	case POSTERN_STORE_OK:
		break;
	case POSTERN_STORE_EXISTS:
		return postern_fail(EX_CANTCREAT, "the account \"%s\" exists already; see: "
				    "postern account show %s", postern_show(account->name),
				    postern_show(account->name));
	default:
		return postern_command_change_failed(error);
	}
	for (size_t i = 0; i < command->args.address_count; i++) {
		switch (postern_store_address_add(command->store, account->id, addresses[i],
						  &error)) {
		case POSTERN_STORE_OK:
			break;
		case POSTERN_STORE_EXISTS:
			return postern_fail(EX_USAGE, "--address %s is given twice",
					    postern_show(addresses[i]));
		default:
			return postern_command_change_failed(error);
		}
		code = postern_cmd_address_note_owners(command, account->name, addresses[i]);
		if (code != 0)
			return code;
	}
	return note_owners_of_name(command, account->name);
}

int postern_cmd_account_add(struct postern_command *command)
{
	const char *policy = postern_command_option(command, POSTERN_OPTION_POLICY);
	struct postern_account account = { .policy = POSTERN_POLICY_ANY };
	char (*addresses)[POSTERN_WORDS_ADDRESS_MAX];
	char *name = NULL;
	int code;

	addresses = postern_memory_new(command->args.address_count, sizeof(*addresses));
	code = postern_command_name(postern_command_operand(command, 0), true, &name);
	if (code == 0 && policy != NULL)
		code = read_policy(policy, &account.policy);
	if (code == 0)
		code = read_addresses(command, addresses);
	if (code != 0)
		goto out;

	snprintf(account.name, sizeof(account.name), "%s", name);
	code = postern_command_begin(command);
	if (code == 0)
		code = postern_command_end(command, add_account(command, &account, addresses));
out:
	free(name);
	free(addresses);
	return code;
}

/* ---- list and show ---- */

static int account_row(const struct postern_account *account, void *context)
{
	postern_output_row(context, ACCOUNT_VALUES(account));
	return 0;
}

int postern_cmd_account_list(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);
	const char *error;
	int code = 0;

	postern_output_table(output, NULL, account_columns);
	if (postern_store_account_each(command->store, account_row, output, &error) < 0)
		code = postern_command_store_failed(error);
	return postern_output_finish(&output, code);
}

int postern_cmd_account_show(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);
	struct postern_account account;
	int code;

	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code == 0) {
		postern_output_record(output, account_columns, ACCOUNT_VALUES(&account));
		code = postern_cmd_key_table(command, output, "keys", account.id);
	}
	if (code == 0)
		code = postern_cmd_password_table(command, output, "passwords", account.id);
	if (code == 0)
		code = postern_cmd_address_table(command, output, "addresses", account.id);
	return postern_output_finish(&output, code);
}

/* ---- changes ---- */

/* One field of an account is set; the others stay as they are inside this transaction. */
static int change(struct postern_command *command, const bool *disabled,
		  const enum postern_policy *policy)
{
	struct postern_account account;
	const char *error;
	int code;

	code = postern_command_begin(command);
	if (code != 0)
		return code;
	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code != 0)
		return postern_command_end(command, code);
	if (disabled != NULL)
		account.disabled = *disabled;
	if (policy != NULL)
		account.policy = *policy;
	if (postern_store_account_update(command->store, &account, &error) != POSTERN_STORE_OK)
		code = postern_command_change_failed(error);
	return postern_command_end(command, code);
}

int postern_cmd_account_disable(struct postern_command *command)
{
	return change(command, &(const bool){ true }, NULL);
}

int postern_cmd_account_enable(struct postern_command *command)
{
	return change(command, &(const bool){ false }, NULL);
}

int postern_cmd_account_policy(struct postern_command *command)
{
	enum postern_policy policy;
	int code;

	code = read_policy(postern_command_operand(command, 1), &policy);
	return code != 0 ? code : change(command, NULL, &policy);
}

int postern_cmd_account_remove(struct postern_command *command)
{
	struct postern_account account;
	const char *error;
	int code;

	code = postern_command_begin(command);
	if (code != 0)
		return code;
	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code == 0 && postern_store_account_remove(command->store, account.id, &error) < 0)
		code = postern_command_change_failed(error);
	return postern_command_end(command, code);
}
