/* SPDX-License-Identifier: MIT */
#include "cmd_address_message.h"

#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "input.h"
#include "message_header.h"
#include "ownership.h"
#include "secret.h"
#include "sender_rule.h"

/* The header decides; the body may be there. */
#define MESSAGE_MAX (64UL * 1024 * 1024)

static const struct postern_column columns[] = {
	{ "account", POSTERN_COLUMN_TEXT },
	{ "sender", POSTERN_COLUMN_TEXT },
	{ "own", POSTERN_COLUMN_FLAG },
	{ "rule", POSTERN_COLUMN_TEXT },
	{ "field", POSTERN_COLUMN_TEXT },
	{ "found", POSTERN_COLUMN_TEXT },
	{ "reason", POSTERN_COLUMN_TEXT },
	{ 0 },
};

struct owner {
	struct postern_command *command;
	struct postern_account account;
	struct postern_sender_maps *maps;
};

/* A callback of the sender rule. */
static int owns(const struct postern_address *address, void *context, const char **error_r)
{
	struct owner *owner = context;
	int own = postern_ownership_ask(owner->command->store, owner->maps,
					owner->command->config, &owner->account, address, error_r);

	return own < 0 ? -1 : own == POSTERN_OWN ? 0 : 1;
}

static int find_allowed(const struct owner *owner, const char *sender, unsigned *allowed_r,
			const char **error_r)
{
	const struct postern_config *config = owner->command->config;
	struct postern_address address;
	int ret = postern_address_parse(sender, strlen(sender), &address, error_r);

	if (ret == POSTERN_ADDRESS_NO_MEMORY)
		return -1;
	if (ret < 0)
		address.domain[0] = '\0';
	*allowed_r = config->allow | postern_allow_list_find(&config->allow_for,
							     owner->account.name, address.domain);
	return 0;
}

/* Returns a verdict or -1. */
static int judge(struct postern_sender_rule *rule, const char *sender, const char *data,
		 size_t size, const char **error_r)
{
	struct postern_message_header header;
	struct postern_message_field field;
	int verdict = postern_sender_rule_envelope_sender(rule, sender, error_r);

	postern_message_header_init(&header, data, size);
	while (verdict == POSTERN_SENDER_OK && postern_message_header_next(&header, &field))
		verdict = postern_sender_rule_field(rule, field.name, field.name_size, field.body,
						    field.body_size, error_r);
	postern_message_header_deinit(&header);
	if (verdict == POSTERN_SENDER_OK)
		verdict = postern_sender_rule_end_of_header(rule, error_r);
	return verdict;
}

static int answer(const struct owner *owner, const char *sender,
		  const struct postern_sender_refusal *refusal)
{
	static const struct postern_sender_refusal none;
	struct postern_output *output = postern_command_output(owner->command);
	char reason[sizeof(refusal->text) + 32];
	int code;

	snprintf(reason, sizeof(reason), "%s%s", refusal == NULL ?
		 "every sender that it names is the account's own" : refusal->text,
		 refusal != NULL && owner->command->config->report_only ?
		 " (let through: report_only)" : "");
	code = refusal != NULL;
	if (refusal == NULL)
		refusal = &none;
	postern_output_record(output, columns, (const struct postern_value[]){
		{ .text = owner->account.name },
		{ .text = sender },
		{ .number = code == 0 },
		{ .text = refusal->rule },
		{ .text = refusal->field },
		{ .text = refusal->found },
		{ .text = reason },
	});
	return postern_output_finish(&output, 0) != 0 ? EX_IOERR : code;
}

int postern_cmd_address_message(struct postern_command *command, const char *path)
{
	const char *sender = postern_command_option(command, POSTERN_OPTION_SENDER);
	struct owner owner = { .command = command };
	struct postern_sender_rule *rule = NULL;
	char *data = NULL;
	size_t size = 0;
	unsigned allowed;
	const char *error;
	int verdict, code;

	if (sender == NULL)
		sender = "";
	code = postern_command_account(command, postern_command_operand(command, 0),
				       &owner.account);
	if (code == 0)
		code = postern_input_read(path, "message", MESSAGE_MAX, &data, &size);
	if (code != 0)
		return code;
	if (postern_sender_maps_new(command->config->sender_login_maps, &owner.maps, &error) < 0 ||
	    find_allowed(&owner, sender, &allowed, &error) < 0 ||
	    postern_sender_rule_new(owns, &owner, allowed, &rule, &error) < 0)
		verdict = -1;
	else
		verdict = judge(rule, sender, data, size, &error);
	code = verdict < 0 ? postern_command_store_failed(error) :
			     answer(&owner, sender, postern_sender_rule_refusal(rule));
	if (rule != NULL)
		postern_sender_rule_free(&rule);
	postern_sender_maps_free(&owner.maps);
	postern_secret_free_sized(&data, size);
	return code;
}
