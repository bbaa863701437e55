/* SPDX-License-Identifier: MIT */
/* MX, SPF and reverse names: which hosts take mail, and which may send it. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dns_check.h"
#include "dns_records.h"
#include "spf.h"

/* Nobody has it (RFC 1112, 4): what a record says of it, it says of strangers. */
#define STRANGER "240.0.0.1"

/* ---- MX ---- */

/* Whether the name has an address: 1, 0, or -1 when nobody could say, which is a finding then. */
static int has_address(struct postern_dns_check *check, const char *about, const char *name)
{
	static const enum postern_dns_type types[] = { POSTERN_DNS_A, POSTERN_DNS_AAAA };

	for (size_t i = 0; i < 2; i++) {
		struct postern_dns_answer answer;
		int ret = postern_dns_check_ask(check, about, name, types[i], &answer);

		postern_dns_answer_deinit(&answer);
		if (ret == POSTERN_DNS_FOUND)
			return 1;
		if (ret == POSTERN_DNS_CANNOT_TELL)
			return -1;
	}
	return 0;
}

static void check_mx_host(struct postern_dns_check *check, const char *host)
{
	struct postern_dns_answer answer;
	char about[POSTERN_DOMAIN_MAX + 16];
	unsigned char octets[16];
	int ret;

	snprintf(about, sizeof(about), "MX %.200s", host);
	if (inet_pton(AF_INET, host, octets) == 1) {
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "it is an address: an MX "
				      "record has a host's name, like %s", check->facts->host);
		return;
	}
	ret = postern_dns_check_ask(check, about, host, POSTERN_DNS_CNAME, &answer);
	postern_dns_answer_deinit(&answer);
	if (ret == POSTERN_DNS_CANNOT_TELL)
		return;
	if (ret == POSTERN_DNS_FOUND) {
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "it is a CNAME, which "
				      "some hosts refuse (RFC 2181, 10.3); name what it points at");
		return;
	}
	ret = has_address(check, about, host);
	if (ret > 0)
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "it has an address%s",
				      strcmp(host, check->facts->host) == 0 ? "" :
				      "; it is not this host");
	else if (ret == 0)
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "it has no address; "
				      "publish an A or AAAA record of %s", host);
}

void postern_dns_check_mx(struct postern_dns_check *check)
{
	const struct postern_dns_facts *facts = check->facts;
	struct postern_dns_answer answer;
	int ret;

	ret = postern_dns_check_ask(check, "MX", facts->domain, POSTERN_DNS_MX, &answer);
	if (ret == POSTERN_DNS_NOTHING)
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, "MX", "there is none; publish: "
				      "%s. IN MX 10 %s.", facts->domain, facts->host);
	for (size_t i = 0; i < answer.count; i++) {
		const char *host = strchr(answer.list[i], ' ');

		if (host == NULL || strcmp(host, " .") == 0)
			postern_dns_check_add(check, POSTERN_FINDING_ADVICE, "MX", "\"%s\" says that "
					      "the domain takes no mail at all", answer.list[i]);
		else
			check_mx_host(check, host + 1);
	}
	postern_dns_answer_deinit(&answer);
}

/* ---- SPF ---- */

static struct postern_spf new_spf(const struct postern_dns_check *check, const char *sender)
{
	return (struct postern_spf){
		.ask = check->ask, .context = check->context, .helo = check->facts->host,
		.sender = sender,
	};
}

static bool judge_spf(struct postern_dns_check *check, const char *about,
		      const struct postern_spf *spf, enum postern_spf_result result)
{
	char text[POSTERN_DNS_TEXT_MAX];

	switch (result) {
	case POSTERN_SPF_TEMPERROR:
		postern_dns_check_add(check, POSTERN_FINDING_UNKNOWN, about, "%s; ask again, or see "
				      "what is wrong with the resolver", spf->why);
		return false;
	case POSTERN_SPF_PERMERROR:
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "the record is wrong, and "
				      "counts for nobody: %s; postern dns %s has a plain one",
				      spf->why, check->facts->domain);
		return false;
	case POSTERN_SPF_NONE:
		postern_dns_records_spf(check->facts, text);
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, "SPF", "there is no record; "
				      "publish: %s. IN TXT \"%s\"", check->facts->domain, text);
		return false;
	default:
		return true;
	}
}

