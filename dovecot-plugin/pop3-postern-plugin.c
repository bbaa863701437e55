/* SPDX-License-Identifier: MIT */
#include "pop3-common.h"
#include "module-context.h"
#include "pop3-client.h"

#include "session-watch.h"

/*
 * Runs in the pop3 process: ends a session together with what let it in.
 */
#define POSTERN_EXPORT __attribute__((visibility("default")))
#define POSTERN_CONTEXT(client) MODULE_CONTEXT_REQUIRE(client, postern_pop3_module)

struct module;

POSTERN_EXPORT extern const char *pop3_postern_plugin_version;
POSTERN_EXPORT extern const char pop3_postern_plugin_binary_dependency[];
POSTERN_EXPORT void pop3_postern_plugin_init(struct module *module);
POSTERN_EXPORT void pop3_postern_plugin_deinit(void);

const char *pop3_postern_plugin_version = DOVECOT_ABI_VERSION;
const char pop3_postern_plugin_binary_dependency[] = "pop3";

struct pop3_session {
	union pop3_module_context module_ctx;
	struct postern_session_watch *watch;
};

static MODULE_CONTEXT_DEFINE_INIT(postern_pop3_module, &pop3_module_register);

static pop3_client_created_func_t *next_hook_client_created;

/* POP3 has no word for it: the connection closes, and nothing is deleted. */
static void end(void *context)
{
	client_destroy(context, POSTERN_SESSION_END_TEXT);
}

static void destroy(struct client *client, const char *reason)
{
	struct pop3_session *session = POSTERN_CONTEXT(client);

	postern_session_watch_free(&session->watch);
	session->module_ctx.super.destroy(client, reason);
}

static void client_created(struct client **client)
{
	struct pop3_session *session;
	struct postern_session_watch *watch =
		postern_session_watch_new((*client)->user, end, *client);

	if (watch != NULL) {
		session = p_new((*client)->pool, struct pop3_session, 1);
		session->watch = watch;
		session->module_ctx.super = (*client)->v;
		(*client)->v.destroy = destroy;
		MODULE_CONTEXT_SET(*client, postern_pop3_module, session);
	}
	if (next_hook_client_created != NULL)
		next_hook_client_created(client);
}

void pop3_postern_plugin_init(struct module *module ATTR_UNUSED)
{
	next_hook_client_created = pop3_client_created_hook_set(client_created);
}

void pop3_postern_plugin_deinit(void)
{
	pop3_client_created_hook_set(next_hook_client_created);
}
