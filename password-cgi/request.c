/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "autodiscover.h"
#include "body.h"
#include "field.h"
#include "pages.h"
#include "secret.h"

#define PATH_MAX_OCTETS 64
#define QUERY_MAX 512
#define COOKIE_HEADER_MAX 4096

struct source {
	postern_request_env_fn *env;
	postern_request_read_fn *read;
	void *context;
};

static const char *get(const struct source *source, const char *name)
{
	const char *value = source->env(name, source->context);

	return value != NULL ? value : "";
}

void postern_request_cookie(const char *header, const char *name,
			    char token_r[POSTERN_TOKEN_SIZE])
{
	size_t size = strlen(name);

	token_r[0] = '\0';
	while (*header != '\0') {
		size_t pair = strcspn(header, ";");

		if (pair == size + POSTERN_TOKEN_SIZE && strncmp(header, name, size) == 0 &&
		    header[size] == '=') {
			memcpy(token_r, header + size + 1, POSTERN_TOKEN_SIZE - 1);
			token_r[POSTERN_TOKEN_SIZE - 1] = '\0';
			if (!postern_token_is(token_r))
				token_r[0] = '\0';
			return;
		}
		header += pair;
		header += strspn(header, "; ");
	}
}

/* "https://host[:port]", how many octets of page_url that is. */
static size_t origin_size(const char *page_url)
{
	const char *host = strstr(page_url, "://");

	return host != NULL ? (size_t)(host - page_url) + 3 + strcspn(host + 3, "/") : 0;
}

bool postern_request_is_host(const char *page_url, const char *host)
{
	const char *own = strstr(page_url, "://");
	size_t size = strlen(host), own_size;

	if (own == NULL)
		return false;
	own += 3;
	own_size = strcspn(own, "/");
	if (memchr(own, ':', own_size) == NULL && size > 4 &&
	    strcmp(host + size - 4, ":443") == 0)
		size -= 4;
	return size == own_size && strncasecmp(own, host, size) == 0;
}

