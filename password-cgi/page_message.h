/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PAGE_MESSAGE_H
#define POSTERN_PAGE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * What goes between password.cgi and postern-keeper: one message each way, a list of named values.
 * A name may come more than once. Each side takes the other's for untrusted: sizes are bounded, and
 * what a value may be is looked at where it is used.
 *
 * On the wire: four octets with the size of what follows; then for each value two octets with
 * the size of its name, four with its own, the name, the value. Numbers are big-endian.
 */

/* Octets of a message, and values in it. */
#define POSTERN_PAGE_MESSAGE_MAX (256 * 1024)
#define POSTERN_PAGE_VALUES_MAX 256

struct postern_page_value {
	size_t name; /* offsets into data; a NUL stands behind each */
	size_t value;
	size_t size;
};

struct postern_page_message {
	char *data;
	size_t size;
	struct postern_page_value values[POSTERN_PAGE_VALUES_MAX];
	size_t count;
	/* There was no memory or no room for a value: it cannot be sent. */
	bool spoilt;
};

void postern_page_message_init(struct postern_page_message *message);
/* Wipes: there are passwords in it. */
void postern_page_message_deinit(struct postern_page_message *message);

/* Copies. A failure shows at the end, in send. */
void postern_page_message_add(struct postern_page_message *message, const char *name,
			      const void *value, size_t size);
void postern_page_message_add_text(struct postern_page_message *message, const char *name,
				   const char *text);

/* The n-th value of this name, from 0, or NULL. NUL-terminated. */
const char *postern_page_message_nth(const struct postern_page_message *message, const char *name,
				     size_t n, size_t *size_r);
/* The first as a text: NULL when there is none, or there is a NUL in it. */
const char *postern_page_message_get(const struct postern_page_message *message, const char *name);

int postern_page_message_send(int fd, const struct postern_page_message *message,
			      const char **error_r) POSTERN_WARN_UNUSED;
int postern_page_message_receive(int fd, struct postern_page_message *message_r,
				 const char **error_r) POSTERN_WARN_UNUSED;

/* The same from memory, for the tests: size octets behind the first four. */
int postern_page_message_decode(const void *octets, size_t size,
				struct postern_page_message *message_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
