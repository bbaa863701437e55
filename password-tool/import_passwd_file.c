/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "escape.h"
#include "import.h"

/*
 * The fields between colons are user, password, uid, gid, gecos, home, shell, extra fields. Dovecot
 * uses the ones from uid to shell for the mailbox; the mailbox stays Dovecot's, so they are left
 * where they are. Extra fields are for the mailbox too when they begin with "userdb_"; any other
 * changes or narrows the login (allow_nets=, nologin=, …), which would be lost, so the line is
 * refused.
 */
#define FIELDS_BEFORE_EXTRA 7

static const char *const no_password[] = { "", "*", "!", "!!", "x" };

/* The next field, or NULL behind the last. */
static char *next_field(char **rest)
{
	return *rest == NULL ? NULL : strsep(rest, ":");
}

static int check_extra(char *extra, const char **error_r)
{
	char *rest = NULL;

	for (char *field = strtok_r(extra, " ", &rest); field != NULL;
	     field = strtok_r(NULL, " ", &rest)) {
		char shown[80];

		if (strncmp(field, "userdb_", strlen("userdb_")) == 0)
			continue;
		return postern_error(error_r, "postern has nothing like the extra field \"%s\"; take "
				     "it out, or leave this account to Dovecot's file",
				     postern_escape(field, strcspn(field, "="), shown,
						    sizeof(shown)));
	}
	return 0;
}

static bool says_no_password(const char *password)
{
	for (size_t i = 0; i < sizeof(no_password) / sizeof(no_password[0]); i++) {
		if (strcmp(password, no_password[i]) == 0)
			return true;
	}
	return false;
}

int postern_import_passwd_file_line(char *line, struct postern_import_account *account_r,
				    const char **error_r)
{
	char *rest = line;
	char *user = next_field(&rest);
	char *password = next_field(&rest);

	/* What Dovecot passes over as well. */
	if (user[0] == '\0' || user[0] == '#')
		return 0;
	for (int i = 2; i < FIELDS_BEFORE_EXTRA; i++)
		(void)next_field(&rest);
	/* An empty one is the older form, in which a mailbox follows. */
	if (rest != NULL && rest[0] != ':' && check_extra(rest, error_r) < 0)
		return -1;
	if (postern_import_set_name(account_r, user, error_r) < 0)
		return -1;
	if (password == NULL || says_no_password(password))
		return 0;
	return postern_import_set_verifier(account_r, password, error_r);
}
