/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "failure.h"
#include "memory.h"
#include "password.h"
#include "password_upgrade.h"

static const struct postern_column columns[] = {
	{ "strength", POSTERN_COLUMN_NUMBER },
	{ "scheme", POSTERN_COLUMN_TEXT },
	{ "accounts", POSTERN_COLUMN_NUMBER },
	{ "passwords", POSTERN_COLUMN_NUMBER },
	{ 0 },
};

struct count {
	const char *scheme;
	unsigned strength;
	int64_t accounts, passwords;
	/* The ones counted last: all of an account's passwords come one after the other. */
	int64_t account_id, password_id;
};

struct status {
	/* The last one is for what never verifies. */
	struct count *counts;
	size_t count;
};

static void status_init(struct status *status)
{
	const char *scheme;
	unsigned strength;
	size_t room = 0;

	*status = (struct status){ 0 };
	while ((scheme = postern_password_scheme_at(status->count, &strength)) != NULL) {
		POSTERN_MEMORY_GROW(&status->counts, status->count, &room);
		status->counts[status->count++] = (struct count){
			.scheme = scheme, .strength = strength,
		};
	}
	POSTERN_MEMORY_GROW(&status->counts, status->count, &room);
	status->counts[status->count++] = (struct count){ .scheme = "unknown" };
}

static struct count *find_count(struct status *status, const char *scheme)
{
	size_t last = status->count - 1;

	for (size_t i = 0; i < last && scheme != NULL; i++) {
		if (strcmp(status->counts[i].scheme, scheme) == 0)
			return &status->counts[i];
	}
	return &status->counts[last];
}

static int count_password(const struct postern_account_password *password, void *context)
{
	for (char **verifier = password->verifiers; *verifier != NULL; verifier++) {
		struct count *count = find_count(context, postern_password_scheme(*verifier));

		if (count->account_id != password->account_id)
			count->accounts++;
		if (count->password_id != password->id)
			count->passwords++;
		count->account_id = password->account_id;
		count->password_id = password->id;
	}
	return 0;
}

int postern_cmd_password_status(struct postern_command *command)
{
	struct postern_output *output = postern_command_output(command);
	struct status status;
	const char *error;
	int code = 0;

	status_init(&status);
	postern_output_table(output, NULL, columns);
	if (postern_store_password_each(command->store, 0, count_password, &status, &error) < 0)
		code = postern_command_store_failed(error);
	for (size_t i = 0; code == 0 && i < status.count; i++) {
		const struct count *count = &status.counts[i];

		if (count->passwords == 0)
			continue;
		postern_output_row(output, (const struct postern_value[]){
			{ .number = count->strength },
			{ .text = count->scheme },
			{ .number = count->accounts },
			{ .number = count->passwords },
		});
	}
	free(status.counts);
	return postern_output_finish(&output, code);
}
