/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ENDPOINT_H
#define POSTERN_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * One end of a TCP connection, in a form in which what the policy protocol says in text and what
 * the milter gets as a sockaddr compare equal: IPv4 is kept as an IPv4-mapped address (RFC 4291,
 * 2.5.5.2). Pure functions; the text comes from smtpd, which has it from the kernel or from a
 * proxy that the admin trusts.
 */
struct postern_endpoint {
	struct in6_addr address;
	uint16_t port; /* 0 when it is not known */
};

/* "[ADDRESS]:PORT" with its NUL. */
#define POSTERN_ENDPOINT_TEXT_MAX (INET6_ADDRSTRLEN + 9)

/* Reads an address (an IPv6 zone after "%" is dropped) and a port. A port that is NULL, "" or
   "unknown" is 0. False when either is anything else. */
bool postern_endpoint_parse(const char *address, const char *port,
			    struct postern_endpoint *endpoint_r);

/* False for an address that is neither IPv4 nor IPv6, and for NULL. */
bool postern_endpoint_of_sockaddr(const struct sockaddr *address,
				  struct postern_endpoint *endpoint_r);

bool postern_endpoint_equal(const struct postern_endpoint *a, const struct postern_endpoint *b);

/* Writes "192.0.2.1"; returns text_r. */
const char *postern_endpoint_format_address(const struct postern_endpoint *endpoint,
					    char text_r[INET6_ADDRSTRLEN]);

/* Writes "[192.0.2.1]:50123"; returns text_r. */
const char *postern_endpoint_format(const struct postern_endpoint *endpoint,
				    char text_r[POSTERN_ENDPOINT_TEXT_MAX]);

#endif
