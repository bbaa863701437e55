/* SPDX-License-Identifier: MIT */
#include "spf_record.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "spf_macro.h"

#define VERSION "v=spf1"

static const struct {
	const char *name;
	/* Whether a domain-spec has to, may or must not follow; and prefix lengths. */
	enum { NEVER, MAY, HAS_TO, ADDRESS } target;
	bool bits;
} mechanisms[] = {
	[POSTERN_SPF_ALL] = { "all", NEVER, false },
	[POSTERN_SPF_INCLUDE] = { "include", HAS_TO, false },
	[POSTERN_SPF_A] = { "a", MAY, true },
	[POSTERN_SPF_MX] = { "mx", MAY, true },
	[POSTERN_SPF_PTR] = { "ptr", MAY, false },
	[POSTERN_SPF_IP4] = { "ip4", ADDRESS, false },
	[POSTERN_SPF_IP6] = { "ip6", ADDRESS, false },
	[POSTERN_SPF_EXISTS] = { "exists", HAS_TO, false },
};
#define MECHANISM_COUNT (sizeof(mechanisms) / sizeof(mechanisms[0]))

bool postern_spf_is_record(const char *text)
{
	return strncasecmp(text, VERSION, strlen(VERSION)) == 0 &&
		(text[strlen(VERSION)] == '\0' || text[strlen(VERSION)] == ' ');
}

static int wrong(const struct postern_spf_term *term, const char **error_r)
{
	return postern_error(error_r, "\"%.*s\" is no term of SPF",
			     term->size > 100 ? 100 : (int)term->size, term->text);
}

/* "/24" at the end of text, cut off; false for a wrong number. Without one, *bits_r stays. */
static bool cut_bits(char *text, const char *mark, unsigned max, unsigned *bits_r)
{
	size_t size = strlen(text), digits = 0, mark_size = strlen(mark);
	unsigned bits = 0;

	while (digits < size && isdigit((unsigned char)text[size - digits - 1]))
		digits++;
	if (size < digits + mark_size ||
	    strncmp(text + size - digits - mark_size, mark, mark_size) != 0)
		return true;
	if (digits == 0 || digits > 3 || (digits > 1 && text[size - digits] == '0'))
		return false;
	for (size_t i = size - digits; i < size; i++)
		bits = bits * 10 + (unsigned)(text[i] - '0');
	text[size - digits - mark_size] = '\0';
	*bits_r = bits;
	return bits <= max;
}

static bool read_address(struct postern_spf_term *term)
{
	unsigned char octets[16];

	if (term->mechanism == POSTERN_SPF_IP4)
		return cut_bits(term->target, "/", 32, &term->bits4) &&
			inet_pton(AF_INET, term->target, octets) == 1;
	return cut_bits(term->target, "/", 128, &term->bits6) &&
		inet_pton(AF_INET6, term->target, octets) == 1;
}

/* What stands behind the name: ":domain/24//64". */
static bool read_rest(const char *rest, struct postern_spf_term *term)
{
	bool colon;

	if (strlen(rest) >= sizeof(term->target))
		return false;
	strcpy(term->target, rest);
	if (mechanisms[term->mechanism].bits &&
	    (!cut_bits(term->target, "//", 128, &term->bits6) ||
	     !cut_bits(term->target, "/", 32, &term->bits4)))
		return false;
	colon = *term->target == ':';
	if (*term->target != '\0' && !colon)
		return false;
	memmove(term->target, term->target + colon, strlen(term->target + colon) + 1);
	switch (mechanisms[term->mechanism].target) {
	case NEVER:
		return !colon;
	case ADDRESS:
		return colon && read_address(term);
	case MAY:
		return !colon || postern_spf_macro_is_domain_spec(term->target);
	case HAS_TO:
		return colon && postern_spf_macro_is_domain_spec(term->target);
	}
	return false;
}

static bool read_mechanism(const char *word, struct postern_spf_term *term)
{
	size_t size;

	term->qualifier = '+';
	if (*word != '\0' && strchr("+-~?", *word) != NULL)
		term->qualifier = *word++;
	size = strcspn(word, ":/");
	for (size_t i = 0; i < MECHANISM_COUNT; i++) {
		if (strlen(mechanisms[i].name) == size &&
		    strncasecmp(mechanisms[i].name, word, size) == 0) {
			term->mechanism = (enum postern_spf_mechanism)i;
			return read_rest(word + size, term);
		}
	}
	return false;
}

/* The size of the name in front of "=", or 0 when it is no modifier. */
static size_t modifier_name(const char *word)
{
	size_t size = isalpha((unsigned char)*word) ?
		strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") :
		0;

	return word[size] == '=' ? size : 0;
}

static bool is_named(const char *word, size_t size, const char *name)
{
	return strlen(name) == size && strncasecmp(word, name, size) == 0;
}

struct modifiers {
	bool redirect, exp;
	struct postern_spf_term redirected;
};

/* redirect and exp at most once; others mean nothing, but have to be macro-strings. */
static bool read_modifier(const char *word, size_t size, struct modifiers *modifiers,
			  struct postern_spf_term *term)
{
	const char *value = word + size + 1;

	if (is_named(word, size, "exp")) {
		if (modifiers->exp)
			return false;
		modifiers->exp = true;
		return postern_spf_macro_is_domain_spec(value);
	}
	if (!is_named(word, size, "redirect"))
		return postern_spf_macro_is_string(value);
	if (modifiers->redirect || strlen(value) >= sizeof(term->target) ||
	    !postern_spf_macro_is_domain_spec(value))
		return false;
	modifiers->redirect = true;
	term->mechanism = POSTERN_SPF_REDIRECT;
	strcpy(term->target, value);
	modifiers->redirected = *term;
	return true;
}

static int read_term(struct postern_spf_record *record, struct modifiers *modifiers,
		     const char *text, size_t size, const char **error_r)
{
	struct postern_spf_term term = { .text = text, .size = size, .bits4 = 32, .bits6 = 128 };
	char word[512];
	size_t name;

	if (size >= sizeof(word) || record->count == POSTERN_SPF_TERMS_MAX)
		return wrong(&term, error_r);
	memcpy(word, text, size);
	word[size] = '\0';
	name = modifier_name(word);
	if (name > 0)
		return read_modifier(word, name, modifiers, &term) ? 0 : wrong(&term, error_r);
	if (!read_mechanism(word, &term))
		return wrong(&term, error_r);
	record->terms[record->count++] = term;
	return 0;
}

int postern_spf_record_parse(const char *text, struct postern_spf_record *record_r,
			     const char **error_r)
{
	struct modifiers modifiers = { 0 };
	bool all = false;

	record_r->count = 0;
	text += strlen(VERSION);
	while (*text != '\0') {
		size_t size = strcspn(text, " ");

		if (size > 0 && read_term(record_r, &modifiers, text, size, error_r) < 0)
			return -1;
		text += size + (text[size] == ' ');
	}
	for (size_t i = 0; i < record_r->count; i++)
		all = all || record_r->terms[i].mechanism == POSTERN_SPF_ALL;
	/* Beside "all" it means nothing (6.1). */
	if (modifiers.redirect && !all && record_r->count < POSTERN_SPF_TERMS_MAX)
		record_r->terms[record_r->count++] = modifiers.redirected;
	return 0;
}
