/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SPF_MACRO_H
#define POSTERN_SPF_MACRO_H

#include <stdbool.h>

/*
 * The macros of SPF (RFC 7208, 7): what a domain-spec may look like, and what it comes to for one
 * sender and address. No questions are asked here. The text is whatever a stranger has put into
 * the DNS. Out of memory ends the command (memory.h).
 */

/* A macro-string, empty or not. Macros that stand in explanations alone are none. */
bool postern_spf_macro_is_string(const char *text);

/* A macro-string that ends with a label that a top-level domain can have, or with a macro (7.1). */
bool postern_spf_macro_is_domain_spec(const char *text);

struct postern_spf_macros {
	const char *sender;     /* %{s}, and its parts %{l} and %{o} */
	const char *domain;     /* %{d} */
	const char *helo;       /* %{h} */
	/* %{i}: an IPv4 address, or 32 nibbles with dots between. */
	char address[64];
	const char *family;     /* %{v}: "in-addr" or "ip6" */
};

/* Expands a domain-spec that was parsed; one that comes out longer than a name can be loses labels
   from the left (7.3). */
void postern_spf_macro_expand(const char *spec, const struct postern_spf_macros *macros,
			      char name_r[256]);

#endif
