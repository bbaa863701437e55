/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <strings.h>

#include "spf.h"
#include "spf_macro.h"
#include "spf_record.h"

/* Records by name and type; a data of NULL means that nobody could say. */
struct row {
	const char *name;
	enum postern_dns_type type;
	const char *data;
};

#define TXT POSTERN_DNS_TXT
#define A POSTERN_DNS_A
#define AAAA POSTERN_DNS_AAAA
#define MX POSTERN_DNS_MX
#define PTR POSTERN_DNS_PTR

static const struct row zone[] = {
	{ "plain.test", TXT, "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all" },
	{ "case.test", TXT, "V=SPF1 IP4:192.0.2.1 -ALL" },
	{ "host.test", TXT, "v=spf1 a a:two.test/24//64 ~all" },
	{ "host.test", A, "192.0.2.7" },
	{ "host.test", AAAA, "2001:db8::7" },
	{ "two.test", A, "198.51.100.9" },
	{ "two.test", AAAA, "2001:db8:1::9" },
	{ "mx.test", TXT, "v=spf1 mx ?all" },
	{ "mx.test", MX, "10 host.test" },
	{ "mx.test", MX, "20 two.test" },
	{ "includes.test", TXT, "v=spf1 include:plain.test include:host.test -all" },
	{ "excludes.test", TXT, "v=spf1 -include:plain.test +all" },
	{ "redirects.test", TXT, "v=spf1 redirect=plain.test" },
	{ "overrules.test", TXT, "v=spf1 redirect=plain.test ?all" },
	{ "into-nothing.test", TXT, "v=spf1 redirect=none.test" },
	{ "includes-nothing.test", TXT, "v=spf1 include:none.test -all" },
	{ "other-text.test", TXT, "v=spf10 -all" },
	{ "other-text.test", TXT, "v=spf1-all" },
	{ "two-records.test", TXT, "v=spf1 -all" },
	{ "two-records.test", TXT, "v=spf1 +all" },
	{ "no-end.test", TXT, "v=spf1 ip4:198.51.100.1" },
	{ "exists.test", TXT, "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all" },
	{ "1.2.0.192.in-addr._spf.exists.test", A, "127.0.0.2" },
	{ "sender.test", TXT, "v=spf1 exists:%{l1r-}.%{o}._.%{h} -all" },
	{ "post.sender.test._.helo.test", A, "127.0.0.2" },
	{ "ptr.test", TXT, "v=spf1 ptr -all" },
	{ "1.2.0.192.in-addr.arpa", PTR, "forged.example" },
	{ "1.2.0.192.in-addr.arpa", PTR, "mail.ptr.test" },
	{ "mail.ptr.test", A, "192.0.2.1" },
	{ "2.2.0.192.in-addr.arpa", PTR, "mail.ptr.test" },
	{ "dead.test", TXT, NULL },
	{ "dead-a.test", TXT, "v=spf1 a:dead-host.test -all" },
	{ "dead-host.test", A, NULL },
	{ "dead-include.test", TXT, "v=spf1 include:dead.test ip4:192.0.2.1 -all" },
	/* Each include is a look-up, and so is what it holds: ten, and eleven. */
	{ "ten.test", TXT, "v=spf1 include:four.test include:four.test -all" },
	{ "eleven.test", TXT, "v=spf1 include:four.test include:four.test a:host.test -all" },
	{ "four.test", TXT, "v=spf1 a:host.test a:host.test a:host.test a:host.test" },
	{ "loop.test", TXT, "v=spf1 include:loop.test -all" },
	{ "void2.test", TXT, "v=spf1 a:v1.test a:v2.test -all" },
	{ "void3.test", TXT, "v=spf1 a:v1.test a:v2.test a:v3.test -all" },
};

static int ask(void *context, const char *name, enum postern_dns_type type,
	       struct postern_dns_answer *answer_r)
{
	(void)context;
	*answer_r = (struct postern_dns_answer){ 0 };
	for (size_t i = 0; i < COUNT(zone); i++) {
		if (strcasecmp(zone[i].name, name) != 0 || zone[i].type != type)
			continue;
		if (zone[i].data == NULL) {
			strcpy(answer_r->why, "SERVFAIL");
			return POSTERN_DNS_CANNOT_TELL;
		}
		postern_dns_answer_add(answer_r, zone[i].data);
	}
	return answer_r->count > 0 ? POSTERN_DNS_FOUND : POSTERN_DNS_NOTHING;
}

