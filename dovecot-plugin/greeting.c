/* SPDX-License-Identifier: MIT */
#include "postern-client.h"

#include "ioloop.h"
#include "net.h"

#include <sys/socket.h>

/*
 * Holds what the server says first until the TLS handshake has shown whether the client has a
 * certificate; and on IMAP with TLS from the start, looks before the greeting whether the client's
 * key may log in by itself. If so the connection goes to an imap process, which greets with PREAUTH
 * as it finds no command to answer; if not, the normal greeting follows as if nothing had been.
 */

/* The greeting of IMAP and ManageSieve lists the mechanisms; that of the others does not. */
static bool greeting_lists_mechanisms(void)
{
	return strcmp(login_binary->protocol, "imap") == 0 ||
	       strcmp(login_binary->protocol, "sieve") == 0;
}

static bool may_look(struct client *client)
{
	/* Input that is here before the greeting would be given to the imap process as the tag of
	   the login command, so a client that did not wait for its greeting gets the normal one. */
	return strcmp(login_binary->protocol, "imap") == 0 && !compat_used_starttls(client) &&
	       *postern_tls_key(client) != '\0' && !client->input_blocked &&
	       i_stream_get_data_size(client->input) == 0 &&
	       sasl_server_find_available_mech(client, "EXTERNAL") != NULL;
}

static void listen_to(struct client *client)
{
	if (client->io == NULL)
		client->io = io_add_istream(client->input, client_input, client);
}

static void greet(struct client *client)
{
	/* From 2.4 on it is Dovecot's function that begins to listen. */
	io_remove(&client->io);
	postern_client_get(client)->module_ctx.super.notify_auth_ready(client);
	listen_to(client);
}

/* Leaves the client as if the look had not been, in the log lines of its later life as well. */
static void forget_look(struct client *client)
{
	client->auth_attempts = 0;
	i_zero(&client->auth_first_started);
	client->auth_process_comm_fail = FALSE;
	client->last_auth_fail = CLIENT_AUTH_FAIL_CODE_NONE;
	i_free_and_null(client->auth_mech_name);
	i_free_and_null(client->virtual_user);
	i_free_and_null(client->virtual_user_orig);
	i_free_and_null(client->virtual_auth_user);
}

static void look_failed(struct client *client)
{
	postern_client_get(client)->looking = FALSE;
	if (client->destroyed)
		return;
	forget_look(client);
	greet(client);
	io_set_pending(client->io);
}

/* The descriptor may be in another process's hands by now, so the connection has to end. */
static void login_broken(struct client *client, const char *text)
{
	if (client->destroyed)
		return;
	client_notify_disconnect(client, CLIENT_DISCONNECT_INTERNAL_ERROR,
				 text != NULL ? text : "Internal login failure. Try again later.");
	if (shutdown(client->fd, SHUT_RDWR) < 0 && errno != ENOTCONN)
		e_error(client->event, "shutdown() failed: %m");
	compat_no_further_reason(client);
	client_destroy(client, text != NULL ? text : "Internal login failure");
}

static void look_callback(struct client *client, enum sasl_server_reply reply, const char *data,
			  const char *const *args)
{
	switch (reply) {
	case SASL_SERVER_REPLY_SUCCESS:
		/* With arguments it is a login elsewhere (proxy) or none at all (nologin); both are
		   for a command to answer. */
		if (args != NULL) {
			look_failed(client);
			break;
		}
		client_destroy_success(client, COMPAT_LOGGED_IN);
		break;
	case SASL_SERVER_REPLY_CONTINUE:
		/* EXTERNAL asks nothing once it has its response. Comes back as ABORTED. */
		sasl_server_auth_abort(client);
		return;
	case SASL_SERVER_REPLY_AUTH_FAILED:
	case SASL_SERVER_REPLY_AUTH_ABORTED:
		look_failed(client);
		break;
	default:
		/* MASTER_FAILED, and in newer versions MASTER_FAILED_LIMIT. */
		login_broken(client, data);
		break;
	}
	client_unref(&client);
}

