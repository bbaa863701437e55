/* SPDX-License-Identifier: MIT */
#include "dns_query.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_dns.h"
#include "memory.h"

/* Seconds for one try, and tries: a resolver that itself waits for others takes a while. */
#define TIMEOUT 3
#define TRIES 2
/* Questions in a row without an answer, after which there will be none. */
#define UNANSWERED_MAX 3
/* What reaches everybody unfragmented (DNS flag day 2020); longer answers come by TCP. */
#define EDNS_SIZE 1232

struct postern_dns {
	ldns_resolver *resolver;
	/* For messages. */
	char name[96];
	unsigned unanswered;
};

static const ldns_rr_type rr_types[] = {
	[POSTERN_DNS_A] = LDNS_RR_TYPE_A,         [POSTERN_DNS_AAAA] = LDNS_RR_TYPE_AAAA,
	[POSTERN_DNS_CNAME] = LDNS_RR_TYPE_CNAME, [POSTERN_DNS_MX] = LDNS_RR_TYPE_MX,
	[POSTERN_DNS_PTR] = LDNS_RR_TYPE_PTR,     [POSTERN_DNS_SRV] = LDNS_RR_TYPE_SRV,
	[POSTERN_DNS_TXT] = LDNS_RR_TYPE_TXT,
};

static int use_address(struct postern_dns *dns, const char *text, const char **error_r)
{
	struct postern_resolver_address address;
	ldns_rdf *rdf;
	bool pushed;

	if (postern_resolver_address_parse(text, &address, error_r) < 0)
		return -1;
	dns->resolver = ldns_resolver_new();
	rdf = ldns_rdf_new_frm_str(strchr(address.address, ':') != NULL ? LDNS_RDF_TYPE_AAAA :
				   LDNS_RDF_TYPE_A, address.address);
	pushed = dns->resolver != NULL && rdf != NULL &&
		ldns_resolver_push_nameserver(dns->resolver, rdf) == LDNS_STATUS_OK;
	ldns_rdf_deep_free(rdf);
	if (!pushed)
		return postern_error(error_r, "cannot use the resolver %s", text);
	ldns_resolver_set_port(dns->resolver, (uint16_t)address.port);
	snprintf(dns->name, sizeof(dns->name), "%s", text);
	return 0;
}

static int use_system(struct postern_dns *dns, const char **error_r)
{
	ldns_status status = ldns_resolver_new_frm_file(&dns->resolver, NULL);

	if (status != LDNS_STATUS_OK || ldns_resolver_nameserver_count(dns->resolver) == 0) {
		return postern_error(error_r, "/etc/resolv.conf names no resolver that can be used; "
				     "name one: --resolver");
	}
	snprintf(dns->name, sizeof(dns->name), "the resolvers of /etc/resolv.conf");
	return 0;
}

int postern_dns_new(const char *address, struct postern_dns **dns_r, const char **error_r)
{
	struct postern_dns *dns = postern_memory_new(1, sizeof(*dns));
	struct timeval timeout = { .tv_sec = TIMEOUT };

	if ((*address != '\0' ? use_address(dns, address, error_r) :
	     use_system(dns, error_r)) < 0) {
		postern_dns_free(&dns);
		return -1;
	}
	ldns_resolver_set_recursive(dns->resolver, true);
	ldns_resolver_set_dnsrch(dns->resolver, false);
	ldns_resolver_set_defnames(dns->resolver, false);
	ldns_resolver_set_edns_udp_size(dns->resolver, EDNS_SIZE);
	ldns_resolver_set_timeout(dns->resolver, timeout);
	ldns_resolver_set_retry(dns->resolver, TRIES);
	ldns_resolver_set_retrans(dns->resolver, 0);
	*dns_r = dns;
	return 0;
}

void postern_dns_free(struct postern_dns **dns)
{
	if (*dns == NULL)
		return;
	ldns_resolver_deep_free((*dns)->resolver);
	free(*dns);
	*dns = NULL;
}

/* ---- answers ---- */

void postern_dns_answer_add(struct postern_dns_answer *answer, const char *text)
{
	if (answer->count == POSTERN_DNS_RECORDS_MAX)
		return;
	if (answer->list == NULL)
		answer->list = postern_memory_new(POSTERN_DNS_RECORDS_MAX, sizeof(char *));
	answer->list[answer->count++] = postern_memory_copy(text);
}

void postern_dns_answer_deinit(struct postern_dns_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		free(answer->list[i]);
	free(answer->list);
	answer->list = NULL;
	answer->count = 0;
}

static void add_strings(struct postern_dns_answer *answer, const ldns_rr *rr)
{
	char *text, *end;
	size_t size = 1;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		size += ldns_rdf_size(ldns_rr_rdf(rr, i));
	text = end = postern_memory_new(1, size);
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		/* A length octet, and as many octets. */
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		const uint8_t *data = ldns_rdf_data(rdf);

		for (size_t k = 1; k < ldns_rdf_size(rdf); k++)
			*end++ = data[k] < ' ' || data[k] == 0x7f ? '?' : (char)data[k];
	}
	postern_dns_answer_add(answer, text);
	free(text);
}

