/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SASL_LINE_H
#define POSTERN_SASL_LINE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "key.h"

/*
 * Lines of Dovecot's authentication protocol (auth-protocol.txt in its documentation), of which
 * Postfix is a client: fields separated by tabs. Pure functions. Names, initial responses and
 * mechanism come from the SMTP client by way of smtpd and are hostile; a line with a NUL or a
 * control character other than the tab is a failure, so nothing can add a field or a line.
 */
#define POSTERN_SASL_LINE_MAX 16384
#define POSTERN_SASL_ID_MAX 11   /* a 32-bit number and its NUL */
#define POSTERN_SASL_NAME_MAX 256 /* mechanism, user, with the NUL */

/* AUTH, from Postfix. */
struct postern_sasl_auth {
	char id[POSTERN_SASL_ID_MAX];
	char mechanism[POSTERN_SASL_NAME_MAX];
	/* smtpd says that TLS is on. */
	bool secured;
	/* The client's address; "" when there was none. */
	char rip[INET6_ADDRSTRLEN];
};

enum postern_sasl_kind {
	POSTERN_SASL_OTHER = 0, /* of no concern here; to be dropped */
	POSTERN_SASL_OK = 1,
	POSTERN_SASL_FAIL = 2,
	/* FAIL that is not the user's fault: "code=temp_fail", "temp". */
	POSTERN_SASL_TEMPFAIL = 3,
	POSTERN_SASL_CONT = 4,
};

/* OK, FAIL or CONT, from Dovecot. */
struct postern_sasl_reply {
	char id[POSTERN_SASL_ID_MAX];
	/* Of OK, and for the log of FAIL; "" when there was none. */
	char user[POSTERN_SASL_NAME_MAX];
};

/* Splits off the first word of a line and compares it. */
bool postern_sasl_line_is(const char *line, size_t size, const char *command);

int postern_sasl_line_parse_auth(const char *line, size_t size, struct postern_sasl_auth *auth_r,
				 const char **error_r) POSTERN_WARN_UNUSED;

/*
 * Writes the AUTH line for Dovecot. Of Postfix's own only service, nologin, lip, rip, secured and
 * resp go on; whatever else stands there, above all forward_fields and the cert fields, does not.
 * With tls, secured becomes "secured=tls". A key that is not NULL and a cipher (version and suite)
 * that is not "" are told the passdb, which believes it, in forward_fields (postern-wire.h).
 * EXTERNAL gets no-penalty as well: a key is not guessed.
 * *size_r is without a NUL, and there is no newline.
 */
int postern_sasl_line_write_auth(const char *line, size_t size,
				 const struct postern_sasl_auth *auth, bool tls,
				 const char *cipher, const struct postern_fingerprint *key,
				 char text_r[POSTERN_SASL_LINE_MAX], size_t *size_r,
				 const char **error_r) POSTERN_WARN_UNUSED;

/* CONT from Postfix, "CONT<tab>id<tab>base64", or CANCEL: 0 when it is well formed. */
int postern_sasl_line_check_client(const char *line, size_t size, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Returns an enum postern_sasl_kind. */
int postern_sasl_line_parse_reply(const char *line, size_t size,
				  struct postern_sasl_reply *reply_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