static void records_are_evaluated(void **state)
{
	static const struct {
		const char *domain, *address, *result;
	} cases[] = {
		{ "plain.test", "192.0.2.255", "pass" },
		{ "plain.test", "192.0.3.0", "fail" },
		{ "plain.test", "2001:db8:ffff::1", "pass" },
		{ "plain.test", "2001:db9::", "fail" },
		{ "plain.test", "::ffff:192.0.2.1", "pass" },
		{ "case.test", "192.0.2.1", "pass" },
		{ "host.test", "192.0.2.7", "pass" },
		{ "host.test", "192.0.2.8", "softfail" },
		{ "host.test", "198.51.100.200", "pass" },
		{ "host.test", "2001:db8:1::ffff", "pass" },
		{ "host.test", "2001:db8:1:1::", "softfail" },
		{ "mx.test", "198.51.100.9", "pass" },
		{ "mx.test", "198.51.100.10", "neutral" },
		{ "includes.test", "192.0.2.1", "pass" },
		{ "includes.test", "198.51.100.9", "pass" },
		{ "includes.test", "203.0.113.1", "fail" },
		{ "excludes.test", "192.0.2.1", "fail" },
		{ "excludes.test", "203.0.113.1", "pass" },
		{ "redirects.test", "192.0.2.1", "pass" },
		{ "redirects.test", "203.0.113.1", "fail" },
		{ "overrules.test", "203.0.113.1", "neutral" },
		{ "into-nothing.test", "192.0.2.1", "permerror" },
		{ "includes-nothing.test", "192.0.2.1", "permerror" },
		{ "none.test", "192.0.2.1", "none" },
		{ "other-text.test", "192.0.2.1", "none" },
		{ "two-records.test", "192.0.2.1", "permerror" },
		{ "no-end.test", "192.0.2.1", "neutral" },
		{ "exists.test", "192.0.2.1", "pass" },
		{ "exists.test", "192.0.2.2", "fail" },
		{ "sender.test", "192.0.2.1", "pass" },
		{ "ptr.test", "192.0.2.1", "pass" },
		{ "ptr.test", "192.0.2.2", "fail" },
		{ "dead.test", "192.0.2.1", "temperror" },
		{ "dead-a.test", "192.0.2.1", "temperror" },
		{ "dead-a.test", "2001:db8::1", "fail" },
		{ "dead-include.test", "192.0.2.1", "temperror" },
		{ "ten.test", "203.0.113.1", "fail" },
		{ "eleven.test", "203.0.113.1", "permerror" },
		{ "loop.test", "203.0.113.1", "permerror" },
		{ "void2.test", "203.0.113.1", "fail" },
		{ "void3.test", "203.0.113.1", "permerror" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_spf spf = { .ask = ask, .helo = "helo.test",
					   .sender = "post-master@sender.test" };
		const char *result = postern_spf_result_name(
			postern_spf_check(&spf, cases[i].domain, cases[i].address));

		if (strcmp(result, cases[i].result) != 0)
			fail_msg("%s, %s: %s (%s)", cases[i].domain, cases[i].address, result,
				 spf.why);
	}
}

/* One wrong term makes the record wrong. */
static void wrong_terms_are_found(void **state)
{
	static const char *const good[] = {
		"", "a", "+a", "a/24", "a//64", "a/24//64", "a:example.org/0", "mx:x-1.example.org.",
		"ip4:192.0.2.1", "ip4:192.0.2.0/32", "ip6:::1/128", "ptr", "ptr:example.org",
		"exists:%{i}.example.org", "include:%{d2r.-+,/_=}", "include:%%%_%-.example.org",
		"all all", "unknown=%{s}", "redirect=a.example", "exp=e.example", "a:example.xn--p1ai",
	};
	static const char *const wrong[] = {
		"b", "a:", "a:org", "a:example.123", "a:example.-org", "a:example.org-", "a/33",
		"a/024", "a/", "a//129", "a//", "a:example.org/24/64", "all:x.example", "all/8",
		"include", "include:", "include:a.example/8", "ip4", "ip4:", "ip4:192.0.2",
		"ip4:192.0.2.1/33", "ip4:192.0.2.1//32", "ip4:2001:db8::", "ip6:192.0.2.1",
		"ip6:::1/129", "exists", "exists:%{x}.example", "exists:%{i", "exists:%{0d}",
		"exists:%{c}.example", "exists:%i.example", "exists:a.example%", "ptr/8", "-", "++a",
		"redirect=a.example redirect=b.example", "exp=a.example exp=b.example", "redirect=",
		"redirect=a", "unknown=%", "a=b%{", "\x01", "ü", "a:ü.example",
	};
	static struct postern_spf_record record;
	char text[256];
	const char *error;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		snprintf(text, sizeof(text), "v=spf1 %s", good[i]);
		check_row(good[i], postern_spf_record_parse(text, &record, &error) == 0);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		snprintf(text, sizeof(text), "v=spf1 ip4:192.0.2.1 %s  -all", wrong[i]);
		check_row(wrong[i], postern_spf_record_parse(text, &record, &error) < 0);
	}
}

