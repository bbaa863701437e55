/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <stdlib.h>
#include <string.h>

void postern_wipe(void *data, size_t size)
{
	if (data != NULL && size > 0)
		explicit_bzero(data, size);
}

void postern_secret_free(char **text)
{
	if (*text == NULL)
		return;
	postern_wipe(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void postern_secret_drop(void *data, size_t size)
{
	postern_wipe(data, size);
	free(data);
}

bool postern_secret_equal(const void *a, const void *b, size_t size)
{
	/* volatile keeps the compiler from leaving the loop at the first difference. */
	const volatile unsigned char *left = a, *right = b;
	volatile unsigned char difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= left[i] ^ right[i];
	return difference == 0;
}
