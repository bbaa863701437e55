/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MOBILECONFIG_H
#define POSTERN_MOBILECONFIG_H

#include "html.h"
#include "mail_settings.h"

/*
 * A configuration profile for Apple's devices: IMAP and submission of one account. It holds no
 * password; the device asks for it. Apple's mail programs log in by no key (there is no EXTERNAL in
 * them), so neither does it hold a key.
 */
#define POSTERN_MOBILECONFIG_TYPE "application/x-apple-aspen-config"

void postern_mobileconfig_write(struct postern_html *xml,
				const struct postern_mail_settings *settings);

/* Puts a signature around the profile (CMS SignedData, RFC 5652, in DER), so that the device shows
   who made it. certificate is a PEM file that begins with the signer's and goes on with its
   CAs', key one with the private key, which nobody else may read. */
int postern_mobileconfig_sign(struct postern_html *profile, const char *certificate,
			      const char *key, const char **error_r) POSTERN_WARN_UNUSED;

#endif
