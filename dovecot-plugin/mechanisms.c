/* SPDX-License-Identifier: MIT */
#include "postern-client.h"

/*
 * AUTH=EXTERNAL is for a client that presented a certificate and for nobody else: several mail
 * programs try EXTERNAL before the password as soon as they see it.
 */

static bool has_certificate(struct client *client)
{
	return *postern_tls_key(client) != '\0' || compat_has_proxied_certificate(client);
}

/*
 * These ask no passdb, so our guard in the auth process is not asked who the key on the connection
 * belongs to. Rather than let them make another account of it, a client that presented a
 * certificate does without them. NTLM is winbind's alone here.
 */
static bool asks_no_passdb(const char *mechanism)
{
	return strcasecmp(mechanism, "ANONYMOUS") == 0 || strcasecmp(mechanism, "GSSAPI") == 0 ||
	       strcasecmp(mechanism, "GSS-SPNEGO") == 0 || strcasecmp(mechanism, "NTLM") == 0;
}

/*
 * Dovecot calls this for each mechanism of a capability list, and once more for the chosen one
 * right before it writes the request to the auth process. That second call is what puts our fields
 * in order before every login, whatever the client has sent by ID or XCLIENT meanwhile.
 */
static bool sasl_filter_mech(struct client *client, struct auth_mech_desc *mech)
{
	struct postern_client *pclient = postern_client_get(client);

	postern_forward_fields_refresh(client);
	if (strcasecmp(mech->name, "EXTERNAL") == 0 && !has_certificate(client))
		return FALSE;
	if (asks_no_passdb(mech->name) && has_certificate(client))
		return FALSE;
	return pclient->module_ctx.super.sasl_filter_mech == NULL ||
	       pclient->module_ctx.super.sasl_filter_mech(client, mech);
}

void postern_mechanisms_hook(struct client_vfuncs *v)
{
	v->sasl_filter_mech = sasl_filter_mech;
}
