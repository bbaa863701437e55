/* SPDX-License-Identifier: MIT */
#include "dkim_new.h"

#include <stdio.h>
#include <time.h>

#include "dkim_file.h"
#include "failure.h"
#include "secret.h"

void postern_dkim_new_name(const struct postern_dkim_algorithm *algorithm, unsigned number,
			   char selector_r[POSTERN_DKIM_SELECTOR_MAX + 1])
{
	char day[16], suffix[16] = "";
	time_t now = time(NULL);
	struct tm tm;

	strftime(day, sizeof(day), "%Y%m%d", gmtime_r(&now, &tm));
	if (number > 1)
		snprintf(suffix, sizeof(suffix), "-%u", number);
	snprintf(selector_r, POSTERN_DKIM_SELECTOR_MAX + 1, "%s-%s%s", day, algorithm->kind,
		 suffix);
}

static int add(struct postern_command *command, postern_dkim_choose_fn *choose,
	       struct postern_dkim_selector *new, const char *pem)
{
	const char *error;
	int code;

	code = postern_command_begin(command);
	if (code != 0)
		return code;
	code = choose(command, new);
	if (code == 0)
		code = postern_dkim_file_write(command->config, new->domain, new->selector, pem);
	if (code != 0)
		return postern_command_end(command, code);

	if (postern_store_dkim_add(command->store, new, &error) != POSTERN_STORE_OK)
		code = postern_command_store_failed(error);
	code = postern_command_end(command, code);
	if (code != 0)
		(void)postern_dkim_file_remove(command->config, new->domain, new->selector);
	return code;
}

int postern_dkim_new(struct postern_command *command,
		     const struct postern_dkim_algorithm *algorithm,
		     postern_dkim_choose_fn *choose, struct postern_dkim_selector *new)
{
	const char *error;
	char *pem = NULL;
	int code;

	code = postern_dkim_file_check_owner(command->config);
	if (code != 0)
		return code;
	snprintf(new->algorithm, sizeof(new->algorithm), "%s", algorithm->name);
	new->created = new->changed = time(NULL);
	/* Before the store is locked: a large RSA key takes seconds. */
	if (postern_dkim_key_new(algorithm, &pem, &error) < 0)
		return postern_fail(EX_OSERR, "%s", error);
	code = add(command, choose, new, pem);
	postern_secret_free(&pem);
	return code;
}
