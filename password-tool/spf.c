/* SPDX-License-Identifier: MIT */
#include "spf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "spf_macro.h"
#include "spf_record.h"

/* RFC 7208, 4.6.4. */
#define VOID_LOOKUPS_MAX 2
#define NAMES_MAX 10

struct check {
	struct postern_spf *spf;
	struct postern_spf_macros macros;
	int family;
	unsigned char address[16];
	unsigned voids;
	/* Where a term cannot be judged: TEMPERROR or PERMERROR. */
	enum postern_spf_result failure;
};

enum match { NO = 0, YES = 1, FAILED = 2 };

static enum postern_spf_result check_domain(struct check *check, const char *domain);

static enum match fail(struct check *check, enum postern_spf_result failure, const char *what,
		       const char *where)
{
	check->failure = failure;
	snprintf(check->spf->why, sizeof(check->spf->why), "%s%s%s", what,
		 *where != '\0' ? " " : "", where);
	return FAILED;
}

static enum match ask(struct check *check, const char *name, enum postern_dns_type type,
		      bool counts, struct postern_dns_answer *answer_r)
{
	int ret = check->spf->ask(check->spf->context, name, type, answer_r);
	char what[256];

	if (ret == POSTERN_DNS_CANNOT_TELL) {
		snprintf(what, sizeof(what), "%s for", answer_r->why);
		return fail(check, POSTERN_SPF_TEMPERROR, what, name);
	}
	if (ret == POSTERN_DNS_NOTHING && counts && ++check->voids > VOID_LOOKUPS_MAX)
		return fail(check, POSTERN_SPF_PERMERROR, "more than two look-ups find nothing, "
			    "the last of", name);
	return YES;
}

static bool in_network(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

/* Whether the address is in the network of this text and as many bits as the term says. */
static bool covers(const struct check *check, const struct postern_spf_term *term,
		   const char *text)
{
	unsigned bits = check->family == AF_INET ? term->bits4 : term->bits6;
	unsigned char octets[16];

	return inet_pton(check->family, text, octets) == 1 &&
		in_network(octets, check->address, bits);
}

static enum match match_host(struct check *check, const struct postern_spf_term *term,
			     const char *name, bool counts)
{
	struct postern_dns_answer answer;
	enum match match = ask(check, name, check->family == AF_INET ? POSTERN_DNS_A :
			       POSTERN_DNS_AAAA, counts, &answer);

	if (match == YES) {
		match = NO;
		for (size_t i = 0; i < answer.count; i++) {
			if (covers(check, term, answer.list[i]))
				match = YES;
		}
	}
	postern_dns_answer_deinit(&answer);
	return match;
}

static enum match match_mx(struct check *check, const struct postern_spf_term *term,
			   const char *name)
{
	struct postern_dns_answer answer;
	enum match match = ask(check, name, POSTERN_DNS_MX, true, &answer);

	if (match == YES && answer.count > NAMES_MAX)
		match = fail(check, POSTERN_SPF_PERMERROR, "more than ten MX records at", name);
	else if (match == YES)
		match = NO;
	for (size_t i = 0; match == NO && i < answer.count; i++) {
		const char *host = strchr(answer.list[i], ' ');

		if (host != NULL)
			match = match_host(check, term, host + 1, false);
	}
	postern_dns_answer_deinit(&answer);
	return match;
}

static bool is_within(const char *name, const char *domain)
{
	size_t name_size = strlen(name), size = strlen(domain);

	return name_size >= size && strcasecmp(name + name_size - size, domain) == 0 &&
		(name_size == size || name[name_size - size - 1] == '.');
}

/* A name that cannot be looked up does not match, and is no failure (5.5). */
static enum match match_ptr(struct check *check, const struct postern_spf_term *term,
			    const char *domain)
{
	struct postern_dns_answer answer;
	char reverse[POSTERN_DNS_REVERSE_MAX], text[INET6_ADDRSTRLEN];
	enum match match = NO;

	inet_ntop(check->family, check->address, text, sizeof(text));
	postern_dns_reverse(text, reverse);
	check->spf->ask(check->spf->context, reverse, POSTERN_DNS_PTR, &answer);
	for (size_t i = 0; match != YES && i < answer.count && i < NAMES_MAX; i++) {
		if (is_within(answer.list[i], domain))
			match = match_host(check, term, answer.list[i], false);
	}
	postern_dns_answer_deinit(&answer);
	return match == YES ? YES : NO;
}

static enum match match_exists(struct check *check, const char *name)
{
	struct postern_dns_answer answer;
	enum match match = ask(check, name, POSTERN_DNS_A, true, &answer);

	if (match == YES && answer.count == 0)
		match = NO;
	postern_dns_answer_deinit(&answer);
	return match;
}

static enum match match_include(struct check *check, const char *name)
{
	enum postern_spf_result result = check_domain(check, name);

	switch (result) {
	case POSTERN_SPF_PASS:
		return YES;
	case POSTERN_SPF_TEMPERROR:
	case POSTERN_SPF_PERMERROR:
		check->failure = result;
		return FAILED;
	case POSTERN_SPF_NONE:
		return fail(check, POSTERN_SPF_PERMERROR, "no SPF record at the included", name);
	default:
		return NO;
	}
}

static enum match match_term(struct check *check, const struct postern_spf_term *term,
			     const char *domain)
{
	char target[256];

	if (term->mechanism == POSTERN_SPF_ALL)
		return YES;
	if (term->mechanism == POSTERN_SPF_IP4)
		return check->family == AF_INET && covers(check, term, term->target) ? YES : NO;
	if (term->mechanism == POSTERN_SPF_IP6)
		return check->family == AF_INET6 && covers(check, term, term->target) ? YES : NO;
	/* All others look something up. */
	if (++check->spf->lookups > POSTERN_SPF_LOOKUPS_MAX)
		return fail(check, POSTERN_SPF_PERMERROR, "it takes more than ten look-ups", "");
	check->macros.domain = domain;
	if (*term->target != '\0')
		postern_spf_macro_expand(term->target, &check->macros, target);
	else
		snprintf(target, sizeof(target), "%s", domain);
	switch (term->mechanism) {
	case POSTERN_SPF_A:
		return match_host(check, term, target, true);
	case POSTERN_SPF_MX:
		return match_mx(check, term, target);
	case POSTERN_SPF_PTR:
		return match_ptr(check, term, target);
	case POSTERN_SPF_EXISTS:
		return match_exists(check, target);
	default:
		return match_include(check, target);
	}
}

static enum postern_spf_result redirect(struct check *check, const struct postern_spf_term *term,
					const char *domain)
{
	enum postern_spf_result result;
	char target[256];

	if (++check->spf->lookups > POSTERN_SPF_LOOKUPS_MAX) {
		fail(check, POSTERN_SPF_PERMERROR, "it takes more than ten look-ups", "");
		return POSTERN_SPF_PERMERROR;
	}
	check->macros.domain = domain;
	postern_spf_macro_expand(term->target, &check->macros, target);
	result = check_domain(check, target);
	if (result != POSTERN_SPF_NONE)
		return result;
	fail(check, POSTERN_SPF_PERMERROR, "no SPF record at the redirected", target);
	return POSTERN_SPF_PERMERROR;
}

static enum postern_spf_result result_of(char qualifier)
{
	switch (qualifier) {
	case '-':
		return POSTERN_SPF_FAIL;
	case '~':
		return POSTERN_SPF_SOFTFAIL;
	case '?':
		return POSTERN_SPF_NEUTRAL;
	}
	return POSTERN_SPF_PASS;
}

static enum postern_spf_result evaluate(struct check *check,
					const struct postern_spf_record *record,
					const char *domain)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct postern_spf_term *term = &record->terms[i];

		if (term->mechanism == POSTERN_SPF_REDIRECT)
			return redirect(check, term, domain);
		switch (match_term(check, term, domain)) {
		case NO:
			break;
		case FAILED:
			return check->failure;
		case YES:
			snprintf(check->spf->why, sizeof(check->spf->why), "\"%.*s\" of %s",
				 term->size > 100 ? 100 : (int)term->size, term->text, domain);
			return result_of(term->qualifier);
		}
	}
	snprintf(check->spf->why, sizeof(check->spf->why), "no term of %s fits", domain);
	return POSTERN_SPF_NEUTRAL;
}

