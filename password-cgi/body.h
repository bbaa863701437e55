/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_BODY_H
#define POSTERN_BODY_H

#include <stddef.h>

#include "page_message.h"
#include "route.h"

/*
 * Fields out of a query or a body: pure functions over octets that anybody may have sent. What they
 * take is what browsers make of the page's forms, and nothing beyond: each field is one that the
 * route has, no more often than it may be, and holds what its kind may (field.h); there are no more
 * than POSTERN_FIELDS_MAX.
 *
 * 0 with the fields added to form, or the HTTP status of the refusal: 400 (not such a body), 413 (a
 * field is too large). What was added before a refusal stays.
 */

/* application/x-www-form-urlencoded (URL Standard, 5.1); a query is the same. */
int postern_body_urlencoded(const struct postern_route *route, const char *data, size_t size,
			    struct postern_page_message *form);

/* multipart/form-data (RFC 7578). An empty file is no field. */
int postern_body_multipart(const struct postern_route *route, const char *boundary,
			   const char *data, size_t size, struct postern_page_message *form);

enum postern_body_type {
	POSTERN_BODY_URLENCODED,
	POSTERN_BODY_MULTIPART,
	POSTERN_BODY_OTHER,
};
/* RFC 2046, 5.1.1 */
#define POSTERN_BOUNDARY_MAX 70

/* Reads a Content-Type. boundary_r is set with MULTIPART; one without a good boundary is OTHER. */
enum postern_body_type postern_body_type(const char *content_type,
					 char boundary_r[POSTERN_BOUNDARY_MAX + 1]);

/* Adds one field, decoded: for the two above. */
int postern_body_add(const struct postern_route *route, const char *name, size_t name_size,
		     const char *value, size_t size, struct postern_page_message *form);

#endif
