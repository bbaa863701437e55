/* SPDX-License-Identifier: MIT */
#include "dkim_selectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dkim_file.h"
#include "failure.h"
#include "memory.h"
#include "secret.h"

#define DAY (24 * 60 * 60)

int postern_dkim_read_domain(const char *text, char domain_r[POSTERN_DOMAIN_MAX + 1])
{
	const char *error;

	if (postern_domain_normalize(text, strlen(text), domain_r, &error) != 0)
		return postern_fail(EX_DATAERR, "\"%s\" is no domain: %s", postern_show(text), error);
	return 0;
}

int postern_dkim_read_selector(const char *text, char selector_r[POSTERN_DKIM_SELECTOR_MAX + 1])
{
	const char *error;

	if (postern_dkim_selector_normalize(text, selector_r, &error) != 0)
		return postern_fail(EX_DATAERR, "\"%s\" is no selector: %s", postern_show(text),
				    error);
	return 0;
}

int postern_dkim_read_algorithm(const char *text,
				const struct postern_dkim_algorithm **algorithm_r)
{
	*algorithm_r = postern_dkim_algorithm_find(text);
	if (*algorithm_r == NULL)
		return postern_fail(EX_USAGE, "\"%s\" is no algorithm: it is "
				    POSTERN_DKIM_ALGORITHMS, postern_show(text));
	return 0;
}

static int add_selector(const struct postern_dkim_selector *selector, void *context)
{
	struct postern_dkim_selectors *selectors = context;

	POSTERN_MEMORY_GROW(&selectors->list, selectors->count, &selectors->room);
	selectors->list[selectors->count++] = *selector;
	return 0;
}

int postern_dkim_selectors_read(struct postern_command *command, const char *domain,
				struct postern_dkim_selectors *selectors_r)
{
	const char *error;

	*selectors_r = (struct postern_dkim_selectors){ 0 };
	if (postern_store_dkim_each(command->store, domain, add_selector, selectors_r, &error) < 0)
		return postern_command_store_failed(error);
	return 0;
}

void postern_dkim_selectors_deinit(struct postern_dkim_selectors *selectors)
{
	free(selectors->list);
	*selectors = (struct postern_dkim_selectors){ 0 };
}

const struct postern_dkim_selector *
postern_dkim_selectors_find(const struct postern_dkim_selectors *selectors, const char *name)
{
	for (size_t i = 0; i < selectors->count; i++) {
		if (strcmp(selectors->list[i].selector, name) == 0)
			return &selectors->list[i];
	}
	return NULL;
}

/* Two algorithms of one kind make signatures with the same a=: both would be on every message. */
bool postern_dkim_same_kind(const struct postern_dkim_selector *a,
			    const struct postern_dkim_selector *b)
{
	const struct postern_dkim_algorithm *left = postern_dkim_algorithm_find(a->algorithm);
	const struct postern_dkim_algorithm *right = postern_dkim_algorithm_find(b->algorithm);

	return left != NULL && right != NULL && strcmp(left->kind, right->kind) == 0;
}

const struct postern_dkim_selector *
postern_dkim_selectors_rival(const struct postern_dkim_selectors *selectors,
			     const struct postern_dkim_selector *selector)
{
	for (size_t i = 0; i < selectors->count; i++) {
		const struct postern_dkim_selector *other = &selectors->list[i];

		if (strcmp(other->state, POSTERN_DKIM_ACTIVE) == 0 &&
		    postern_dkim_same_kind(other, selector) &&
		    strcmp(other->selector, selector->selector) != 0)
			return other;
	}
	return NULL;
}

bool postern_dkim_is(const struct postern_dkim_selector *selector, const char *rotation)
{
	return strcmp(selector->rotation, rotation) == 0;
}

int postern_dkim_selectors_set(struct postern_command *command,
			       const struct postern_dkim_selector *selector, const char *state,
			       const char *rotation)
{
	const char *error;

	if (postern_store_dkim_set_state(command->store, selector->domain, selector->selector, state,
					 rotation, &error) != POSTERN_STORE_OK)
		return postern_command_store_failed(error);
	return 0;
}

