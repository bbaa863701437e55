/* SPDX-License-Identifier: MIT */
#include "submission-common.h"
#include "module-context.h"
#include "submission-client.h"

#include "session-watch.h"

/*
 * Runs in the submission process: ends a session together with what let it in.
 */
#define POSTERN_EXPORT __attribute__((visibility("default")))
#define POSTERN_CONTEXT(client) MODULE_CONTEXT_REQUIRE(client, postern_submission_module)

struct module;

POSTERN_EXPORT extern const char *submission_postern_plugin_version;
POSTERN_EXPORT extern const char submission_postern_plugin_binary_dependency[];
POSTERN_EXPORT void submission_postern_plugin_init(struct module *module);
POSTERN_EXPORT void submission_postern_plugin_deinit(void);

const char *submission_postern_plugin_version = DOVECOT_ABI_VERSION;
const char submission_postern_plugin_binary_dependency[] = "submission";

struct submission_session {
	union submission_module_context module_ctx;
	struct postern_session_watch *watch;
};

static MODULE_CONTEXT_DEFINE_INIT(postern_submission_module, &submission_module_register);

static submission_client_created_func_t *next_hook_client_created;

/* With a 421. It calls back to have the client destroyed. */
static void end(void *context)
{
	struct client *client = context;
	struct smtp_server_connection *connection = client->conn;

	smtp_server_connection_terminate(&connection, "4.7.0", POSTERN_SESSION_END_TEXT);
}

static void destroy(struct client *client)
{
	struct submission_session *session = POSTERN_CONTEXT(client);

	postern_session_watch_free(&session->watch);
	session->module_ctx.super.destroy(client);
}

static void client_created(struct client **client)
{
	struct submission_session *session;
	struct postern_session_watch *watch =
		postern_session_watch_new((*client)->user, end, *client);

	if (watch != NULL) {
		session = p_new((*client)->pool, struct submission_session, 1);
		session->watch = watch;
		session->module_ctx.super = (*client)->v;
		(*client)->v.destroy = destroy;
		MODULE_CONTEXT_SET(*client, postern_submission_module, session);
	}
	if (next_hook_client_created != NULL)
		next_hook_client_created(client);
}

void submission_postern_plugin_init(struct module *module ATTR_UNUSED)
{
	next_hook_client_created = submission_client_created_hook_set(client_created);
}

void submission_postern_plugin_deinit(void)
{
	submission_client_created_hook_set(next_hook_client_created);
}
