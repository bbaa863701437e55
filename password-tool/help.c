/* SPDX-License-Identifier: MIT */
#include "args.h"

#include <stdio.h>
#include <string.h>

#define USAGE_WIDTH 40
#define OPTION_WIDTH 24

static void print_options(unsigned options)
{
	for (int i = 0; i < POSTERN_OPTION_COUNT; i++) {
		const struct postern_option_spec *spec = &postern_option_specs[i];
		char text[64];

		if ((options & 1u << i) == 0)
			continue;
		snprintf(text, sizeof(text), "--%s%s%s", spec->name, spec->argument == NULL ? "" : " ",
			 spec->argument == NULL ? "" : spec->argument);
		printf("  %-*s %s\n", OPTION_WIDTH, text, spec->help);
	}
}

/* "key add [OPTION]... ACCOUNT FILE|-" */
static void format_usage(const struct postern_verb *verb, char *text_r, size_t size)
{
	snprintf(text_r, size, "%s%s%s%s%s%s", verb->noun, verb->verb == NULL ? "" : " ",
		 verb->verb == NULL ? "" : verb->verb, verb->options == 0 ? "" : " [OPTION]...",
		 verb->operands[0] == '\0' ? "" : " ", verb->operands);
}

void postern_help_print(const char *noun)
{
	puts("usage: postern [--config FILE] [--json] NOUN VERB [OPTION]... [OPERAND]...\n");
	for (const struct postern_verb *v = postern_verbs; v->noun != NULL; v++) {
		char usage[96];

		if (noun != NULL && strcmp(noun, v->noun) != 0)
			continue;
		format_usage(v, usage, sizeof(usage));
		printf("  %-*s %s\n", USAGE_WIDTH, usage, v->summary);
	}
	putchar('\n');
	if (noun != NULL) {
		printf("Options: postern %s VERB --help\n", noun);
		return;
	}
	puts("Everywhere:");
	print_options(1u << POSTERN_OPTION_CONFIG | 1u << POSTERN_OPTION_JSON |
		      1u << POSTERN_OPTION_HELP | 1u << POSTERN_OPTION_VERSION);
	puts("\nMore: postern NOUN VERB --help, and postern(1).");
}

void postern_help_print_verb(const struct postern_verb *verb)
{
	char usage[96];

	format_usage(verb, usage, sizeof(usage));
	printf("usage: postern [--config FILE] [--json] %s\n\n%s\n", usage, verb->summary);
	if (verb->help != NULL)
		puts(verb->help);
	if (verb->options != 0) {
		putchar('\n');
		print_options(verb->options);
	}
}
