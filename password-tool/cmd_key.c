/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "failure.h"
#include "input.h"
#include "mail_key.h"
#include "ownership.h"
#include "label.h"
#include "secret.h"
#include "uses.h"

static const struct postern_column key_columns[] = {
	{ "account", POSTERN_COLUMN_TEXT },
	{ "label", POSTERN_COLUMN_TEXT },
	{ "fingerprint", POSTERN_COLUMN_TEXT },
	{ "type", POSTERN_COLUMN_TEXT },
	{ "services", POSTERN_COLUMN_WORDS },
	{ "preauth", POSTERN_COLUMN_FLAG },
	{ "created", POSTERN_COLUMN_TIME },
	POSTERN_USE_COLUMNS,
	{ 0 },
};
#define KEY_COLUMN_COUNT (7 + POSTERN_USE_COLUMN_COUNT)

/* Texts that the values of a row point at. */
struct key_row {
	char fingerprint[POSTERN_FINGERPRINT_TEXT_MAX];
	char services[POSTERN_SERVICES_TEXT_MAX];
	struct postern_use use;
	struct postern_value values[KEY_COLUMN_COUNT];
};

static void fill_row(const struct postern_account_key *key, struct postern_uses *uses,
		     struct key_row *row_r)
{
	postern_fingerprint_format(&key->fingerprint, row_r->fingerprint);
	postern_services_format(key->services, row_r->services);
	postern_uses_of_key(uses, key, &row_r->use);
	memcpy(row_r->values, (const struct postern_value[KEY_COLUMN_COUNT]){
		{ .text = key->account_name },
		{ .text = key->label },
		{ .text = row_r->fingerprint },
		{ .text = key->type },
		{ .text = row_r->services },
		{ .number = key->preauth },
		{ .number = key->created },
		POSTERN_USE_VALUES(&row_r->use),
	}, sizeof(row_r->values));
}

/* ---- add ---- */

/* Reads label and services from the options; the label of the key itself is there already. */
static int read_options(const struct postern_command *command, struct postern_account_key *key)
{
	const char *label = postern_command_option(command, POSTERN_OPTION_LABEL);
	const char *services = postern_command_option(command, POSTERN_OPTION_SERVICES);
	const char *error;

	if (label != NULL) {
		if (postern_label_check(label, &error) < 0)
			return postern_fail(EX_USAGE, "--label: %s", error);
		snprintf(key->label, sizeof(key->label), "%s", label);
	}
	if (services != NULL && postern_services_parse(services, &key->services, &error) < 0)
		return postern_fail(EX_USAGE, "--services: %s", error);
	key->preauth = postern_command_option(command, POSTERN_OPTION_NO_PREAUTH) == NULL;
	return 0;
}

static int read_key(const char *path, struct postern_account_key *key_r)
{
	struct postern_key read;
	const char *error;
	char *data;
	size_t size;
	int code;

	code = postern_input_read(path, "certificate or public key", POSTERN_KEY_FILE_MAX, &data,
				  &size);
	if (code != 0)
		return code;
	if (postern_key_read(data, size, &read, &error) < 0)
		code = postern_fail(EX_DATAERR, "%s: %s",
				    strcmp(path, "-") == 0 ? "stdin" : postern_show(path), error);
	/* It may have been a private key. */
	postern_secret_free_sized((void **)&data, size);
	if (code != 0)
		return code;
	key_r->fingerprint = read.fingerprint;
	memcpy(key_r->label, read.default_label, sizeof(key_r->label));
	memcpy(key_r->type, read.type, sizeof(key_r->type));
	return 0;
}

static int check_own(struct postern_command *command, const struct postern_account *account,
		     const struct postern_address *address)
{
	const char *error;

	switch (postern_ownership_check(command->store, command->config, account, address,
					&error)) {
	case POSTERN_OWN:
		return 0;
	case POSTERN_NOT_OWN:
		return postern_fail(EX_DATAERR, "the address is not the account's own; see: "
				    "postern address add");
	default:
		return postern_command_store_failed(error);
	}
}

/* Not whose it is: the line may go on to who has sent the certificate. */
static int registered_already(const struct postern_account_key *key)
{
	char text[POSTERN_FINGERPRINT_TEXT_MAX];

	postern_fingerprint_format(&key->fingerprint, text);
	return postern_fail(EX_CANTCREAT, "this key is registered already, and a key logs in to one "
			    "account only; see: postern key show %s", text);
}

/* address is the one that the key is known by, or NULL. */
static int add_key(struct postern_command *command, const struct postern_address *address,
		   struct postern_account_key *key)
{
	struct postern_account account;
	const char *error;
	int code;

	code = postern_command_account(command, postern_command_operand(command, 0), &account);
	if (code == 0 && address != NULL)
		code = check_own(command, &account, address);
	if (code != 0)
		return code;
	key->account_id = account.id;
	memcpy(key->account_name, account.name, sizeof(key->account_name));
	switch (postern_store_key_add(command->store, key, &error)) {
	case POSTERN_STORE_OK:
		return 0;
	case POSTERN_STORE_EXISTS:
		return registered_already(key);
	default:
		return postern_command_change_failed(error);
	}
}

