/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ENCODED_WORD_H
#define POSTERN_ENCODED_WORD_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * Decodes the encoded words of a text (RFC 2047, RFC 2231 for the language) as the most willing
 * reader does: wherever they stand, of any length, with or without blanks between them. Strict in
 * what is inside: a known character set, Q or B without a stray octet, text that is valid in its
 * character set. The text is untrusted UTF-8 of a bounded size; what comes out may hold any
 * character, controls included.
 */
enum postern_encoded_outcome {
	POSTERN_ENCODED_OK = 0,
	/* "=?" begins no encoded word, or one that is not encoded as it says. */
	POSTERN_ENCODED_BROKEN = 1,
	/* Character set not known, or not to be used in mail. */
	POSTERN_ENCODED_CHARSET = 2,
	/* No text of its character set. */
	POSTERN_ENCODED_INVALID = 3,
};

struct postern_decoded {
	/* UTF-8. */
	char *text;
	size_t size;
	/* What a reader is left with who knows none of the character sets and drops what is not
	   ASCII; only where that can differ in more than letters, else its size is 0. */
	char *octets;
	size_t octets_size;
	/* Not OK: where in the input. */
	const char *found;
	size_t found_size;
};

/* Octets of room for a text of size octets. */
#define POSTERN_DECODED_ROOM(size) (5 * (size))

/* True when there is anything to decode. */
bool postern_encoded_word_present(const char *text, size_t size);

/* True when every "=?" begins an encoded word that also ends in this text, whatever it holds. */
bool postern_encoded_words_whole(const char *text, size_t size);

/* Returns an outcome, or -1 when out of memory. *decoded_r points into room. */
int postern_encoded_words_decode(const char *text, size_t size, char *room,
				 struct postern_decoded *decoded_r, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
