/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MAILBOX_LIST_H
#define POSTERN_MAILBOX_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "error.h"

/*
 * Reads the body of a From or Sender field as a mailbox-list (RFC 5322, 3.4; RFC 6532 for UTF-8),
 * one mailbox at a time. Of the obsolete syntax only dots in an unquoted phrase are taken. A body
 * that other software may take apart in another way (an address inside a quoted local-part, a
 * comment inside an address, escaped quotes around angle brackets, a route, an element without an
 * address) is malformed. Linear in the size of the body, no recursion, no memory but the caller's.
 */
enum postern_mailbox_outcome {
	POSTERN_MAILBOX_FOUND = 0,
	/* Behind the last one. A list has at least one: an empty body is malformed. */
	POSTERN_MAILBOX_END = 1,
	/* A group (RFC 5322, 3.4; RFC 6854). */
	POSTERN_MAILBOX_GROUP = 2,
	POSTERN_MAILBOX_MALFORMED = 3,
	/* An encoded word (RFC 2047) that does not end in the atom, string or comment where it
	   begins; readers who look for encoded words first find other atoms, strings and
	   comments. */
	POSTERN_MAILBOX_ENCODING = 4,
	/* There was no memory to read on. */
	POSTERN_MAILBOX_NO_MEMORY = 5,
};

struct postern_text {
	char *octets;
	size_t size;
	/* A blank stood here, and is written when something follows. */
	bool blank;
};

struct postern_mailbox {
	struct postern_address address;
	/* What a reader is shown beside the address: quotes, backslashes and parentheses taken
	   off, folds undone, encoded words (RFC 2047) as they are. Words that stand together
	   without a blank stay together. */
	struct postern_text name, comments;
	/* Both, in the order in which they stand. */
	struct postern_text all;
};

struct postern_mailbox_list {
	const char *pos, *start, *end;
	/* Room for three texts of a body's size. */
	char *room;
	size_t size;
	/* A mailbox has to follow: at the beginning and behind a comma. */
	bool more;
	/* So far, something is in the list that makes strings and comments end elsewhere for
	   some readers, and then the inside is the outside for the rest of it: backslashes,
	   nested comments, quotes in comments, folds inside of both (Python's email.utils),
	   strings and comments that touch what stands before them. */
	bool uneven;
	/* And something inside that would be part of an address outside. Both together are
	   malformed. */
	bool hidden;
	/* With MALFORMED: what is wrong, in words that follow "cannot be read: "; static
	   memory, or that of an error. */
	const char *reason;
};

/* Octets of room that a body of size octets takes. */
#define POSTERN_MAILBOX_ROOM(size) (3 * (size) + 3)

/* body holds no octets that postern_field_check_octets complains about. body and room have to
   stay as long as the list. */
void postern_mailbox_list_init(struct postern_mailbox_list *list, const char *body, size_t size,
			       char *room);

/* Reads the next mailbox into *mailbox_r, whose texts are good until the next call. Never
   fails: every return is an outcome; after the first that is not FOUND there is no more to
   read. */
enum postern_mailbox_outcome postern_mailbox_list_next(struct postern_mailbox_list *list,
						       struct postern_mailbox *mailbox_r)
	POSTERN_WARN_UNUSED;

#endif