/* As zone files have it, but names without their last dot. */
static void add_fields(struct postern_dns_answer *answer, const ldns_rr *rr)
{
	char text[2048] = "";

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);
		char *field = ldns_rdf2str(rdf);
		size_t used = strlen(text), size = field == NULL ? 0 : strlen(field);

		if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME && size > 1)
			field[size - 1] = '\0';
		snprintf(text + used, sizeof(text) - used, "%s%s", i == 0 ? "" : " ",
			 field == NULL ? "" : field);
		free(field);
	}
	for (char *p = text; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	postern_dns_answer_add(answer, text);
}

static int cannot_tell(const struct postern_dns *dns, const char *what,
		       struct postern_dns_answer *answer)
{
	snprintf(answer->why, sizeof(answer->why), "%s from %s", what, dns->name);
	return POSTERN_DNS_CANNOT_TELL;
}

static int read_answer(const struct postern_dns *dns, const ldns_pkt *reply, ldns_rr_type type,
		       struct postern_dns_answer *answer)
{
	const ldns_rr_list *list = ldns_pkt_answer(reply);
	ldns_pkt_rcode rcode = ldns_pkt_get_rcode(reply);
	char *name;
	int ret;

	if (rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN) {
		name = ldns_pkt_rcode2str(rcode);
		ret = cannot_tell(dns, name == NULL ? "a failure" : name, answer);
		free(name);
		return ret;
	}
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != type || ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
			continue;
		if (type == LDNS_RR_TYPE_TXT)
			add_strings(answer, rr);
		else
			add_fields(answer, rr);
	}
	return answer->count > 0 ? POSTERN_DNS_FOUND : POSTERN_DNS_NOTHING;
}

/* ldns takes the first packet that comes: is it the answer to this question? */
static bool fits(const ldns_pkt *reply, const ldns_pkt *query)
{
	const ldns_rr_list *asked = ldns_pkt_question(query), *echoed = ldns_pkt_question(reply);

	return ldns_pkt_id(reply) == ldns_pkt_id(query) && ldns_pkt_qr(reply) &&
		ldns_rr_list_rr_count(echoed) == 1 &&
		ldns_rr_compare(ldns_rr_list_rr(asked, 0), ldns_rr_list_rr(echoed, 0)) == 0;
}

static bool send_query(struct postern_dns *dns, ldns_pkt *query, ldns_pkt **reply_r)
{
	if (dns->unanswered == UNANSWERED_MAX)
		return false;
	if (ldns_resolver_send_pkt(reply_r, dns->resolver, query) == LDNS_STATUS_OK &&
	    *reply_r != NULL)
		dns->unanswered = 0;
	else
		dns->unanswered++;
	return *reply_r != NULL;
}

int postern_dns_ask(void *context, const char *name, enum postern_dns_type type,
		    struct postern_dns_answer *answer_r)
{
	struct postern_dns *dns = context;
	ldns_pkt *query = NULL, *reply = NULL;
	ldns_rdf *dname;
	int ret;

	*answer_r = (struct postern_dns_answer){ 0 };
	dname = ldns_dname_new_frm_str(name);
	if (dname == NULL)
		return POSTERN_DNS_NOTHING;
	if (ldns_resolver_prepare_query_pkt(&query, dns->resolver, dname, rr_types[type],
					    LDNS_RR_CLASS_IN, LDNS_RD) != LDNS_STATUS_OK)
		ret = cannot_tell(dns, "no question can be put, so no answer", answer_r);
	else if (!send_query(dns, query, &reply))
		ret = cannot_tell(dns, "no answer", answer_r);
	else if (!fits(reply, query))
		ret = cannot_tell(dns, "an answer to another question", answer_r);
	else
		ret = read_answer(dns, reply, rr_types[type], answer_r);
	ldns_pkt_free(reply);
	ldns_pkt_free(query);
	ldns_rdf_deep_free(dname);
	return ret;
}

bool postern_dns_reverse(const char *address, char name_r[POSTERN_DNS_REVERSE_MAX])
{
	unsigned char octets[16];
	char *p = name_r;

	if (inet_pton(AF_INET, address, octets) == 1) {
		snprintf(name_r, POSTERN_DNS_REVERSE_MAX, "%u.%u.%u.%u.in-addr.arpa", octets[3],
			 octets[2], octets[1], octets[0]);
		return true;
	}
	if (inet_pton(AF_INET6, address, octets) != 1)
		return false;
	for (int i = 15; i >= 0; i--)
		p += sprintf(p, "%x.%x.", octets[i] & 15, octets[i] >> 4);
	strcpy(p, "ip6.arpa");
	return true;
}
