/* SPDX-License-Identifier: MIT */
#include "password_scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Set before the first comparison, by the only thread. */
static postern_password_dovecot_fn *dovecot;

void postern_password_set_dovecot(postern_password_dovecot_fn *fn)
{
	dovecot = fn;
}

static const char *text_of(const struct postern_verifier *verifier)
{
	return strchr((const char *)verifier->data, '}') + 1;
}

/* RFC 2289: how often its digest is repeated. "sha1 1024 seed hash" is all that Dovecot writes; in
   another encoding the number could not be seen here. */
static bool otp_count(const char *text, unsigned long *count_r)
{
	const char *number = strchr(text, ' ');
	char *end;

	if (number == NULL || strspn(number + 1, "0123456789") == 0)
		return false;
	*count_r = strtoul(number + 1, &end, 10);
	return *end == ' ';
}

bool postern_dovecot_parses(const struct postern_verifier *verifier)
{
	unsigned long count;

	if (strcmp(verifier->scheme, "otp") == 0)
		return otp_count(text_of(verifier), &count);
	return *text_of(verifier) != '\0';
}

int postern_dovecot_compare(const char *password, const char *account,
			    const struct postern_verifier *verifier,
			    const struct postern_password_limits *limits)
{
	char scheme[sizeof("PLAIN-TRUNC.BASE64")];
	const char *text = text_of(verifier);
	unsigned long count;

	if (strcmp(verifier->scheme, "otp") == 0 && otp_count(text, &count) &&
	    count > limits->max_rounds)
		return POSTERN_PASSWORD_TOO_COSTLY;
	if (dovecot == NULL)
		return POSTERN_PASSWORD_MISMATCH;
	snprintf(scheme, sizeof(scheme), "%.*s", (int)(text - 1 - (const char *)verifier->data),
		 (const char *)verifier->data);
	return dovecot(password, account, scheme, text);
}
