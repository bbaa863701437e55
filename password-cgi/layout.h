/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LAYOUT_H
#define POSTERN_LAYOUT_H

#include <stdbool.h>

#include "frame.h"
#include "html.h"
#include "page.h"

/*
 * What the pages have in common (pages.h): head and foot, forms, and the ways to say something.
 * Texts are translated by the caller.
 */

/* id is the body's without "page-". begin shows what is wrong, and a done text (NULL for none). */
void postern_layout_begin(struct postern_page *page, const char *id, const char *title,
			  const char *done);
void postern_layout_end(struct postern_page *page);

/* <form method=post> with the token; id may be NULL. */
void postern_form_begin(struct postern_page *page, const char *path, const char *id);
void postern_form_begin_upload(struct postern_page *page, const char *path, const char *id);
void postern_form_end(struct postern_page *page, const char *button, bool danger);
void postern_form_hidden(struct postern_page *page, const char *name, const char *value);

struct postern_input {
	const char *name;
	const char *label;
	/* NULL for none. */
	const char *hint;
	/* "text", "password", "file"; NULL for a textarea. */
	const char *type;
	const char *autocomplete;
	const char *value;
	bool required;
	bool monospace;
};
void postern_form_input(struct postern_page *page, const struct postern_input *input);
void postern_form_choice(struct postern_page *page, const char *name, const char *id,
			 const char *value, bool checked, const char *label);
void postern_form_services(struct postern_page *page, unsigned services);
/* The current password, where the page has to ask for it. */
void postern_form_current(struct postern_page *page);

/* A cell of a table's row, with the heading of its column, which a phone shows before it. */
void postern_layout_cell(struct postern_page *page, const char *heading, const char *text);

/* A table that scrolls by itself where it is wider than the window; up to its <caption>. It ends with
   </table></div>. */
void postern_layout_table(struct postern_page *page, const char *id, const char *caption);

/* A time in UTC, or a text for 0. */
#define POSTERN_LAYOUT_TIME_MAX 32
const char *postern_layout_time(int64_t when, const char *never,
				char text_r[POSTERN_LAYOUT_TIME_MAX]);

#endif
