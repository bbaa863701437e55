/* SPDX-License-Identifier: MIT */
/* DKIM and DMARC: what other hosts go by. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dkim_dns.h"
#include "dns_check.h"
#include "dns_records.h"
#include "organization.h"

/* ---- DKIM ---- */

static void judge_active(struct postern_dns_check *check, const char *about,
			 enum postern_dkim_sight sight, const char *why)
{
	if (sight == POSTERN_DKIM_SIGHT_GOOD)
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "signs, and its record fits "
				      "the private key");
	else
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "signs, and nobody can "
				      "verify it: %s; publish: postern dkim record %s", why,
				      check->facts->domain);
}

static void judge_published(struct postern_dns_check *check, const char *about,
			    enum postern_dkim_sight sight, const char *why)
{
	const char *domain = check->facts->domain;

	if (sight == POSTERN_DKIM_SIGHT_GOOD)
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "does not sign yet, and its "
				      "record is there");
	else if (sight == POSTERN_DKIM_SIGHT_NONE)
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, about, "does not sign yet; "
				      "publish its record before it does: postern dkim record %s",
				      domain);
	else
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "%s; before it signs, "
				      "publish: postern dkim record %s", why, domain);
}

static void judge_retired(struct postern_dns_check *check,
			  const struct postern_dkim_selector *selector, const char *about,
			  enum postern_dkim_sight sight, const char *why)
{
	if (sight == POSTERN_DKIM_SIGHT_GOOD)
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "signs no more, and mail on "
				      "its way can be verified");
	else if (postern_dkim_is(selector, POSTERN_DKIM_FADES))
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "mail on its way cannot be "
				      "verified: %s; its record has to stay: postern dkim record %s",
				      why, selector->domain);
	else
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "signs no more: %s; postern "
				      "dkim remove %s %s", why, selector->domain,
				      selector->selector);
}

/* Nothing is left to compare with: is there still a record? */
static void check_gone(struct postern_dns_check *check,
		       const struct postern_dkim_selector *selector, const char *about)
{
	struct postern_dns_answer answer;
	char name[POSTERN_DKIM_NAME_MAX];
	int ret;

	postern_dkim_record_name(selector, name);
	ret = postern_dns_check_ask(check, about, name, POSTERN_DNS_TXT, &answer);
	if (ret == POSTERN_DNS_FOUND)
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, about, "its key is gone: remove "
				      "its record from the DNS, then: postern dkim remove %s %s",
				      selector->domain, selector->selector);
	else if (ret == POSTERN_DNS_NOTHING)
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "its key and its record are "
				      "gone: postern dkim remove %s %s", selector->domain,
				      selector->selector);
	postern_dns_answer_deinit(&answer);
}

static void check_selector(struct postern_dns_check *check,
			   const struct postern_dkim_selector *selector, const char *own)
{
	char about[128], why[POSTERN_DKIM_WHY_MAX];
	enum postern_dkim_sight sight;

	snprintf(about, sizeof(about), "DKIM %s", selector->selector);
	if (postern_dkim_is(selector, POSTERN_DKIM_GONE)) {
		check_gone(check, selector, about);
		return;
	}
	sight = postern_dkim_look(check->ask, check->context, selector, own, why);
	if (sight == POSTERN_DKIM_SIGHT_UNKNOWN)
		postern_dns_check_add(check, POSTERN_FINDING_UNKNOWN, about, "%s; ask again, or see "
				      "what is wrong with the resolver", why);
	else if (strcmp(selector->state, POSTERN_DKIM_ACTIVE) == 0)
		judge_active(check, about, sight, why);
	else if (strcmp(selector->state, POSTERN_DKIM_PUBLISHED) == 0)
		judge_published(check, about, sight, why);
	else
		judge_retired(check, selector, about, sight, why);
}