static void look(struct client *client)
{
	postern_client_get(client)->looking = TRUE;
	client_ref(client); /* released in look_callback */
	compat_auth_begin(client, "EXTERNAL", SASL_SERVER_AUTH_FLAG_IMPLICIT, "", look_callback);
	/* Nobody reads while the login runs, or input would be asked for over and over. */
	if (client->authenticating)
		io_remove(&client->io);
}

static void notify_auth_ready(struct client *client)
{
	struct postern_client *pclient = postern_client_get(client);

	pclient->greeting_held = !postern_tls_is_ready(client) && greeting_lists_mechanisms();
	if (pclient->greeting_held) {
		listen_to(client);
		return;
	}
	if (may_look(client))
		look(client);
	else
		greet(client);
}

/* ManageSieve says after STARTTLS what it can do without being asked (RFC 5804, 2.2). */
static bool starttls_lists_mechanisms(void)
{
	return strcmp(login_binary->protocol, "sieve") == 0;
}

/*
 * Dovecot's function takes the parser of commands away from what was read in the clear, so until
 * it is called nothing may be left there: somebody on the way could have put it there, as the
 * beginning of what the client says in TLS.
 */
static void starttls(struct client *client)
{
	struct postern_client *pclient = postern_client_get(client);

	postern_tls_ask_stream(client);
	if (!starttls_lists_mechanisms())
		pclient->module_ctx.super.starttls(client);
	else if (i_stream_get_data_size(client->ssl_iostream->plain_input) > 0)
		client_destroy(client, "Input in the clear behind STARTTLS");
	else
		pclient->starttls_held = TRUE;
}

static void release(struct client *client)
{
	struct postern_client *pclient = postern_client_get(client);

	if (!auth_client_is_connected(auth_client)) {
		/* Dovecot calls again when it is. */
		client->input_blocked = TRUE;
		return;
	}
	if (pclient->starttls_held) {
		pclient->starttls_held = FALSE;
		pclient->module_ctx.super.starttls(client);
	}
	if (pclient->greeting_held)
		notify_auth_ready(client);
}

/* Returns TRUE when the client's input may be looked at. */
static bool wait_for_handshake(struct client *client)
{
	struct postern_client *pclient = postern_client_get(client);
	struct client *reference = client;
	bool ready;

	client_ref(client);
	/* Reading is what moves the handshake on. */
	(void)client_read(client);
	if (!client->destroyed && postern_tls_is_ready(client))
		release(client);
	ready = !client->destroyed && !client->authenticating &&
		!pclient->greeting_held && !pclient->starttls_held;
	client_unref(&reference);
	return ready;
}

static void input(struct client *client)
{
	struct postern_client *pclient = postern_client_get(client);

	if ((pclient->greeting_held || pclient->starttls_held) && !wait_for_handshake(client))
		return;
	pclient->module_ctx.super.input(client);
}

/* The look succeeded, but the client has not waited for its greeting: let it have the normal one
   and go on with what it said. */
static bool sasl_check_login(struct client *client)
{
	struct postern_client *pclient = postern_client_get(client);

	if (pclient->looking && i_stream_read(client->input) != 0) {
		sasl_server_auth_failed(client, NULL, NULL);
		return FALSE;
	}
	return pclient->module_ctx.super.sasl_check_login == NULL ||
	       pclient->module_ctx.super.sasl_check_login(client);
}

void postern_greeting_hook(struct client_vfuncs *v)
{
	/* submission-login does its own input and calls no starttls; its greeting says nothing of
	   mechanisms. */
	if (v->input == NULL)
		return;
	v->notify_auth_ready = notify_auth_ready;
	v->input = input;
	v->starttls = starttls;
	v->sasl_check_login = sasl_check_login;
}
