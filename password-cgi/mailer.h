/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MAILER_H
#define POSTERN_MAILER_H

#include "config.h"
#include "error.h"

/*
 * Mails of the page, by sendmail(1): to the owner of an account after each change, to the admins
 * with each request. No secret is ever in one. They are sent when the browser has its answer: it
 * learns neither from its time nor from its text whether there was one.
 */
struct postern_mail {
	struct postern_mail *next;
	char to[800];
	/* ASCII or UTF-8; the body has lines with \n. */
	char subject[200];
	char body[4096];
};

/* Adds one at the head of *mails; what does not fit is cut. Without memory there is none. */
void postern_mail_add(struct postern_mail **mails, const char *to, const char *subject,
		      const char *fmt, ...) POSTERN_PRINTF(4, 5);
/* Sends all and frees them. What goes wrong is handed to fail, once each. */
void postern_mail_send_all(const struct postern_config *config, struct postern_mail **mails,
			   void (*fail)(const char *error));
void postern_mail_free_all(struct postern_mail **mails);

#endif
