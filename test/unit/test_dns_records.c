/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "dns_records.h"
#include "organization.h"

/* The record of this name that begins with data, or a failure. */
static const struct postern_zone_record *find(const struct postern_zone *zone, const char *name,
					      const char *type, const char *data)
{
	for (size_t i = 0; i < zone->count; i++) {
		const struct postern_zone_record *record = &zone->list[i];

		if (strcmp(record->name, name) == 0 && strcmp(record->type, type) == 0 &&
		    strncmp(record->data, data, strlen(data)) == 0)
			return record;
	}
	fail_msg("no record %s %s %s", name, type, data);
	return NULL;
}

static void a_zone_is_composed(void **state)
{
	static const struct {
		const char *name, *type, *data;
	} expected[] = {
		{ "example.org", "MX", "10 mail.example.net." },
		{ "example.org", "TXT", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all" },
		{ "s1._domainkey.example.org", "TXT", "v=DKIM1; k=rsa; p=QUJD" },
		{ "_dmarc.example.org", "TXT", "v=DMARC1; p=reject; rua=mailto:dmarc@example.com" },
		{ "_smtp._tls.example.org", "TXT", "v=TLSRPTv1; rua=mailto:dmarc@example.com" },
		{ "_mta-sts.example.org", "TXT", "v=STSv1; id=" },
		{ "mta-sts.example.org", "CNAME", "mail.example.net." },
		{ "_submissions._tcp.example.org", "SRV", "0 1 465 mail.example.net." },
		{ "_submission._tcp.example.org", "SRV", "10 1 587 mail.example.net." },
		{ "_imaps._tcp.example.org", "SRV", "0 1 993 mail.example.net." },
		{ "_imap._tcp.example.org", "SRV", "10 1 143 mail.example.net." },
		{ "_pop3s._tcp.example.org", "SRV", "20 1 995 mail.example.net." },
		{ "_pop3._tcp.example.org", "SRV", "30 1 110 mail.example.net." },
		{ "_autodiscover._tcp.example.org", "SRV", "0 1 8443 www.example.net." },
		{ "autoconfig.example.org", "CNAME", "www.example.net." },
	};
	char ipv4[] = "192.0.2.1", ipv6[] = "2001:db8::1";
	char *addresses[] = { ipv4, ipv6 };
	struct postern_dkim_selector selectors[] = {
		{ .domain = "example.org", .selector = "s1", .state = "active" },
		{ .domain = "example.org", .selector = "s0", .state = "retired", .rotation = "gone" },
	};
	char records[][POSTERN_DKIM_RECORD_MAX] = { "v=DKIM1; k=rsa; p=QUJD", "" };
	struct postern_dns_facts facts = {
		.domain = "example.org", .host = "mail.example.net",
		.web_host = "www.example.net", .web_port = 8443, .has_page = true,
		.addresses = addresses, .address_count = 2, .dmarc_policy = "reject",
		.report_address = "dmarc@example.com", .selectors = { selectors, 2, 2 },
		.records = records,
	};
	const struct postern_zone_record *dmarc;
	struct postern_zone zone;

	(void)state;
	postern_dns_records_compose(&facts, &zone);
	assert_int_equal(zone.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		find(&zone, expected[i].name, expected[i].type, expected[i].data);
	/* Nothing was guessed; only consent is the other domain's to give. */
	assert_null(zone.list[0].comment);
	assert_null(zone.list[1].comment);
	dmarc = find(&zone, "_dmarc.example.org", "TXT", "v=DMARC1");
	assert_non_null(strstr(dmarc->comment,
			       "example.org._report._dmarc.example.com. IN TXT \"v=DMARC1\""));
	postern_zone_deinit(&zone);
}

static void guesses_and_defaults_are_marked(void **state)
{
	struct postern_dns_facts facts = {
		.domain = "example.org", .host = "mail.example.org", .host_guessed = true,
		.addresses_guessed = true, .dmarc_policy = "none",
		.report_address = "postmaster@example.org", .report_default = true,
	};
	struct postern_zone zone;
	const char *comment;

	(void)state;
	postern_dns_records_compose(&facts, &zone);
	assert_non_null(strstr(find(&zone, "example.org", "MX", "10")->comment, "mail_host"));
	assert_non_null(strstr(find(&zone, "example.org", "TXT", "v=spf1 mx ~all")->comment,
			       "outgoing_addresses"));
	comment = find(&zone, "_dmarc.example.org", "TXT", "v=DMARC1; p=none; ")->comment;
	assert_non_null(strstr(comment, "dmarc_policy"));
	assert_non_null(strstr(comment, "report_address"));
	assert_null(strstr(comment, "_report"));
	postern_zone_deinit(&zone);
}

/* The id changes with the policy, and only with it. */
static void the_id_of_mta_sts_is_the_policys(void **state)
{
	struct postern_dns_facts facts = {
		.domain = "example.org", .host = "mail.example.org", .dmarc_policy = "none",
		.report_address = "postmaster@example.org",
	};
	struct postern_zone a, b, c;

	(void)state;
	postern_dns_records_compose(&facts, &a);
	facts.dmarc_policy = "reject";
	postern_dns_records_compose(&facts, &b);
	strcpy(facts.host, "mx.example.org");
	postern_dns_records_compose(&facts, &c);
	assert_string_equal(find(&a, "_mta-sts.example.org", "TXT", "")->data,
			    find(&b, "_mta-sts.example.org", "TXT", "")->data);
	assert_string_not_equal(find(&a, "_mta-sts.example.org", "TXT", "")->data,
				find(&c, "_mta-sts.example.org", "TXT", "")->data);
	postern_zone_deinit(&a);
	postern_zone_deinit(&b);
	postern_zone_deinit(&c);
}

static void check_line(const char *type, const char *data, const char *comment,
		       const char *expected)
{
	struct postern_zone zone = { 0 };
	char line[2048] = "";
	FILE *out = fmemopen(line, sizeof(line), "w");

	postern_zone_add(&zone, "a.example", type, data, comment);
	postern_zone_print_record(out, &zone.list[0]);
	fclose(out);
	postern_zone_deinit(&zone);
	assert_string_equal(line, expected);
}

static void lines_are_of_a_zone_file(void **state)
{
	char text[301], expected[400];

	(void)state;
	check_line("TXT", "x", NULL, "a.example. IN TXT \"x\"\n");
	check_line("TXT", "say \"no\" to \\", "one\ntwo\n",
		   "; one\n; two\na.example. IN TXT \"say \\\"no\\\" to \\\\\"\n");
	check_line("TXT", "", NULL, "a.example. IN TXT \"\"\n");
	memset(text, 'x', 300);
	text[300] = '\0';
	snprintf(expected, sizeof(expected), "a.example. IN TXT ( \"%.255s\" \"%.45s\" )\n", text,
		 text);
	check_line("TXT", text, NULL, expected);
	check_line("MX", "10 b.example.", NULL, "a.example. IN MX 10 b.example.\n");
}

static void organizations(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "example.org", "example.org", true },
		{ "example.org", "reports.example.org", true },
		{ "a.example.org", "b.example.org", true },
		{ "a.example.co.uk", "b.example.co.uk", true },
		{ "a.co.uk", "b.co.uk", false },
		{ "example.org", "example.com", false },
		{ "co.uk", "a.co.uk", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_row(cases[i].b, postern_organization_same(cases[i].a, cases[i].b) ==
			  cases[i].same);
	assert_string_equal(postern_organization("x.y.example.org"), "example.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_is_composed),
		cmocka_unit_test(guesses_and_defaults_are_marked),
		cmocka_unit_test(the_id_of_mta_sts_is_the_policys),
		cmocka_unit_test(lines_are_of_a_zone_file),
		cmocka_unit_test(organizations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
