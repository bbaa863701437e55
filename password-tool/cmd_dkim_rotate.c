/* SPDX-License-Identifier: MIT */
/* "dkim rotate": begins a rotation, or goes on with what is under way. Where each one stands is in
   the store, so that this may be killed, and run as often as somebody likes. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "dkim_file.h"
#include "dkim_new.h"
#include "dkim_rotation.h"
#include "dkim_selectors.h"
#include "failure.h"

/* Seconds between two looks, with --wait: from the first to the second, and at most. */
#define PAUSE_MIN 1
#define PAUSE_MAX 60

struct rotation {
	struct postern_command *command;
	/* NULL for all. */
	const char *domain;
	/* Of this pass; made when the first question is to be put. */
	struct postern_dns *dns;
	/* Unix time at which this run began. */
	int64_t began;
	/* Of the last pass: how many have not switched, and what the last of those waits for. */
	size_t waiting;
	char why[POSTERN_DKIM_WHY_MAX];
};

static bool is_pending(const struct postern_dkim_selector *selector)
{
	return postern_dkim_is(selector, POSTERN_DKIM_WAITS) ||
		postern_dkim_is(selector, POSTERN_DKIM_SEEN);
}

/* ---- beginning ---- */

/* A rotation ends when the old record may go: one at a time for each kind of key. */
static bool is_under_way(const struct postern_dkim_selectors *selectors,
			 const struct postern_dkim_selector *like)
{
	for (size_t i = 0; i < selectors->count; i++) {
		const struct postern_dkim_selector *selector = &selectors->list[i];

		if (postern_dkim_same_kind(selector, like) &&
		    (is_pending(selector) || postern_dkim_is(selector, POSTERN_DKIM_FADES)))
			return true;
	}
	return false;
}

/* A file without a row is what a killed command has left, and a reason to take another name. */
static int choose_new(struct postern_command *command, struct postern_dkim_selector *new)
{
	struct postern_dkim_selectors selectors;
	unsigned number = 1;
	int code;

	code = postern_dkim_selectors_read(command, new->domain, &selectors);
	if (code == 0 && is_under_way(&selectors, new))
		code = postern_fail(EX_TEMPFAIL, "another command has just begun to rotate the keys "
				    "of %s; try again", new->domain);
	do {
		postern_dkim_new_name(postern_dkim_algorithm_find(new->algorithm), number++,
				      new->selector);
	} while (code == 0 &&
		 (postern_dkim_selectors_find(&selectors, new->selector) != NULL ||
		  postern_dkim_file_exists(command->config, new->domain, new->selector)));
	strcpy(new->state, POSTERN_DKIM_PUBLISHED);
	strcpy(new->rotation, POSTERN_DKIM_WAITS);
	postern_dkim_selectors_deinit(&selectors);
	return code;
}

static int begin_for(struct postern_command *command, const struct postern_dkim_selector *old,
		     const struct postern_dkim_algorithm *wanted)
{
	struct postern_dkim_selector new = { 0 };

	strcpy(new.domain, old->domain);
	if (wanted == NULL)
		wanted = postern_dkim_algorithm_find(old->algorithm);
	return postern_dkim_new(command, wanted, choose_new, &new);
}

/* Every kind of key that signs gets a new one, or with --algorithm that kind. */
static int begin(struct rotation *rotation)
{
	const char *option = postern_command_option(rotation->command, POSTERN_OPTION_ALGORITHM);
	const struct postern_dkim_algorithm *wanted = NULL;
	struct postern_dkim_selectors selectors;
	struct postern_dkim_selector like = { 0 };
	bool found = false;
	int code;

	if (option != NULL) {
		code = postern_dkim_read_algorithm(option, &wanted);
		if (code != 0)
			return code;
		strcpy(like.algorithm, wanted->name);
	}
	code = postern_dkim_selectors_read(rotation->command, rotation->domain, &selectors);
	for (size_t i = 0; code == 0 && i < selectors.count; i++) {
		const struct postern_dkim_selector *old = &selectors.list[i];

		if (strcmp(old->state, POSTERN_DKIM_ACTIVE) != 0 ||
		    (wanted != NULL && !postern_dkim_same_kind(old, &like)))
			continue;
		found = true;
		if (!is_under_way(&selectors, old))
			code = begin_for(rotation->command, old, wanted);
	}
	if (code == 0 && !found)
		code = postern_fail(EX_NOUSER, "%s signs with no %skey that could be rotated; make "
				    "one: postern dkim add %s", rotation->domain,
				    wanted == NULL ? "" : "such ", rotation->domain);
	postern_dkim_selectors_deinit(&selectors);
	return code;
}

