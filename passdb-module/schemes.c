/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

#include "password.h"
#include "password-scheme.h"

/* A scheme that this Dovecot does not have (OTP, in 2.4.5) is unknown. */
static int compare(const char *password, const char *account, const char *scheme, const char *text)
{
	const struct password_generate_params params = { .user = account };
	const unsigned char *raw;
	const char *error;
	size_t size;
	int ret;

	T_BEGIN {
		ret = password_decode(text, scheme, &raw, &size, &error);
		ret = ret <= 0 ? -1 : password_verify(password, &params, scheme, raw, size, &error);
	} T_END;
	if (ret < 0)
		return POSTERN_PASSWORD_UNKNOWN_SCHEME;
	return ret > 0 ? POSTERN_PASSWORD_OK : POSTERN_PASSWORD_MISMATCH;
}

void postern_schemes_install(void)
{
	postern_password_set_dovecot(compare);
}
