/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOGIN_DOVECOT_COMPAT_H
#define POSTERN_LOGIN_DOVECOT_COMPAT_H

/*
 * The login process's side of Dovecot, and all that differs in it from one version to the next. No
 * other file of the plugin asks which Dovecot it is compiled for.
 *
 * Served: 2.3.19 to 2.3.21, and 2.4.1 to 2.4.5.
 */
#include "login-common.h"
#include "array.h"
#include "istream.h"
#include "module-context.h"
#include "str.h"
#include "strescape.h"
#include "auth-client.h"
#include "client-common.h"
#include "iostream-ssl.h"
#include "iostream-openssl.h"

#define POSTERN_DOVECOT_2_4 DOVECOT_PREREQ(2, 4, 0)

#if POSTERN_DOVECOT_2_4
# include "settings.h"
#else
# include "master-service-ssl-settings.h"
#endif

/* Renamed in the course of 2.4; the old name now belongs to the server's side of SASL. */
#if __has_include("sasl-proxy.h")
# define sasl_server_reply sasl_proxy_reply
# define SASL_SERVER_REPLY_SUCCESS SASL_PROXY_REPLY_SUCCESS
# define SASL_SERVER_REPLY_AUTH_FAILED SASL_PROXY_REPLY_AUTH_FAILED
# define SASL_SERVER_REPLY_AUTH_ABORTED SASL_PROXY_REPLY_AUTH_ABORTED
# define SASL_SERVER_REPLY_CONTINUE SASL_PROXY_REPLY_CONTINUE
# define SASL_SERVER_AUTH_FLAG_IMPLICIT SASL_PROXY_AUTH_FLAG_IMPLICIT
# define sasl_server_auth_flags sasl_proxy_auth_flags
# define sasl_server_callback_t sasl_proxy_callback_t
# define sasl_server_auth_begin sasl_proxy_auth_begin
# define sasl_server_auth_failed sasl_proxy_auth_failed
# define sasl_server_auth_abort(client) sasl_proxy_auth_abort(client, "Aborted")
# define sasl_server_find_available_mech sasl_proxy_find_available_mech
#endif

/* How this version's log begins the line of a login. */
#if POSTERN_DOVECOT_2_4
# define COMPAT_LOGGED_IN "Logged in"
#else
# define COMPAT_LOGGED_IN "Login"
#endif

/*
 * Debian has changed struct client_vfuncs within one ABI version (2.3.19.1, security update of
 * 2026), so the version that the module loader compares does not tell. Every protocol's table has
 * this function here, or none (submission).
 */
static inline bool compat_layout_matches(void)
{
	const struct client_vfuncs *v = login_binary->client_vfuncs;

	return v->alloc != NULL && v->auth_result != NULL && v->notify_auth_ready != NULL &&
	       (v->send_raw_data == NULL || v->send_raw_data == client_common_send_raw_data);
}

/* Did this connection begin without TLS? */
static inline bool compat_used_starttls(const struct client *client)
{
#if POSTERN_DOVECOT_2_4
	return client->connection_used_starttls;
#else
	return client->starttls;
#endif
}

/* The reason that is given for the end of this connection is the whole of it. */
static inline void compat_no_further_reason(struct client *client ATTR_UNUSED)
{
#if !POSTERN_DOVECOT_2_4
	client->no_extra_disconnect_reason = TRUE;
#endif
}

/* Starts a SASL exchange as a command of the client would. */
static inline void compat_auth_begin(struct client *client, const char *mechanism,
				     enum sasl_server_auth_flags flags,
				     const char *initial_response,
				     sasl_server_callback_t *callback)
{
#if POSTERN_DOVECOT_2_4
	sasl_server_auth_begin(client, mechanism, flags, initial_response, callback);
#else
	sasl_server_auth_begin(client, login_binary->protocol, mechanism, flags,
			       initial_response, callback);
#endif
}

#if POSTERN_DOVECOT_2_4

/* The fields that would go to the auth process now, each escaped, ended by NULL; on the data
   stack. */
static inline const char *const *compat_forward_fields(struct client *client)
{
	ARRAY_TYPE(const_string) fields;
	const char *field;

	t_array_init(&fields, 8);
	if (array_is_created(&client->forward_fields)) {
		array_foreach_elem(&client->forward_fields, field) {
			field = str_tabescape(field);
			array_push_back(&fields, &field);
		}
	}
	array_append_zero(&fields);
	return array_front(&fields);
}

