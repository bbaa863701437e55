/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SPF_H
#define POSTERN_SPF_H

#include "dns_query.h"

/*
 * What other hosts make of a domain's SPF record for an address that mail comes from: check_host()
 * of RFC 7208, with its limits of ten look-ups over all records together and two that find
 * nothing. Records are untrusted. libspf2, the one library for it in Debian, begins a new count
 * in each include, so that it passes records that others refuse.
 *
 * Two things differ from a receiver: %{p} is always "unknown", as RFC 7208 (7.3) allows, and there
 * is no explanation.
 */
enum postern_spf_result {
	POSTERN_SPF_NONE, /* no record */
	POSTERN_SPF_NEUTRAL,
	POSTERN_SPF_PASS,
	POSTERN_SPF_FAIL,
	POSTERN_SPF_SOFTFAIL,
	POSTERN_SPF_TEMPERROR, /* a question could not be answered */
	POSTERN_SPF_PERMERROR, /* a record is wrong, or needs too many look-ups */
};

#define POSTERN_SPF_LOOKUPS_MAX 10

struct postern_spf {
	postern_dns_ask_fn *ask;
	void *context;
	const char *helo;   /* the name that the host greets with */
	const char *sender; /* the envelope sender */
	/* Results. */
	unsigned lookups;
	/* Of an error, what is wrong where; else which term decided. May hold text of the DNS. */
	char why[400];
};

/* address is an IPv4 or IPv6 address in text. */
enum postern_spf_result postern_spf_check(struct postern_spf *spf, const char *domain,
					  const char *address);

/* "pass", "permerror", … */
const char *postern_spf_result_name(enum postern_spf_result result);

#endif
