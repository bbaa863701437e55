/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "autodiscover.h"
#include "field.h"
#include "fuzz.h"
#include "html.h"
#include "request.h"
#include "upload.h"

#define URL "https://mail.example.org/password.cgi"
#define VARIABLES_MAX 32

/* The input is lines of "NAME=value", which are variables of CGI, an empty line, and the body. */
struct input {
	char *names[VARIABLES_MAX], *values[VARIABLES_MAX];
	size_t count;
	const uint8_t *body;
	size_t left;
	char length[24];
};

static const char *from_input(const char *name, void *context)
{
	static const struct {
		const char *name, *value;
	} usual[] = {
		{ "REQUEST_METHOD", "POST" }, { "HTTP_HOST", "mail.example.org" },
		{ "HTTPS", "on" }, { "PATH_INFO", "/keys/new" },
		{ "CONTENT_TYPE", "application/x-www-form-urlencoded" },
	};
	struct input *input = context;

	for (size_t i = 0; i < input->count; i++) {
		if (strcmp(input->names[i], name) == 0)
			return input->values[i];
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (strcmp(usual[i].name, name) == 0)
			return usual[i].value;
	}
	return strcmp(name, "CONTENT_LENGTH") == 0 ? input->length : NULL;
}

/* In pieces, as a pipe has it. */
static long from_body(void *octets, size_t size, void *context)
{
	struct input *input = context;
	size_t part = size < input->left ? size : input->left;

	if (part > 100)
		part = 100;
	memcpy(octets, input->body, part);
	input->body += part;
	input->left -= part;
	return (long)part;
}

static void split(char *text, struct input *input)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL && input->count < VARIABLES_MAX) {
		char *equals = strchr(line, '=');

		if (equals == NULL)
			continue;
		*equals = '\0';
		input->names[input->count] = line;
		input->values[input->count++] = equals + 1;
	}
}

/* What was let through is what the table of fields says, each value of it. */
static void check_fields(const struct postern_request *request)
{
	size_t ignored;

	MUST(request->route != NULL);
	MUST(request->form.count <= POSTERN_FIELDS_MAX);
	for (size_t i = 0; i < request->form.count; i++) {
		const struct postern_page_value *value = &request->form.values[i];
		const char *name = request->form.data + value->name;
		const struct postern_field *field = postern_field_find(name, strlen(name));

		MUST(field != NULL && postern_route_takes(request->route, name));
		MUST(value->size <= field->max);
		MUST(postern_field_check(field, request->form.data + value->value, value->size));
		MUST(postern_page_message_nth(&request->form, name, field->times, &ignored) ==
		     NULL);
	}
	MUST(*request->cookie == '\0' || postern_token_is(request->cookie));
}

/* An upload of whatever was let through gives facts of bounded size, and no proof: nobody has
   signed a challenge of this session here. */
static void check_upload(const struct postern_request *request)
{
	struct postern_page_message message;
	const char *error;

	postern_page_message_init(&message);
	MUST(postern_upload_add(&request->form, request->cookie, 1800000000, &message, &error) ==
	     0);
	MUST(!message.spoilt);
	MUST(postern_page_message_get(&message, ":proved") == NULL);
	postern_page_message_deinit(&message);
}

static void check_html(const uint8_t *data, size_t size)
{
	struct postern_html html;

	postern_html_init(&html);
	postern_html_add_text(&html, (const char *)data, size);
	MUST(html.failed || html.size == 0 ||
	     (memchr(html.data, '<', html.size) == NULL &&
	      memchr(html.data, '"', html.size) == NULL &&
	      memchr(html.data, '\0', html.size) == NULL));
	postern_html_deinit(&html);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *blank = size > 0 ? memmem(data, size, "\n\n", 2) : NULL;
	size_t head = blank != NULL ? (size_t)(blank - data) : size;
	struct postern_page_message message;
	struct postern_request request;
	struct input input = { .count = 0 };
	char *text = calloc(1, head + 1);
	const char *error;
	int status;

	MUST(text != NULL);
	if (head > 0)
		memcpy(text, data, head);
	split(text, &input);
	input.body = blank != NULL ? blank + 2 : data + size;
	input.left = size - (size_t)(input.body - data);
	snprintf(input.length, sizeof(input.length), "%zu", input.left);
	check_html(input.body, input.left);
	if (postern_page_message_decode(input.body, input.left, &message, &error) == 0)
		postern_page_message_deinit(&message);
	status = postern_request_read(URL, from_input, from_body, &input, &request);
	MUST(status == 0 || (status >= 400 && status <= 500));
	if (status == 0) {
		check_fields(&request);
		check_upload(&request);
	}
	postern_request_deinit(&request);
	free(text);
	return 0;
}
