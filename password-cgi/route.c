/* SPDX-License-Identifier: MIT */
#include "route.h"

#include <stddef.h>
#include <string.h>

#define GET POSTERN_METHOD_GET
#define POST POSTERN_METHOD_POST
#define SESSION POSTERN_ROUTE_SESSION
#define ADMIN (POSTERN_ROUTE_SESSION | POSTERN_ROUTE_ADMIN)

static const struct postern_route routes[] = {
	{ GET, "/", "done", SESSION, POSTERN_PAGE_OVERVIEW },
	{ GET, "/sign-in", "done", 0, POSTERN_PAGE_SIGN_IN },
	{ POST, "/sign-in", "token name password", 0, POSTERN_PAGE_DO_SIGN_IN },
	{ POST, "/sign-in/key", "token", 0, POSTERN_PAGE_DO_SIGN_IN_KEY },
	{ POST, "/sign-out", "token", SESSION, POSTERN_PAGE_DO_SIGN_OUT },
	{ GET, "/password", "", SESSION, POSTERN_PAGE_PASSWORD },
	{ POST, "/password", "token current new again crypt others keys", SESSION,
	  POSTERN_PAGE_DO_PASSWORD },
	{ GET, "/passwords", "done", SESSION, POSTERN_PAGE_PASSWORDS },
	{ POST, "/passwords/new", "token current label services", SESSION,
	  POSTERN_PAGE_DO_PASSWORD_NEW },
	{ POST, "/passwords/remove", "token label confirm", SESSION,
	  POSTERN_PAGE_DO_PASSWORD_REMOVE },
	{ GET, "/keys", "done", SESSION, POSTERN_PAGE_KEYS },
	{ GET, "/keys/new", "", SESSION, POSTERN_PAGE_KEY_NEW },
	{ POST, "/keys/new", "token current label services preauth certificate file challenge "
	  "signature signed this", SESSION | POSTERN_ROUTE_UPLOAD, POSTERN_PAGE_DO_KEY_NEW },
	{ GET, "/keys/edit", "key", SESSION, POSTERN_PAGE_KEY_EDIT },
	{ POST, "/keys/edit", "token key label services preauth", SESSION,
	  POSTERN_PAGE_DO_KEY_EDIT },
	{ POST, "/keys/remove", "token key confirm", SESSION, POSTERN_PAGE_DO_KEY_REMOVE },
	{ GET, "/settings", "", SESSION, POSTERN_PAGE_SETTINGS },
	{ GET, "/reset", "", 0, POSTERN_PAGE_RESET },
	{ POST, "/reset", "token name words crypt", 0, POSTERN_PAGE_DO_RESET },
	{ GET, "/link", "t", 0, POSTERN_PAGE_LINK },
	{ POST, "/link", "token", 0, POSTERN_PAGE_DO_LINK },
	{ GET, "/admin", "done", ADMIN, POSTERN_PAGE_ADMIN },
	{ POST, "/admin/approve", "token current id", ADMIN, POSTERN_PAGE_DO_APPROVE },
	{ POST, "/admin/refuse", "token id", ADMIN, POSTERN_PAGE_DO_REFUSE },
	{ GET, "/settings/profile", "", SESSION, POSTERN_PAGE_PROFILE },
	{ GET, "/change-password", "", POSTERN_ROUTE_ANY_HOST, POSTERN_PAGE_CHANGE_PASSWORD },
	{ GET, "/autoconfig", "emailaddress", POSTERN_ROUTE_PROGRAM | POSTERN_ROUTE_ANY_HOST,
	  POSTERN_PAGE_AUTOCONFIG },
	{ POST, "/autodiscover", "emailaddress",
	  POSTERN_ROUTE_PROGRAM | POSTERN_ROUTE_ANY_HOST | POSTERN_ROUTE_XML,
	  POSTERN_PAGE_AUTODISCOVER },
	{ POST, "/api/password", "user curpass newpass", POSTERN_ROUTE_PROGRAM,
	  POSTERN_PAGE_API_PASSWORD },
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

int postern_route_find(enum postern_method method, const char *path,
		       const struct postern_route **route_r)
{
	int outcome = POSTERN_ROUTE_NO_PATH;

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		if (routes[i].method == method) {
			*route_r = &routes[i];
			return POSTERN_ROUTE_FOUND;
		}
		outcome = POSTERN_ROUTE_NO_METHOD;
	}
	return outcome;
}

bool postern_route_takes(const struct postern_route *route, const char *field)
{
	const char *rest = route->fields;
	size_t size = strlen(field);

	while (*rest != '\0') {
		size_t word = strcspn(rest, " ");

		if (word == size && memcmp(rest, field, size) == 0)
			return true;
		rest += word;
		rest += *rest == ' ';
	}
	return false;
}
