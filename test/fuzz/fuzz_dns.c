/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "dns_check.h"
#include "fuzz.h"
#include "memory.h"

/*
 * A DNS that says anything: each line of the input is a record, "NAME TYPE DATA" with a letter for
 * the type, and "*" for every name. All of `dns --check` runs over it: SPF with its includes and
 * macros, DKIM and DMARC records, names.
 */
struct world {
	const char *lines;
	size_t questions;
};

/* SPF: at most ten look-ups for each of three addresses, each with ten names at most; and what the
   other checks ask. */
#define QUESTIONS_MAX 2000

static const char letters[] = {
	[POSTERN_DNS_A] = 'a',   [POSTERN_DNS_AAAA] = '6', [POSTERN_DNS_CNAME] = 'c',
	[POSTERN_DNS_MX] = 'm',  [POSTERN_DNS_PTR] = 'p',  [POSTERN_DNS_SRV] = 's',
	[POSTERN_DNS_TXT] = 't',
};

static int ask(void *context, const char *name, enum postern_dns_type type,
	       struct postern_dns_answer *answer_r)
{
	struct world *world = context;
	char data[1024];

	*answer_r = (struct postern_dns_answer){ 0 };
	MUST(strlen(name) < 1024);
	MUST(++world->questions < QUESTIONS_MAX);
	for (const char *line = world->lines; *line != '\0'; line += strcspn(line, "\n"),
	     line += *line == '\n') {
		size_t size = strcspn(line, " \n"), rest;

		if (line[size] != ' ' || line[size + 1] != letters[type] || line[size + 2] != ' ' ||
		    !((size == 1 && *line == '*') ||
		      (strlen(name) == size && strncmp(line, name, size) == 0)))
			continue;
		rest = strcspn(line + size + 3, "\n");
		if (rest == 1 && line[size + 3] == '!') {
			strcpy(answer_r->why, "SERVFAIL");
			return POSTERN_DNS_CANNOT_TELL;
		}
		snprintf(data, sizeof(data), "%.*s", rest < sizeof(data) ? (int)rest : 1000,
			 line + size + 3);
		postern_dns_answer_add(answer_r, data);
	}
	return answer_r->count > 0 ? POSTERN_DNS_FOUND : POSTERN_DNS_NOTHING;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char ipv4[] = "192.0.2.1", ipv6[] = "2001:db8::1";
	char *addresses[] = { ipv4, ipv6 };
	struct postern_dkim_selector selectors[] = {
		{ .domain = "d.test", .selector = "s", .state = "active", .algorithm = "rsa2048" },
		{ .domain = "d.test", .selector = "g", .state = "retired", .rotation = "gone" },
	};
	char records[][POSTERN_DKIM_RECORD_MAX] = { "v=DKIM1; k=rsa; p=QUJD", "" };
	struct postern_dns_facts facts = {
		.domain = "d.test", .host = "h.test", .addresses = addresses, .address_count = 2,
		.dmarc_policy = "reject", .report_address = "r@d.test",
		.selectors = { selectors, 2, 2 }, .records = records,
	};
	char *text = postern_memory_new(size + 1, 1);
	struct world world = { .lines = text };
	struct postern_dns_check check = { .facts = &facts, .ask = ask, .context = &world };
	int code;

	memcpy(text, data, size);
	postern_dns_check_run(&check);
	code = postern_dns_check_code(&check);
	MUST(code == 0 || code == 1 || code == 75 || code == 78);
	/* Each has said something of its own. */
	MUST(check.count >= 12);
	for (size_t i = 0; i < check.count; i++)
		MUST(*check.list[i].about != '\0' && *check.list[i].text != '\0');
	postern_dns_check_deinit(&check);
	free(text);
	return 0;
}
