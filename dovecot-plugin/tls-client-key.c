/* SPDX-License-Identifier: MIT */
#include "postern-client.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "address.h"
#include "postern-wire.h"

/*
 * Asks each client for a certificate, names no CA, takes whatever comes, and reads the key out of
 * it.
 *
 * An admin who has set ssl_verify_client_cert keeps Dovecot's own verify callback: in a login
 * process it takes unknown certificates too and remembers which ones the CA vouches for, so
 * auth_ssl_require_client_cert goes on meaning what it says.
 */

/* The chain is looked at by nobody: what counts is the proof of possession in the handshake
   (CertificateVerify), which OpenSSL checks whatever this returns. */
static int accept_any(int preverified ATTR_UNUSED, X509_STORE_CTX *context ATTR_UNUSED)
{
	return 1;
}

/* Dovecot's own, while there is a CA of the admin's. */
static SSL_verify_cb dovecot_verify;

/* What was wrong with a certificate that is let pass is no error of the connection, and must not be
   left where its next SSL_read would find it. */
static int verify_and_clear(int preverified, X509_STORE_CTX *context)
{
	int ret = dovecot_verify(preverified, context);

	ERR_clear_error();
	return ret;
}

/* Of one certificate; more are not looked at. */
#define ADDRESSES_MAX 8

static SSL *ssl_of(const struct client *client)
{
	return client->ssl_iostream->ssl;
}

/* An empty list: mail programs then offer the certificate they have instead of looking for one of
   these CAs. */
static STACK_OF(X509_NAME) *no_names(void)
{
	return sk_X509_NAME_new_null();
}

/*
 * With a certificate asked for, OpenSSL refuses every resumption that has no session id context. On
 * a resumed session no verify callback runs, and Dovecot would take a client with a certificate of
 * the admin's CA for one without: there, a context of this connection alone makes each handshake a
 * full one.
 */
static bool set_session_context(SSL *ssl, bool may_resume)
{
	unsigned char context[SSL_MAX_SID_CTX_LENGTH];
	const char *protocol = login_binary->protocol;

	if (may_resume) {
		return SSL_set_session_id_context(ssl, (const unsigned char *)protocol,
						  strlen(protocol)) == 1;
	}
	return RAND_bytes(context, sizeof(context)) == 1 &&
	       SSL_set_session_id_context(ssl, context, sizeof(context)) == 1;
}

void postern_tls_ask_stream(struct client *client)
{
	SSL *ssl = ssl_of(client);
	SSL_verify_cb set = SSL_get_verify_callback(ssl);
	bool own = set == NULL || set == accept_any;

	if (own)
		SSL_set_verify(ssl, SSL_VERIFY_PEER, accept_any);
	else if (set != verify_and_clear) {
		dovecot_verify = set;
		SSL_set_verify(ssl, SSL_get_verify_mode(ssl), verify_and_clear);
	}
	compat_take_any_certificate(client);
	SSL_set_client_CA_list(ssl, no_names());
	if (!set_session_context(ssl, own)) {
		e_error(client->event, "postern: TLS session context can't be set: "
			"clients that resume a session will fail");
	}
}

/*
 * submission-login begins TLS without telling its plugins, so there the context is prepared from
 * which it will make the stream. No tickets and no cache: a server name may switch the stream to a
 * context that lacks the session id context, and the resumption would die.
 */
static void ask_context(struct client *client)
{
	struct ssl_iostream_context *context;
	const char *error;

	if (compat_ssl_context_get(client, &context, &error) < 0)
		return; /* STARTTLS will fail with the same error, and log it. */
	if (SSL_CTX_get_verify_callback(context->ssl_ctx) != accept_any) {
		SSL_CTX_set_verify(context->ssl_ctx, SSL_VERIFY_PEER, accept_any);
		SSL_CTX_set_client_CA_list(context->ssl_ctx, no_names());
		SSL_CTX_set_session_cache_mode(context->ssl_ctx, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(context->ssl_ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(context->ssl_ctx, 0);
	}
	ssl_iostream_context_unref(&context);
}

void postern_tls_ask(struct client *client)
{
	if (client->ssl_iostream != NULL)
		postern_tls_ask_stream(client);
	else if (client->v.starttls == NULL && client_is_tls_enabled(client))
		ask_context(client);
}

bool postern_tls_is_ready(const struct client *client)
{
	return client->ssl_iostream == NULL || ssl_iostream_is_handshaked(client->ssl_iostream);
}

const char *postern_tls_describe(const struct client *client)
{
	if (client->ssl_iostream == NULL || !postern_tls_is_ready(client))
		return "";
	return t_strdup_printf("%s/%s", SSL_get_version(ssl_of(client)),
			       SSL_get_cipher_name(ssl_of(client)));
}

static int read_key(X509 *certificate, char text_r[POSTERN_FINGERPRINT_TEXT_MAX],
		    const char **error_r)
{
	struct postern_fingerprint fingerprint;
	unsigned char *der = NULL;
	int size, ret = -1;

	size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	if (size <= 0) {
		*error_r = "its SubjectPublicKeyInfo can't be encoded";
		goto out;
	}
	if (postern_fingerprint_of_spki(der, size, &fingerprint, error_r) < 0)
		goto out;
	postern_fingerprint_format(&fingerprint, text_r);
	ret = 0;
out:
	OPENSSL_free(der);
	return ret;
}

const char *postern_tls_key(struct client *client)
{
	struct postern_client *pclient = postern_client_get(client);
	X509 *certificate;
	const char *error;

	if (client->ssl_iostream == NULL || !postern_tls_is_ready(client))
		return "";
	if (pclient->key_known)
		return pclient->key;

	/* On a resumed session it comes out of the session. */
	certificate = SSL_get_peer_certificate(ssl_of(client));
	if (certificate != NULL && read_key(certificate, pclient->key, &error) < 0) {
		e_error(client->event, "postern: the client's certificate can't be read: %s",
			error);
		i_strocpy(pclient->key, POSTERN_WIRE_KEY_UNREADABLE, sizeof(pclient->key));
	}
	X509_free(certificate);
	pclient->key_known = TRUE;
	return pclient->key;
}

/* One that could be taken for two, or that is longer than any address, is left out. */
static bool is_plain(const char *address)
{
	return *address != '\0' && strlen(address) <= POSTERN_ADDRESS_MAX &&
	       strpbrk(address, " \t\r\n") == NULL;
}

const char *postern_tls_mail(const struct client *client)
{
	string_t *text = t_str_new(128);
	STACK_OF(OPENSSL_STRING) *addresses;
	X509 *certificate;

	if (client->ssl_iostream == NULL || !postern_tls_is_ready(client) ||
	    !compat_is_vouched_for(client))
		return "";
	certificate = SSL_get_peer_certificate(ssl_of(client));
	if (certificate == NULL)
		return "";
	/* rfc822Name and emailAddress; strings with a NUL in them are skipped. */
	addresses = X509_get1_email(certificate);
	for (int i = 0; i < sk_OPENSSL_STRING_num(addresses) && i < ADDRESSES_MAX; i++) {
		const char *address = sk_OPENSSL_STRING_value(addresses, i);

		if (!is_plain(address))
			continue;
		if (str_len(text) > 0)
			str_append_c(text, ' ');
		str_append(text, address);
	}
	X509_email_free(addresses);
	X509_free(certificate);
	return str_c(text);
}
