/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_WIRE_FORM_H
#define POSTERN_WIRE_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * A message as it will leave the host, which is what has to be signed, chunk by chunk as it comes.
 * Pure. Postfix's smtp and lmtp clients break lines that are longer than smtp_line_length_limit,
 * body and header alike, with CRLF and a blank, and end a last line that has no end; so does this.
 *
 * Refused is what libopendkim gets wrong: a CR without its LF (of which it loses one octet, and
 * which no two mail programs read alike), and more than POSTERN_WIRE_RUN_MAX octets without a
 * blank or a line end, of which some versions keep 64 KiB and others all, in memory.
 */
#define POSTERN_WIRE_RUN_MAX 60000

enum postern_wire_fault {
	POSTERN_WIRE_OK = 0,
	POSTERN_WIRE_BARE_CR = 1,
	POSTERN_WIRE_LONG_RUN = 2,
};

struct postern_wire_form {
	/* Octets of a line, 0 for any number. */
	size_t limit;
	/* Octets in the line and since the last blank. */
	size_t column, run;
	unsigned char last; /* NUL before the first octet */
	enum postern_wire_fault fault;
};

/* Takes octets of the wire form; 0 or -1. */
typedef int postern_wire_fn(const void *data, size_t size, void *context, const char **error_r);

void postern_wire_form_init(struct postern_wire_form *form, size_t limit);

/* Each returns a fault, which stays once there is one, or -1 when fn failed. Line ends are
   CRLF. */
int postern_wire_form_put(struct postern_wire_form *form, const void *data, size_t size,
			  postern_wire_fn *fn, void *context, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_wire_form_end(struct postern_wire_form *form, postern_wire_fn *fn, void *context,
			  const char **error_r) POSTERN_WARN_UNUSED;

/* One sentence for the user; static memory. */
const char *postern_wire_fault_text(enum postern_wire_fault fault);

#endif
