/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_AUTODISCOVER_H
#define POSTERN_AUTODISCOVER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What Outlook asks with: XML of whoever it may be, read in password.cgi, which can do little. No DTD
 * is taken, so there are no entities to expand.
 */

/* Octets of a request, and how deep its elements go. */
#define POSTERN_AUTODISCOVER_MAX (16 * 1024)
#define POSTERN_AUTODISCOVER_DEPTH_MAX 8

/* The text of the one element EMailAddress, of whatever namespace, without blanks around it. False for
   what is no XML, has no such element or more than one, or an address longer than size - 1. */
bool postern_autodiscover_read(const char *body, size_t body_size, char *address_r, size_t size);

#endif
