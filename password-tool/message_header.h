/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MESSAGE_HEADER_H
#define POSTERN_MESSAGE_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Walks over the header of a message in a file, and gives each field as a milter would get it. Line
 * ends are CRLF or LF. As Postfix does, what is no field ends the header, and a line "From " above
 * it (a mailbox's) is passed over. The message is hostile.
 */
struct postern_message_header {
	const char *data;
	size_t size, position;
	/* Folds of the field at hand as LF. */
	char *body;
};

struct postern_message_field {
	const char *name, *body;
	size_t name_size, body_size;
};

/* data stays the caller's. */
void postern_message_header_init(struct postern_message_header *header, const char *data,
				 size_t size);
void postern_message_header_deinit(struct postern_message_header *header);

/* False behind the last. The field is good until the next call. */
bool postern_message_header_next(struct postern_message_header *header,
				 struct postern_message_field *field_r);

#endif
