/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "failure.h"
#include "page.h"

/*
 * Any page that a GET shows, as a user sees it, for looking at: nobody is signed in for it, and
 * nothing but the account is asked for. What its forms bring along is good for nobody.
 */

struct wish {
	struct postern_page_message in;
	struct postern_account account;
	bool has_account;
	enum postern_way way;
};

static int read_way(const char *text, enum postern_way *way_r)
{
	for (int way = 0; way < POSTERN_WAY_COUNT; way++) {
		if (strcmp(postern_way_word(way), text) == 0) {
			*way_r = (enum postern_way)way;
			return 0;
		}
	}
	return postern_fail(EX_USAGE, "way is key, certificate, password or link");
}

/* account, way and language are the command's own, another name is a field of the page. */
static int read_operand(struct postern_command *command, const char *text, struct wish *wish)
{
	const char *equals = strchr(text, '=');
	char name[64];

	if (equals == NULL || equals == text || (size_t)(equals - text) >= sizeof(name))
		return postern_fail(EX_USAGE, "\"%s\": expected NAME=VALUE", postern_show(text));
	snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
	if (strcmp(name, "account") == 0) {
		wish->has_account = true;
		return postern_command_account(command, equals + 1, &wish->account);
	}
	if (strcmp(name, "way") == 0)
		return read_way(equals + 1, &wish->way);
	postern_page_message_add_text(&wish->in, strcmp(name, "language") == 0 ? ":language" : name,
				      equals + 1);
	return 0;
}

static int show(struct postern_command *command, struct wish *wish)
{
	struct postern_html html;
	const char *error;
	int status, code = 0;

	postern_html_init(&html);
	if (postern_page_preview(command->config, command->store,
				 wish->has_account ? &wish->account : NULL, wish->way, &wish->in,
				 time(NULL), &html, &status, &error) < 0)
		code = postern_fail(EX_DATAERR, "%s", error);
	else if (html.failed || status >= 300)
		code = postern_fail(EX_DATAERR, "the answer is no page to look at: status %d", status);
	else if (fwrite(html.data, 1, html.size, stdout) != html.size)
		code = postern_fail(EX_IOERR, "cannot write the page: %m");
	postern_html_deinit(&html);
	return code;
}

int postern_cmd_page(struct postern_command *command)
{
	struct wish wish = { .way = POSTERN_WAY_KEY };
	int code = 0;

	postern_page_message_init(&wish.in);
	postern_page_message_add_text(&wish.in, ":method", "GET");
	postern_page_message_add_text(&wish.in, ":path", postern_command_operand(command, 0));
	for (size_t i = 1; i < command->args.operand_count && code == 0; i++)
		code = read_operand(command, postern_command_operand(command, i), &wish);
	if (code == 0)
		code = show(command, &wish);
	postern_page_message_deinit(&wish.in);
	return code;
}
