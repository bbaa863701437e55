/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ARGS_H
#define POSTERN_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The command line: `postern [--config FILE] [--json] NOUN VERB [OPTION…] OPERAND…`. What there is
 * stands in one table (verbs.c), and the parser, the help texts and the check that the man page
 * leaves nothing out all go by it. There are long options only, before or behind
 * the operands; one with a value is given at most once, except --address. "--" ends them.
 * getopt_long is not used because a fingerprint is an operand that may begin with "-" or "--".
 */
enum postern_option {
	POSTERN_OPTION_CONFIG,
	POSTERN_OPTION_JSON,
	POSTERN_OPTION_HELP,
	POSTERN_OPTION_VERSION,
	POSTERN_OPTION_ADDRESS,
	POSTERN_OPTION_ALGORITHM,
	POSTERN_OPTION_CHECK,
	POSTERN_OPTION_DOMAIN,
	POSTERN_OPTION_FORMAT,
	POSTERN_OPTION_FROM,
	POSTERN_OPTION_HASH,
	POSTERN_OPTION_LABEL,
	POSTERN_OPTION_NAME,
	POSTERN_OPTION_NO_PREAUTH,
	POSTERN_OPTION_P12_PASSWORD_STDIN,
	POSTERN_OPTION_POLICY,
	POSTERN_OPTION_RESOLVER,
	POSTERN_OPTION_SENDER,
	POSTERN_OPTION_SERVICES,
	POSTERN_OPTION_TYPE,
	POSTERN_OPTION_WAIT,
	POSTERN_OPTION_COUNT,
};

struct postern_option_spec {
	const char *name;
	/* What follows it, or NULL for a switch. */
	const char *argument;
	const char *help;
};

struct postern_command;
typedef int postern_command_fn(struct postern_command *command);

struct postern_verb {
	/* verb is NULL for a command of one word. */
	const char *noun, *verb;
	/* As the help shows them: "ACCOUNT FILE|-". */
	const char *operands;
	unsigned min_operands, max_operands;
	/* Bits 1 << enum postern_option; those that every verb takes are left out. */
	unsigned options;
	/* It works on the user's own files, anywhere: no postern.conf is read. */
	bool needs_no_config;
	/* Whether the store is opened, and with which postern_store_flags. */
	bool opens_store;
	unsigned store_flags;
	postern_command_fn *run;
	/* One line for the list, and what the verb's own --help adds to it. */
	const char *summary, *help;
};

struct postern_args {
	const struct postern_verb *verb;
	/* By enum postern_option: NULL when not given, "" for a switch. */
	const char *values[POSTERN_OPTION_COUNT];
	/* Every --address, in order. */
	const char **addresses;
	size_t address_count;
	const char **operands;
	size_t operand_count;
};

extern const struct postern_option_spec postern_option_specs[POSTERN_OPTION_COUNT];
/* Ends with a NULL noun; the verbs of a noun stand together. */
extern const struct postern_verb postern_verbs[];

/* Reads the command line. Returns 0 with a verb to run; 0 without one (*args_r has verb NULL) when
   --help or --version was asked for and has been printed; EX_USAGE when it is wrong, which has been
   said. *args_r is the caller's to deinit either way, and points into argv. */
int postern_args_parse(int argc, char **argv, struct postern_args *args_r);
void postern_args_deinit(struct postern_args *args);

/* The help, on stdout: of everything (noun NULL), of a noun, of a verb. */
void postern_help_print(const char *noun);
void postern_help_print_verb(const struct postern_verb *verb);

#endif
