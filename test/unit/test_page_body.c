/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "body.h"
#include "request.h"

static const struct postern_route *route_of(const char *path)
{
	const struct postern_route *route = NULL;

	assert_int_equal(postern_route_find(POSTERN_METHOD_POST, path, &route),
			 POSTERN_ROUTE_FOUND);
	return route;
}

/* The fields as "name=value;", in the order that they came in. */
static void list(const struct postern_page_message *form, char *text_r, size_t size)
{
	*text_r = '\0';
	for (size_t i = 0; i < form->count; i++) {
		const struct postern_page_value *value = &form->values[i];
		size_t length = strlen(text_r);

		snprintf(text_r + length, size - length, "%s=%.*s;", form->data + value->name,
			 (int)value->size, form->data + value->value);
	}
}

static const struct {
	const char *data;
	int status;
	const char *fields;
} urlencoded[] = {
	{ "", 0, "" },
	{ "&&", 0, "" },
	{ "new=a", 0, "new=a;" },
	{ "new", 0, "new=;" },
	{ "new=", 0, "new=;" },
	{ "new=a=b", 0, "new=a=b;" },
	{ "new=a+b%20c%2B", 0, "new=a b c+;" },
	{ "n%65w=%c3%A9", 0, "new=é;" },
	{ "new=a&again=b&", 0, "new=a;again=b;" },
	{ "new=%26%3d%0a", 0, "new=&=\n;" },
	{ "new=a&new=b", 400, "new=a;" },
	{ "=a", 400, "" },
	{ "name=a", 400, "" },
	{ "nope=a", 400, "" },
	{ "new=%", 400, "" },
	{ "new=%4", 400, "" },
	{ "new=%g0", 400, "" },
	{ "new=%00", 400, "" },
	{ "new=%ff", 400, "" },
	{ "new=%c0%80", 400, "" },
	{ "new=%ed%a0%80", 400, "" },
	{ "crypt=a%0ab", 400, "" },
	{ "crypt=a%7fb", 400, "" },
	{ "others=1", 0, "others=1;" },
	{ "others=2", 400, "" },
	{ "others=", 400, "" },
	{ "token=a b", 400, "" },
	{ "token=A-z_0.9", 0, "token=A-z_0.9;" },
};

static void forms_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(urlencoded); i++) {
		struct postern_page_message form;
		char fields[256];

		postern_page_message_init(&form);
		check_row(urlencoded[i].data,
			  postern_body_urlencoded(route_of("/password"), urlencoded[i].data,
						  strlen(urlencoded[i].data), &form) ==
			  urlencoded[i].status);
		list(&form, fields, sizeof(fields));
		check_row(urlencoded[i].data, strcmp(fields, urlencoded[i].fields) == 0);
		postern_page_message_deinit(&form);
	}
}

static void some_fields_come_more_than_once(void **state)
{
	static const char good[] = "services=imap&services=pop3&services=web";
	static const char many[] = "services=a&services=a&services=a&services=a&services=a&services=a";
	struct postern_page_message form;
	size_t size;

	(void)state;
	postern_page_message_init(&form);
	assert_int_equal(postern_body_urlencoded(route_of("/keys/edit"), good, sizeof(good) - 1,
						 &form), 0);
	assert_string_equal(postern_page_message_nth(&form, "services", 2, &size), "web");
	assert_null(postern_page_message_nth(&form, "services", 3, &size));
	postern_page_message_deinit(&form);
	assert_int_equal(postern_body_urlencoded(route_of("/keys/edit"), many, sizeof(many) - 1,
						 &form), 400);
	postern_page_message_deinit(&form);
}

static void large_fields_are_refused(void **state)
{
	static char data[8192] = "new=";
	struct postern_page_message form;

	(void)state;
	memset(data + 4, 'x', 4096);
	postern_page_message_init(&form);
	assert_int_equal(postern_body_urlencoded(route_of("/password"), data, 4 + 4096, &form), 0);
	postern_page_message_deinit(&form);
	memset(data + 4, 'x', 4097);
	assert_int_equal(postern_body_urlencoded(route_of("/password"), data, 4 + 4097, &form),
			 413);
	postern_page_message_deinit(&form);
}

