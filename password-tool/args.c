/* SPDX-License-Identifier: MIT */
#include "args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "key.h"
#include "memory.h"
#include "postern-build.h"

#define EVERYWHERE \
	(1u << POSTERN_OPTION_CONFIG | 1u << POSTERN_OPTION_JSON | 1u << POSTERN_OPTION_HELP | \
	 1u << POSTERN_OPTION_VERSION)

struct scan {
	char **words;
	size_t count, at;
	/* Options that may stand here; all of them while the verb is not yet known. */
	unsigned allowed;
	bool options_ended;
};

/* A base64url fingerprint may begin with "-". */
static bool is_fingerprint(const char *word)
{
	struct postern_fingerprint fingerprint;
	const char *error;

	return strlen(word) == POSTERN_FINGERPRINT_TEXT_MAX - 1 &&
	       postern_fingerprint_parse(word, &fingerprint, &error) == 0;
}

static bool is_option(const struct scan *scan, const char *word)
{
	return !scan->options_ended && word[0] == '-' && word[1] != '\0' && !is_fingerprint(word);
}

/* What to type to see more, for the end of a message. */
static const char *hint(const struct postern_args *args)
{
	static char text[64];
	const struct postern_verb *verb = args->verb;

	if (verb == NULL)
		return "postern --help";
	snprintf(text, sizeof(text), "postern %s%s%s --help", verb->noun,
		 verb->verb == NULL ? "" : " ", verb->verb == NULL ? "" : verb->verb);
	return text;
}

static int find_option(const char *word)
{
	size_t length = strcspn(word, "=");

	for (int i = 0; i < POSTERN_OPTION_COUNT; i++) {
		const char *name = postern_option_specs[i].name;

		if (strlen(name) == length && strncmp(name, word, length) == 0)
			return i;
	}
	return -1;
}

static int take_option(struct postern_args *args, struct scan *scan)
{
	const char *word = scan->words[scan->at++];
	const char *value = strchr(word, '=');
	int option = word[1] == '-' ? find_option(word + 2) : -1;

	if (option < 0 || (scan->allowed & 1u << option) == 0)
		return postern_fail(EX_USAGE, "unknown option \"%s\"; see: %s", postern_show(word),
				    hint(args));
	const struct postern_option_spec *spec = &postern_option_specs[option];

	if (spec->argument == NULL) {
		if (value != NULL)
			return postern_fail(EX_USAGE, "--%s takes no value", spec->name);
		value = "";
	} else if (value != NULL) {
		value++;
	} else if (scan->at < scan->count) {
		value = scan->words[scan->at++];
	} else {
		return postern_fail(EX_USAGE, "--%s needs a value: --%s %s", spec->name, spec->name,
				    spec->argument);
	}
	if (option == POSTERN_OPTION_ADDRESS)
		args->addresses[args->address_count++] = value;
	else if (args->values[option] != NULL && spec->argument != NULL)
		return postern_fail(EX_USAGE, "--%s is given twice", spec->name);
	args->values[option] = value;
	return 0;
}

/* The next word that is no option, or NULL at the end. */
static int next_word(struct postern_args *args, struct scan *scan, const char **word_r)
{
	*word_r = NULL;
	while (scan->at < scan->count) {
		const char *word = scan->words[scan->at];
		int code;

		if (!scan->options_ended && strcmp(word, "--") == 0) {
			scan->options_ended = true;
			scan->at++;
		} else if (is_option(scan, word)) {
			code = take_option(args, scan);
			if (code != 0)
				return code;
		} else {
			*word_r = word;
			scan->at++;
			return 0;
		}
	}
	return 0;
}

static const struct postern_verb *find_noun(const char *noun)
{
	for (const struct postern_verb *v = postern_verbs; v->noun != NULL; v++) {
		if (strcmp(v->noun, noun) == 0)
			return v;
	}
	return NULL;
}

static const struct postern_verb *find_verb(const struct postern_verb *first, const char *verb)
{
	for (const struct postern_verb *v = first;
	     v->noun != NULL && strcmp(v->noun, first->noun) == 0; v++) {
		if (strcmp(v->verb, verb) == 0)
			return v;
	}
	return NULL;
}

