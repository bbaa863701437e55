/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_IDENTITY_TEXT_H
#define POSTERN_IDENTITY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * What a reader sees of a display name or a comment: characters that do not belong there, and
 * addresses that pass for the sender's. Input is untrusted, valid UTF-8, decoded. Linear in its
 * size.
 */
enum postern_identity_characters {
	POSTERN_CHARACTERS_OK = 0,
	/* C0, DEL, C1. */
	POSTERN_CHARACTERS_CONTROL = 1,
	/* Explicit bidi embeddings, overrides and isolates (UAX 9, 2), line and paragraph
	   separator. Marks away from an at-sign, joiners and right-to-left letters are fine. */
	POSTERN_CHARACTERS_BIDI = 2,
};

/* The first character that does not belong there is *character_r. In text that is raw, as it
   stands in the header, TAB, CR and LF are blanks and folds. */
enum postern_identity_characters postern_identity_text_check(const char *text, size_t size,
							     bool raw, unsigned *character_r);

/* True where text has an at-sign and a mark that turns the order of what stands beside it (LRM, RLM, ALM;
   UAX 9, 2.6), which is *character_r: in a view from right to left "test<RLM>.bob@alice" may be seen as
   "bob@alice.test", and no order of the octets tells which one a reader gets. */
bool postern_identity_text_may_turn(const char *text, size_t size, unsigned *character_r);

/* Folds text so that what looks like an at-sign, a dot or a letter to a reader is one: NFKC,
   what is drawn like a dot to dots, invisible characters dropped. *folded_r is on the heap; it stays
   NULL where text holds nothing that could be an at-sign, and then there is no address in it. */
int postern_identity_text_fold(const char *text, size_t size, char **folded_r, size_t *size_r,
			       const char **error_r) POSTERN_WARN_UNUSED;

/* Finds the next "local@domain.tld" of a folded text behind *pos, which starts at 0: true, and
   where it is. Quotes around it are not part of it. "Alice @ Wonderland" and "@alice.liddell"
   are none. */
bool postern_identity_text_next_address(const char *text, size_t size, size_t *pos,
					const char **address_r, size_t *address_size_r);

#endif
