/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_WIRE_H
#define POSTERN_WIRE_H

/*
 * What a login plugin or postern-milter's SASL relay tells the passdb module about a connection:
 * fields of the `forward_fields` parameter of an AUTH line (Dovecot's auth client protocol, 1.x).
 * The auth process adds "forward_" in front of each name.
 *
 *   the login plugin:
 *     AUTH 7 EXTERNAL service=imap … forward_fields=postern_key=tKu…<\001t>postern_greeting=1 resp=
 *   the SASL relay:
 *     AUTH 1 PLAIN service=smtp nologin … secured forward_fields=postern_key=tKu… resp=…
 *
 * (Parameters are separated by TAB. A TAB between two fields inside forward_fields is written as
 * the two octets \001 and "t". forward_fields stands before resp, which is always the last one.)
 *
 * Both senders are trusted to say what they saw in TLS, and both make sure that nobody else can: a
 * field that starts with POSTERN_WIRE_PREFIX and comes from the client, by IMAP ID, XCLIENT or an
 * AUTH line of Postfix's, is taken out, and POSTERN_WIRE_KEY is always set, to the empty string
 * when the client has no certificate. A missing field is read as an empty one.
 */
#define POSTERN_WIRE_PREFIX "postern_"

/* The client's key: SHA-256 of its SubjectPublicKeyInfo, unpadded base64url; or empty. Any other
   value means that the sender could not tell, and the login is refused as a temporary failure. */
#define POSTERN_WIRE_KEY "postern_key"
#define POSTERN_WIRE_KEY_UNREADABLE "unreadable"

/* E-mail addresses in the client's certificate, with a blank between two; only where a CA of the
   admin's vouches for it and no CRL revokes it. The auth process has to have heard of that from
   Dovecot as well (valid-client-cert). */
#define POSTERN_WIRE_MAIL "postern_mail"

/* "TLSv1.3/TLS_AES_256_GCM_SHA384": version and cipher suite of the connection, for the login
   record alone. */
#define POSTERN_WIRE_TLS "postern_tls"

/* "1" on the look that is taken before the IMAP greeting: succeeds only where the key may PREAUTH,
   fails without delay, penalty or a text for the user. */
#define POSTERN_WIRE_GREETING "postern_greeting"

/* How the auth process names them. */
#define POSTERN_WIRE_AUTH_PREFIX "forward_"

/*
 * And what the passdb module tells the imap, pop3 and submission processes, among the fields of the
 * userdb, where sessions end with what let them in (end_sessions): where to wait for word of it,
 * and what to say there (live_session.h).
 */
#define POSTERN_WIRE_SESSIONS_SOCKET "postern_sessions_socket"
#define POSTERN_WIRE_SESSION "postern_session"

#endif