/* ---- going on ---- */

/* What was decided is done only if the selector still is what it was decided on. */
static int apply(struct postern_command *command, const struct postern_dkim_selector *judged,
		 enum postern_dkim_step step)
{
	struct postern_dkim_selectors selectors;
	const struct postern_dkim_selector *now;
	int code;

	code = postern_command_begin(command);
	if (code != 0)
		return code;
	code = postern_dkim_selectors_read(command, judged->domain, &selectors);
	now = postern_dkim_selectors_find(&selectors, judged->selector);
	if (code == 0 && (now == NULL || strcmp(now->state, judged->state) != 0 ||
			  strcmp(now->rotation, judged->rotation) != 0))
		code = postern_fail(EX_TEMPFAIL, "another command has just changed selector \"%s\" of "
				    "%s; try again", judged->selector, judged->domain);
	else if (code == 0 && step == POSTERN_DKIM_STEP_SWITCH)
		code = postern_dkim_selectors_activate(command, &selectors, now);
	else if (code == 0)
		code = postern_dkim_selectors_set(command, now, now->state,
			step == POSTERN_DKIM_STEP_SEEN ? POSTERN_DKIM_SEEN :
			step == POSTERN_DKIM_STEP_WAIT ? POSTERN_DKIM_WAITS : POSTERN_DKIM_GONE);
	postern_dkim_selectors_deinit(&selectors);
	return postern_command_end(command, code);
}

static int look(struct rotation *rotation, const struct postern_dkim_selector *selector,
		enum postern_dkim_sight *sight_r)
{
	const char *resolver = postern_command_option(rotation->command, POSTERN_OPTION_RESOLVER);
	char own[POSTERN_DKIM_RECORD_MAX], name[POSTERN_DKIM_NAME_MAX];
	char why[POSTERN_DKIM_WHY_MAX];
	const char *error;
	int code;

	code = postern_dkim_record_read(rotation->command, selector, own);
	if (code != 0)
		return code;
	if (resolver == NULL)
		resolver = rotation->command->config->resolver;
	if (rotation->dns == NULL && postern_dns_new(resolver, &rotation->dns, &error) < 0)
		return postern_fail(EX_CONFIG, "%s", error);
	*sight_r = postern_dkim_look(postern_dns_ask, rotation->dns, selector, own, why);
	postern_dkim_record_name(selector, name);
	if (*sight_r != POSTERN_DKIM_SIGHT_GOOD)
		snprintf(rotation->why, sizeof(rotation->why), "%.150s: %.150s", name, why);
	return 0;
}

/* The row was committed first; if the command died then, this is the next one's. */
static int remove_key(const struct postern_config *config,
		      const struct postern_dkim_selector *selector)
{
	if (!postern_dkim_file_exists(config, selector->domain, selector->selector))
		return 0;
	return postern_dkim_file_remove(config, selector->domain, selector->selector);
}

static int go_on_with(struct rotation *rotation, const struct postern_dkim_selector *selector)
{
	const struct postern_config *config = rotation->command->config;
	enum postern_dkim_sight sight = POSTERN_DKIM_SIGHT_UNKNOWN;
	enum postern_dkim_step step;
	int code = 0;

	if (is_pending(selector))
		code = look(rotation, selector, &sight);
	if (code != 0)
		return code;
	step = postern_dkim_rotation_step(selector, sight, time(NULL), config->dkim_settle_minutes,
					  config->dkim_retire_days);
	if (step != POSTERN_DKIM_STEP_NONE)
		code = apply(rotation->command, selector, step);
	if (code == 0 && (step == POSTERN_DKIM_STEP_REMOVE ||
			  postern_dkim_is(selector, POSTERN_DKIM_GONE)))
		code = remove_key(config, selector);
	if (is_pending(selector) && step != POSTERN_DKIM_STEP_SWITCH)
		rotation->waiting++;
	return code;
}

