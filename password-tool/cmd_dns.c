/* SPDX-License-Identifier: MIT */
/* "dns": the records of a domain as they should be, and as they are. */
#include <stdio.h>

#include "command.h"
#include "dns_check.h"
#include "dns_records.h"
#include "failure.h"

/* ---- what there should be ---- */

static int print_zone(const struct postern_zone *zone)
{
	for (size_t i = 0; i < zone->count; i++)
		postern_zone_print_record(stdout, &zone->list[i]);
	return 0;
}

static int print_json(const struct postern_command *command, const struct postern_zone *zone)
{
	static const struct postern_column columns[] = {
		{ "name", POSTERN_COLUMN_TEXT },
		{ "type", POSTERN_COLUMN_TEXT },
		{ "data", POSTERN_COLUMN_TEXT },
		{ "comment", POSTERN_COLUMN_TEXT },
		{ 0 },
	};
	struct postern_output *output = postern_command_output(command);

	postern_output_table(output, NULL, columns);
	postern_output_keep_order(output);
	for (size_t i = 0; i < zone->count; i++) {
		const struct postern_zone_record *record = &zone->list[i];

		postern_output_row(output, (const struct postern_value[]){
			{ .text = record->name },
			{ .text = record->type },
			{ .text = record->data },
			{ .text = record->comment == NULL ? "" : record->comment },
		});
	}
	return postern_output_finish(&output, 0);
}

static int print_records(const struct postern_command *command,
			 const struct postern_dns_facts *facts)
{
	struct postern_zone zone;
	int code;

	postern_dns_records_compose(facts, &zone);
	if (facts->selectors.count == 0)
		postern_note("%s has no DKIM key; make one: postern dkim add %s", facts->domain,
			     facts->domain);
	code = postern_command_option(command, POSTERN_OPTION_JSON) == NULL ? print_zone(&zone) :
		print_json(command, &zone);
	postern_zone_deinit(&zone);
	return code;
}

/* ---- what there is ---- */

static int print_findings(const struct postern_command *command,
			  const struct postern_dns_check *check)
{
	static const struct postern_column columns[] = {
		{ "level", POSTERN_COLUMN_TEXT },
		{ "about", POSTERN_COLUMN_TEXT },
		{ "finding", POSTERN_COLUMN_TEXT },
		{ 0 },
	};
	struct postern_output *output = postern_command_output(command);
	int code;

	postern_output_table(output, NULL, columns);
	postern_output_keep_order(output);
	for (size_t i = 0; i < check->count; i++)
		postern_output_row(output, (const struct postern_value[]){
			{ .text = postern_finding_level_name(check->list[i].level) },
			{ .text = check->list[i].about },
			{ .text = check->list[i].text },
		});
	code = postern_output_finish(&output, 0);
	return code != 0 ? code : postern_dns_check_code(check);
}

static int check(const struct postern_command *command, const struct postern_dns_facts *facts)
{
	const char *resolver = postern_command_option(command, POSTERN_OPTION_RESOLVER);
	struct postern_dns_check checked = { .facts = facts, .ask = postern_dns_ask };
	struct postern_dns *dns = NULL;
	const char *error;
	int code;

	if (resolver == NULL)
		resolver = command->config->resolver;
	if (postern_dns_new(resolver, &dns, &error) < 0)
		return postern_fail(EX_CONFIG, "%s", error);
	checked.context = dns;
	postern_dns_check_run(&checked);
	code = print_findings(command, &checked);
	postern_dns_check_deinit(&checked);
	postern_dns_free(&dns);
	return code;
}

int postern_cmd_dns(struct postern_command *command)
{
	struct postern_dns_facts facts;
	int code;

	code = postern_dns_facts_read(command, postern_command_operand(command, 0), &facts);
	if (code == 0 && postern_command_option(command, POSTERN_OPTION_CHECK) != NULL)
		code = check(command, &facts);
	else if (code == 0)
		code = print_records(command, &facts);
	postern_dns_facts_deinit(&facts);
	return code;
}
