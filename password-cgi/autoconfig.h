/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_AUTOCONFIG_H
#define POSTERN_AUTOCONFIG_H

#include "html.h"
#include "mail_settings.h"

/*
 * Settings as mail programs ask for them. Pure functions; what is written is XML in UTF-8, in which
 * html.h escapes as it does in HTML.
 */

/* Mozilla's: /.well-known/autoconfig/mail/config-v1.1.xml. help is the URL of a page for people. */
#define POSTERN_AUTOCONFIG_TYPE "text/xml"
void postern_autoconfig_write(struct postern_html *xml,
			      const struct postern_mail_settings *settings, const char *help);

/* Microsoft's plain old XML: what Outlook sends to /autodiscover/autodiscover.xml has the address
   in it. An answer without one says that the request was wrong. */
#define POSTERN_AUTODISCOVER_TYPE "text/xml"
void postern_autodiscover_write(struct postern_html *xml,
				const struct postern_mail_settings *settings);

#endif
