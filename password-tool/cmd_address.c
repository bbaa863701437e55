/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd_address_message.h"
#include "command.h"
#include "failure.h"
#include "ownership.h"
#include "words.h"

static const struct postern_column address_columns[] = {
	{ "account", POSTERN_COLUMN_TEXT },
	{ "address", POSTERN_COLUMN_TEXT },
	{ 0 },
};

struct shared_address {
	const char *account, *address;
};

static int read_address(const struct postern_command *command, const char *text,
			char address_r[POSTERN_WORDS_ADDRESS_MAX])
{
	const char *error;

	if (postern_words_address(text, command->config->case_sensitive_domains, address_r,
				  &error) != 0)
		return postern_fail(EX_DATAERR, "\"%s\" is no address: %s", postern_show(text), error);
	return 0;
}

/* ---- add and remove ---- */

/* A postern_owner_fn. */
static int note_owner(const char *owner, void *context)
{
	const struct shared_address *shared = context;

	if (strcmp(owner, shared->account) != 0)
		postern_note("note: %s is an address of \"%s\" as well: both may send as it",
			     postern_show(shared->address), postern_show(owner));
	return 0;
}

int postern_cmd_address_note_owners(struct postern_command *command, const char *account,
				    const char *text)
{
	struct shared_address shared = { .account = account, .address = text };
	struct postern_address address = { .local_part = "" };
	const char *error;
	int ret;

	if (*text == '@')
		ret = postern_domain_normalize(text + 1, strlen(text + 1), address.domain, &error);
	else
		ret = postern_address_parse(text, strlen(text), &address, &error);
	/* A login name need not be an address. */
	if (ret == POSTERN_ADDRESS_MALFORMED)
		return 0;
	if (ret == 0)
		ret = postern_ownership_owners(command->store, command->config, &address, note_owner,
					       &shared, &error);
	return ret < 0 ? postern_command_store_failed(error) : 0;
}

static int change(struct postern_command *command, bool add, const char *address)
{
	struct postern_account account;
	const char *error;
	int code, outcome;

	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code != 0)
		return code;
	if (add)
		outcome = postern_store_address_add(command->store, account.id, address, &error);
	else
		outcome = postern_store_address_remove(command->store, account.id, address, &error);
	switch (outcome) {
	case POSTERN_STORE_OK:
		return add ? postern_cmd_address_note_owners(command, account.name, address) : 0;
	case POSTERN_STORE_EXISTS:
		return postern_fail(EX_CANTCREAT, "\"%s\" has the address %s already",
				    postern_show(account.name), postern_show(address));
	case POSTERN_STORE_NOT_FOUND:
		return postern_fail(EX_NOUSER, "\"%s\" has no address %s; see: "
				    "postern address list %s", postern_show(account.name),
				    postern_show(address), postern_show(account.name));
	default:
		return postern_command_change_failed(error);
	}
}

static int change_address(struct postern_command *command, bool add)
{
	char address[POSTERN_WORDS_ADDRESS_MAX];
	int code;

	code = read_address(command, postern_command_operand(command, 1), address);
	if (code == 0)
		code = postern_command_begin(command);
	return code != 0 ? code : postern_command_end(command, change(command, add, address));
}

int postern_cmd_address_add(struct postern_command *command)
{
	return change_address(command, true);
}

int postern_cmd_address_remove(struct postern_command *command)
{
	return change_address(command, false);
}

/* ---- list ---- */

static int add_row(const char *account_name, const char *address, void *context)
{
	postern_output_row(context, (const struct postern_value[]){
		{ .text = account_name },
		{ .text = address },
	});
	return 0;
}

int postern_cmd_address_table(struct postern_command *command, struct postern_output *output,
			      const char *name, int64_t account_id)
{
	const char *error;

	postern_output_table(output, name, address_columns);
	if (postern_store_address_each(command->store, account_id, add_row, output, &error) < 0)
		return postern_command_store_failed(error);
	return 0;
}

int postern_cmd_address_list(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);
	const char *name = postern_command_operand(command, 0);
	struct postern_account account = { .id = 0 };
	int code = 0;

	if (name != NULL)
		code = postern_command_account(command, name, &account);
	if (code == 0)
		code = postern_cmd_address_table(command, output, NULL, account.id);
	return postern_output_finish(&output, code);
}

/* ---- check ---- */

static const struct postern_column check_columns[] = {
	{ "account", POSTERN_COLUMN_TEXT },
	{ "address", POSTERN_COLUMN_TEXT },
	{ "own", POSTERN_COLUMN_FLAG },
	{ "reason", POSTERN_COLUMN_TEXT },
	{ 0 },
};

static int check_address(struct postern_command *command, const struct postern_address *address)
{
	char shown[POSTERN_WORDS_ADDRESS_MAX], all[512], reason[1024];
	struct postern_output *output;
	struct postern_sender_maps *maps = NULL;
	struct postern_account account;
	struct postern_address cased;
	const char *error;
	int code, own;

	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code != 0)
		return code;
	if (postern_sender_maps_new(command->config->sender_login_maps, &maps, &error) < 0)
		return postern_fail(EX_OSERR, "%s", error);
	own = postern_ownership_ask(command->store, maps, command->config, &account, address, &error);
	postern_sender_maps_free(&maps);
	if (own < 0 || postern_ownership_describe(command->store, command->config, &account, all,
						  sizeof(all), &error) < 0)
		return postern_command_store_failed(error);

	cased = *address;
	postern_address_apply_case(&cased, command->config->case_sensitive_domains);
	postern_address_format(&cased, shown, sizeof(shown));
	snprintf(reason, sizeof(reason), "%s may send as %s", account.name, all);
	output = postern_command_output(command);
	postern_output_record(output, check_columns, (const struct postern_value[]){
		{ .text = account.name },
		{ .text = shown },
		{ .number = own == POSTERN_OWN },
		{ .text = reason },
	});
	code = postern_output_finish(&output, 0);
	return code != 0 ? code : own == POSTERN_OWN ? 0 : 1;
}

/* "./a@b" names a file, "a/b@c" is an address. */
static bool names_file(const char *text)
{
	return *text == '/' || strncmp(text, "./", 2) == 0 || strncmp(text, "../", 3) == 0 ||
	       strchr(text, '@') == NULL;
}

int postern_cmd_address_check(struct postern_command *command)
{
	const char *text = postern_command_operand(command, 1);
	struct postern_address address;
	const char *error;

	if (names_file(text))
		return postern_cmd_address_message(command, text);
	if (postern_command_option(command, POSTERN_OPTION_SENDER) != NULL)
		return postern_fail(EX_USAGE, "--sender is for a message in a file, not for an "
				    "address");
	if (postern_address_parse(text, strlen(text), &address, &error) != 0)
		return postern_fail(EX_DATAERR, "\"%s\" is no address: %s", postern_show(text), error);
	return check_address(command, &address);
}
