/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "import.h"

/*
 * RFC 4180, but for line ends inside of quotes: user, hash, and any number of addresses, with
 * commas between. The first line may name the columns.
 */

static bool is_one_of(const char *text, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (strcasecmp(text, *names) == 0)
			return true;
	}
	return false;
}

/* Takes one field off *rest, in place; *rest is NULL behind the last. */
static int next_field(char **rest, char **field_r, const char **error_r)
{
	char *from = *rest, *to = *rest;

	*field_r = *rest;
	if (*from != '"') {
		from += strcspn(from, ",");
		if (memchr(*rest, '"', (size_t)(from - *rest)) != NULL)
			return postern_error(error_r, "a quote inside of a field that is not quoted");
		to = from;
	} else {
		for (from++; *from != '\0' && (*from != '"' || from[1] == '"'); from++) {
			if (*from == '"')
				from++;
			*to++ = *from;
		}
		if (*from++ == '\0')
			return postern_error(error_r, "a quote that is not closed on its line");
		if (*from != ',' && *from != '\0')
			return postern_error(error_r, "text behind a closing quote");
	}
	*rest = *from == ',' ? from + 1 : NULL;
	*to = '\0';
	return 0;
}

static bool says_no_password(const char *hash)
{
	static const char *const words[] = { "", "-", "*", "!", NULL };

	return is_one_of(hash, words);
}

int postern_import_csv_line(char *line, struct postern_import_account *account_r,
			    const char **error_r)
{
	static const char *const user_columns[] = { "user", "username", "name", "login", NULL };
	static const char *const hash_columns[] = { "password", "hash", "crypt", NULL };
	char *rest = line, *user, *hash, *address;

	if (line[0] == '\0')
		return 0;
	if (next_field(&rest, &user, error_r) < 0)
		return -1;
	if (rest == NULL)
		return postern_error(error_r, "a line is USER,HASH[,ADDRESS]...");
	if (next_field(&rest, &hash, error_r) < 0)
		return -1;
	if (account_r->line == 1 && is_one_of(user, user_columns) && is_one_of(hash, hash_columns))
		return 0;
	if (postern_import_set_name(account_r, user, error_r) < 0 ||
	    (!says_no_password(hash) && postern_import_set_verifier(account_r, hash, error_r) < 0))
		return -1;
	while (rest != NULL) {
		if (next_field(&rest, &address, error_r) < 0)
			return -1;
		if (address[0] != '\0' &&
		    postern_import_add_address(account_r, address, error_r) < 0)
			return -1;
	}
	return 0;
}