/* The examples of RFC 7208, 7.4. */
static void macros_are_expanded(void **state)
{
	static const struct {
		const char *spec, *ipv4, *ipv6;
	} cases[] = {
		{ "%{s}", "strong-bad@email.example.com", NULL },
		{ "%{o}", "email.example.com", NULL },
		{ "%{d}", "email.example.com", NULL },
		{ "%{d4}", "email.example.com", NULL },
		{ "%{d3}", "email.example.com", NULL },
		{ "%{d2}", "example.com", NULL },
		{ "%{d1}", "com", NULL },
		{ "%{dr}", "com.example.email", NULL },
		{ "%{d2r}", "example.email", NULL },
		{ "%{l}", "strong-bad", NULL },
		{ "%{l-}", "strong.bad", NULL },
		{ "%{lr}", "strong-bad", NULL },
		{ "%{lr-}", "bad.strong", NULL },
		{ "%{l1r-}", "strong", NULL },
		{ "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com",
		  "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf."
		  "example.com" },
		{ "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com", NULL },
		{ "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
		  "3.2.0.192.in-addr.strong.lp._spf.example.com", NULL },
		{ "%{d2}.trusted-domains.example.net",
		  "example.com.trusted-domains.example.net", NULL },
		{ "%{S}", "strong-bad%40email.example.com", NULL },
		{ "%%%_%-.x", "% %20.x", NULL },
	};
	struct postern_spf_macros macros = {
		.sender = "strong-bad@email.example.com", .domain = "email.example.com",
		.helo = "mail.example.com",
	};
	char name[256], digits[300];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		strcpy(macros.address, "192.0.2.3");
		macros.family = "in-addr";
		postern_spf_macro_expand(cases[i].spec, &macros, name);
		check_row(cases[i].spec, strcmp(name, cases[i].ipv4) == 0);
		if (cases[i].ipv6 == NULL)
			continue;
		strcpy(macros.address, "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.b.0.1");
		macros.family = "ip6";
		postern_spf_macro_expand(cases[i].spec, &macros, name);
		check_row(cases[i].spec, strcmp(name, cases[i].ipv6) == 0);
	}
	/* Longer than a name may be: labels go on the left. */
	memset(digits, 'x', sizeof(digits));
	digits[63] = digits[127] = digits[191] = '.';
	strcpy(digits + 240, ".%{d}");
	postern_spf_macro_expand(digits, &macros, name);
	assert_true(strlen(name) <= 253);
	assert_memory_equal(name, digits + 64, 64);
}

static void reverse_names(void **state)
{
	char name[POSTERN_DNS_REVERSE_MAX];

	(void)state;
	assert_true(postern_dns_reverse("192.0.2.1", name));
	assert_string_equal(name, "1.2.0.192.in-addr.arpa");
	assert_true(postern_dns_reverse("2001:db8::567:89ab", name));
	assert_string_equal(name, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
			    "8.b.d.0.1.0.0.2.ip6.arpa");
	assert_false(postern_dns_reverse("mail.example.org", name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_evaluated),
		cmocka_unit_test(wrong_terms_are_found),
		cmocka_unit_test(macros_are_expanded),
		cmocka_unit_test(reverse_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