static void check_spf_address(struct postern_dns_check *check, const char *sender,
			      const char *address)
{
	struct postern_spf spf = new_spf(check, sender);
	enum postern_spf_result result;
	char about[64];

	snprintf(about, sizeof(about), "SPF %s", address);
	result = postern_spf_check(&spf, check->facts->domain, address);
	if (!judge_spf(check, about, &spf, result))
		return;
	if (result == POSTERN_SPF_PASS)
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "pass, by %s", spf.why);
	else
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "%s, by %s, and mail "
				      "leaves from there; add %s:%s to the record",
				      postern_spf_result_name(result), spf.why,
				      strchr(address, ':') != NULL ? "ip6" : "ip4", address);
}

/* For an address of nobody's every term is looked at, as it is for a forger's. False when there is
   nothing more to be said. */
static bool check_spf_stranger(struct postern_dns_check *check, const char *sender)
{
	struct postern_spf spf = new_spf(check, sender);
	enum postern_spf_result result = postern_spf_check(&spf, check->facts->domain, STRANGER);

	if (!judge_spf(check, "SPF", &spf, result))
		return result == POSTERN_SPF_PERMERROR;
	if (result == POSTERN_SPF_PASS)
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, "SPF", "it lets everybody send, "
				      "by %s; end it with ~all", spf.why);
	else if (result == POSTERN_SPF_NEUTRAL)
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, "SPF", "it says nothing of "
				      "strangers (%s); end it with ~all", spf.why);
	else
		postern_dns_check_add(check, POSTERN_FINDING_OK, "SPF", "%s for strangers, with %u of "
				      "%d look-ups", postern_spf_result_name(result), spf.lookups,
				      POSTERN_SPF_LOOKUPS_MAX);
	return true;
}

void postern_dns_check_spf(struct postern_dns_check *check)
{
	const struct postern_dns_facts *facts = check->facts;
	char sender[POSTERN_DOMAIN_MAX + 16];

	snprintf(sender, sizeof(sender), "postmaster@%s", facts->domain);
	if (!check_spf_stranger(check, sender))
		return;
	if (facts->address_count == 0)
		postern_dns_check_add(check, POSTERN_FINDING_UNKNOWN, "SPF", "this machine has no "
				      "public address; say from which ones mail leaves: "
				      "outgoing_addresses in postern.conf");
	for (size_t i = 0; i < facts->address_count; i++)
		check_spf_address(check, sender, facts->addresses[i]);
}

/* ---- reverse names ---- */

/* Whether name leads back to the address: 1, 0 or -1. */
static int leads_back(struct postern_dns_check *check, const char *about, const char *name,
		      const char *address)
{
	bool ipv6 = strchr(address, ':') != NULL;
	struct postern_dns_answer answer;
	unsigned char wanted[16], octets[16];
	int family = ipv6 ? AF_INET6 : AF_INET, found = 0, ret;

	inet_pton(family, address, wanted);
	ret = postern_dns_check_ask(check, about, name, ipv6 ? POSTERN_DNS_AAAA : POSTERN_DNS_A,
				    &answer);
	for (size_t i = 0; i < answer.count; i++) {
		if (inet_pton(family, answer.list[i], octets) == 1 &&
		    memcmp(octets, wanted, ipv6 ? 16 : 4) == 0)
			found = 1;
	}
	postern_dns_answer_deinit(&answer);
	return ret == POSTERN_DNS_CANNOT_TELL ? -1 : found;
}

static void check_reverse_address(struct postern_dns_check *check, const char *address)
{
	const char *host = check->facts->host;
	char about[64], reverse[POSTERN_DNS_REVERSE_MAX];
	struct postern_dns_answer answer;
	int back = 0, ret;
	size_t i = 0;

	snprintf(about, sizeof(about), "PTR %s", address);
	if (!postern_dns_reverse(address, reverse))
		return;
	ret = postern_dns_check_ask(check, about, reverse, POSTERN_DNS_PTR, &answer);
	for (; i < answer.count && i < 10; i++) {
		back = leads_back(check, about, answer.list[i], address);
		if (back != 0)
			break;
	}
	if (back > 0)
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "%s, which leads back to it",
				      answer.list[i]);
	else if (ret == POSTERN_DNS_NOTHING)
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "it has no name, so many "
				      "hosts refuse its mail; ask who gave you the address for: %s. "
				      "IN PTR %s.", reverse, host);
	else if (ret == POSTERN_DNS_FOUND && back == 0)
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "its name %s does not lead "
				      "back to it, so many hosts refuse its mail; publish its address "
				      "there, or have the PTR record changed to %s", answer.list[0],
				      host);
	postern_dns_answer_deinit(&answer);
}

void postern_dns_check_reverse(struct postern_dns_check *check)
{
	for (size_t i = 0; i < check->facts->address_count; i++)
		check_reverse_address(check, check->facts->addresses[i]);
}