static int go_on(struct rotation *rotation)
{
	struct postern_dkim_selectors selectors;
	int code;

	rotation->waiting = 0;
	rotation->why[0] = '\0';
	code = postern_dkim_selectors_read(rotation->command, rotation->domain, &selectors);
	for (size_t i = 0; code == 0 && i < selectors.count; i++)
		code = go_on_with(rotation, &selectors.list[i]);
	postern_dkim_selectors_deinit(&selectors);
	/* One that was away is asked anew the next time. */
	postern_dns_free(&rotation->dns);
	return code;
}

/* ---- waiting ---- */

static int64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int wait_for(struct rotation *rotation, long seconds)
{
	int64_t deadline = monotonic() + seconds;
	unsigned pause = PAUSE_MIN;
	int code = 0;

	if (rotation->waiting > 0)
		postern_note("waiting until the new key signs; its record: postern dkim record %s",
			     rotation->domain == NULL ? "DOMAIN" : rotation->domain);
	while (code == 0 && rotation->waiting > 0 && monotonic() < deadline) {
		int64_t left = deadline - monotonic();

		sleep(left < pause ? (unsigned)left : pause);
		pause = pause * 2 < PAUSE_MAX ? pause * 2 : PAUSE_MAX;
		code = go_on(rotation);
	}
	if (code == 0 && rotation->waiting > 0)
		code = postern_fail(EX_TEMPFAIL, "the time is over, and %s%s; the old key goes on "
				    "signing, and \"postern dkim rotate\" goes on from here",
				    *rotation->why == '\0' ?
				    "the record has not been seen long enough" : "",
				    postern_show(rotation->why));
	return code;
}

/* ---- the verb ---- */

static const struct postern_column columns[] = {
	{ "domain", POSTERN_COLUMN_TEXT },
	{ "selector", POSTERN_COLUMN_TEXT },
	{ "algorithm", POSTERN_COLUMN_TEXT },
	{ "state", POSTERN_COLUMN_TEXT },
	{ "rotation", POSTERN_COLUMN_TEXT },
	{ "next", POSTERN_COLUMN_TEXT },
	{ 0 },
};

/* What is under way, and what this run has changed. */
static int print(struct rotation *rotation)
{
	struct postern_output *output = postern_command_output(rotation->command);
	struct postern_dkim_selectors selectors;
	int code;

	code = postern_dkim_selectors_read(rotation->command, rotation->domain, &selectors);
	postern_output_table(output, NULL, columns);
	for (size_t i = 0; i < selectors.count; i++) {
		const struct postern_dkim_selector *selector = &selectors.list[i];
		char next[POSTERN_DKIM_NEXT_MAX];

		if (*selector->rotation == '\0' && selector->changed < rotation->began)
			continue;
		postern_dkim_selector_next(rotation->command->config, selector, next);
		postern_output_row(output, (const struct postern_value[]){
			{ .text = selector->domain },
			{ .text = selector->selector },
			{ .text = selector->algorithm },
			{ .text = selector->state },
			{ .text = selector->rotation },
			{ .text = next },
		});
	}
	postern_dkim_selectors_deinit(&selectors);
	return postern_output_finish(&output, code);
}

int postern_cmd_dkim_rotate(struct postern_command *command)
{
	const char *operand = postern_command_operand(command, 0);
	const char *wait = postern_command_option(command, POSTERN_OPTION_WAIT);
	struct rotation rotation = { .command = command, .began = time(NULL) };
	char domain[POSTERN_DOMAIN_MAX + 1];
	long seconds = wait == NULL ? 0 : postern_dkim_duration(wait);
	int code = 0;

	if (seconds < 0)
		return postern_fail(EX_USAGE, "\"%s\" is no time to wait: it is a number and s, m, h or "
				    "d, at most 30d", postern_show(wait));
	if (operand == NULL && postern_command_option(command, POSTERN_OPTION_ALGORITHM) != NULL)
		return postern_fail(EX_USAGE, "--algorithm is for a rotation that begins: name the "
				    "DOMAIN");
	if (operand != NULL) {
		code = postern_dkim_read_domain(operand, domain);
		rotation.domain = domain;
	}
	if (code == 0 && operand != NULL)
		code = begin(&rotation);
	if (code == 0)
		code = go_on(&rotation);
	if (code == 0 && wait != NULL)
		code = wait_for(&rotation, seconds);
	else if (code == 0 && *rotation.why != '\0')
		postern_note("%s", postern_show(rotation.why));
	return code != 0 ? code : print(&rotation);
}
