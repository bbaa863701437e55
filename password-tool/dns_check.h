/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DNS_CHECK_H
#define POSTERN_DNS_CHECK_H

#include "dns_facts.h"
#include "dns_query.h"

/*
 * What the DNS says of a domain, held against what it should say: a list of findings, each with
 * what to do. A question that could not be answered is a finding of its own kind, and never
 * counts as a record that is missing or wrong.
 */
enum postern_finding_level {
	POSTERN_FINDING_OK,
	POSTERN_FINDING_ADVICE,
	POSTERN_FINDING_UNKNOWN,
	POSTERN_FINDING_WRONG,
};

struct postern_finding {
	enum postern_finding_level level;
	/* "DKIM 2024-rsa", "SPF 192.0.2.1"; may hold text of the DNS, as does text. */
	char *about;
	char *text;
};

struct postern_dns_check {
	const struct postern_dns_facts *facts;
	/* By whom questions are answered. */
	postern_dns_ask_fn *ask;
	void *context;
	struct postern_finding *list;
	size_t count, room;
};

/* Asks, and adds its findings. */
void postern_dns_check_run(struct postern_dns_check *check);
void postern_dns_check_deinit(struct postern_dns_check *check);

/* "ok", "advice", "cannot tell", "wrong". */
const char *postern_finding_level_name(enum postern_finding_level level);
/* 0, 1, EX_TEMPFAIL or EX_CONFIG, by the worst. */
int postern_dns_check_code(const struct postern_dns_check *check);

/* For the parts of it. */
void postern_dns_check_add(struct postern_dns_check *check, enum postern_finding_level level,
			   const char *about, const char *fmt, ...) POSTERN_PRINTF(4, 5);
/* Asks; after CANNOT_TELL there is a finding already. answer_r is the caller's to deinit. */
int postern_dns_check_ask(struct postern_dns_check *check, const char *about, const char *name,
			  enum postern_dns_type type, struct postern_dns_answer *answer_r);

typedef void postern_dns_check_fn(struct postern_dns_check *check);
postern_dns_check_fn postern_dns_check_dkim, postern_dns_check_dmarc; /* dns_check_policy.c */
postern_dns_check_fn postern_dns_check_mx, postern_dns_check_spf,
	postern_dns_check_reverse;                                    /* dns_check_hosts.c */
postern_dns_check_fn postern_dns_check_files;                         /* dns_check_files.c */

#endif
