/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CERTIFICATE_H
#define POSTERN_CERTIFICATE_H

#include "key.h"
#include "page_message.h"

/*
 * The certificate of this connection, as the web server hands it on: PEM, as Apache has it, or with
 * its octets as %XX, as nginx has it. Whoever presents one has proved in the handshake that the
 * private key is his; nothing that the server says of its chain is taken for anything.
 */

/* Adds :fingerprint, :this-type and :this-label; and where page_ca is set and a CA in it, or below
   one, vouches for a certificate that is valid now, :certified for each of its addresses. A
   certificate that is none, or has a key that postern does not take, adds nothing. Fails where
   page_ca cannot be read. */
int postern_certificate_add(const char *page_ca, const char *text,
			    struct postern_page_message *message, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
