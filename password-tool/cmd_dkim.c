/* SPDX-License-Identifier: MIT */
/* The verbs that change DKIM keys. A key is a file and a row of the store: the file is removed
   after the row is gone, so that a row always has its file. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "dkim_file.h"
#include "dkim_new.h"
#include "dkim_selectors.h"
#include "failure.h"

#define DEFAULT_ALGORITHM "rsa2048"

/* ---- add ---- */

/* What the command line asks for; without SELECTOR it is the day and the kind, "20240501-rsa". */
static int read_new(const struct postern_command *command,
		    const struct postern_dkim_algorithm **algorithm_r,
		    struct postern_dkim_selector *new_r)
{
	const char *algorithm = postern_command_option(command, POSTERN_OPTION_ALGORITHM);
	const char *selector = postern_command_operand(command, 1);
	char made[POSTERN_DKIM_SELECTOR_MAX + 1];
	int code;

	code = postern_dkim_read_algorithm(algorithm == NULL ? DEFAULT_ALGORITHM : algorithm,
					   algorithm_r);
	if (code != 0)
		return code;
	if (selector == NULL) {
		postern_dkim_new_name(*algorithm_r, 1, made);
		selector = made;
	}
	code = postern_dkim_read_domain(postern_command_operand(command, 0), new_r->domain);
	if (code == 0)
		code = postern_dkim_read_selector(selector, new_r->selector);
	return code;
}

/* It signs at once when nothing of its kind does; else the admin switches over when its record is
   in the DNS. */
static int choose_state(struct postern_command *command, struct postern_dkim_selector *new)
{
	struct postern_dkim_selectors selectors;
	int code;

	code = postern_dkim_selectors_read(command, new->domain, &selectors);
	if (code == 0 && postern_dkim_selectors_find(&selectors, new->selector) != NULL)
		code = postern_fail(EX_CANTCREAT, "%s has a selector \"%s\" already; name another",
				    new->domain, new->selector);
	snprintf(new->state, sizeof(new->state), "%s",
		 postern_dkim_selectors_rival(&selectors, new) == NULL ? POSTERN_DKIM_ACTIVE :
		 POSTERN_DKIM_PUBLISHED);
	postern_dkim_selectors_deinit(&selectors);
	return code;
}

static int print_added(const struct postern_command *command,
		       const struct postern_dkim_selector *selector)
{
	static const struct postern_column columns[] = {
		{ "domain", POSTERN_COLUMN_TEXT },
		{ "selector", POSTERN_COLUMN_TEXT },
		{ "algorithm", POSTERN_COLUMN_TEXT },
		{ "state", POSTERN_COLUMN_TEXT },
		{ "next", POSTERN_COLUMN_TEXT },
		{ 0 },
	};
	struct postern_output *output = postern_command_output(command);
	char next[1024];

	snprintf(next, sizeof(next), "postern dkim record %s", selector->domain);
	if (strcmp(selector->state, POSTERN_DKIM_ACTIVE) != 0)
		snprintf(next, sizeof(next), "postern dkim record %s, then "
			 "postern dkim activate %s %s", selector->domain, selector->domain,
			 selector->selector);
	postern_output_record(output, columns, (const struct postern_value[]){
		{ .text = selector->domain },
		{ .text = selector->selector },
		{ .text = selector->algorithm },
		{ .text = selector->state },
		{ .text = next },
	});
	return postern_output_finish(&output, 0);
}

int postern_cmd_dkim_add(struct postern_command *command)
{
	struct postern_dkim_selector new = { 0 };
	const struct postern_dkim_algorithm *algorithm;
	int code;

	code = read_new(command, &algorithm, &new);
	if (code == 0)
		code = postern_dkim_new(command, algorithm, choose_state, &new);
	return code != 0 ? code : print_added(command, &new);
}

/* ---- activate, retire, remove ---- */

typedef int selector_fn(struct postern_command *command,
			const struct postern_dkim_selectors *selectors,
			const struct postern_dkim_selector *selector);

/* Finds DOMAIN SELECTOR and does something with it, in one transaction. selector_r has a copy. */
static int change(struct postern_command *command, selector_fn *fn,
		  struct postern_dkim_selector *selector_r)
{
	char domain[POSTERN_DOMAIN_MAX + 1], name[POSTERN_DKIM_SELECTOR_MAX + 1];
	struct postern_dkim_selectors selectors = { 0 };
	const struct postern_dkim_selector *selector;
	int code;

	code = postern_dkim_read_domain(postern_command_operand(command, 0), domain);
	if (code == 0)
		code = postern_dkim_read_selector(postern_command_operand(command, 1), name);
	if (code == 0)
		code = postern_command_begin(command);
	if (code != 0)
		return code;

	code = postern_dkim_selectors_read(command, domain, &selectors);
	selector = postern_dkim_selectors_find(&selectors, name);
	if (code == 0 && selector == NULL)
		code = postern_fail(EX_NOUSER, "%s has no selector \"%s\"; see: postern dkim list",
				    domain, name);
	if (code == 0) {
		*selector_r = *selector;
		code = fn(command, &selectors, selector);
	}
	postern_dkim_selectors_deinit(&selectors);
	return postern_command_end(command, code);
}

static int activate(struct postern_command *command, const struct postern_dkim_selectors *selectors,
		    const struct postern_dkim_selector *selector)
{
	return postern_dkim_selectors_activate(command, selectors, selector);
}

int postern_cmd_dkim_activate(struct postern_command *command)
{
	struct postern_dkim_selector selector;

	return change(command, activate, &selector);
}

static int retire(struct postern_command *command, const struct postern_dkim_selectors *selectors,
		  const struct postern_dkim_selector *selector)
{
	(void)selectors;
	return postern_dkim_selectors_set(command, selector, POSTERN_DKIM_RETIRED, "");
}

int postern_cmd_dkim_retire(struct postern_command *command)
{
	struct postern_dkim_selector selector;

	return change(command, retire, &selector);
}

static int remove_row(struct postern_command *command,
		      const struct postern_dkim_selectors *selectors,
		      const struct postern_dkim_selector *selector)
{
	const char *error;

	(void)selectors;
	if (strcmp(selector->state, POSTERN_DKIM_ACTIVE) == 0)
		return postern_fail(EX_CANTCREAT, "%s signs with \"%s\"; first: postern dkim retire "
				    "%s %s", selector->domain, selector->selector,
				    selector->domain, selector->selector);
	if (postern_store_dkim_remove(command->store, selector->domain, selector->selector,
				      &error) != POSTERN_STORE_OK)
		return postern_command_change_failed(error);
	return 0;
}

int postern_cmd_dkim_remove(struct postern_command *command)
{
	struct postern_dkim_selector selector;
	int code;

	code = change(command, remove_row, &selector);
	if (code != 0)
		return code;
	return postern_dkim_file_remove(command->config, selector.domain, selector.selector);
}