static int unknown_verb(const struct postern_verb *first, const char *word)
{
	char known[256] = "";
	size_t length = 0;

	for (const struct postern_verb *v = first;
	     v->noun != NULL && strcmp(v->noun, first->noun) == 0 && length < sizeof(known); v++)
		length += (size_t)snprintf(known + length, sizeof(known) - length, "%s%s",
					   v == first ? "" : ", ", v->verb);
	if (word == NULL)
		return postern_fail(EX_USAGE, "\"%s\" needs a verb: %s; see: postern %s --help",
				    first->noun, known, first->noun);
	return postern_fail(EX_USAGE, "\"%s %s\" is no command; \"%s\" has: %s", first->noun,
			    postern_show(word), first->noun, known);
}

/* Whether the command line only asks what there is; then it may be incomplete. */
static bool only_asks(const struct postern_args *args)
{
	return args->values[POSTERN_OPTION_HELP] != NULL ||
	       args->values[POSTERN_OPTION_VERSION] != NULL;
}

/* NOUN and VERB; *noun_r is what was found of it when only help was asked for. */
static int take_verb(struct postern_args *args, struct scan *scan, const char **noun_r)
{
	const struct postern_verb *first;
	const char *noun, *verb;
	int code;

	*noun_r = NULL;
	code = next_word(args, scan, &noun);
	if (code != 0)
		return code;
	if (noun == NULL)
		return only_asks(args) ? 0 :
		       postern_fail(EX_USAGE, "nothing to do; see: postern --help");
	first = find_noun(noun);
	if (first == NULL)
		return postern_fail(EX_USAGE, "\"%s\" is no command; see: postern --help",
				    postern_show(noun));
	*noun_r = first->noun;
	if (first->verb == NULL) {
		args->verb = first;
		return 0;
	}
	code = next_word(args, scan, &verb);
	if (code != 0)
		return code;
	if (verb == NULL && only_asks(args))
		return 0;
	args->verb = verb == NULL ? NULL : find_verb(first, verb);
	return args->verb != NULL ? 0 : unknown_verb(first, verb);
}

static int take_operands(struct postern_args *args, struct scan *scan)
{
	const struct postern_verb *verb = args->verb;
	const char *word;
	int code;

	scan->allowed |= verb->options;
	for (;;) {
		code = next_word(args, scan, &word);
		if (code != 0)
			return code;
		if (word == NULL)
			break;
		args->operands[args->operand_count++] = word;
	}
	if (only_asks(args))
		return 0;
	if (args->operand_count < verb->min_operands)
		return postern_fail(EX_USAGE, "something is missing: it wants %s; see: %s",
				    verb->operands, hint(args));
	if (args->operand_count > verb->max_operands)
		return postern_fail(EX_USAGE, "\"%s\" is one word too many; see: %s",
				    postern_show(args->operands[verb->max_operands]), hint(args));
	return 0;
}

int postern_args_parse(int argc, char **argv, struct postern_args *args_r)
{
	struct scan scan = {
		.words = argv + 1,
		.count = argc > 0 ? (size_t)argc - 1 : 0,
		.allowed = EVERYWHERE,
	};
	const char *noun;
	int code;

	*args_r = (struct postern_args){ 0 };
	args_r->operands = postern_memory_new(scan.count, sizeof(*args_r->operands));
	args_r->addresses = postern_memory_new(scan.count, sizeof(*args_r->addresses));

	code = take_verb(args_r, &scan, &noun);
	if (code == 0 && args_r->verb != NULL)
		code = take_operands(args_r, &scan);
	if (code != 0 || !only_asks(args_r))
		return code;

	if (args_r->values[POSTERN_OPTION_VERSION] != NULL)
		puts("postern " POSTERN_VERSION);
	else if (args_r->verb != NULL)
		postern_help_print_verb(args_r->verb);
	else
		postern_help_print(noun);
	args_r->verb = NULL;
	return 0;
}

void postern_args_deinit(struct postern_args *args)
{
	free(args->operands);
	free(args->addresses);
	*args = (struct postern_args){ 0 };
}
