/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "failure.h"
#include "login_journal.h"
#include "service.h"

static const struct postern_column login_columns[] = {
	{ "time", POSTERN_COLUMN_TIME },
	{ "result", POSTERN_COLUMN_TEXT },
	{ "reason", POSTERN_COLUMN_TEXT },
	{ "service", POSTERN_COLUMN_TEXT },
	{ "client", POSTERN_COLUMN_TEXT },
	{ "by", POSTERN_COLUMN_TEXT },
	{ "label", POSTERN_COLUMN_TEXT },
	{ "tls", POSTERN_COLUMN_TEXT },
	{ "asked", POSTERN_COLUMN_TEXT },
	{ "key", POSTERN_COLUMN_TEXT },
	{ 0 },
};

static int add_row(const struct postern_login_record *record, int64_t when, void *context)
{
	char service[POSTERN_SERVICES_TEXT_MAX], key[POSTERN_FINGERPRINT_TEXT_MAX] = "";

	postern_services_format(record->service, service);
	if (record->has_key)
		postern_fingerprint_format(&record->key, key);
	postern_output_row(context, (const struct postern_value[]){
		{ .number = when },
		{ .text = postern_login_result_word(record->result) },
		{ .text = record->reason },
		{ .text = service },
		{ .text = record->client },
		{ .text = postern_login_by_word(record->by) },
		{ .text = record->label },
		{ .text = record->tls },
		{ .text = record->asked },
		{ .text = key },
	});
	return 0;
}

static int list(struct postern_command *command, struct postern_output *output)
{
	struct postern_login_journal *journal = NULL;
	struct postern_account account;
	const char *error;
	int code;

	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code != 0)
		return code;
	if (postern_login_journal_open(command->config, &journal, &error) < 0 ||
	    postern_login_journal_each(journal, account.id, add_row, output, &error) < 0)
		code = postern_fail(EX_UNAVAILABLE, "%s", error);
	postern_login_journal_free(&journal);
	return code;
}

int postern_cmd_login_list(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);

	postern_output_table(output, NULL, login_columns);
	postern_output_keep_order(output);
	return postern_output_finish(&output, list(command, output));
}
