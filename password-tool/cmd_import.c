/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "failure.h"
#include "import.h"
#include "input.h"
#include "secret.h"

/* A million accounts with some room; all of it is held in memory. */
#define IMPORT_SIZE_MAX ((size_t)512 * 1024 * 1024)

static const struct {
	const char *name;
	postern_import_line_fn *read_line;
} formats[] = {
	{ "postern", postern_import_line },
	{ "passwd-file", postern_import_passwd_file_line },
	{ "shadow", postern_import_shadow_line },
	{ "csv", postern_import_csv_line },
	/* Not by lines. */
	{ "sql", NULL },
};

static bool find_format(const char *name, postern_import_line_fn **read_line_r)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		*read_line_r = formats[i].read_line;
		if (strcmp(formats[i].name, name) == 0)
			return true;
	}
	return false;
}

static int add_account(struct postern_command *command, const char *path,
		       const struct postern_import_account *imported)
{
	const char *verifiers[] = { imported->verifier, NULL };
	struct postern_account account = { .policy = POSTERN_POLICY_ANY };
	const char *error;
	int outcome;

	snprintf(account.name, sizeof(account.name), "%s", imported->name);
	outcome = postern_store_account_add(command->store, &account, &error);
	if (outcome == POSTERN_STORE_EXISTS)
		return postern_fail(EX_DATAERR, "%s: line %zu: the account \"%s\" exists already, "
				    "in the store or further up; nothing was imported", path,
				    imported->line,
				    postern_show(imported->name));
	if (outcome == POSTERN_STORE_OK && imported->verifier != NULL)
		outcome = postern_store_password_set(command->store, account.id,
						     POSTERN_PASSWORD_LABEL, POSTERN_SERVICES_ALL,
						     verifiers, &error);
	for (size_t i = 0; outcome == POSTERN_STORE_OK && i < imported->address_count; i++)
		outcome = postern_store_address_add(command->store, account.id,
						    imported->addresses[i], &error);
	return outcome == POSTERN_STORE_OK ? 0 :
	       postern_fail(EX_IOERR, "%s: line %zu: %s; nothing was imported", path, imported->line,
			    error);
}

static int add_accounts(struct postern_command *command, const char *path,
			const struct postern_import *import)
{
	int code;

	code = postern_command_begin(command);
	if (code != 0)
		return code;
	for (size_t i = 0; code == 0 && i < import->count; i++)
		code = add_account(command, path, &import->accounts[i]);
	return postern_command_end(command, code);
}

static int print_count(const struct postern_command *command, size_t count)
{
	static const struct postern_column columns[] = {
		{ "imported", POSTERN_COLUMN_NUMBER },
		{ 0 },
	};
	struct postern_output *output = postern_command_output(command);

	postern_output_record(output, columns, (const struct postern_value[]){
		{ .number = (int64_t)count },
	});
	return postern_output_finish(&output, 0);
}

int postern_cmd_import(struct postern_command *command)
{
	const char *format = postern_command_option(command, POSTERN_OPTION_FORMAT);
	const char *path = postern_command_operand(command, 0);
	struct postern_import import = {
		.domain = postern_command_option(command, POSTERN_OPTION_DOMAIN),
		.cased = command->config->case_sensitive_domains,
	};
	postern_import_line_fn *read_line;
	char shown[256];
	char *data;
	size_t size;
	int code;

	if (!find_format(format != NULL ? format : "postern", &read_line))
		return postern_fail(EX_USAGE, "\"%s\" is no format: it is postern, passwd-file, "
				    "shadow, csv or sql", postern_show(format));
	if (path == NULL)
		path = "-";
	code = postern_input_read(path, "import", IMPORT_SIZE_MAX, &data, &size);
	if (code != 0)
		return code;
	snprintf(shown, sizeof(shown), "%s", strcmp(path, "-") == 0 ? "stdin" : postern_show(path));
	code = read_line != NULL ? postern_import_read(&import, read_line, shown, data, size) :
		postern_import_read_sql(&import, shown, data, size);
	if (code == 0)
		code = add_accounts(command, shown, &import);
	if (code == 0)
		code = print_count(command, import.count);
	postern_secret_free_sized((void **)&data, size);
	postern_import_deinit(&import);
	return code;
}
