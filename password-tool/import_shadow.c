/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "import.h"

/*
 * shadow(5): "user:hash:last change:min:max:warn:inactive:expire:reserved". How old a password is
 * has never kept anyone from his mail unless PAM was asked; a day on which the account expires
 * would be lost, so that line is refused.
 */
#define FIELD_EXPIRE 7
#define FIELDS_MAX 9

int postern_import_shadow_line(char *line, struct postern_import_account *account_r,
			       const char **error_r)
{
	char *fields[FIELDS_MAX] = { NULL }, *rest = line;
	size_t count = 0;

	if (line[0] == '\0' || line[0] == '#')
		return 0;
	for (char *field; (field = strsep(&rest, ":")) != NULL; count++) {
		if (count == FIELDS_MAX)
			return postern_error(error_r, "a line has at most %d fields", FIELDS_MAX);
		fields[count] = field;
	}
	if (count < 2)
		return postern_error(error_r, "a line is USER:HASH:...");
	if (count > FIELD_EXPIRE && fields[FIELD_EXPIRE][0] != '\0')
		return postern_error(error_r, "postern knows no day on which an account expires; "
				     "take it out, or leave out this account");
	if (postern_import_set_name(account_r, fields[0], error_r) < 0)
		return -1;
	/* Locked, or never had one. */
	if (fields[1][0] == '\0' || fields[1][0] == '!' || fields[1][0] == '*')
		return 0;
	return postern_import_set_verifier(account_r, fields[1], error_r);
}
