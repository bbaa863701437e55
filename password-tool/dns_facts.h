/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DNS_FACTS_H
#define POSTERN_DNS_FACTS_H

#include "command.h"
#include "dkim_key.h"
#include "dkim_selectors.h"

/*
 * What the records of a domain are made of: from postern.conf, and where that is silent, from
 * Postfix, Dovecot and the machine itself.
 */
struct postern_dns_facts {
	char domain[POSTERN_DOMAIN_MAX + 1];
	/* The host's name. */
	char host[POSTERN_DOMAIN_MAX + 1];
	/* Where mail programs find their settings: the host of the users' page, or this one. */
	char web_host[POSTERN_DOMAIN_MAX + 1];
	unsigned web_port;
	bool has_page;
	/* From which mail leaves; may be empty, when only private ones can be found. */
	char **addresses;
	size_t address_count, address_room;
	const char *dmarc_policy;
	char report_address[2 * POSTERN_ADDRESS_MAX];
	/* Which of these a default was taken for: nobody said so. */
	bool host_guessed, addresses_guessed, report_default;
	/* The domain's selectors, and the record of each; "" for one whose key is gone. */
	struct postern_dkim_selectors selectors;
	char (*records)[POSTERN_DKIM_RECORD_MAX];
	/* Files with certificates and CRLs. */
	char **files;
	size_t file_count, file_room;
};

/* Returns 0 or an exit code, and has said why. facts_r is the caller's to deinit either way. */
int postern_dns_facts_read(struct postern_command *command, const char *domain,
			   struct postern_dns_facts *facts_r);
void postern_dns_facts_deinit(struct postern_dns_facts *facts);

#endif