static int add_and_show(struct postern_command *command, const struct postern_address *address,
			struct postern_account_key *key)
{
	/* It cannot have been used yet. */
	struct postern_uses none = { NULL };
	struct postern_output *output;
	struct key_row row;
	int code;

	code = read_options(command, key);
	if (code == 0)
		code = postern_command_begin(command);
	if (code != 0)
		return code;
	code = postern_command_end(command, add_key(command, address, key));
	if (code != 0)
		return code;

	/* The fingerprint is what the log and "key remove" know it by. */
	output = postern_command_output(command);
	fill_row(key, &none, &row);
	postern_output_record(output, key_columns, row.values);
	return postern_output_finish(&output, 0);
}

int postern_cmd_key_add(struct postern_command *command)
{
	struct postern_account_key key = { .services = POSTERN_SERVICES_ALL };
	int code = read_key(postern_command_operand(command, 1), &key);

	return code != 0 ? code : add_and_show(command, NULL, &key);
}

int postern_cmd_key_add_mail(struct postern_command *command)
{
	struct postern_account_key key = {
		.services = POSTERN_SERVICES_ALL, .label = POSTERN_MAIL_KEY_TYPE,
		.type = POSTERN_MAIL_KEY_TYPE,
	};
	const char *text = postern_command_operand(command, 1), *error;
	char label[2 * POSTERN_ADDRESS_MAX];
	struct postern_address address;

	if (postern_address_parse(text, strlen(text), &address, &error) < 0)
		return postern_fail(EX_DATAERR, "\"%s\" is no address: %s", postern_show(text),
				    error);
	if (postern_mail_key_fingerprint(&address, &key.fingerprint, &error) < 0)
		return postern_fail(EX_SOFTWARE, "%s", error);
	postern_address_format(&address, label, sizeof(label));
	if (strlen(label) < sizeof(key.label))
		strcpy(key.label, label);
	return add_and_show(command, &address, &key);
}

/* ---- list and show ---- */

struct key_walk {
	struct postern_output *output;
	struct postern_uses uses;
};

static int add_row(const struct postern_account_key *key, void *context)
{
	struct key_walk *walk = context;
	struct key_row row;

	fill_row(key, &walk->uses, &row);
	postern_output_row(walk->output, row.values);
	return 0;
}

int postern_cmd_key_table(struct postern_command *command, struct postern_output *output,
			  const char *name, int64_t account_id)
{
	struct key_walk walk = { .output = output };
	const char *error;
	int code = 0;

	postern_output_table(output, name, key_columns);
	postern_uses_open(command, &walk.uses);
	if (postern_store_key_each(command->store, account_id, add_row, &walk, &error) < 0)
		code = postern_command_store_failed(error);
	postern_uses_close(&walk.uses);
	return code;
}

int postern_cmd_key_list(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);
	const char *name = postern_command_operand(command, 0);
	struct postern_account account = { .id = 0 };
	int code = 0;

	if (name != NULL)
		code = postern_command_account(command, name, &account);
	if (code == 0)
		code = postern_cmd_key_table(command, output, NULL, account.id);
	return postern_output_finish(&output, code);
}

static int read_fingerprint(const char *text, struct postern_fingerprint *fingerprint_r)
{
	const char *error;

	if (postern_fingerprint_parse(text, fingerprint_r, &error) < 0)
		return postern_fail(EX_DATAERR, "\"%s\" is %s; see: postern key list",
				    postern_show(text), error);
	return 0;
}

static int unknown_key(void)
{
	return postern_fail(EX_NOUSER, "no account has this key; see: postern key list");
}

int postern_cmd_key_show(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);
	struct postern_fingerprint fingerprint;
	struct postern_account_key key;
	struct postern_account account;
	struct postern_uses uses;
	struct key_row row;
	const char *error;
	int code;

	code = read_fingerprint(postern_command_operand(command, 0), &fingerprint);
	if (code != 0)
		return postern_output_finish(&output, code);
	switch (postern_store_key_find(command->store, &fingerprint, &key, &account, &error)) {
	case POSTERN_STORE_OK:
		postern_uses_open(command, &uses);
		fill_row(&key, &uses, &row);
		postern_uses_close(&uses);
		postern_output_record(output, key_columns, row.values);
		break;
	case POSTERN_STORE_NOT_FOUND:
		code = unknown_key();
		break;
	default:
		code = postern_command_store_failed(error);
	}
	return postern_output_finish(&output, code);
}

int postern_cmd_key_remove(struct postern_command *command)
{
	struct postern_fingerprint fingerprint;
	const char *error;
	int code;

	code = read_fingerprint(postern_command_operand(command, 0), &fingerprint);
	if (code == 0)
		code = postern_command_begin(command);
	if (code != 0)
		return code;
	switch (postern_store_key_remove(command->store, &fingerprint, &error)) {
	case POSTERN_STORE_OK:
		break;
	case POSTERN_STORE_NOT_FOUND:
		code = unknown_key();
		break;
	default:
		code = postern_command_change_failed(error);
	}
	return postern_command_end(command, code);
}
