/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "failure.h"
#include "reset.h"

/* Requests of users for a new way in, which they send on the page (password.cgi(8)). */

static const struct postern_column request_columns[] = {
	{ "id", POSTERN_COLUMN_NUMBER },
	{ "account", POSTERN_COLUMN_TEXT },
	{ "created", POSTERN_COLUMN_TIME },
	{ "client", POSTERN_COLUMN_TEXT },
	{ "hash", POSTERN_COLUMN_FLAG },
	{ "words", POSTERN_COLUMN_TEXT },
	{ 0 },
};

static int open_state(struct postern_command *command, struct postern_state **state_r)
{
	const char *error;

	if (postern_state_open(command->config, state_r, &error) < 0)
		return postern_fail(EX_UNAVAILABLE, "%s", error);
	return 0;
}

static int read_id(struct postern_command *command, int64_t *id_r)
{
	const char *text = postern_command_operand(command, 0);

	if (*text == '\0' || strlen(text) > 18 || text[strspn(text, "0123456789")] != '\0')
		return postern_fail(EX_DATAERR, "\"%s\" is no number of a request; see: postern "
				    "reset list", postern_show(text));
	*id_r = strtoll(text, NULL, 10);
	return 0;
}

static int not_open(void)
{
	return postern_fail(EX_NOUSER, "there is no open request of this number; see: postern "
			    "reset list");
}

/* ---- list ---- */

static int add_row(const struct postern_reset_request *request, void *context)
{
	postern_output_row(context, (const struct postern_value[]){
		{ .number = request->id },
		{ .text = request->account },
		{ .number = request->created },
		{ .text = request->client },
		{ .number = *request->verifier != '\0' },
		{ .text = request->words },
	});
	return 0;
}

int postern_cmd_reset_list(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);
	struct postern_state *state = NULL;
	const char *error;
	int code = open_state(command, &state);

	postern_output_table(output, NULL, request_columns);
	postern_output_keep_order(output);
	if (code == 0 &&
	    postern_state_request_each(state, time(NULL), add_row, output, &error) < 0)
		code = postern_fail(EX_UNAVAILABLE, "%s", error);
	postern_state_free(&state);
	return postern_output_finish(&output, code);
}

/* ---- approve ---- */

static int print_approved(struct postern_command *command, const char *account, const char *link)
{
	static const struct postern_column columns[] = {
		{ "account", POSTERN_COLUMN_TEXT },
		{ "link", POSTERN_COLUMN_TEXT },
		{ 0 },
	};
	struct postern_output *output = postern_command_output(command);

	postern_output_record(output, columns, (const struct postern_value[]){
		{ .text = account },
		{ .text = link },
	});
	return postern_output_finish(&output, 0);
}

static void mail_failed(const char *error)
{
	postern_note("%s", error);
}

static int approve(struct postern_command *command, struct postern_page *page, int64_t id)
{
	char token[POSTERN_TOKEN_SIZE], link[512];
	const char *error;

	switch (postern_reset_approve(page, id, token, &error)) {
	case POSTERN_RESET_LINK:
		snprintf(link, sizeof(link), "%s/link?t=%s", command->config->page_url, token);
		return print_approved(command, page->account.name, link);
	case POSTERN_RESET_SET:
		return print_approved(command, page->account.name, "");
	case POSTERN_RESET_NONE:
		return not_open();
	case POSTERN_RESET_GONE:
		return postern_fail(EX_NOUSER, "the account of this request is gone or disabled; "
				    "the request is closed");
	default:
		return postern_command_store_failed(error);
	}
}

int postern_cmd_reset_approve(struct postern_command *command)
{
	struct postern_page_message none;
	struct postern_page page = {
		.config = command->config, .store = command->store, .in = &none, .now = time(NULL),
	};
	int64_t id;
	int code;

	/* What the page's log says is for the log, not for who types. */
	postern_keeper_log_open("postern", NULL);
	postern_page_message_init(&none);
	/* What the owner's mail says of where it was done. */
	postern_page_message_add_text(&none, ":client", "postern reset");
	code = *command->config->page_url == '\0' ?
		postern_fail(EX_CONFIG, "postern.conf says no page_url: there is no page for a link "
			     "to lead to") : read_id(command, &id);
	if (code == 0)
		code = open_state(command, &page.state);
	if (code == 0)
		code = approve(command, &page, id);
	postern_mail_send_all(command->config, &page.mails, mail_failed);
	postern_page_message_deinit(&none);
	postern_state_free(&page.state);
	return code;
}

/* ---- refuse ---- */

int postern_cmd_reset_refuse(struct postern_command *command)
{
	struct postern_state *state = NULL;
	const char *error;
	int64_t id;
	int code = read_id(command, &id);

	if (code == 0)
		code = open_state(command, &state);
	if (code == 0) {
		int ret = postern_state_request_close(state, id, NULL, time(NULL), &error);

		if (ret < 0)
			code = postern_fail(EX_UNAVAILABLE, "%s", error);
		else if (ret == POSTERN_STATE_NONE)
			code = not_open();
	}
	postern_state_free(&state);
	return code;
}
