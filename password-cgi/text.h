/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_TEXT_H
#define POSTERN_TEXT_H

#include <stddef.h>

/*
 * Words for people, in their language. The source has English within T(…); po/LANGUAGE.po has the
 * rest, for the tools of gettext, and is compiled in. gettext(3) itself is not used: from glibc 2.39
 * on it translates only where a locale of the language is installed, and a mail host has none.
 */
#define T(text) postern_text(text)
/* Marks a text of a table for xgettext; what shows it translates it. */
#define N_(text) (text)

/* Takes the first language of an Accept-Language (RFC 9110, 12.5.4) that there is, or English; for
   the whole process. NULL is fine. Returns the language's tag, "en" or "de". */
const char *postern_text_choose(const char *accept_language);
const char *postern_text_language(void);

/* The text in the chosen language; itself where that has none. */
const char *postern_text(const char *english) __attribute__((format_arg(1)));

/* Tables made of the po files, sorted by strcmp. */
struct postern_text_entry {
	const char *english;
	const char *text;
};
extern const struct postern_text_entry postern_text_de[];
extern const size_t postern_text_de_count;

#endif
