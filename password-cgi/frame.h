/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_FRAME_H
#define POSTERN_FRAME_H

#include <stdbool.h>

#include "html.h"

/* The frame of every page, of which password.cgi needs a little too. Texts are translated by the
   caller. */

/* Up to and with <header>. id is the body's without "page-". */
void postern_frame_head(struct postern_html *html, const char *id, const char *title,
			 bool script);

/* A whole page of one sentence, without a session. base is the path of page_url. */
void postern_frame_error(struct postern_html *html, const char *base, int status,
			  const char *text);

/* A page that loads itself again at once, without JavaScript. */
void postern_frame_again(struct postern_html *html, const char *base);

/* What a status means, translated: "Not found". */
const char *postern_frame_status(int status);

#endif
