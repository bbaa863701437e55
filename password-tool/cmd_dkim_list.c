/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "dkim_dns.h"
#include "dkim_selectors.h"
#include "failure.h"
#include "memory.h"
#include "zone.h"

/* ---- list ---- */

static const struct postern_column selector_columns[] = {
	{ "domain", POSTERN_COLUMN_TEXT },
	{ "selector", POSTERN_COLUMN_TEXT },
	{ "algorithm", POSTERN_COLUMN_TEXT },
	{ "state", POSTERN_COLUMN_TEXT },
	{ "rotation", POSTERN_COLUMN_TEXT },
	{ "created", POSTERN_COLUMN_TIME },
	{ "changed", POSTERN_COLUMN_TIME },
	{ "next", POSTERN_COLUMN_TEXT },
	{ 0 },
};

int postern_cmd_dkim_list(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);
	const char *operand = postern_command_operand(command, 0);
	struct postern_dkim_selectors selectors = { 0 };
	char domain[POSTERN_DOMAIN_MAX + 1];
	int code = 0;

	if (operand != NULL)
		code = postern_dkim_read_domain(operand, domain);
	if (code == 0)
		code = postern_dkim_selectors_read(command, operand == NULL ? NULL : domain,
						   &selectors);
	postern_output_table(output, NULL, selector_columns);
	for (size_t i = 0; i < selectors.count; i++) {
		const struct postern_dkim_selector *selector = &selectors.list[i];
		char next[POSTERN_DKIM_NEXT_MAX];

		postern_dkim_selector_next(command->config, selector, next);
		postern_output_row(output, (const struct postern_value[]){
			{ .text = selector->domain },
			{ .text = selector->selector },
			{ .text = selector->algorithm },
			{ .text = selector->state },
			{ .text = selector->rotation },
			{ .number = selector->created },
			{ .number = selector->changed },
			{ .text = next },
		});
	}
	postern_dkim_selectors_deinit(&selectors);
	return postern_output_finish(&output, code);
}

/* ---- record ---- */

static const struct postern_column record_columns[] = {
	{ "name", POSTERN_COLUMN_TEXT },
	{ "selector", POSTERN_COLUMN_TEXT },
	{ "state", POSTERN_COLUMN_TEXT },
	{ "record", POSTERN_COLUMN_TEXT },
	{ 0 },
};

typedef char record_text[POSTERN_DKIM_RECORD_MAX];

static void print_json(const struct postern_dkim_selector *selector, const char *record,
		       struct postern_output *output)
{
	char name[POSTERN_DKIM_NAME_MAX];

	postern_dkim_record_name(selector, name);
	postern_output_row(output, (const struct postern_value[]){
		{ .text = name },
		{ .text = selector->selector },
		{ .text = selector->state },
		{ .text = record },
	});
}

static void print_zone(const struct postern_dkim_selector *selector, const char *record)
{
	struct postern_zone zone = { 0 };
	char name[POSTERN_DKIM_NAME_MAX], comment[POSTERN_DKIM_NEXT_MAX + 128];

	postern_dkim_record_name(selector, name);
	postern_dkim_comment(selector, comment, sizeof(comment));
	postern_zone_add(&zone, name, "TXT", record,
			 strcmp(selector->state, POSTERN_DKIM_RETIRED) == 0 ? comment : NULL);
	postern_zone_print_record(stdout, &zone.list[0]);
	postern_zone_deinit(&zone);
}

static int print_records(const struct postern_command *command,
			 const struct postern_dkim_selectors *selectors,
			 const record_text *records)
{
	struct postern_output *output;

	if (postern_command_option(command, POSTERN_OPTION_JSON) == NULL) {
		for (size_t i = 0; i < selectors->count; i++)
			print_zone(&selectors->list[i], records[i]);
		return 0;
	}
	output = postern_command_output(command);
	postern_output_table(output, NULL, record_columns);
	for (size_t i = 0; i < selectors->count; i++)
		print_json(&selectors->list[i], records[i], output);
	return postern_output_finish(&output, 0);
}

int postern_cmd_dkim_record(struct postern_command *command)
{
	struct postern_dkim_selectors selectors = { 0 };
	char domain[POSTERN_DOMAIN_MAX + 1];
	record_text *records = NULL;
	int code;

	code = postern_dkim_read_domain(postern_command_operand(command, 0), domain);
	if (code == 0)
		code = postern_dkim_selectors_read(command, domain, &selectors);
	postern_dkim_selectors_drop_gone(&selectors);
	if (code == 0 && selectors.count == 0)
		code = postern_fail(EX_NOUSER, "%s has no DKIM key; make one: postern dkim add %s",
				    domain, domain);
	/* All of them first: half a zone is worse than none. */
	records = postern_memory_new(selectors.count, sizeof(*records));
	for (size_t i = 0; code == 0 && i < selectors.count; i++)
		code = postern_dkim_record_read(command, &selectors.list[i], records[i]);
	if (code == 0)
		code = print_records(command, &selectors, records);
	free(records);
	postern_dkim_selectors_deinit(&selectors);
	return code;
}
