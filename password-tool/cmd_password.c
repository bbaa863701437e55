/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "command.h"
#include "failure.h"
#include "input.h"
#include "label.h"
#include "memory.h"
#include "password.h"
#include "password_new.h"
#include "secret.h"
#include "uses.h"

static const struct postern_column password_columns[] = {
	{ "label", POSTERN_COLUMN_TEXT },
	{ "services", POSTERN_COLUMN_WORDS },
	{ "schemes", POSTERN_COLUMN_WORDS },
	{ "created", POSTERN_COLUMN_TIME },
	POSTERN_USE_COLUMNS,
	{ 0 },
};

/* What is to be stored: a finished hash, or one verifier for each configured scheme. */
struct new_password {
	const char *label;
	unsigned services;
	/* NULL-terminated; secrets. */
	char **verifiers;
};

/* ---- set ---- */

static int read_options(const struct postern_command *command, struct new_password *new_r)
{
	const char *label = postern_command_option(command, POSTERN_OPTION_LABEL);
	const char *services = postern_command_option(command, POSTERN_OPTION_SERVICES);
	const char *error;

	new_r->label = label != NULL ? label : POSTERN_PASSWORD_LABEL;
	new_r->services = POSTERN_SERVICES_ALL;
	if (postern_label_check(new_r->label, &error) < 0)
		return postern_fail(EX_USAGE, "--label: %s", error);
	if (services != NULL && postern_services_parse(services, &new_r->services, &error) < 0)
		return postern_fail(EX_USAGE, "--services: %s", error);
	return 0;
}

static int read_hash(const struct postern_config *config, struct new_password *new_r)
{
	const char *error;
	int code;

	new_r->verifiers = postern_memory_new(2, sizeof(*new_r->verifiers));
	code = postern_input_secret("hash", "Hash: ", NULL, POSTERN_VERIFIER_MAX,
				    &new_r->verifiers[0]);
	if (code != 0)
		return code;
	switch (postern_password_hash_check(config, new_r->verifiers[0], &error)) {
	case POSTERN_PASSWORD_HASH_OK:
		return 0;
	case POSTERN_PASSWORD_HASH_REFUSED:
		return postern_fail(EX_DATAERR, "%s", error);
	default:
		return postern_fail(EX_OSERR, "%s", error);
	}
}

static int hash_password(const struct postern_config *config, const char *password,
			 struct new_password *new_r)
{
	const char *error;

	if (postern_password_new_verifiers(config, password, &new_r->verifiers, &error) < 0)
		return postern_fail(EX_DATAERR, "%s", error);
	return 0;
}

static int read_password(const struct postern_command *command, const char *account,
			 struct new_password *new_r)
{
	const char *error;
	char *password;
	int code, ret;

	code = postern_input_secret("password", "New password: ", "The same again: ",
				    POSTERN_PASSWORD_MAX, &password);
	if (code != 0)
		return code;
	ret = postern_password_check_quality(password, account,
					     command->config->password_min_length, &error);
	if (ret != 0)
		code = postern_fail(ret < 0 ? EX_OSERR : EX_DATAERR, "%s", error);
	else
		code = hash_password(command->config, password, new_r);
	postern_secret_free(&password);
	return code;
}

static int store_password(struct postern_command *command, const struct new_password *new)
{
	struct postern_account account;
	const char *error;
	int code;

	code = postern_command_begin(command);
	if (code != 0)
		return code;
	/* Again: it may have been removed while the password was typed. */
	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code == 0 &&
	    postern_store_password_set(command->store, account.id, new->label, new->services,
				       (const char *const *)new->verifiers, &error) < 0)
		code = postern_command_store_failed(error);
	return postern_command_end(command, code);
}

int postern_cmd_password_set(struct postern_command *command)
{
	struct new_password new = { .verifiers = NULL };
	struct postern_account account;
	int code;

	code = read_options(command, &new);
	if (code == 0)
		code = postern_command_account(command, postern_command_operand(command, 0),
					       &account);
	if (code != 0)
		return code;
	if (postern_command_option(command, POSTERN_OPTION_HASH) != NULL)
		code = read_hash(command->config, &new);
	else
		code = read_password(command, account.name, &new);
	if (code == 0)
		code = store_password(command, &new);
	postern_password_verifiers_free(&new.verifiers);
	return code;
}