void postern_dns_check_dkim(struct postern_dns_check *check)
{
	const struct postern_dns_facts *facts = check->facts;
	bool signs = false, rsa = false;

	for (size_t i = 0; i < facts->selectors.count; i++) {
		const struct postern_dkim_selector *selector = &facts->selectors.list[i];

		check_selector(check, selector, facts->records[i]);
		if (strcmp(selector->state, POSTERN_DKIM_ACTIVE) != 0)
			continue;
		signs = true;
		rsa = rsa || strncmp(selector->algorithm, "rsa", 3) == 0;
	}
	if (!signs)
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, "DKIM", "no key signs; make one: "
				      "postern dkim add %s", facts->domain);
	else if (!rsa)
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, "DKIM", "only Ed25519 signs, "
				      "which many hosts cannot verify; add RSA beside it: postern "
				      "dkim add %s --algorithm rsa2048", facts->domain);
}

/* ---- DMARC ---- */

/* The value of a tag (RFC 7489, 6.4), blanks around it cut off; false when it is not there, and
   value_r stays as it was. */
static bool tag_value(const char *record, const char *name, char *value_r, size_t size)
{
	while (*record != '\0') {
		const char *end = record + strcspn(record, ";"), *equals;

		record += strspn(record, " \t");
		equals = memchr(record, '=', (size_t)(end > record ? end - record : 0));
		if (equals != NULL && strncasecmp(record, name, strlen(name)) == 0 &&
		    strspn(record + strlen(name), " \t") ==
		    (size_t)(equals - record) - strlen(name)) {
			const char *last = end;

			equals += 1 + strspn(equals + 1, " \t");
			while (last > equals && isblank((unsigned char)last[-1]))
				last--;
			snprintf(value_r, size, "%.*s", last > equals ? (int)(last - equals) : 0,
				 equals);
			return true;
		}
		record = *end == ';' ? end + 1 : end;
	}
	return false;
}

/* Reports to another organisation need its consent (RFC 7489, 7.1). */
static void check_consent(struct postern_dns_check *check, const char *owner, const char *where)
{
	struct postern_dns_answer answer;
	char name[2 * POSTERN_DOMAIN_MAX + 32], about[POSTERN_DOMAIN_MAX + 32];
	bool consents = false;
	int ret;

	snprintf(about, sizeof(about), "DMARC rua %.200s", where);
	if (postern_organization_same(owner, where)) {
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "reports stay within the "
				      "organisation");
		return;
	}
	snprintf(name, sizeof(name), "%s._report._dmarc.%s", owner, where);
	ret = postern_dns_check_ask(check, about, name, POSTERN_DNS_TXT, &answer);
	for (size_t i = 0; ret == POSTERN_DNS_FOUND && i < answer.count; i++)
		consents = consents || strncmp(answer.list[i], "v=DMARC1", 8) == 0;
	postern_dns_answer_deinit(&answer);
	if (consents)
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "it takes reports for others");
	else if (ret != POSTERN_DNS_CANNOT_TELL)
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, about, "reports are not sent "
				      "there until its zone has: %s. IN TXT \"v=DMARC1\"", name);
}

static void check_report_uris(struct postern_dns_check *check, const char *owner, char *list)
{
	char *uri;

	while ((uri = strsep(&list, ",")) != NULL) {
		char domain[POSTERN_DOMAIN_MAX + 1];
		const char *ignored, *at;

		uri += strspn(uri, " \t");
		/* "!10m" says how large a report may be. */
		uri[strcspn(uri, "! \t")] = '\0';
		at = strrchr(uri, '@');
		if (strncasecmp(uri, "mailto:", 7) != 0 || at == NULL ||
		    postern_domain_normalize(at + 1, strlen(at + 1), domain, &ignored) != 0)
			postern_dns_check_add(check, POSTERN_FINDING_WRONG, "DMARC rua", "\"%s\" is no "
					      "mailto:local@domain; nobody sends reports there", uri);
		else
			check_consent(check, owner, domain);
	}
}

