/* SPDX-License-Identifier: MIT */
#include "question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* No variable that is handed on is longer on an honest web server. */
#define VARIABLE_SIZE 512

/* The fields, but for an upload, of which upload.h tells. */
static void add_fields(const struct postern_request *request, struct postern_page_message *message)
{
	static const char *const uploaded[] = {
		"certificate", "file", "challenge", "signature", "signed",
	};

	for (size_t i = 0; i < request->form.count; i++) {
		const struct postern_page_value *value = &request->form.values[i];
		const char *name = request->form.data + value->name;
		bool skip = false;

		for (size_t k = 0; k < sizeof(uploaded) / sizeof(uploaded[0]); k++)
			skip = skip || strcmp(name, uploaded[k]) == 0;
		if (!skip)
			postern_page_message_add(message, name,
						 request->form.data + value->value, value->size);
	}
}

static void add_variable(struct postern_page_message *message, const char *name,
			 const char *variable)
{
	const char *value = getenv(variable);

	if (value != NULL && *value != '\0' && strlen(value) < VARIABLE_SIZE)
		postern_page_message_add_text(message, name, value);
}

static void add_tls(struct postern_page_message *message)
{
	const char *protocol = getenv("SSL_PROTOCOL"), *cipher = getenv("SSL_CIPHER");
	char text[128];

	if (protocol == NULL)
		return;
	snprintf(text, sizeof(text), "%.32s%s%.64s", protocol, cipher != NULL ? "/" : "",
		 cipher != NULL ? cipher : "");
	postern_page_message_add_text(message, ":tls", text);
}

void postern_question_compose(const struct postern_request *request,
			      struct postern_page_message *message)
{
	postern_page_message_add_text(message, ":method",
				      request->method == POSTERN_METHOD_POST ? "POST" : "GET");
	postern_page_message_add_text(message, ":path", request->route->path);
	postern_page_message_add_text(message, ":cookie", request->cookie);
	postern_page_message_add_text(message, ":link", request->link);
	postern_page_message_add_text(message, ":language", postern_text_language());
	add_variable(message, ":client", "REMOTE_ADDR");
	add_tls(message);
	add_fields(request, message);
}

bool postern_question_has_keys(enum postern_method method, const char *path)
{
	const char *certificate = getenv("SSL_CLIENT_CERT");
	const struct postern_route *route;

	if (certificate != NULL && *certificate != '\0')
		return true;
	return postern_route_find(method, path, &route) == POSTERN_ROUTE_FOUND &&
		(route->flags & POSTERN_ROUTE_UPLOAD) != 0;
}
