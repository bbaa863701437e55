/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ADDRESS_H
#define POSTERN_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * An addr-spec (RFC 5322, 3.4.1; RFC 6532) in the form in which two of them can be compared octet
 * by octet: local-part unquoted, NFC, ASCII letters in lower case; domain as A-labels in lower
 * case (IDNA2008, RFC 5891). No domain literals, no comments, no folding. Pure functions over
 * untrusted bytes.
 */
#define POSTERN_LOCAL_PART_MAX 64   /* octets, RFC 5321, 4.5.3.1.1 */
#define POSTERN_DOMAIN_MAX 255      /* octets, RFC 5321, 4.5.3.1.2 */
#define POSTERN_ADDRESS_MAX (POSTERN_LOCAL_PART_MAX + 1 + POSTERN_DOMAIN_MAX)

struct postern_address {
	char local_part[POSTERN_LOCAL_PART_MAX + 1];
	/* The same with the case of its letters as it was written. */
	char exact[POSTERN_LOCAL_PART_MAX + 1];
	char domain[POSTERN_DOMAIN_MAX + 1];
};

/* True for what an unquoted local-part or a phrase is made of besides dots (RFC 5322, 3.2.3),
   and for every octet of UTF-8 beyond ASCII, whose validity is another matter. */
bool postern_address_is_atext(unsigned char octet);

/* Failures: the text is no address, or there was no memory to find out. */
enum {
	POSTERN_ADDRESS_MALFORMED = -1,
	POSTERN_ADDRESS_NO_MEMORY = -2,
};

/* Parses "local@domain" strictly, local-part as dot-atom or as quoted-string that holds atext
   and dots alone. */
int postern_address_parse(const char *text, size_t size, struct postern_address *address_r,
			  const char **error_r) POSTERN_WARN_UNUSED;

/* The same for a reverse-path (RFC 5321, 4.1.2). "<>", and one without angle brackets, are malformed. */
int postern_address_parse_path(const char *path, struct postern_address *address_r,
			       const char **error_r) POSTERN_WARN_UNUSED;

/* Normalises a domain alone ("Bücher.example" to "xn--bcher-kva.example"). */
int postern_domain_normalize(const char *text, size_t size,
			     char domain_r[POSTERN_DOMAIN_MAX + 1], const char **error_r)
	POSTERN_WARN_UNUSED;

/* Where the domain is one of these (A-labels in lower case, NULL-terminated), a local-part in another
   case is another one: puts exact in the place of local_part. NULL is no domain. */
void postern_address_apply_case(struct postern_address *address, char *const *domains);

/* Writes "local@domain", quoting the local-part where RFC 5321 wants it. size at least
   2 * POSTERN_ADDRESS_MAX. */
void postern_address_format(const struct postern_address *address, char *text_r, size_t size);

/* local+tag to local: true, and the base in *base_r, when the delimiter (not NUL) stands in the
   local-part after at least one and before at least one character. */
bool postern_address_base(const struct postern_address *address, char delimiter,
			  struct postern_address *base_r);

#endif
