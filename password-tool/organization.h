/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ORGANIZATION_H
#define POSTERN_ORGANIZATION_H

#include <stdbool.h>

/*
 * The organizational domain of a domain (RFC 7489, 3.2), by the public suffix list as libpsl has
 * it: "example.co.uk" of "mail.example.co.uk". Domains are A-labels in lower case.
 */

/* Points into domain; domain itself where it is a public suffix. */
const char *postern_organization(const char *domain);

/* Whether both have the same one: then reports on one may go to the other (7.1). */
bool postern_organization_same(const char *a, const char *b);

#endif