/* The one SPF record among the TXT records of a name; NONE with *text_r NULL for none. */
static enum postern_spf_result pick(struct check *check, const struct postern_dns_answer *answer,
				    const char *domain, const char **text_r)
{
	*text_r = NULL;
	for (size_t i = 0; i < answer->count; i++) {
		if (!postern_spf_is_record(answer->list[i]))
			continue;
		if (*text_r != NULL) {
			fail(check, POSTERN_SPF_PERMERROR, "more than one SPF record at", domain);
			return POSTERN_SPF_PERMERROR;
		}
		*text_r = answer->list[i];
	}
	return POSTERN_SPF_NONE;
}

/* Its depth is bounded by the look-ups. */
static enum postern_spf_result check_domain(struct check *check, const char *domain)
{
	struct postern_spf_record *record = NULL;
	enum postern_spf_result result = POSTERN_SPF_NONE;
	struct postern_dns_answer answer;
	const char *text = NULL, *error;
	char what[256];

	if (ask(check, domain, POSTERN_DNS_TXT, false, &answer) == FAILED)
		result = check->failure;
	else
		result = pick(check, &answer, domain, &text);
	if (result == POSTERN_SPF_NONE && text != NULL) {
		record = postern_memory_new(1, sizeof(*record));
		if (postern_spf_record_parse(text, record, &error) < 0) {
			snprintf(what, sizeof(what), "%s, at", error);
			fail(check, POSTERN_SPF_PERMERROR, what, domain);
			result = POSTERN_SPF_PERMERROR;
		} else {
			result = evaluate(check, record, domain);
		}
		free(record);
	}
	postern_dns_answer_deinit(&answer);
	return result;
}

/* %{i} of an IPv6 address is its nibbles, in their order (7.3). One that stands for an IPv4 address
   (::ffff:192.0.2.1) is that (5). */
static void set_address(struct check *check, const char *address)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char *p = check->macros.address;

	check->family = AF_INET6;
	check->macros.family = "ip6";
	if (inet_pton(AF_INET6, address, check->address) == 1 &&
	    memcmp(check->address, mapped, sizeof(mapped)) == 0)
		address = strrchr(address, ':') + 1;
	if (inet_pton(AF_INET, address, check->address) == 1) {
		check->family = AF_INET;
		check->macros.family = "in-addr";
		snprintf(p, sizeof(check->macros.address), "%s", address);
		return;
	}
	for (size_t i = 0; i < 16; i++)
		p += sprintf(p, "%s%x.%x", i == 0 ? "" : ".", check->address[i] >> 4,
			     check->address[i] & 15);
}

enum postern_spf_result postern_spf_check(struct postern_spf *spf, const char *domain,
					  const char *address)
{
	struct check check = {
		.spf = spf, .macros = { .sender = spf->sender, .helo = spf->helo },
	};

	spf->lookups = 0;
	spf->why[0] = '\0';
	set_address(&check, address);
	return check_domain(&check, domain);
}

const char *postern_spf_result_name(enum postern_spf_result result)
{
	static const char *const names[] = { "none", "neutral", "pass", "fail", "softfail",
					     "temperror", "permerror" };

	return names[result];
}