static void check_policy(struct postern_dns_check *check, const char *policy)
{
	const char *wanted = check->facts->dmarc_policy;

	if (strcasecmp(policy, "none") != 0 && strcasecmp(policy, "quarantine") != 0 &&
	    strcasecmp(policy, "reject") != 0)
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, "DMARC", "its policy is \"%s\", "
				      "which is none: p= is none, quarantine or reject", policy);
	else if (strcasecmp(policy, wanted) != 0)
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, "DMARC", "its policy is %s, and "
				      "postern.conf says dmarc_policy = %s: change one of them",
				      policy, wanted);
	else if (strcasecmp(policy, "none") == 0)
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, "DMARC", "its policy is none, "
				      "which stops no forgery; when reports show that all mail is "
				      "signed, make it quarantine or reject");
	else
		postern_dns_check_add(check, POSTERN_FINDING_OK, "DMARC", "its policy is %s", policy);
}

/* owner is the domain that has the record: this one, or its organizational domain. */
static void check_dmarc_record(struct postern_dns_check *check, const char *owner,
			       const char *record)
{
	bool own = strcmp(owner, check->facts->domain) == 0;
	char policy[64], uris[2048], percent[16];

	if (tag_value(record, "p", policy, sizeof(policy))) {
		if (!own)
			(void)tag_value(record, "sp", policy, sizeof(policy));
		check_policy(check, policy);
	} else {
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, "DMARC", "the record of %s has no "
				      "p=", owner);
	}
	if (tag_value(record, "pct", percent, sizeof(percent)) && strcmp(percent, "100") != 0)
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, "DMARC", "pct=%s: the policy is "
				      "for a part of the mail alone; take it out when you are sure",
				      percent);
	if (tag_value(record, "rua", uris, sizeof(uris)))
		check_report_uris(check, owner, uris);
	else
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, "DMARC", "without rua= nobody "
				      "tells you who sends as %s; add rua=mailto:%s", owner,
				      check->facts->report_address);
}

/* Whether the name has DMARC records; found_r the first of them, counted in *count_r. */
static int find_dmarc(struct postern_dns_check *check, const char *owner,
		      struct postern_dns_answer *answer_r, size_t *count_r, const char **found_r)
{
	char name[POSTERN_DOMAIN_MAX + 16];
	int ret;

	*count_r = 0;
	snprintf(name, sizeof(name), "_dmarc.%s", owner);
	ret = postern_dns_check_ask(check, "DMARC", name, POSTERN_DNS_TXT, answer_r);
	for (size_t i = 0; i < answer_r->count; i++) {
		if (strncmp(answer_r->list[i], "v=DMARC1", 8) != 0)
			continue;
		if ((*count_r)++ == 0)
			*found_r = answer_r->list[i];
	}
	return ret;
}

void postern_dns_check_dmarc(struct postern_dns_check *check)
{
	const char *owner = check->facts->domain, *record = NULL;
	char text[POSTERN_DNS_TEXT_MAX];
	struct postern_dns_answer answer;
	size_t count;
	int ret;

	ret = find_dmarc(check, owner, &answer, &count, &record);
	if (ret != POSTERN_DNS_CANNOT_TELL && count == 0 &&
	    strcmp(postern_organization(owner), owner) != 0) {
		postern_dns_answer_deinit(&answer);
		owner = postern_organization(owner);
		ret = find_dmarc(check, owner, &answer, &count, &record);
	}
	if (count == 1) {
		check_dmarc_record(check, owner, record);
	} else if (count > 1) {
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, "DMARC", "_dmarc.%s has %zu "
				      "records, so none counts; leave one", owner, count);
	} else if (ret != POSTERN_DNS_CANNOT_TELL) {
		postern_dns_records_dmarc(check->facts, text);
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, "DMARC", "there is no record; "
				      "publish: _dmarc.%s. IN TXT \"%s\"", check->facts->domain, text);
	}
	postern_dns_answer_deinit(&answer);
}
