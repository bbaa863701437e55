/* SPDX-License-Identifier: MIT */
#include "imap-common.h"
#include "module-context.h"

#include "imap-session.h"
#include "session-watch.h"

/*
 * Ends an IMAP session together with what let it in.
 */
#define POSTERN_CONTEXT(client) MODULE_CONTEXT_REQUIRE(client, postern_imap_module)

struct imap_session {
	union imap_module_context module_ctx;
	struct postern_session_watch *watch;
};

static MODULE_CONTEXT_DEFINE_INIT(postern_imap_module, &imap_module_register);

static imap_client_created_func_t *next_hook_client_created;

static void end(void *context)
{
	struct client *client = context;

	/* Not into the middle of an answer. */
	if (client->output_cmd_lock == NULL)
		client_send_line(client, "* BYE " POSTERN_SESSION_END_TEXT ".");
	client_destroy(client, POSTERN_SESSION_END_TEXT);
}

static void destroy(struct client *client, const char *reason)
{
	struct imap_session *session = POSTERN_CONTEXT(client);

	postern_session_watch_free(&session->watch);
	session->module_ctx.super.destroy(client, reason);
}

/* The imap-hibernate process, to which the connection would go, has no plugins. */
static int state_export(struct client *client, bool internal, buffer_t *dest, const char **error_r)
{
	struct imap_session *session = POSTERN_CONTEXT(client);

	if (!internal)
		return session->module_ctx.super.state_export(client, internal, dest, error_r);
	*error_r = "postern has to be able to end it";
	return 0;
}

static void client_created(struct client **client)
{
	struct imap_session *session;
	struct postern_session_watch *watch =
		postern_session_watch_new((*client)->user, end, *client);

	if (watch != NULL) {
		session = p_new((*client)->pool, struct imap_session, 1);
		session->watch = watch;
		session->module_ctx.super = (*client)->v;
		(*client)->v.destroy = destroy;
		(*client)->v.state_export = state_export;
		MODULE_CONTEXT_SET(*client, postern_imap_module, session);
	}
	if (next_hook_client_created != NULL)
		next_hook_client_created(client);
}

void postern_imap_session_init(void)
{
	next_hook_client_created = imap_client_created_hook_set(client_created);
}

void postern_imap_session_deinit(void)
{
	imap_client_created_hook_set(next_hook_client_created);
}
