/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PRECIS_CLASS_H
#define POSTERN_PRECIS_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The insides of precis.h: what RFC 8264 says about one character, and about a character among its
 * neighbours. Pure functions; characters are code points, any 32-bit number may come.
 */
enum postern_precis_class {
	POSTERN_PRECIS_VALID,         /* PVALID: in both classes */
	POSTERN_PRECIS_FREEFORM_ONLY, /* FREE_PVAL and ID_DIS */
	POSTERN_PRECIS_CONTEXT,       /* CONTEXTJ or CONTEXTO: the neighbours decide */
	POSTERN_PRECIS_DISALLOWED,
	POSTERN_PRECIS_UNASSIGNED,
};

/* RFC 8264, 8, with the Unicode version of libunistring. */
enum postern_precis_class postern_precis_class(uint32_t character);

/* What a character that is not allowed is, in words: "a control character". For an identifier also
   those that are FREEFORM_ONLY. Static memory. */
const char *postern_precis_class_name(uint32_t character);

/* RFC 5892, appendix A: whether a CONTEXT character may stand at index. */
bool postern_precis_context_allows(const uint32_t *text, size_t size, size_t index);

/* The Bidi Rule (RFC 5893, 2), as RFC 8265 asks for it: true for a text without right-to-left
   characters. */
bool postern_precis_bidi_allows(const uint32_t *text, size_t size);

#endif
