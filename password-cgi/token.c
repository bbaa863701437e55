/* SPDX-License-Identifier: MIT */
#include "token.h"

#include <string.h>

#include "secret.h"

bool postern_token_is(const char *text)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_";

	return text != NULL && strlen(text) == POSTERN_TOKEN_SIZE - 1 &&
		text[strspn(text, alphabet)] == '\0';
}

bool postern_token_equal(const char *a, const char *b)
{
	return a != NULL && b != NULL && strlen(a) == strlen(b) &&
		postern_secret_equal(a, b, strlen(a));
}
