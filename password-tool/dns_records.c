/* SPDX-License-Identifier: MIT */
#include "dns_records.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dkim_dns.h"
#include "organization.h"

#define NAME_MAX_SIZE (2 * POSTERN_DOMAIN_MAX + 64)

/* Adds PREFIX.DOMAIN; an empty prefix is the domain itself. */
static void add(struct postern_zone *zone, const char *prefix, const char *domain,
		const char *type, const char *data, const char *comment)
{
	char name[NAME_MAX_SIZE];

	snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix == '\0' ? "" : ".", domain);
	postern_zone_add(zone, name, type, data, comment);
}

static void append(char text[POSTERN_DNS_TEXT_MAX], const char *fmt, ...) POSTERN_PRINTF(2, 3);
static void append(char text[POSTERN_DNS_TEXT_MAX], const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + used, POSTERN_DNS_TEXT_MAX - used, fmt, args);
	va_end(args);
}

static void add_mx(const struct postern_dns_facts *facts, struct postern_zone *zone)
{
	char data[NAME_MAX_SIZE];

	snprintf(data, sizeof(data), "10 %s.", facts->host);
	add(zone, "", facts->domain, "MX", data, facts->host_guessed ?
	    "a guess, by the names of Postfix and this machine: mail_host of postern.conf sets it" :
	    NULL);
}

/* "~all": a message that somebody forwards comes from elsewhere, and its DKIM signature still is
   good; "-all" lets some hosts refuse it before they look at that. */
void postern_dns_records_spf(const struct postern_dns_facts *facts,
			     char text_r[POSTERN_DNS_TEXT_MAX])
{
	strcpy(text_r, "v=spf1");
	for (size_t i = 0; i < facts->address_count; i++)
		append(text_r, " %s:%s", strchr(facts->addresses[i], ':') != NULL ? "ip6" : "ip4",
		       facts->addresses[i]);
	append(text_r, facts->address_count == 0 ? " mx ~all" : " ~all");
}

static void add_spf(const struct postern_dns_facts *facts, struct postern_zone *zone)
{
	char text[POSTERN_DNS_TEXT_MAX];
	const char *comment = NULL;

	if (facts->address_count == 0)
		comment = "a guess, since this machine has no public address: say from which addresses "
			"mail leaves,\nwith outgoing_addresses in postern.conf";
	else if (facts->addresses_guessed)
		comment = "a guess, by the addresses of Postfix and this machine: outgoing_addresses of "
			"postern.conf\nsets them";
	postern_dns_records_spf(facts, text);
	add(zone, "", facts->domain, "TXT", text, comment);
}

static void add_dkim(const struct postern_dns_facts *facts, struct postern_zone *zone)
{
	for (size_t i = 0; i < facts->selectors.count; i++) {
		const struct postern_dkim_selector *selector = &facts->selectors.list[i];
		char name[POSTERN_DKIM_NAME_MAX], comment[POSTERN_DKIM_NEXT_MAX];

		if (*facts->records[i] == '\0')
			continue;
		postern_dkim_record_name(selector, name);
		postern_dkim_comment(selector, comment, sizeof(comment));
		postern_zone_add(zone, name, "TXT", facts->records[i], comment);
	}
}

void postern_dns_records_dmarc(const struct postern_dns_facts *facts,
			       char text_r[POSTERN_DNS_TEXT_MAX])
{
	*text_r = '\0';
	append(text_r, "v=DMARC1; p=%s; rua=mailto:%s", facts->dmarc_policy, facts->report_address);
}

static void add_dmarc(const struct postern_dns_facts *facts, struct postern_zone *zone)
{
	const char *elsewhere = strchr(facts->report_address, '@') + 1;
	char text[POSTERN_DNS_TEXT_MAX], comment[POSTERN_DNS_TEXT_MAX] = "";

	if (strcmp(facts->dmarc_policy, "none") == 0)
		append(comment, "none asks for reports alone: when they show that all mail is signed, "
		       "set\ndmarc_policy to quarantine or reject\n");
	if (facts->report_default)
		append(comment, "report_address of postern.conf sets where reports go\n");
	if (!postern_organization_same(elsewhere, facts->domain))
		append(comment, "reports are sent to %s only if its own zone has\n"
		       "%s._report._dmarc.%s. IN TXT \"v=DMARC1\"\n", elsewhere, facts->domain,
		       elsewhere);
	postern_dns_records_dmarc(facts, text);
	add(zone, "_dmarc", facts->domain, "TXT", text, *comment == '\0' ? NULL : comment);
}

