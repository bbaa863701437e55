/* SPDX-License-Identifier: MIT */
#include "dns_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_records.h"
#include "failure.h"
#include "memory.h"

void postern_dns_check_add(struct postern_dns_check *check, enum postern_finding_level level,
			   const char *about, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	POSTERN_MEMORY_GROW(&check->list, check->count, &check->room);
	check->list[check->count++] = (struct postern_finding){
		.level = level,
		.about = postern_memory_copy(about),
		.text = postern_memory_copy(text),
	};
}

void postern_dns_check_deinit(struct postern_dns_check *check)
{
	for (size_t i = 0; i < check->count; i++) {
		free(check->list[i].about);
		free(check->list[i].text);
	}
	free(check->list);
	check->list = NULL;
	check->count = check->room = 0;
}

int postern_dns_check_ask(struct postern_dns_check *check, const char *about, const char *name,
			  enum postern_dns_type type, struct postern_dns_answer *answer_r)
{
	int ret = check->ask(check->context, name, type, answer_r);

	if (ret == POSTERN_DNS_CANNOT_TELL)
		postern_dns_check_add(check, POSTERN_FINDING_UNKNOWN, about, "%s for %s; ask again, "
				      "or see what is wrong with the resolver", answer_r->why, name);
	return ret;
}

/* ---- the records that need no closer look ---- */

/* Whether a text begins like the record: "v=TLSRPTv1". */
static bool has_version(const struct postern_dns_answer *answer, const char *data)
{
	size_t size = strcspn(data, "; ");

	for (size_t i = 0; i < answer->count; i++) {
		if (strncmp(answer->list[i], data, size) == 0)
			return true;
	}
	return false;
}

static void check_record(struct postern_dns_check *check, const struct postern_zone_record *record)
{
	bool text = strcmp(record->type, "TXT") == 0;
	/* Of a host, an address of any kind does, whatever way it is got. */
	enum postern_dns_type type = text ? POSTERN_DNS_TXT :
		strcmp(record->type, "SRV") == 0 ? POSTERN_DNS_SRV : POSTERN_DNS_A;
	struct postern_dns_answer answer;
	char about[600];
	int ret;

	snprintf(about, sizeof(about), "%s %s", record->type, record->name);
	ret = postern_dns_check_ask(check, about, record->name, type, &answer);
	if (ret == POSTERN_DNS_NOTHING && type == POSTERN_DNS_A) {
		postern_dns_answer_deinit(&answer);
		ret = postern_dns_check_ask(check, about, record->name, POSTERN_DNS_AAAA, &answer);
	}
	if (ret == POSTERN_DNS_FOUND && (!text || has_version(&answer, record->data)))
		postern_dns_check_add(check, POSTERN_FINDING_OK, about, "it is there");
	else if (ret != POSTERN_DNS_CANNOT_TELL)
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, about, "there is none; to offer "
				      "it, publish: %s. IN %s %s%s%s", record->name, record->type,
				      text ? "\"" : "", record->data, text ? "\"" : "");
	postern_dns_answer_deinit(&answer);
}

/* SRV, TLSRPT, MTA-STS, autoconfig: all that is no matter of the other checks. */
static void check_others(struct postern_dns_check *check)
{
	struct postern_zone zone;

	postern_dns_records_compose(check->facts, &zone);
	for (size_t i = 0; i < zone.count; i++) {
		const struct postern_zone_record *record = &zone.list[i];

		if (strcmp(record->type, "SRV") == 0 || strcmp(record->type, "CNAME") == 0 ||
		    strncmp(record->data, "v=TLSRPT", 8) == 0 ||
		    strncmp(record->data, "v=STS", 5) == 0)
			check_record(check, record);
	}
	postern_zone_deinit(&zone);
}

/* ---- all of it ---- */

void postern_dns_check_run(struct postern_dns_check *check)
{
	postern_dns_check_dkim(check);
	postern_dns_check_spf(check);
	postern_dns_check_dmarc(check);
	postern_dns_check_mx(check);
	postern_dns_check_reverse(check);
	check_others(check);
	postern_dns_check_files(check);
}

const char *postern_finding_level_name(enum postern_finding_level level)
{
	static const char *const names[] = { "ok", "advice", "cannot tell", "wrong" };

	return names[level];
}

int postern_dns_check_code(const struct postern_dns_check *check)
{
	static const int codes[] = { 0, 1, EX_TEMPFAIL, EX_CONFIG };
	enum postern_finding_level worst = POSTERN_FINDING_OK;

	for (size_t i = 0; i < check->count; i++) {
		if (check->list[i].level > worst)
			worst = check->list[i].level;
	}
	return codes[worst];
}
