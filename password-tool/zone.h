/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ZONE_H
#define POSTERN_ZONE_H

#include <stddef.h>
#include <stdio.h>

/*
 * DNS records as lines of a zone file (RFC 1035, 5.1).
 */
struct postern_zone_record {
	char *name;       /* without its last dot */
	const char *type; /* "TXT", "MX", … */
	/* Of TXT the text, which is quoted and cut into strings of 255 octets when it is printed; of
	   others as it stands in a zone file. */
	char *data;
	/* Lines that are printed in front of it, or NULL. */
	char *comment;
};

struct postern_zone {
	struct postern_zone_record *list;
	size_t count, room;
};

/* name, data and comment are copied. */
void postern_zone_add(struct postern_zone *zone, const char *name, const char *type,
		      const char *data, const char *comment);
void postern_zone_deinit(struct postern_zone *zone);

/* "; comment" lines, and the record, in parentheses where its text takes several strings. */
void postern_zone_print_record(FILE *out, const struct postern_zone_record *record);
void postern_zone_print_comment(FILE *out, const char *comment);

#endif
