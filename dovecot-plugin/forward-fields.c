/* SPDX-License-Identifier: MIT */
#include "postern-client.h"

#include "postern-wire.h"

/*
 * What the auth process is told about the connection. A client from login_trusted_networks may hand
 * on fields of its own (IMAP ID x-forward-*, XCLIENT FORWARD), but never one of ours.
 */

static const char *own_field(const char *name, const char *value)
{
	string_t *field = t_str_new(64);

	str_append_tabescaped(field, name);
	str_append_c(field, '=');
	str_append_tabescaped(field, value);
	return str_c(field);
}

/* The auth process puts its prefix only before fields that have a "=", so a field with the prefix
   already in its name would look like ours as well. */
static bool is_ours(const char *field)
{
	const char *name = t_str_tabunescape(field);

	if (strncasecmp(name, POSTERN_WIRE_AUTH_PREFIX, strlen(POSTERN_WIRE_AUTH_PREFIX)) == 0)
		name += strlen(POSTERN_WIRE_AUTH_PREFIX);
	return strncasecmp(name, POSTERN_WIRE_PREFIX, strlen(POSTERN_WIRE_PREFIX)) == 0;
}

static void refresh(struct client *client)
{
	ARRAY_TYPE(const_string) fields;
	const char *const *field;
	const char *own, *mail;

	t_array_init(&fields, 8);
	for (field = compat_forward_fields(client); *field != NULL; field++) {
		if (**field != '\0' && !is_ours(*field))
			array_push_back(&fields, field);
	}
	own = own_field(POSTERN_WIRE_KEY, postern_tls_key(client));
	array_push_back(&fields, &own);
	mail = postern_tls_mail(client);
	if (*mail != '\0') {
		own = own_field(POSTERN_WIRE_MAIL, mail);
		array_push_back(&fields, &own);
	}
	own = own_field(POSTERN_WIRE_TLS, postern_tls_describe(client));
	array_push_back(&fields, &own);
	if (postern_client_get(client)->looking) {
		own = own_field(POSTERN_WIRE_GREETING, "1");
		array_push_back(&fields, &own);
	}
	array_append_zero(&fields);
	compat_forward_fields_set(client, array_front(&fields));
}

void postern_forward_fields_refresh(struct client *client)
{
	T_BEGIN {
		refresh(client);
	} T_END;
}