static int check_key(const struct postern_command *command,
		     const struct postern_dkim_selector *selector)
{
	char *pem;
	int code;

	if (postern_dkim_is(selector, POSTERN_DKIM_GONE))
		return postern_fail(EX_CANTCREAT, "the key of \"%s\" was removed when its time was "
				    "over; make another: postern dkim add %s", selector->selector,
				    selector->domain);
	code = postern_dkim_file_read(command->config, selector->domain, selector->selector, &pem);
	postern_secret_free(&pem);
	return code;
}

int postern_dkim_selectors_activate(struct postern_command *command,
				    const struct postern_dkim_selectors *selectors,
				    const struct postern_dkim_selector *selector)
{
	const struct postern_dkim_selector *rival;
	bool rotates = postern_dkim_is(selector, POSTERN_DKIM_WAITS) ||
		postern_dkim_is(selector, POSTERN_DKIM_SEEN);
	int code;

	code = check_key(command, selector);
	rival = postern_dkim_selectors_rival(selectors, selector);
	if (code == 0 && rival != NULL)
		code = postern_dkim_selectors_set(command, rival, POSTERN_DKIM_RETIRED,
						  rotates ? POSTERN_DKIM_FADES : "");
	return code != 0 ? code :
		postern_dkim_selectors_set(command, selector, POSTERN_DKIM_ACTIVE, "");
}

static void print_time(int64_t when, char *text, size_t size)
{
	time_t seconds = (time_t)when;
	struct tm tm;

	strftime(text, size, "%Y-%m-%d %H:%M UTC", gmtime_r(&seconds, &tm));
}

void postern_dkim_selector_next(const struct postern_config *config,
				const struct postern_dkim_selector *selector,
				char text_r[POSTERN_DKIM_NEXT_MAX])
{
	const char *domain = selector->domain, *name = selector->selector;
	char when[32];

	text_r[0] = '\0';
	if (postern_dkim_is(selector, POSTERN_DKIM_WAITS)) {
		snprintf(text_r, POSTERN_DKIM_NEXT_MAX, "put its record into the DNS: "
			 "postern dkim record %s", domain);
	} else if (postern_dkim_is(selector, POSTERN_DKIM_SEEN)) {
		print_time(selector->changed + config->dkim_settle_minutes * 60, when, sizeof(when));
		snprintf(text_r, POSTERN_DKIM_NEXT_MAX, "its record is there; it signs when "
			 "postern dkim rotate runs after %s", when);
	} else if (postern_dkim_is(selector, POSTERN_DKIM_FADES)) {
		print_time(selector->changed + (int64_t)config->dkim_retire_days * DAY, when,
			   sizeof(when));
		snprintf(text_r, POSTERN_DKIM_NEXT_MAX, "leave its record in the DNS until %s", when);
	} else if (postern_dkim_is(selector, POSTERN_DKIM_GONE)) {
		snprintf(text_r, POSTERN_DKIM_NEXT_MAX, "remove its record from the DNS, then: "
			 "postern dkim remove %s %s", domain, name);
	} else if (strcmp(selector->state, POSTERN_DKIM_PUBLISHED) == 0) {
		snprintf(text_r, POSTERN_DKIM_NEXT_MAX, "when its record is in the DNS: "
			 "postern dkim activate %s %s", domain, name);
	} else if (strcmp(selector->state, POSTERN_DKIM_RETIRED) == 0) {
		snprintf(text_r, POSTERN_DKIM_NEXT_MAX, "when its mail has arrived, remove its "
			 "record from the DNS, then: postern dkim remove %s %s", domain, name);
	}
}

void postern_dkim_selectors_drop_gone(struct postern_dkim_selectors *selectors)
{
	size_t kept = 0;

	for (size_t i = 0; i < selectors->count; i++) {
		if (!postern_dkim_is(&selectors->list[i], POSTERN_DKIM_GONE))
			selectors->list[kept++] = selectors->list[i];
	}
	selectors->count = kept;
}

void postern_dkim_comment(const struct postern_dkim_selector *selector, char *text_r, size_t size)
{
	const char *what = "does not sign yet";

	if (strcmp(selector->state, POSTERN_DKIM_ACTIVE) == 0)
		what = "signs";
	else if (strcmp(selector->state, POSTERN_DKIM_RETIRED) == 0)
		what = "is retired: leave its record until the mail that it signed has arrived";
	snprintf(text_r, size, "%s %s", selector->selector, what);
}
