/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DNS_RECORDS_H
#define POSTERN_DNS_RECORDS_H

#include "dns_facts.h"
#include "zone.h"

/*
 * The records that a domain should have, composed from facts alone: no questions are asked, so the
 * same facts make the same zone. What was guessed or is a default says so in its comment.
 */
void postern_dns_records_compose(const struct postern_dns_facts *facts,
				 struct postern_zone *zone_r);

/* The SPF record of the domain. */
#define POSTERN_DNS_TEXT_MAX 4096
void postern_dns_records_spf(const struct postern_dns_facts *facts,
			     char text_r[POSTERN_DNS_TEXT_MAX]);
void postern_dns_records_dmarc(const struct postern_dns_facts *facts,
			       char text_r[POSTERN_DNS_TEXT_MAX]);

#endif