#define PART(name, value) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, value) "--b\r\nContent-Disposition: form-data; name=\"" name \
	"\"; filename=\"x y.crt\"\r\nContent-Type: text/plain\r\n\r\n" value "\r\n"

static const struct {
	const char *data;
	int status;
	const char *fields;
} multipart[] = {
	{ PART("label", "a") "--b--\r\n", 0, "label=a;" },
	{ PART("label", "a") "--b--", 0, "label=a;" },
	{ PART("label", "") "--b--", 0, "label=;" },
	{ PART("label", "a") PART("services", "imap") PART("services", "web") "--b--", 0,
	  "label=a;services=imap;services=web;" },
	{ PART("certificate", "a\r\n--c\r\n") "--b--", 0, "certificate=a\r\n--c\r\n;" },
	{ FILE_PART("file", "a\r\nb") "--b--", 0, "file=a\r\nb;" },
	{ FILE_PART("file", "") "--b--", 0, "" },
	{ "--b\r\ncontent-disposition:form-data; name=\"label\"\r\n\r\na\r\n--b--", 0, "label=a;" },
	{ "--b--", 0, "" },
	{ "", 400, "" },
	{ "--b", 400, "" },
	{ "x--b\r\n", 400, "" },
	{ "\r\n" PART("label", "a") "--b--", 400, "" },
	{ PART("label", "a"), 400, "" },
	{ PART("label", "a") "--b", 400, "label=a;" },
	{ PART("label", "a") "--b--x", 400, "label=a;" },
	{ PART("label", "a") "--b--\r\nx", 400, "label=a;" },
	{ PART("nope", "a") "--b--", 400, "" },
	{ PART("id", "a") "--b--", 400, "" },
	{ PART("label", "a\n") "--b--", 400, "" },
	{ PART("file", "a") "--b--", 400, "" },
	{ FILE_PART("label", "a") "--b--", 400, "" },
	{ "--b\r\n\r\na\r\n--b--", 400, "" },
	{ "--b\r\nContent-Type: text/plain\r\n\r\na\r\n--b--", 400, "" },
	{ "--b\r\nContent-Disposition: form-data\r\n\r\na\r\n--b--", 400, "" },
	{ "--b\r\nContent-Disposition: form-data; name=label\r\n\r\na\r\n--b--", 400, "" },
	{ "--b\r\nContent-Disposition: form-data; name=\"label\r\n\r\na\r\n--b--", 400, "" },
	{ "--b\r\nContent-Disposition: form-data; name=\"label\"; x=\"y\"\r\n\r\na\r\n--b--", 400, "" },
	{ "--b\r\nContent-Disposition: form-data; name=\"label\"\r\n"
	  "Content-Disposition: form-data; name=\"label\"\r\n\r\na\r\n--b--", 400, "" },
	{ "--b\r\nContent-Disposition: attachment; name=\"label\"\r\n\r\na\r\n--b--", 400, "" },
	{ "--b\r\nX: y\r\nContent-Disposition: form-data; name=\"label\"\r\n\r\na\r\n--b--", 400, "" },
	{ "--b\nContent-Disposition: form-data; name=\"label\"\n\na\n--b--", 400, "" },
};

static void uploads_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(multipart); i++) {
		struct postern_page_message form;
		char fields[256];

		postern_page_message_init(&form);
		check_row(multipart[i].data,
			  postern_body_multipart(route_of("/keys/new"), "b", multipart[i].data,
						 strlen(multipart[i].data), &form) ==
			  multipart[i].status);
		list(&form, fields, sizeof(fields));
		check_row(multipart[i].data, strcmp(fields, multipart[i].fields) == 0);
		postern_page_message_deinit(&form);
	}
}

