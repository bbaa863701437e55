/* SPDX-License-Identifier: MIT */
#include "spf_macro.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* The text of one macro: the longest is a sender's, and parts of it have a delimiter between. */
#define VALUE_MAX 320
#define PARTS_MAX (VALUE_MAX / 2)
/* Of a name as text (RFC 1035, 2.3.4). */
#define NAME_MAX_OCTETS 253

#define DELIMITERS ".-+,/_="

/* Behind "%{", up to and with "}"; NULL when it is none. */
static const char *skip_macro(const char *text)
{
	/* c, r and t stand in explanations alone. */
	if (*text == '\0' || strchr("slodiphvSLODIPHV", *text) == NULL)
		return NULL;
	text++;
	/* 0 labels would be nothing at all. */
	if (isdigit((unsigned char)*text) && strspn(text, "0") == strspn(text, "0123456789"))
		return NULL;
	text += strspn(text, "0123456789");
	if (*text == 'r' || *text == 'R')
		text++;
	text += strspn(text, DELIMITERS);
	return *text == '}' ? text + 1 : NULL;
}

/* *macro_last_r tells whether a macro is the last in it. */
static bool read_string(const char *text, bool *macro_last_r)
{
	*macro_last_r = false;
	while (*text != '\0') {
		*macro_last_r = false;
		if (*text < 0x21 || *text > 0x7e)
			return false;
		if (*text != '%') {
			text++;
		} else if (text[1] == '{') {
			text = skip_macro(text + 2);
			if (text == NULL)
				return false;
			*macro_last_r = true;
		} else if (text[1] == '%' || text[1] == '_' || text[1] == '-') {
			text += 2;
		} else {
			return false;
		}
	}
	return true;
}

bool postern_spf_macro_is_string(const char *text)
{
	bool macro_last;

	return read_string(text, &macro_last);
}

bool postern_spf_macro_is_domain_spec(const char *text)
{
	const char *label;
	size_t size = strlen(text);
	bool macro_last, letter = false;

	if (size == 0 || !read_string(text, &macro_last))
		return false;
	if (macro_last)
		return true;
	if (text[size - 1] == '.')
		size--;
	label = text + size;
	while (label > text && label[-1] != '.')
		label--;
	if (label == text || label == text + size || *label == '-' || text[size - 1] == '-')
		return false;
	for (; label < text + size; label++) {
		if (!isalnum((unsigned char)*label) && *label != '-')
			return false;
		letter = letter || !isdigit((unsigned char)*label);
	}
	return letter;
}

/* The value of a macro letter. */
static const char *macro_value(char letter, const struct postern_spf_macros *macros,
			       char buffer[VALUE_MAX])
{
	const char *at = strrchr(macros->sender, '@');

	switch (letter) {
	case 's':
		return macros->sender;
	case 'l':
		snprintf(buffer, VALUE_MAX, "%.*s", (int)(at - macros->sender), macros->sender);
		return buffer;
	case 'o':
		return at + 1;
	case 'd':
		return macros->domain;
	case 'i':
		return macros->address;
	case 'h':
		return macros->helo;
	case 'v':
		return macros->family;
	}
	return "unknown"; /* p */
}

/* Splits value at any of the delimiters, turns the parts around if asked to, keeps the last
   so many, and joins them with dots. */
static void transform(const char *value, unsigned keep, bool reverse, const char *delimiters,
		      char *out, size_t size)
{
	const char *parts[PARTS_MAX];
	int sizes[PARTS_MAX];
	size_t count = 0, first = 0;

	for (; count < PARTS_MAX; value += sizes[count - 1] + 1) {
		parts[count] = value;
		sizes[count] = (int)strcspn(value, delimiters);
		count++;
		if (value[sizes[count - 1]] == '\0')
			break;
	}
	if (keep > 0 && keep < count)
		first = count - keep;
	*out = '\0';
	for (size_t i = first; i < count; i++) {
		size_t part = reverse ? count - 1 - i : i, used = strlen(out);

		snprintf(out + used, size - used, "%s%.*s", i == first ? "" : ".", sizes[part],
			 parts[part]);
	}
}

/* An upper-case letter means as in a URL (RFC 3986, 2.3). */
static void append(FILE *out, const char *text, bool escape)
{
	for (; *text != '\0'; text++) {
		if (escape && !isalnum((unsigned char)*text) && strchr("-._~", *text) == NULL)
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, out);
	}
}

static const char *expand_macro(const char *macro, const struct postern_spf_macros *macros,
				FILE *out)
{
	char buffer[VALUE_MAX], text[VALUE_MAX], delimiters[16] = ".";
	char letter = *macro++;
	unsigned keep = 0;
	size_t size;
	bool reverse;

	while (isdigit((unsigned char)*macro)) {
		keep = keep < PARTS_MAX ? keep * 10 + (unsigned)(*macro - '0') : keep;
		macro++;
	}
	reverse = *macro == 'r' || *macro == 'R';
	macro += reverse;
	size = strspn(macro, DELIMITERS);
	if (size > 0)
		snprintf(delimiters, sizeof(delimiters), "%.*s", (int)size, macro);
	transform(macro_value((char)tolower((unsigned char)letter), macros, buffer), keep, reverse,
		  delimiters, text, sizeof(text));
	append(out, text, isupper((unsigned char)letter));
	return macro + size + 1;
}

void postern_spf_macro_expand(const char *spec, const struct postern_spf_macros *macros,
			      char name_r[256])
{
	char *expanded = NULL, *name;
	size_t size = 0;
	FILE *out = postern_memory_checked(open_memstream(&expanded, &size));

	while (*spec != '\0') {
		if (*spec != '%') {
			fputc(*spec++, out);
		} else if (spec[1] == '{') {
			spec = expand_macro(spec + 2, macros, out);
		} else {
			fputs(spec[1] == '%' ? "%" : spec[1] == '_' ? " " : "%20", out);
			spec += 2;
		}
	}
	name = postern_memory_checked(fclose(out) == 0 ? expanded : NULL);
	if (size > 0 && name[size - 1] == '.')
		name[--size] = '\0';
	while (strlen(name) > NAME_MAX_OCTETS) {
		char *dot = strchr(name, '.');

		name = dot == NULL ? name + strlen(name) : dot + 1;
	}
	strcpy(name_r, name);
	free(expanded);
}
