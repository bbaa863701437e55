/* SPDX-License-Identifier: MIT */
#include "html.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "secret.h"

/* No page is near it. */
#define HTML_MAX (200 * 1024)
#define FIRST_ROOM (16 * 1024)

void postern_html_init(struct postern_html *html)
{
	memset(html, 0, sizeof(*html));
}

void postern_html_deinit(struct postern_html *html)
{
	postern_secret_free_sized((void **)&html->data, html->size);
	postern_html_init(html);
}

static bool make_room(struct postern_html *html, size_t size)
{
	size_t room = html->room > 0 ? html->room : FIRST_ROOM;
	char *data;

	while (room < html->size + size)
		room *= 2;
	if (room == html->room)
		return true;
	data = room <= 2 * HTML_MAX ? malloc(room) : NULL;
	if (data == NULL) {
		html->failed = true;
		return false;
	}
	/* Not realloc, which would leave the old octets lying. */
	if (html->size > 0)
		memcpy(data, html->data, html->size);
	postern_secret_free_sized((void **)&html->data, html->size);
	html->data = data;
	html->room = room;
	return true;
}

static void add_raw(struct postern_html *html, const char *octets, size_t size)
{
	if (html->failed || size == 0 || !make_room(html, size))
		return;
	memcpy(html->data + html->size, octets, size);
	html->size += size;
}

static const char *entity(ucs4_t character)
{
	switch (character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Controls but for line ends and tabs; what changes the direction of the text around it
   (UAX #9); and what is no character. */
static bool is_unwanted(ucs4_t c)
{
	return (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || (c >= 0x7f && c < 0xa0) ||
		c == 0x061c || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		(c >= 0x2066 && c <= 0x2069) || (c & 0xfffe) == 0xfffe ||
		(c >= 0xfdd0 && c <= 0xfdef);
}

void postern_html_add_text(struct postern_html *html, const char *text, size_t size)
{
	const uint8_t *rest = (const uint8_t *)text;

	while (size > 0 && !html->failed) {
		ucs4_t character;
		int length = u8_mbtoucr(&character, rest, size);
		const char *escaped;

		/* One U+FFFD for each octet of what is no UTF-8. */
		if (length <= 0) {
			character = 0xfffd;
			length = 1;
		}
		escaped = entity(character);

		if (escaped != NULL)
			add_raw(html, escaped, strlen(escaped));
		else if (character == 0xfffd || is_unwanted(character))
			add_raw(html, "\xef\xbf\xbd", 3);
		else
			add_raw(html, (const char *)rest, (size_t)length);
		rest += length;
		size -= (size_t)length;
	}
}

/* Adds one conversion; *fmt stands behind the percent sign, and afterwards behind all of it. */
static void convert(struct postern_html *html, const char **fmt, va_list *args)
{
	char number[32];
	const char *text;

	if (strncmp(*fmt, "lld", 3) == 0) {
		snprintf(number, sizeof(number), "%lld", va_arg(*args, long long));
		add_raw(html, number, strlen(number));
		*fmt += 3;
		return;
	}
	switch (*(*fmt)++) {
	case 's':
		text = va_arg(*args, const char *);
		if (text != NULL)
			postern_html_add_text(html, text, strlen(text));
		break;
	case 'd':
		snprintf(number, sizeof(number), "%d", va_arg(*args, int));
		add_raw(html, number, strlen(number));
		break;
	case 'u':
		snprintf(number, sizeof(number), "%u", va_arg(*args, unsigned));
		add_raw(html, number, strlen(number));
		break;
	case '%':
		add_raw(html, "%", 1);
		break;
	default:
		html->failed = true;
	}
}

void postern_html_add(struct postern_html *html, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	while (*fmt != '\0' && !html->failed) {
		size_t plain = strcspn(fmt, "%");

		add_raw(html, fmt, plain);
		fmt += plain;
		if (*fmt == '%') {
			fmt++;
			convert(html, &fmt, &args);
		}
	}
	va_end(args);
}