/* Puts fields in place of all that were there. */
static inline void compat_forward_fields_set(struct client *client, const char *const *fields)
{
	const char *field;

	/* The pool never gives memory back, and this is asked for often: nothing is put there
	   twice. */
	if (strcmp(t_strarray_join(compat_forward_fields(client), "\t"),
		   t_strarray_join(fields, "\t")) == 0)
		return;
	if (!array_is_created(&client->forward_fields))
		p_array_init(&client->forward_fields, client->preproxy_pool, 8);
	array_clear(&client->forward_fields);
	for (; *fields != NULL; fields++) {
		field = p_strdup(client->preproxy_pool, t_str_tabunescape(*fields));
		array_push_back(&client->forward_fields, &field);
	}
}

/* The TLS context that STARTTLS will use for this client; the caller lets go of it with
   ssl_iostream_context_unref. */
static inline int compat_ssl_context_get(struct client *client,
					 struct ssl_iostream_context **ctx_r,
					 const char **error_r)
{
	const struct ssl_iostream_settings *set;
	int ret;

	/* The same steps as client_init_ssl takes, so that the cache hands out the same one. */
	ssl_server_settings_to_iostream_set(client->ssl_set, client->ssl_server_set, &set);
	ret = ssl_iostream_server_context_cache_get(set, ctx_r, error_r);
	settings_free(set);
	if (ret < 0)
		return -1;
	if (ret > 0 && login_binary->application_protocols != NULL) {
		ssl_iostream_context_set_application_protocols(*ctx_r,
			login_binary->application_protocols);
	}
	(*ctx_r)->allow_invalid_cert = TRUE;
	return 0;
}

#else

/* The fields that would go to the auth process now, each still escaped, ended by NULL; on the data
   stack. */
static inline const char *const *compat_forward_fields(struct client *client)
{
	if (client->forward_fields == NULL)
		return t_new(const char *, 1);
	return t_strsplit(str_c(client->forward_fields), "\t");
}

/* Puts fields in place of all that were there. */
static inline void compat_forward_fields_set(struct client *client, const char *const *fields)
{
	string_t *text = t_str_new(128);

	for (; *fields != NULL; fields++) {
		if (str_len(text) > 0)
			str_append_c(text, '\t');
		str_append(text, *fields);
	}
	/* The pool never gives memory back: one string for the life of the client. */
	if (client->forward_fields == NULL)
		client->forward_fields = str_new(client->preproxy_pool, str_len(text) + 1);
	str_truncate(client->forward_fields, 0);
	str_append_str(client->forward_fields, text);
}

/* The TLS context that STARTTLS will use for this client; the caller lets go of it with
   ssl_iostream_context_unref. */
static inline int compat_ssl_context_get(struct client *client,
					 struct ssl_iostream_context **ctx_r,
					 const char **error_r)
{
	struct ssl_iostream_settings set;

	/* The same steps as client_init_ssl takes, so that the cache hands out the same one. */
	master_service_ssl_server_settings_to_iostream_set(client->ssl_set, client->ssl_server_set,
							   pool_datastack_create(), &set);
	set.allow_invalid_cert = TRUE;
	return ssl_iostream_server_context_cache_get(&set, ctx_r, error_r);
}

#endif

/* With the admin's CA at work, a certificate that it does not vouch for is noted and ends nothing,
   as it is in 2.3 by itself. */
static inline void compat_take_any_certificate(struct client *client)
{
	client->ssl_iostream->allow_invalid_cert = TRUE;
}

/* Has Dovecot's own verify callback run, and found nothing wrong in all of the chain? It takes note
   of what it saw, and ours, in its place where there is no CA, does not. */
static inline bool compat_is_vouched_for(const struct client *client)
{
	return client->ssl_iostream->cert_received && !client->ssl_iostream->cert_broken;
}

/* A name from a certificate that haproxy checked and passed on. */
static inline bool compat_has_proxied_certificate(const struct client *client)
{
#if DOVECOT_PREREQ(2, 4, 5)
	if (client->haproxy_ssl_client_cert)
		return TRUE;
#endif
	return client->client_cert_common_name != NULL;
}

#endif
