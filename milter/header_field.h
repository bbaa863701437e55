/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_HEADER_FIELD_H
#define POSTERN_HEADER_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What can be said about a header field before its body is parsed: which field it is, and whether
 * name and body hold only octets that may stand there (RFC 5322, 2.2; RFC 6532, 3.1). Pure
 * functions over untrusted bytes, linear in their size.
 */
enum postern_field {
	POSTERN_FIELD_OTHER = 0,
	/* The four that name an identity. */
	POSTERN_FIELD_FROM,
	POSTERN_FIELD_SENDER,
	POSTERN_FIELD_RESENT_FROM,
	POSTERN_FIELD_RESENT_SENDER,
	/* Those that may stand there once. */
	POSTERN_FIELD_SUBJECT,
	POSTERN_FIELD_DATE,
	POSTERN_FIELD_TO,
	POSTERN_FIELD_CC,
	POSTERN_FIELD_REPLY_TO,
	POSTERN_FIELD_MESSAGE_ID,
	POSTERN_FIELD_MIME_VERSION,
	/* Any Content-*: each name once. */
	POSTERN_FIELD_CONTENT,
	POSTERN_FIELDS
};

enum postern_octets {
	POSTERN_OCTETS_OK = 0,
	/* NUL, DEL, or a control other than TAB. */
	POSTERN_OCTETS_CONTROL = 1,
	/* CR without LF, or CRLF that is not a fold. */
	POSTERN_OCTETS_BARE_CR = 2,
	/* LF that is not followed by blank or tab. */
	POSTERN_OCTETS_BARE_LF = 3,
};

/* Compares without case. Blanks and controls around the name are not part of it: "From " is
   From. */
enum postern_field postern_field_classify(const char *name, size_t size);

/* The name of an identity field as RFC 5322 writes it; "" for others. */
const char *postern_field_title(enum postern_field field);

/* RFC 5322, 3.6.8: printable ASCII without colon and blank, at least one. */
bool postern_field_name_is_legal(const char *name, size_t size);

/* Looks for octets that may stand in no header. *offset_r is where the first one is. */
enum postern_octets postern_field_check_octets(const char *body, size_t size, size_t *offset_r);

/* True when a folded line holds nothing but blanks, behind the first one (RFC 5322, 3.2.2):
   some readers end the header there. */
bool postern_field_has_blank_line(const char *body, size_t size);

#endif
