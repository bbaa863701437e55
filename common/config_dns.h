/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CONFIG_DNS_H
#define POSTERN_CONFIG_DNS_H

#include "config_word.h"

/*
 * The values of postern.conf that say what a domain's DNS records are made of, as in
 * config_value.h.
 */

/* "192.0.2.1", "192.0.2.1:5353", "2001:db8::1" or "[2001:db8::1]:5353". */
struct postern_resolver_address {
	char address[64];
	unsigned port; /* 53 where none is named */
};
int postern_resolver_address_parse(const char *text, struct postern_resolver_address *address_r,
				   const char **error_r) POSTERN_WARN_UNUSED;

/* Such an address, or nothing. */
int postern_config_read_resolver(const char *text, char **value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* "local@domain", or nothing. */
int postern_config_read_report_address(const char *text, char **value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* "none", "quarantine" or "reject". */
int postern_config_read_dmarc_policy(const char *text, char **value_r, const char **error_r)
	POSTERN_WARN_UNUSED;

postern_config_word_fn postern_config_read_ip; /* one IPv4 or IPv6 address */

#endif
