/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "check_page.h"
#include "check_servers.h"
#include "command.h"
#include "dkim_file.h"
#include "dkim_key.h"
#include "dkim_selectors.h"
#include "failure.h"
#include "secret.h"

/* Reading every row finds what is damaged; nothing is done with them. */

static int pass_account(const struct postern_account *account, void *context)
{
	(void)account;
	(void)context;
	return 0;
}

static int pass_key(const struct postern_account_key *key, void *context)
{
	(void)key;
	(void)context;
	return 0;
}

static int pass_password(const struct postern_account_password *password, void *context)
{
	(void)password;
	(void)context;
	return 0;
}

static int pass_address(const char *account_name, const char *address, void *context)
{
	(void)account_name;
	(void)address;
	(void)context;
	return 0;
}

static int check_store(struct postern_command *command)
{
	struct postern_store *store;
	const char *error;

	if (postern_command_open_store(command) != 0)
		return EX_CONFIG;
	store = command->store;
	if (postern_store_account_each(store, pass_account, NULL, &error) < 0 ||
	    postern_store_key_each(store, 0, pass_key, NULL, &error) < 0 ||
	    postern_store_password_each(store, 0, pass_password, NULL, &error) < 0 ||
	    postern_store_address_each(store, 0, pass_address, NULL, &error) < 0)
		return postern_fail(EX_CONFIG, "%s; bring back a copy of the store", error);
	return 0;
}

/* Root reads what it likes, so that only this finds what the servers cannot read. */
static int check_open_to_group(const struct postern_config *config, const char *name, mode_t need)
{
	char path[PATH_MAX];
	struct stat status;

	/* Root's own group: the servers are root as well. */
	if (config->store_group == 0)
		return 0;
	snprintf(path, sizeof(path), "%s%s", config->store, name);
	if (stat(path, &status) < 0)
		return postern_fail(EX_CONFIG, "cannot examine %s: %s", path, strerror(errno));
	if (status.st_gid == config->store_group && (status.st_mode & need) == need)
		return 0;
	return postern_fail(EX_CONFIG, "%s cannot be read by group %lu, the store_group of "
			    "postern.conf: chgrp %lu %s && chmod g+%s %s", path,
			    (unsigned long)config->store_group, (unsigned long)config->store_group,
			    path, need == S_IXGRP ? "x" : "r", path);
}

/* Root's own is as closed to the daemon as a stranger's. */
static int check_daemons(const struct postern_config *config, const char *domain, const char *file)
{
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s%s%s%s%s%s", config->dkim_dir, *domain == '\0' ? "" : "/",
		 domain, *file == '\0' ? "" : "/", file, *file == '\0' ? "" : ".pem");
	if (stat(path, &status) < 0)
		return postern_fail(EX_CONFIG, "cannot examine %s: %m", path);
	if (status.st_uid == config->user)
		return 0;
	return postern_fail(EX_CONFIG, "%s cannot be read by user %lu, the user of postern.conf, so "
			    "that mail of its domain waits: chown %lu %s", path,
			    (unsigned long)config->user, (unsigned long)config->user, path);
}

static int check_selector(const struct postern_command *command,
			  const struct postern_dkim_selector *selector)
{
	char record[POSTERN_DKIM_RECORD_MAX];
	const char *error;
	char *pem;
	int code = 0;

	if (postern_dkim_file_read(command->config, selector->domain, selector->selector,
				   &pem) != 0)
		return EX_CONFIG;
	if (postern_dkim_key_record(pem, record, &error) < 0)
		code = postern_fail(EX_CONFIG, "the DKIM key of %s, selector \"%s\": %s",
				    selector->domain, selector->selector, error);
	postern_secret_free(&pem);
	if (check_daemons(command->config, "", "") != 0 ||
	    check_daemons(command->config, selector->domain, "") != 0 ||
	    check_daemons(command->config, selector->domain, selector->selector) != 0)
		code = EX_CONFIG;
	return code;
}

static bool is_signed(const struct postern_dkim_selectors *selectors, const char *domain)
{
	for (size_t i = 0; i < selectors->count; i++) {
		if (strcmp(selectors->list[i].domain, domain) == 0 &&
		    strcmp(selectors->list[i].state, POSTERN_DKIM_ACTIVE) == 0)
			return true;
	}
	return false;
}

/* Their mail waits. It may be that nobody sends from there. */
static void advise_unsigned(struct postern_command *command)
{
	struct postern_dkim_selectors selectors;

	if (postern_dkim_selectors_read(command, NULL, &selectors) == 0) {
		for (char **domain = command->config->domains; *domain != NULL; domain++) {
			if (!is_signed(&selectors, *domain))
				postern_note("advice: %s has no DKIM key that signs, so that its mail "
					     "waits: postern dkim add %s", *domain, *domain);
		}
	}
	postern_dkim_selectors_deinit(&selectors);
}

/* Each key that went wrong is worth a line of its own. */
static int check_selectors(struct postern_command *command)
{
	struct postern_dkim_selectors selectors;
	int code = 0;

	if (postern_dkim_selectors_read(command, NULL, &selectors) != 0)
		code = EX_CONFIG;
	postern_dkim_selectors_drop_gone(&selectors);
	for (size_t i = 0; i < selectors.count; i++) {
		if (check_selector(command, &selectors.list[i]) != 0)
			code = EX_CONFIG;
	}
	postern_dkim_selectors_deinit(&selectors);
	return code;
}

int postern_cmd_check(struct postern_command *command)
{
	static const struct postern_column columns[] = {
		{ "ok", POSTERN_COLUMN_FLAG },
		{ 0 },
	};
	struct postern_output *output = postern_command_output(command);
	bool plugged;
	int code;

	code = check_store(command);
	if (code == 0)
		code = check_open_to_group(command->config, "", S_IXGRP);
	if (code == 0)
		code = check_open_to_group(command->config, "/postern.db", S_IRGRP);
	if (code == 0)
		code = check_selectors(command);
	if (command->store != NULL && postern_check_page(command) != 0)
		code = EX_CONFIG;
	if (postern_check_postfix(command->config, &plugged) != 0)
		code = EX_CONFIG;
	if (plugged && command->store != NULL)
		advise_unsigned(command);
	if (postern_check_dovecot() != 0)
		code = EX_CONFIG;
	postern_output_record(output, columns, (const struct postern_value[]){ { .number = 1 } });
	return postern_output_finish(&output, code);
}
