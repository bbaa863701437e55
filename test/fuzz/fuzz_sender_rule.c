/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "sender_rule.h"

/*
 * The input is an envelope sender, a line end, and a header with its lines ended by LF. alice owns
 * two addresses and their subaddresses. Besides staying alive, the rule is held against a reader
 * without any grammar: whatever looks like an address in an identity field of an accepted header
 * has to be alice's.
 */
static bool is_own(const char *local_part, size_t size, const char *domain, size_t domain_size)
{
	static const char *const own[] = { "alice", "a.liddell" };

	if (domain_size != strlen("example.test") ||
	    strncasecmp(domain, "example.test", domain_size) != 0)
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		size_t length = strlen(own[i]);

		if (size >= length && strncasecmp(local_part, own[i], length) == 0 &&
		    (size == length || (local_part[length] == '+' && size > length + 1)))
			return true;
	}
	return false;
}

static int owns(const struct postern_address *address, void *context, const char **error_r)
{
	(void)context;
	(void)error_r;
	return !is_own(address->local_part, strlen(address->local_part), address->domain,
		       strlen(address->domain));
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '-';
}

/* Without the case for what stands before an address, such as quotes: if it ends in an own one,
   it passes. */
static bool ends_in_own(const char *start, const char *at_sign, const char *domain_end)
{
	for (const char *p = start; p < at_sign; p++) {
		if (is_own(p, (size_t)(at_sign - p), at_sign + 1,
			   (size_t)(domain_end - at_sign - 1)))
			return true;
	}
	return false;
}

static bool is_local(char c)
{
	return c > ' ' && c < 0x7f && strchr("\"()<>[]:;,\\@", c) == NULL;
}

static bool has_top_level(const char *domain, const char *end)
{
	const char *dot = memrchr(domain, '.', (size_t)(end - domain));

	while (domain < end && *domain == '.')
		domain++;
	if (dot == NULL || dot <= domain || end - dot < 3)
		return false;
	for (const char *p = dot + 1; p < end; p++) {
		if (isalpha((unsigned char)*p))
			return true;
	}
	return false;
}

static void check_body(const char *body, size_t size)
{
	const char *end = body + size;

	for (const char *at = body; (at = memchr(at, '@', (size_t)(end - at))) != NULL; at++) {
		const char *local_part = at, *domain_end = at + 1;

		while (local_part > body && is_local(local_part[-1]))
			local_part--;
		/* Beyond ASCII it takes more to tell letters from what is not seen. */
		if (local_part > body && (local_part[-1] & 0x80) != 0)
			continue;
		while (local_part < at && strchr("'`*|{}.", *local_part) != NULL)
			local_part++;
		while (domain_end < end && is_word(*domain_end))
			domain_end++;
		if (domain_end < end && (*domain_end & 0x80) != 0)
			continue;
		while (domain_end > at + 1 && !isalnum((unsigned char)domain_end[-1]))
			domain_end--;
		if (local_part == at || !has_top_level(at + 1, domain_end))
			continue;
		if (ends_in_own(local_part, at, domain_end))
			continue;
		fprintf(stderr, "accepted with %.*s\n", (int)(domain_end - local_part), local_part);
		abort();
	}
}

static bool is_identity(const char *name, size_t size)
{
	static const char *const names[] = { "From", "Sender", "Resent-From", "Resent-Sender" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (size == strlen(names[i]) && strncasecmp(name, names[i], size) == 0)
			return true;
	}
	return false;
}

/* The end of a field: an LF that is not followed by a blank. */
static const char *field_end(const char *pos, const char *end)
{
	const char *stop = pos;

	while ((stop = memchr(stop, '\n', (size_t)(end - stop))) != NULL) {
		if (stop + 1 == end || (stop[1] != ' ' && stop[1] != '\t'))
			return stop;
		stop++;
	}
	return end;
}

/* Calls back for each field; fields without a colon have an empty body. */
static int for_each_field(const char *pos, const char *end,
			  int (*field)(void *, const char *, size_t, const char *, size_t),
			  void *context)
{
	int ret = 0;

	while (pos < end) {
		const char *stop = field_end(pos, end);
		const char *colon = memchr(pos, ':', (size_t)(stop - pos));
		const char *body = colon != NULL ? colon + 1 : stop;

		ret = field(context, pos, (size_t)((colon != NULL ? colon : stop) - pos), body,
			    (size_t)(stop - body));
		pos = stop < end ? stop + 1 : end;
	}
	return ret;
}

static int send_field(void *context, const char *name, size_t name_size, const char *body,
		      size_t size)
{
	const char *error = NULL;
	int ret = postern_sender_rule_field(context, name, name_size, body, size, &error);

	MUST(ret >= 0);
	return ret;
}

static int check_field(void *context, const char *name, size_t name_size, const char *body,
		       size_t size)
{
	(void)context;
	if (is_identity(name, name_size))
		check_body(body, size);
	return 0;
}

static void check_text(const char *text, size_t room)
{
	MUST(memchr(text, '\0', room) != NULL);
	for (; *text != '\0'; text++)
		MUST(*text >= ' ' && *text <= '~');
}

static void check_refusal(const struct postern_sender_refusal *refusal)
{
	check_text(refusal->rule, sizeof(refusal->rule));
	check_text(refusal->field, sizeof(refusal->field));
	check_text(refusal->found, sizeof(refusal->found));
	check_text(refusal->text, sizeof(refusal->text));
	MUST(refusal->rule[0] == 'P' && refusal->text[0] != '\0');
}

static int run(const char *sender, const char *header, const char *end, unsigned allow)
{
	struct postern_sender_rule *rule = NULL;
	const char *error = NULL;
	int ret, last;

	MUST(postern_sender_rule_new(owns, NULL, allow, &rule, &error) == 0);
	ret = postern_sender_rule_envelope_sender(rule, sender, &error);
	MUST(ret >= 0);
	if (header < end) {
		last = for_each_field(header, end, send_field, rule);
		MUST(ret == 0 || last == ret);
	}
	ret = postern_sender_rule_end_of_header(rule, &error);
	MUST(ret >= 0);
	MUST((ret == POSTERN_SENDER_OK) == (postern_sender_rule_refusal(rule) == NULL));
	if (ret == POSTERN_SENDER_OK)
		MUST(strcmp(postern_sender_rule_from_domain(rule), "example.test") == 0);
	else
		check_refusal(postern_sender_rule_refusal(rule));
	postern_sender_rule_free(&rule);
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size;
	const char *line_end = memchr(text, '\n', size);
	char sender[512];
	size_t sender_size;

	if (line_end == NULL || line_end - text >= (ptrdiff_t)sizeof(sender))
		return 0;
	sender_size = (size_t)(line_end - text);
	memcpy(sender, text, sender_size);
	sender[sender_size] = '\0';

	if (run(sender, line_end + 1, end, 0) == POSTERN_SENDER_OK) {
		for_each_field(line_end + 1, end, check_field, NULL);
		/* A knob that is off never makes it stricter. */
		MUST(run(sender, line_end + 1, end, POSTERN_ALLOW_P4 | POSTERN_ALLOW_P15) ==
		     POSTERN_SENDER_OK);
	}
	return 0;
}
