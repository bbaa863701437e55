/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_HTML_H
#define POSTERN_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * HTML as it is written. What a format string says is markup, and what its arguments say is text:
 * there is no way to add an argument unescaped. A format is a literal; the compiler sees to it.
 */
struct postern_html {
	char *data;
	size_t size;
	size_t room;
	/* There was no memory, or a format was not one of ours. */
	bool failed;
};

void postern_html_init(struct postern_html *html);
/* Wipes: a page may show a new password. */
void postern_html_deinit(struct postern_html *html);

/*
 * %s is a text, good between tags and within a quoted attribute: the five marks of HTML are
 * escaped; what is no UTF-8, a control or one that turns the writing about becomes U+FFFD; NULL is
 * nothing. %d, %u and %lld are numbers; %% is a percent sign. Nothing else is a conversion here.
 */
void postern_html_add(struct postern_html *html, const char *fmt, ...) POSTERN_PRINTF(2, 3);

/* The same escaping of size octets, into any buffer: as much as fits, and always whole. */
void postern_html_add_text(struct postern_html *html, const char *text, size_t size);

#endif
