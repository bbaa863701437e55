/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SECRET_H
#define POSTERN_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Memory that held a secret. */

/* Overwrites size octets in a way that the compiler keeps. */
void postern_wipe(void *data, size_t size);

/* Wipes and frees *text (up to its NUL) and sets it to NULL; NULL is fine. */
void postern_secret_free(char **text);

/* Wipes and frees size octets at data; NULL is fine. */
void postern_secret_drop(void *data, size_t size);

/* The same for *data, a pointer of any type, which is set to NULL. A macro: a function would write
   to it as to a void *, which C forbids. */
#define postern_secret_free_sized(data, size) \
	do { \
		postern_secret_drop(*(data), (size)); \
		*(data) = NULL; \
	} while (0)

/* Compares in time that depends on size alone. */
bool postern_secret_equal(const void *a, const void *b, size_t size);

#endif
