/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CHARSET_H
#define POSTERN_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * The character sets that may stand in an encoded word of an identity field: those mail clients
 * write and all of them read. UTF-7, UTF-16, EBCDIC and what shifts by other escapes than
 * ISO-2022-JP are not among them, because the same octets would be an address for one reader and
 * something else for another.
 */
struct postern_charset;

enum postern_charset_outcome {
	POSTERN_CHARSET_OK = 0,
	/* The octets are no text of that character set, or end in a shifted state. */
	POSTERN_CHARSET_INVALID = 1,
};

/* Octets of UTF-8 that one octet of any known character set can become. */
#define POSTERN_CHARSET_GROWTH 3

/* By its name in mail, without case; NULL when it is not known. Static memory. */
const struct postern_charset *postern_charset_find(const char *name, size_t size);

/* An octet below 0x80 can be the second half of a character (and is "@" for a reader who does not
   know the character set). */
bool postern_charset_has_ascii_trail(const struct postern_charset *charset);

/* The octets of two encoded words that follow each other may be put together before they are
   converted; not so where each has to begin and end unshifted. */
bool postern_charset_is_stateless(const struct postern_charset *charset);

/* Writes size octets as UTF-8 behind *used octets of text, which has room for max. Returns an
   outcome, or -1 when iconv is out of memory or lacks the converter. */
int postern_charset_decode(const struct postern_charset *charset, const char *octets, size_t size,
			   char *text, size_t *used, size_t max, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