static const struct {
	const char *header;
	enum postern_body_type type;
	const char *boundary;
} types[] = {
	{ "application/x-www-form-urlencoded", POSTERN_BODY_URLENCODED, "" },
	{ "Application/X-WWW-Form-Urlencoded; charset=utf-8", POSTERN_BODY_URLENCODED, "" },
	{ "multipart/form-data; boundary=b", POSTERN_BODY_MULTIPART, "b" },
	{ "Multipart/Form-Data;Boundary=\"a b\"", POSTERN_BODY_OTHER, "" },
	{ "multipart/form-data; boundary=\"a:b\"", POSTERN_BODY_MULTIPART, "a:b" },
	{ "multipart/form-data; x=y; boundary=b", POSTERN_BODY_MULTIPART, "b" },
	{ "multipart/form-data; boundary=", POSTERN_BODY_OTHER, "" },
	{ "multipart/form-data; boundary", POSTERN_BODY_OTHER, "" },
	{ "multipart/form-data; boundary=\"b", POSTERN_BODY_OTHER, "" },
	{ "multipart/form-data", POSTERN_BODY_OTHER, "" },
	{ "multipart/form-data; boundary="
	  "12345678901234567890123456789012345678901234567890123456789012345678901",
	  POSTERN_BODY_OTHER, "" },
	{ "multipart/mixed; boundary=b", POSTERN_BODY_OTHER, "" },
	{ "application/json", POSTERN_BODY_OTHER, "" },
	{ "", POSTERN_BODY_OTHER, "" },
};

static void types_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		char boundary[POSTERN_BOUNDARY_MAX + 1];

		check_row(types[i].header,
			  postern_body_type(types[i].header, boundary) == types[i].type);
		check_row(types[i].header, strcmp(boundary, types[i].boundary) == 0);
	}
}

#define TOKEN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-_"

static const struct {
	const char *header, *token;
} cookies[] = {
	{ "__Host-postern=" TOKEN, TOKEN },
	{ "a=b; __Host-postern=" TOKEN "; c=d", TOKEN },
	{ "a=b;__Host-postern=" TOKEN, TOKEN },
	{ "__Host-postern-link=" TOKEN, "" },
	{ "x__Host-postern=" TOKEN, "" },
	{ "__Host-postern=" TOKEN "x", "" },
	{ "__Host-postern=short", "" },
	{ "__Host-postern=\"" TOKEN "\"", "" },
	{ "__Host-postern=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno*_", "" },
	{ "__Host-postern", "" },
	{ "", "" },
	{ ";;;", "" },
};

static void cookies_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cookies); i++) {
		char token[POSTERN_TOKEN_SIZE];

		postern_request_cookie(cookies[i].header, "__Host-postern", token);
		check_row(cookies[i].header, strcmp(token, cookies[i].token) == 0);
	}
}

static void hosts_are_compared(void **state)
{
	static const struct {
		const char *url, *host;
		bool same;
	} cases[] = {
		{ "https://a.example/b", "a.example", true },
		{ "https://a.example/b", "A.Example", true },
		{ "https://a.example", "a.example:443", true },
		{ "https://a.example:8443/b", "a.example:8443", true },
		{ "https://a.example:8443/b", "a.example", false },
		{ "https://a.example:8443/b", "a.example:8443:443", false },
		{ "https://a.example/b", "a.example:80", false },
		{ "https://a.example/b", "a.example/b", false },
		{ "https://a.example/b", "", false },
		{ "https://a.example/b", ":443", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_row(cases[i].host, postern_request_is_host(cases[i].url, cases[i].host) ==
			  cases[i].same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_read),
		cmocka_unit_test(some_fields_come_more_than_once),
		cmocka_unit_test(large_fields_are_refused),
		cmocka_unit_test(uploads_are_read),
		cmocka_unit_test(types_are_told_apart),
		cmocka_unit_test(cookies_are_found),
		cmocka_unit_test(hosts_are_compared),
	};

	return cmocka_run_group_tests_name("page_body", tests, NULL, NULL);
}
