/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_NETWORKS_H
#define POSTERN_NETWORKS_H

#include <netinet/in.h>
#include <stdbool.h>

#include "error.h"

/*
 * A list of networks that the admin has set: trusted_networks, whose messages are passed without an
 * identity, or outside_exempt_networks. It is read once, whole or not at all, and never changes.
 */
struct postern_networks;

/* texts is NULL-terminated, or NULL for none: "192.0.2.0/24", "2001:db8::/32", "192.0.2.1". Bits
   beyond the prefix have to be zero, since a network written otherwise is seldom the one meant. */
int postern_networks_new(char *const *texts, struct postern_networks **networks_r,
			 const char **error_r) POSTERN_WARN_UNUSED;
void postern_networks_free(struct postern_networks **networks);

/* address as struct postern_endpoint has it, IPv4 mapped. */
bool postern_networks_contain(const struct postern_networks *networks,
			      const struct in6_addr *address);

#endif
