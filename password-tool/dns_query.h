/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DNS_QUERY_H
#define POSTERN_DNS_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * Questions to a resolver (RFC 1035), by ldns, which only dns_query.c includes. This is a stub: the
 * resolver is believed, and follows CNAMEs. What it answers is untrusted in form: texts may hold
 * any octet but NUL and controls, which become "?"; print them through postern_show. "There is no
 * such record" and "nobody could say" are never mixed up.
 */
struct postern_dns;

enum postern_dns_type {
	POSTERN_DNS_A,     /* "192.0.2.1" */
	POSTERN_DNS_AAAA,  /* "2001:db8::1" */
	POSTERN_DNS_CNAME, /* "host.example.org", in lower case, without its last dot; so PTR */
	POSTERN_DNS_MX,    /* "10 host.example.org"; "0 ." for the null MX (RFC 7505) */
	POSTERN_DNS_PTR,
	POSTERN_DNS_SRV,   /* "0 1 587 host.example.org" */
	POSTERN_DNS_TXT,   /* the strings of a record put together */
};

enum postern_dns_outcome {
	POSTERN_DNS_FOUND = 0,
	/* The name does not exist, or has no such record. */
	POSTERN_DNS_NOTHING = 1,
	/* SERVFAIL, REFUSED, no answer in time: why says which. */
	POSTERN_DNS_CANNOT_TELL = 2,
};

/* More records than these of one name are not looked at. */
#define POSTERN_DNS_RECORDS_MAX 100

struct postern_dns_answer {
	char **list;
	size_t count;
	/* After CANNOT_TELL, a few words: "SERVFAIL from 192.0.2.53". */
	char why[160];
};

/* address as postern_resolver_address_parse reads it; "" for those of /etc/resolv.conf. */
int postern_dns_new(const char *address, struct postern_dns **dns_r, const char **error_r)
	POSTERN_WARN_UNUSED;
void postern_dns_free(struct postern_dns **dns);

/* How a question is asked: the resolver by postern_dns_ask with itself as context, a unit test by
   its own. name is absolute, with or without a last dot; one that can be no name has no records.
   A resolver that has let three questions in a row go unanswered is asked no more.
   Returns an outcome; answer_r is the caller's to deinit, whatever it is. */
typedef int postern_dns_ask_fn(void *context, const char *name, enum postern_dns_type type,
			       struct postern_dns_answer *answer_r);
postern_dns_ask_fn postern_dns_ask;

/* For such a function: adds a record to the answer. */
void postern_dns_answer_add(struct postern_dns_answer *answer, const char *text);
void postern_dns_answer_deinit(struct postern_dns_answer *answer);

/* "192.0.2.1" to "1.2.0.192.in-addr.arpa", and 32 nibbles under ip6.arpa (RFC 3596, 2.5). */
#define POSTERN_DNS_REVERSE_MAX 80
bool postern_dns_reverse(const char *address, char name_r[POSTERN_DNS_REVERSE_MAX]);

#endif
