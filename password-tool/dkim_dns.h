/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_DNS_H
#define POSTERN_DKIM_DNS_H

#include "command.h"
#include "dkim_key.h"
#include "dns_query.h"

/*
 * The record of a selector: what it has to be, by its private key, and what the DNS has.
 */
#define POSTERN_DKIM_NAME_MAX \
	(POSTERN_DOMAIN_MAX + POSTERN_DKIM_SELECTOR_MAX + sizeof("._domainkey."))

/* "selector._domainkey.domain". */
void postern_dkim_record_name(const struct postern_dkim_selector *selector,
			      char name_r[POSTERN_DKIM_NAME_MAX]);

/* The record that belongs to the selector's private key. Returns 0 or an exit code, and has said
   why. */
int postern_dkim_record_read(const struct postern_command *command,
			     const struct postern_dkim_selector *selector,
			     char record_r[POSTERN_DKIM_RECORD_MAX]);

enum postern_dkim_sight {
	POSTERN_DKIM_SIGHT_GOOD,
	POSTERN_DKIM_SIGHT_NONE,  /* there is no record */
	POSTERN_DKIM_SIGHT_WRONG, /* signatures would not verify by it */
	POSTERN_DKIM_SIGHT_UNKNOWN,
};

#define POSTERN_DKIM_WHY_MAX 320

/* Whether signatures verify by a published record (RFC 6376, 3.6.1), seen from the record that
   belongs to the key. why_r says what is wrong with it. */
bool postern_dkim_record_fits(const char *published, const char *own,
			      char why_r[POSTERN_DKIM_WHY_MAX]);

/* Asks for the record of a selector. why_r says what there is instead of a good one. */
enum postern_dkim_sight postern_dkim_look(postern_dns_ask_fn *ask, void *context,
					  const struct postern_dkim_selector *selector,
					  const char *own, char why_r[POSTERN_DKIM_WHY_MAX]);

#endif