static void add_tls_reports(const struct postern_dns_facts *facts, struct postern_zone *zone)
{
	char text[POSTERN_DNS_TEXT_MAX] = "";

	append(text, "v=TLSRPTv1; rua=mailto:%s", facts->report_address);
	add(zone, "_smtp._tls", facts->domain, "TXT", text, NULL);
}

/* id= has to change with the policy, and only with it (RFC 8461, 3.1): a digest of it does. */
static void policy_id(const char *policy, char id_r[17])
{
	unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };

	EVP_Digest(policy, strlen(policy), digest, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < 8; i++)
		snprintf(id_r + 2 * i, 3, "%02x", digest[i]);
}

static void add_mta_sts(const struct postern_dns_facts *facts, struct postern_zone *zone)
{
	char policy[NAME_MAX_SIZE + 128], comment[POSTERN_DNS_TEXT_MAX] = "";
	char text[64], id[17], target[NAME_MAX_SIZE];

	snprintf(policy, sizeof(policy), "version: STSv1\nmode: testing\nmx: %s\nmax_age: 604800\n",
		 facts->host);
	policy_id(policy, id);
	snprintf(text, sizeof(text), "v=STSv1; id=%s", id);
	append(comment, "publish both only with https://mta-sts.%s/.well-known/mta-sts.txt, which "
	       "is\n%sthe id is made of these lines; mode: enforce, and another id, when TLS "
	       "reports are clean", facts->domain, policy);
	add(zone, "_mta-sts", facts->domain, "TXT", text, comment);
	snprintf(target, sizeof(target), "%s.", facts->host);
	add(zone, "mta-sts", facts->domain, "CNAME", target, NULL);
}

/* RFC 6186, with TLS from the start preferred (RFC 8314, 5.1), and IMAP to POP3. */
static void add_services(const struct postern_dns_facts *facts, struct postern_zone *zone)
{
	static const struct {
		const char *name;
		unsigned priority, port;
		const char *comment;
	} services[] = {
		{ "_submissions._tcp", 0, 465, NULL },
		{ "_submission._tcp", 10, 587, NULL },
		{ "_imaps._tcp", 0, 993, "of a service that is not offered the data is \"0 0 0 .\"" },
		{ "_imap._tcp", 10, 143, NULL },
		{ "_pop3s._tcp", 20, 995, NULL },
		{ "_pop3._tcp", 30, 110, NULL },
	};
	char data[NAME_MAX_SIZE];

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		snprintf(data, sizeof(data), "%u 1 %u %s.", services[i].priority, services[i].port,
			 facts->host);
		add(zone, services[i].name, facts->domain, "SRV", data, services[i].comment);
	}
}

/* Where Thunderbird and Outlook ask for a user's settings. */
static void add_settings(const struct postern_dns_facts *facts, struct postern_zone *zone)
{
	char data[NAME_MAX_SIZE];

	snprintf(data, sizeof(data), "0 1 %u %s.", facts->web_port, facts->web_host);
	add(zone, "_autodiscover._tcp", facts->domain, "SRV", data, facts->has_page ?
	    "the users' page answers there" :
	    "autodiscover and autoconfig need a web server there that answers them, such as the "
	    "users' page");
	snprintf(data, sizeof(data), "%s.", facts->web_host);
	add(zone, "autoconfig", facts->domain, "CNAME", data, NULL);
}

void postern_dns_records_compose(const struct postern_dns_facts *facts,
				 struct postern_zone *zone_r)
{
	*zone_r = (struct postern_zone){ 0 };
	add_mx(facts, zone_r);
	add_spf(facts, zone_r);
	add_dkim(facts, zone_r);
	add_dmarc(facts, zone_r);
	add_tls_reports(facts, zone_r);
	add_mta_sts(facts, zone_r);
	add_services(facts, zone_r);
	add_settings(facts, zone_r);
}