/* A form of another site, which a browser says, and no other program need say. */
static bool is_foreign(const struct source *source, const char *page_url)
{
	const char *origin = get(source, "HTTP_ORIGIN");
	const char *site = get(source, "HTTP_SEC_FETCH_SITE");

	if (*origin != '\0')
		return strlen(origin) != origin_size(page_url) ||
			strncasecmp(origin, page_url, strlen(origin)) != 0;
	return *site != '\0' && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

static bool is_from_elsewhere(const struct source *source, const struct postern_request *request)
{
	const char *site = get(source, "HTTP_SEC_FETCH_SITE");

	return request->method == POSTERN_METHOD_GET && *request->cookie == '\0' &&
		(request->route->flags & (POSTERN_ROUTE_PROGRAM | POSTERN_ROUTE_ANY_HOST)) == 0 &&
		(strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0);
}

static int read_method(const struct source *source, struct postern_request *request)
{
	const char *method = get(source, "REQUEST_METHOD");

	request->head = strcmp(method, "HEAD") == 0;
	request->method = strcmp(method, "POST") == 0 ? POSTERN_METHOD_POST : POSTERN_METHOD_GET;
	if (request->method == POSTERN_METHOD_GET && !request->head && strcmp(method, "GET") != 0)
		return 405;
	return 0;
}

static int read_path(const struct source *source, struct postern_request *request)
{
	const char *path = get(source, "PATH_INFO");

	if (*path == '\0')
		path = "/";
	if (strlen(path) > PATH_MAX_OCTETS)
		return 404;
	switch (postern_route_find(request->method, path, &request->route)) {
	case POSTERN_ROUTE_FOUND:
		return 0;
	case POSTERN_ROUTE_NO_METHOD:
		return 405;
	default:
		return 404;
	}
}

/* Decimal digits alone; 411 without any. A chunked body has none, and CGI has no way to hand one
   on. */
static int read_length(const struct source *source, size_t *size_r)
{
	const char *text = get(source, "CONTENT_LENGTH");

	if (*text == '\0' || *get(source, "HTTP_TRANSFER_ENCODING") != '\0')
		return 411;
	if (text[strspn(text, "0123456789")] != '\0')
		return 400;
	/* So many digits are too large whatever they are. */
	if (strlen(text) > 9 || strtoul(text, NULL, 10) > POSTERN_BODY_MAX)
		return 413;
	*size_r = strtoul(text, NULL, 10);
	return 0;
}

static int parse_xml(struct postern_request *request, const char *data, size_t size)
{
	static const char field[] = "emailaddress";
	char address[1024];

	if (size > POSTERN_AUTODISCOVER_MAX)
		return 413;
	if (!postern_autodiscover_read(data, size, address, sizeof(address)))
		return 400;
	return postern_body_add(request->route, field, sizeof(field) - 1, address, strlen(address),
				&request->form);
}

static int parse_body(const struct source *source, struct postern_request *request,
		      const char *data, size_t size)
{
	char boundary[POSTERN_BOUNDARY_MAX + 1];

	if ((request->route->flags & POSTERN_ROUTE_XML) != 0)
		return parse_xml(request, data, size);
	switch (postern_body_type(get(source, "CONTENT_TYPE"), boundary)) {
	case POSTERN_BODY_URLENCODED:
		return postern_body_urlencoded(request->route, data, size, &request->form);
	case POSTERN_BODY_MULTIPART:
		if ((request->route->flags & POSTERN_ROUTE_UPLOAD) != 0)
			return postern_body_multipart(request->route, boundary, data, size,
						      &request->form);
		return 415;
	default:
		return 415;
	}
}

static int read_body(const struct source *source, struct postern_request *request)
{
	size_t size = 0, done = 0;
	void *data = NULL;
	int status = read_length(source, &size);

	if (status != 0)
		return status;
	data = malloc(size + 1);
	if (data == NULL)
		return 500;
	while (done < size) {
		long count = source->read((char *)data + done, size - done, source->context);

		if (count <= 0)
			break;
		done += (size_t)count;
	}
	/* Less than was announced is not what was sent. */
	status = done == size ? parse_body(source, request, data, size) : 400;
	postern_secret_free_sized(&data, size);
	return status;
}

static int read_query(const struct source *source, struct postern_request *request)
{
	const char *query = get(source, "QUERY_STRING");
	size_t size = strlen(query);

	if (request->method == POSTERN_METHOD_POST)
		return size == 0 ? 0 : 400;
	if (size > QUERY_MAX)
		return 413;
	return postern_body_urlencoded(request->route, query, size, &request->form);
}

int postern_request_read(const char *page_url, postern_request_env_fn *env,
			 postern_request_read_fn *read, void *context,
			 struct postern_request *request_r)
{
	const struct source source = { env, read, context };
	const char *cookies;
	int status;

	memset(request_r, 0, sizeof(*request_r));
	postern_page_message_init(&request_r->form);
	status = read_method(&source, request_r);
	if (status != 0)
		return status;
	status = read_path(&source, request_r);
	if ((status != 0 || (request_r->route->flags & POSTERN_ROUTE_ANY_HOST) == 0) &&
	    !postern_request_is_host(page_url, get(&source, "HTTP_HOST")))
		return 421;
	if (status != 0)
		return status;
	if (strcasecmp(get(&source, "HTTPS"), "on") != 0)
		return 403;
	if (request_r->method == POSTERN_METHOD_POST && is_foreign(&source, page_url))
		return 403;
	cookies = get(&source, "HTTP_COOKIE");
	if (strlen(cookies) <= COOKIE_HEADER_MAX) {
		postern_request_cookie(cookies, POSTERN_PAGES_COOKIE, request_r->cookie);
		postern_request_cookie(cookies, POSTERN_PAGES_LINK_COOKIE, request_r->link);
	}
	request_r->from_elsewhere = is_from_elsewhere(&source, request_r);
	status = read_query(&source, request_r);
	if (status == 0 && request_r->method == POSTERN_METHOD_POST)
		status = read_body(&source, request_r);
	return request_r->form.spoilt ? 500 : status;
}

void postern_request_deinit(struct postern_request *request)
{
	postern_page_message_deinit(&request->form);
	postern_wipe(request, sizeof(*request));
}
