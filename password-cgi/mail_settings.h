/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MAIL_SETTINGS_H
#define POSTERN_MAIL_SETTINGS_H

#include "address.h"
#include "config.h"
#include "error.h"
#include "html.h"
#include "store.h"

/*
 * What a mail program has to know: host, ports, user name and how to log in. The ports are those of
 * RFC 8314, which Debian's Postfix and Dovecot have.
 *
 * Two of the formats are asked for by anybody who knows an address, so these answer every address
 * alike: the user name follows from the address and the configuration alone, and of an address that
 * nobody has here, a keyed hash says whether it is one with a key. A change of a real account's
 * answer in the course of time can be seen.
 */
struct postern_mail_server {
	/* "imap", "pop3", "smtp": Mozilla's words. */
	const char *type;
	unsigned service;
	unsigned port;
	/* STARTTLS; else TLS from the first octet. */
	bool starttls;
};

/* Best first for each service; type NULL ends it. */
extern const struct postern_mail_server postern_mail_servers[];

struct postern_mail_settings {
	char host[POSTERN_DOMAIN_MAX + 1];
	char user[2 * POSTERN_ADDRESS_MAX];
	/* "" when it is not known. */
	char address[2 * POSTERN_ADDRESS_MAX];
	/* Who provides it, for people: the address's domain, or the host's name. */
	char provider[POSTERN_DOMAIN_MAX + 1];
	/* Services that a key of the account is good for. */
	unsigned by_key;
	/* May a password log in, alone or (both) with a key on the connection. */
	bool by_password;
	bool both;
};

/* Of an account, for its owner: the user name is the login name. */
int postern_mail_settings_of_account(struct postern_store *store,
				     const struct postern_config *config,
				     const struct postern_account *account,
				     struct postern_mail_settings *settings_r,
				     const char **error_r) POSTERN_WARN_UNUSED;

/* Of an address, for anybody; what is no address gets Mozilla's placeholder for one as its user
   name. Needs a handle with verifiers (postern_store_id). */
int postern_mail_settings_of_address(struct postern_store *store,
				     const struct postern_config *config, const char *text,
				     struct postern_mail_settings *settings_r,
				     const char **error_r) POSTERN_WARN_UNUSED;

#endif
