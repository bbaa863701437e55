/* SPDX-License-Identifier: MIT */
#include "imap-common.h"
#include "imap-commands.h"
#include "imap-arg.h"
#include "base64.h"
#include "istream.h"
#include "str.h"

#include <stdlib.h>

#include "imap-session.h"
#include "precis.h"

/*
 * Runs in the imap process. A client that was greeted with PREAUTH has nothing to authenticate any
 * more, but some send AUTHENTICATE EXTERNAL all the same and give up when it fails. Here it gets
 * the answer it would have got at a normal greeting: OK if it asks for the account that it is in
 * already.
 *
 * It only ever compares names; whatever it answers, the session stays what the login has made it.
 */
#define POSTERN_EXPORT __attribute__((visibility("default")))
#define SAID_NO "NO [CANNOT] You are logged in already. LOGOUT first to be somebody else."

struct module;

POSTERN_EXPORT extern const char *imap_postern_plugin_version;
POSTERN_EXPORT extern const char imap_postern_plugin_binary_dependency[];
POSTERN_EXPORT void imap_postern_plugin_init(struct module *module);
POSTERN_EXPORT void imap_postern_plugin_deinit(void);

const char *imap_postern_plugin_version = DOVECOT_ABI_VERSION;
const char imap_postern_plugin_binary_dependency[] = "imap";

static bool logged_in_by_key(const struct client *client)
{
	return client->userdb_fields != NULL &&
	       str_array_find(client->userdb_fields, "auth_mech=EXTERNAL");
}

/* The login name, in any form of it (RFC 8265), with or without a domain where the other has none.
   Which further addresses are the account's own is not known here. */
static bool names_the_user(const char *authzid, const char *user)
{
	const char *error;
	char *prepared = NULL;
	bool same;

	if (*authzid == '\0')
		return TRUE;
	if (postern_precis_username(authzid, &prepared, &error) != 0)
		return FALSE;
	same = strcmp(prepared, user) == 0 ||
	       ((strchr(prepared, '@') == NULL) != (strchr(user, '@') == NULL) &&
		strcmp(t_strcut(prepared, '@'), t_strcut(user, '@')) == 0);
	free(prepared);
	return same;
}

static bool answer(struct client_command_context *cmd, const char *response)
{
	buffer_t *authzid = t_buffer_create(64);

	if (base64_scheme_decode(&base64_scheme, 0, response, strlen(response), authzid) < 0 ||
	    memchr(authzid->data, '\0', authzid->used) != NULL)
		client_send_tagline(cmd, "BAD The response is not base64 of a user name.");
	else if (names_the_user(str_c(authzid), cmd->client->user->username))
		client_send_tagline(cmd, "OK You were logged in already, by your TLS key.");
	else
		client_send_tagline(cmd, SAID_NO);
	return TRUE;
}

static bool authenticate_continue(struct client_command_context *cmd)
{
	struct client *client = cmd->client;
	const char *line;

	if (cmd->cancel)
		return TRUE;
	/* The line of the command itself ends first. */
	if (client->input_skip_line) {
		if (i_stream_next_line(client->input) == NULL)
			return FALSE;
		client->input_skip_line = FALSE;
	}
	line = i_stream_next_line(client->input);
	if (line == NULL)
		return FALSE;
	if (strcmp(line, "*") == 0) {
		client_send_tagline(cmd, "BAD Cancelled.");
		return TRUE;
	}
	return answer(cmd, line);
}

/* What a client sends after the mechanism, or after LOGIN, may be a password: it is not even
   parsed, since parsed arguments go into Dovecot's events. The rest of the line is skipped, as it
   is after an unknown command. */
static bool refuse(struct client_command_context *cmd)
{
	client_send_tagline(cmd, SAID_NO);
	return TRUE;
}

static bool cmd_authenticate(struct client_command_context *cmd)
{
	const struct imap_arg *args;
	const char *response;

	if (cmd->context == NULL) {
		if (!client_read_args(cmd, 1, 0, &args))
			return FALSE;
		if (!imap_arg_atom_equals(&args[0], "EXTERNAL") || !logged_in_by_key(cmd->client))
			return refuse(cmd);
		imap_parser_reset(cmd->parser);
		cmd->client->input_lock = cmd;
		cmd->context = cmd; /* the mechanism is known */
	}
	if (!client_read_args(cmd, 0, 0, &args))
		return FALSE;
	if (IMAP_ARG_IS_EOL(&args[0])) {
		client_send_line(cmd->client, "+ ");
		cmd->client->input_lock = cmd;
		cmd->func = authenticate_continue;
		return authenticate_continue(cmd);
	}
	if (!imap_arg_get_atom(&args[0], &response) || !IMAP_ARG_IS_EOL(&args[1])) {
		client_send_command_error(cmd, "Invalid arguments.");
		return TRUE;
	}
	/* An empty initial response is written "=" (RFC 4959). */
	return answer(cmd, strcmp(response, "=") == 0 ? "" : response);
}

void imap_postern_plugin_init(struct module *module ATTR_UNUSED)
{
	command_register("AUTHENTICATE", cmd_authenticate, 0);
	command_register("LOGIN", refuse, 0);
	postern_imap_session_init();
}

void imap_postern_plugin_deinit(void)
{
	postern_imap_session_deinit();
	command_unregister("AUTHENTICATE");
	command_unregister("LOGIN");
}
