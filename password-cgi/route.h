/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ROUTE_H
#define POSTERN_ROUTE_H

#include <stdbool.h>

/*
 * The pages by method and path, with the fields that each takes. Both sides go by this table:
 * password.cgi refuses what is not in it, and so does postern-keeper.
 */
enum postern_method {
	POSTERN_METHOD_GET,
	POSTERN_METHOD_POST,
};

enum postern_route_flags {
	/* Without a session it is the page that signs in instead. */
	POSTERN_ROUTE_SESSION = 1 << 0,
	/* For a program: no cookie, no token; what is refused is plain text. */
	POSTERN_ROUTE_PROGRAM = 1 << 1,
	/* multipart/form-data is taken too. */
	POSTERN_ROUTE_UPLOAD = 1 << 2,
	/* For who is in page_admins; for others there is no such page. */
	POSTERN_ROUTE_ADMIN = 1 << 3,
	/* The body is XML, of which password.cgi reads one field. */
	POSTERN_ROUTE_XML = 1 << 4,
	/* Asked for under other names of the host too, by programs that guess. */
	POSTERN_ROUTE_ANY_HOST = 1 << 5,
};

struct postern_route {
	enum postern_method method;
	const char *path;
	/* Between blanks. */
	const char *fields;
	unsigned flags;
	/* Index of the function in postern-keeper's table (page.c). */
	enum postern_page_number {
		POSTERN_PAGE_OVERVIEW,
		POSTERN_PAGE_SIGN_IN,
		POSTERN_PAGE_DO_SIGN_IN,
		POSTERN_PAGE_DO_SIGN_IN_KEY,
		POSTERN_PAGE_DO_SIGN_OUT,
		POSTERN_PAGE_PASSWORD,
		POSTERN_PAGE_DO_PASSWORD,
		POSTERN_PAGE_PASSWORDS,
		POSTERN_PAGE_DO_PASSWORD_NEW,
		POSTERN_PAGE_DO_PASSWORD_REMOVE,
		POSTERN_PAGE_KEYS,
		POSTERN_PAGE_KEY_NEW,
		POSTERN_PAGE_DO_KEY_NEW,
		POSTERN_PAGE_KEY_EDIT,
		POSTERN_PAGE_DO_KEY_EDIT,
		POSTERN_PAGE_DO_KEY_REMOVE,
		POSTERN_PAGE_SETTINGS,
		POSTERN_PAGE_RESET,
		POSTERN_PAGE_DO_RESET,
		POSTERN_PAGE_LINK,
		POSTERN_PAGE_DO_LINK,
		POSTERN_PAGE_ADMIN,
		POSTERN_PAGE_DO_APPROVE,
		POSTERN_PAGE_DO_REFUSE,
		POSTERN_PAGE_CHANGE_PASSWORD,
		POSTERN_PAGE_API_PASSWORD,
		POSTERN_PAGE_PROFILE,
		POSTERN_PAGE_AUTOCONFIG,
		POSTERN_PAGE_AUTODISCOVER,
		POSTERN_PAGE_COUNT
	} page;
};

enum postern_route_outcome {
	POSTERN_ROUTE_FOUND = 0,
	POSTERN_ROUTE_NO_PATH = 1,
	/* There is the path, for the other method. */
	POSTERN_ROUTE_NO_METHOD = 2,
};

int postern_route_find(enum postern_method method, const char *path,
		       const struct postern_route **route_r);

bool postern_route_takes(const struct postern_route *route, const char *field);

#endif
