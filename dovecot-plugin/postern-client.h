/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CLIENT_H
#define POSTERN_CLIENT_H

#include "dovecot-compat.h"
#include "key.h"

/*
 * One connection to a login process, as the plugin sees it; lives as long as Dovecot's struct
 * client.
 */
struct postern_client {
	union login_client_module_context module_ctx;

	/* What the TLS handshake brought, once it is complete: empty when the client has no
	   certificate, POSTERN_WIRE_KEY_UNREADABLE when there is one that could not be read. */
	char key[POSTERN_FINGERPRINT_TEXT_MAX];
	bool key_known;

	/* The greeting, or the capabilities that ManageSieve sends after STARTTLS, wait for the
	   handshake. */
	bool greeting_held;
	bool starttls_held;
	/* The look before the greeting is on its way. */
	bool looking;
};

struct postern_client *postern_client_get(struct client *client);

/* tls-client-key.c: makes this client's handshake ask for a certificate, now or on STARTTLS. */
void postern_tls_ask(struct client *client);
/* For a client that has just begun STARTTLS. */
void postern_tls_ask_stream(struct client *client);
/* The client's key in text, "" when there is none or the handshake is not complete. */
const char *postern_tls_key(struct client *client);
/* E-mail addresses of a certificate that the admin's CA vouches for, with a blank between two; ""
   for any other. On the data stack. */
const char *postern_tls_mail(const struct client *client);
bool postern_tls_is_ready(const struct client *client);
/* Version and cipher suite, on the data stack; "" without TLS. */
const char *postern_tls_describe(const struct client *client);

/* forward-fields.c: takes out whatever the client itself sent in our name and sets what is true
   now. */
void postern_forward_fields_refresh(struct client *client);

/* Each of these puts its functions into v and keeps the ones it found in module_ctx.super. */
void postern_mechanisms_hook(struct client_vfuncs *v);
void postern_greeting_hook(struct client_vfuncs *v);

#endif
