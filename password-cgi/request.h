/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_REQUEST_H
#define POSTERN_REQUEST_H

#include <stdbool.h>

#include "page_message.h"
#include "route.h"
#include "token.h"

/*
 * A CGI request (RFC 3875): method, path, headers and body, as strictly as the page's own forms
 * allow. All of it is untrusted but for what the web server says of itself: HTTPS, REMOTE_ADDR and
 * SSL_*. A header of the browser's is HTTP_* and is never one of those.
 */

/* Value of a variable of the environment, or NULL. */
typedef const char *postern_request_env_fn(const char *name, void *context);
/* Reads up to size octets of the body; as read(2). */
typedef long postern_request_read_fn(void *octets, size_t size, void *context);

struct postern_request {
	enum postern_method method;
	/* HEAD: a GET whose answer has no body. */
	bool head;
	const struct postern_route *route;
	/* A link on another site, or in a mail, led here: the browser keeps the cookie of the session
	   back (SameSite=Strict), and sends it when the page itself asks again. */
	bool from_elsewhere;
	/* "" without one that has the form of one. */
	char cookie[POSTERN_TOKEN_SIZE];
	char link[POSTERN_TOKEN_SIZE];
	/* The fields. */
	struct postern_page_message form;
};

/* Reads all of it. Returns 0, or the HTTP status of the refusal. request_r is the caller's to
   deinit either way, and method and head are set as far as they are known. page_url is that of
   postern.conf. */
int postern_request_read(const char *page_url, postern_request_env_fn *env,
			 postern_request_read_fn *read, void *context,
			 struct postern_request *request_r);
void postern_request_deinit(struct postern_request *request);

/* The value of a cookie (RFC 6265, 5.4), if it is a token; else "". */
void postern_request_cookie(const char *header, const char *name,
			    char token_r[POSTERN_TOKEN_SIZE]);

/* "host[:port]" of page_url, as a Host names it; without the port where that is 443. */
bool postern_request_is_host(const char *page_url, const char *host);

#endif
