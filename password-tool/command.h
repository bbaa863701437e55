/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_COMMAND_H
#define POSTERN_COMMAND_H

#include "args.h"
#include "config.h"
#include "output.h"
#include "store.h"

/*
 * What a verb works with, and what several of them do. A verb returns an exit code (failure.h) and
 * has said why when it is not 0. Each checks its operands before it touches the store and changes
 * it inside one transaction, so that a failure at any point leaves the old state.
 */
struct postern_command {
	struct postern_args args;
	struct postern_config *config;
	/* As the verb's row in verbs.c wants it; else NULL. */
	struct postern_store *store;
};

/* The label of a password that was given none. */
#define POSTERN_PASSWORD_LABEL "main"

/* Reads postern.conf and, where the verb's row in verbs.c says so, opens the store. */
int postern_command_open(struct postern_command *command);
int postern_command_open_store(struct postern_command *command);
void postern_command_deinit(struct postern_command *command);

/* An operand by place, NULL where the line has fewer. */
const char *postern_command_operand(const struct postern_command *command, size_t place);
const char *postern_command_option(const struct postern_command *command,
				   enum postern_option option);
struct postern_output *postern_command_output(const struct postern_command *command);

/* A change: begin, then end with the exit code of what was done. It is committed when that is 0,
   else taken back; what end returns is the verb's exit code. */
int postern_command_begin(struct postern_command *command);
int postern_command_end(struct postern_command *command, int code);

/* Prepares a login name as it was typed; *name_r is the caller's to free. */
/* new: of an account that is to be added, which is stricter. */
int postern_command_name(const char *text, bool new, char **name_r);
/* Finds the account that an operand names. */
int postern_command_account(struct postern_command *command, const char *name,
			    struct postern_account *account_r);
/* Says that a call of the store failed, in the code that fits. */
int postern_command_store_failed(const char *error);
/* The same between begin and end, where the verb has only this one change. */
int postern_command_change_failed(const char *error);

/* The verbs; verbs.c has their operands. */
postern_command_fn postern_cmd_init, postern_cmd_upgrade, postern_cmd_check, postern_cmd_import,
	postern_cmd_export;
postern_command_fn postern_cmd_account_add, postern_cmd_account_list, postern_cmd_account_show,
	postern_cmd_account_disable, postern_cmd_account_enable, postern_cmd_account_remove,
	postern_cmd_account_policy;
postern_command_fn postern_cmd_key_new, postern_cmd_key_add, postern_cmd_key_add_mail,
	postern_cmd_key_list, postern_cmd_key_show, postern_cmd_key_remove;
postern_command_fn postern_cmd_password_set, postern_cmd_password_generate,
	postern_cmd_password_list, postern_cmd_password_remove, postern_cmd_password_status;
postern_command_fn postern_cmd_address_add, postern_cmd_address_remove, postern_cmd_address_list,
	postern_cmd_address_check;
postern_command_fn postern_cmd_login_list;
postern_command_fn postern_cmd_reset_list, postern_cmd_reset_approve, postern_cmd_reset_refuse,
	postern_cmd_page;
postern_command_fn postern_cmd_dkim_add, postern_cmd_dkim_list, postern_cmd_dkim_record,
	postern_cmd_dkim_activate, postern_cmd_dkim_retire, postern_cmd_dkim_remove,
	postern_cmd_dkim_rotate;
postern_command_fn postern_cmd_dns;

/* The tables of "account show", which the list verbs print as well. name is NULL for a table that
   stands alone; account_id 0 means all accounts. */
int postern_cmd_key_table(struct postern_command *command, struct postern_output *output,
			  const char *name, int64_t account_id);
int postern_cmd_password_table(struct postern_command *command, struct postern_output *output,
			       const char *name, int64_t account_id);
int postern_cmd_address_table(struct postern_command *command, struct postern_output *output,
			      const char *name, int64_t account_id);
/* Says which other accounts may send as the address too, which seldom is meant. */
int postern_cmd_address_note_owners(struct postern_command *command, const char *account,
				    const char *text);

#endif