/* ---- generate ---- */

static int print_generated(struct postern_command *command, const char *account,
			   const struct new_password *new, const char *password)
{
	static const struct postern_column columns[] = {
		{ "account", POSTERN_COLUMN_TEXT },
		{ "label", POSTERN_COLUMN_TEXT },
		{ "services", POSTERN_COLUMN_WORDS },
		{ "password", POSTERN_COLUMN_TEXT },
		{ 0 },
	};
	struct postern_output *output = postern_command_output(command);
	char services[POSTERN_SERVICES_TEXT_MAX];

	postern_services_format(new->services, services);
	postern_output_record(output, columns, (const struct postern_value[]){
		{ .text = account },
		{ .text = new->label },
		{ .text = services },
		{ .text = password },
	});
	return postern_output_finish(&output, 0);
}

int postern_cmd_password_generate(struct postern_command *command)
{
	struct new_password new = { .verifiers = NULL };
	char password[POSTERN_PASSWORD_GENERATED_SIZE];
	struct postern_account account;
	const char *error;
	int code;

	code = read_options(command, &new);
	if (code == 0)
		code = postern_command_account(command, postern_command_operand(command, 0),
					       &account);
	if (code == 0 && postern_password_generate(password, &error) < 0)
		code = postern_fail(EX_OSERR, "%s", error);
	if (code != 0)
		return code;
	code = hash_password(command->config, password, &new);
	if (code == 0)
		code = store_password(command, &new);
	if (code == 0)
		code = print_generated(command, account.name, &new, password);
	postern_wipe(password, sizeof(password));
	postern_password_verifiers_free(&new.verifiers);
	return code;
}

/* ---- list ---- */

struct password_walk {
	struct postern_output *output;
	struct postern_uses uses;
};

static int add_row(const struct postern_account_password *password, void *context)
{
	char services[POSTERN_SERVICES_TEXT_MAX], schemes[256] = "";
	struct password_walk *walk = context;
	struct postern_use use;
	size_t length = 0;

	postern_services_format(password->services, services);
	for (char **v = password->verifiers; *v != NULL && length < sizeof(schemes); v++) {
		const char *scheme = postern_password_scheme(*v);

		length += (size_t)snprintf(schemes + length, sizeof(schemes) - length, "%s%s",
					   length == 0 ? "" : " ",
					   scheme == NULL ? "unknown" : scheme);
	}
	postern_uses_of_password(&walk->uses, password, &use);
	postern_output_row(walk->output, (const struct postern_value[]){
		{ .text = password->label },
		{ .text = services },
		{ .text = schemes },
		{ .number = password->created },
		POSTERN_USE_VALUES(&use),
	});
	return 0;
}

int postern_cmd_password_table(struct postern_command *command, struct postern_output *output,
			       const char *name, int64_t account_id)
{
	struct password_walk walk = { .output = output };
	const char *error;
	int code = 0;

	postern_output_table(output, name, password_columns);
	postern_uses_open(command, &walk.uses);
	if (postern_store_password_each(command->store, account_id, add_row, &walk, &error) < 0)
		code = postern_command_store_failed(error);
	postern_uses_close(&walk.uses);
	return code;
}

int postern_cmd_password_list(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);
	struct postern_account account;
	int code;

	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code == 0)
		code = postern_cmd_password_table(command, output, NULL, account.id);
	return postern_output_finish(&output, code);
}

/* ---- remove ---- */

static int remove_password(struct postern_command *command)
{
	const char *label = postern_command_operand(command, 1);
	struct postern_account account;
	const char *error;
	int code;

	if (label == NULL)
		label = POSTERN_PASSWORD_LABEL;
	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code != 0)
		return code;
	switch (postern_store_password_remove(command->store, account.id, label, &error)) {
	case POSTERN_STORE_OK:
		return 0;
	case POSTERN_STORE_NOT_FOUND:
		return postern_fail(EX_NOUSER, "\"%s\" has no password called \"%s\"; see: "
				    "postern password list %s", postern_show(account.name),
				    postern_show(label), postern_show(account.name));
	default:
		return postern_command_store_failed(error);
	}
}

int postern_cmd_password_remove(struct postern_command *command)
{
	int code;

	code = postern_command_begin(command);
	return code != 0 ? code : postern_command_end(command, remove_password(command));
}
