/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_OUTSIDE_FROM_H
#define POSTERN_OUTSIDE_FROM_H

#include <stddef.h>

#include "address.h"
#include "error.h"

/*
 * Which domains a From field of a message from outside names. Such a field need not be one that our
 * users could send: what cannot be read strictly is searched for at-signs, since some reader will find an
 * address. In the text as it is and as a screen shows it, without what is not ASCII, with its encoded words
 * decoded wherever they stand; and in each of these with comments and blanks taken out, in each way in
 * which comments can be seen there. A pure function over hostile bytes.
 */

/* A domain in A-labels. Returns 0 to go on; anything else ends the walk and is returned by it. */
typedef int postern_outside_domain_fn(const char *domain, void *context, const char **error_r);

/* More than this of a field is not looked at. */
#define POSTERN_OUTSIDE_FROM_MAX 8192

/* body as libmilter gives it. A domain may come more than once. -1 when memory is out. */
int postern_outside_from_each(const char *body, size_t size, postern_outside_domain_fn *fn,
			      void *context, const char **error_r) POSTERN_WARN_UNUSED;

#endif
