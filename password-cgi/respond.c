/* SPDX-License-Identifier: MIT */
#include "respond.h"

#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "pages.h"
#include "text.h"

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" }, { 303, "See Other" }, { 400, "Bad Request" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 411, "Length Required" },
		{ 413, "Content Too Large" }, { 415, "Unsupported Media Type" },
		{ 421, "Misdirected Request" }, { 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" }, { 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Internal Server Error";
}

static void begin(FILE *out, int status, bool script)
{
	fprintf(out, "Status: %d %s\r\n"
		"Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; %s"
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'\r\n"
		"Cache-Control: no-store\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"X-Frame-Options: DENY\r\n"
		"Strict-Transport-Security: max-age=31536000\r\n"
		"Referrer-Policy: same-origin\r\n"
		"Cross-Origin-Opener-Policy: same-origin\r\n"
		"Vary: Accept-Language\r\n",
		status, reason_of(status), script ? "script-src 'self'; connect-src 'self'; " : "");
}

static void end(FILE *out, const char *type, bool head, const char *body, size_t size)
{
	fprintf(out, "Content-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n\r\n", type, size);
	if (!head && size > 0)
		fwrite(body, 1, size, out);
}

/* Printable ASCII alone may stand in a header. */
static bool is_safe(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~' || strchr("\"<>\\^`{|};,", *text) != NULL)
			return false;
	}
	return true;
}

static void cookie(FILE *out, const char *name, const char *value)
{
	if (value == NULL || !is_safe(value))
		return;
	fprintf(out, "Set-Cookie: %s=%s; Path=/; Secure; HttpOnly; SameSite=%s%s\r\n", name, value,
		/* The link is followed from a mail: with Strict the browser would not send the
		   cookie along to the page that it is redirected to. */
		strcmp(name, POSTERN_PAGES_LINK_COOKIE) == 0 ? "Lax" : "Strict",
		*value == '\0' ? "; Max-Age=0" : "");
}

/* One of those that pages have; a browser does not guess (nosniff). */
static const char *type_of(const char *type)
{
	static const char *const types[] = {
		"text/plain", "text/html", "text/xml", "application/x-apple-aspen-config",
	};

	for (size_t i = 0; type != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i], type) == 0)
			return types[i];
	}
	return types[0];
}

static unsigned long number(const char *text)
{
	return text != NULL ? strtoul(text, NULL, 10) : 0;
}

void postern_respond(FILE *out, const char *page_url, bool head,
		     const struct postern_page_message *answer)
{
	unsigned long status = number(postern_page_message_get(answer, ":status"));
	unsigned long retry = number(postern_page_message_get(answer, ":retry"));
	const char *location = postern_page_message_get(answer, ":location");
	const char *type = postern_page_message_get(answer, ":type"), *body;
	size_t size = 0;

	if (status < 200 || status > 599) {
		postern_respond_refusal(out, page_url, head, 503);
		return;
	}
	begin(out, (int)status, postern_page_message_get(answer, ":script") != NULL);
	if (location != NULL && is_safe(location))
		fprintf(out, "Location: %s%s\r\n", page_url, location);
	if (retry != 0)
		fprintf(out, "Retry-After: %lu\r\n", retry);
	cookie(out, POSTERN_PAGES_COOKIE, postern_page_message_get(answer, ":set-cookie"));
	cookie(out, POSTERN_PAGES_LINK_COOKIE, postern_page_message_get(answer, ":set-link"));
	body = postern_page_message_nth(answer, ":body", 0, &size);
	end(out, type_of(type), head, body, body != NULL ? size : 0);
}

static const char *text_of(int status)
{
	switch (status) {
	case 403:
		return T("This request came from another place than a form of this page, or without "
			 "TLS.");
	case 404:
		return T("There is no such page.");
	case 405:
		return T("This page cannot be requested that way.");
	case 411:
		return T("The request does not say how long it is.");
	case 413:
		return T("That is more than this page takes.");
	case 415:
		return T("This page accepts only its own forms.");
	case 421:
		return T("This server has the page under another name.");
	case 503:
		return T("The server has a problem. Your change was made either completely or not "
			 "at all. Please try again later.");
	default:
		return T("This page does not accept that request.");
	}
}

static const char *base_of(const char *page_url)
{
	const char *host = strstr(page_url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;

	return path != NULL ? path : "";
}

void postern_respond_again(FILE *out, const char *page_url, bool head)
{
	struct postern_html html;

	postern_html_init(&html);
	postern_frame_again(&html, base_of(page_url));
	begin(out, 200, false);
	end(out, "text/html", head, html.data, html.size);
	postern_html_deinit(&html);
}

void postern_respond_refusal(FILE *out, const char *page_url, bool head, int status)
{
	struct postern_html html;

	postern_html_init(&html);
	postern_frame_error(&html, base_of(page_url), status, text_of(status));
	begin(out, status, false);
	if (status == 405)
		fputs("Allow: GET, HEAD, POST\r\n", out);
	if (status == 503)
		fputs("Retry-After: 60\r\n", out);
	end(out, "text/html", head, html.data, html.size);
	postern_html_deinit(&html);
}
