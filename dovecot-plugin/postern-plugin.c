/* SPDX-License-Identifier: MIT */
#include "postern-client.h"
#include "postern-plugin.h"

/*
 * Runs in imap-login, pop3-login, submission-login and managesieve-login: registers and chains,
 * nothing else.
 */
#define POSTERN_CONTEXT(client) MODULE_CONTEXT_REQUIRE(client, postern_login_module)

static MODULE_CONTEXT_DEFINE_INIT(postern_login_module, &login_module_register);

const char *postern_plugin_version = DOVECOT_ABI_VERSION;

struct postern_client *postern_client_get(struct client *client)
{
	return POSTERN_CONTEXT(client);
}

static void client_allocated(struct client *client)
{
	struct postern_client *pclient = p_new(client->pool, struct postern_client, 1);
	struct client_vfuncs *v = client->vlast;

	pclient->module_ctx.super = *v;
	client->vlast = &pclient->module_ctx.super;
	MODULE_CONTEXT_SET(client, postern_login_module, pclient);

	postern_tls_ask(client);
	postern_mechanisms_hook(v);
	postern_greeting_hook(v);
}

static const struct login_client_hooks hooks = {
	.client_allocated = client_allocated,
};

/*
 * Debian's security updates have changed the layout of these structures under one version string.
 * After such an update the plugin stands aside instead of taking every login down with it: no key is
 * seen then, so no key logs in, and an account whose policy asks for one stays closed.
 */
static bool is_active;

void postern_plugin_init(struct module *module)
{
	is_active = compat_layout_matches();
	if (is_active)
		login_client_hooks_add(module, &hooks);
	else {
		i_error("postern: no logins by key: this plugin was built for another build of "
			"Dovecot; build and install it again with the dovecot-dev of today");
	}
}

void postern_plugin_deinit(void)
{
	if (is_active)
		login_client_hooks_remove(&hooks);
	is_active = FALSE;
}
