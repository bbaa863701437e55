/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SPF_RECORD_H
#define POSTERN_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * An SPF record taken apart (RFC 7208, 4.6 and 12), for spf.c alone. No questions are asked here. A
 * record with one wrong term is wrong as a whole. It is whatever a stranger has put into the DNS.
 */
enum postern_spf_mechanism {
	POSTERN_SPF_ALL,
	POSTERN_SPF_INCLUDE,
	POSTERN_SPF_A,
	POSTERN_SPF_MX,
	POSTERN_SPF_PTR,
	POSTERN_SPF_IP4,
	POSTERN_SPF_IP6,
	POSTERN_SPF_EXISTS,
	POSTERN_SPF_REDIRECT, /* a modifier; always the last */
};

struct postern_spf_term {
	enum postern_spf_mechanism mechanism;
	char qualifier; /* + - ~ ? */
	/* As it stands in the record. */
	const char *text;
	size_t size;
	/* The domain-spec, or the address of ip4 and ip6; "" for none. */
	char target[256];
	/* Prefix lengths. */
	unsigned bits4, bits6;
};

#define POSTERN_SPF_TERMS_MAX 256

struct postern_spf_record {
	struct postern_spf_term terms[POSTERN_SPF_TERMS_MAX];
	size_t count;
};

/* "v=spf1" and nothing or a blank behind it. */
bool postern_spf_is_record(const char *text);

/* text has to live as long as the record. */
int postern_spf_record_parse(const char *text, struct postern_spf_record *record_r,
			     const char **error_r) POSTERN_WARN_UNUSED;

#endif
