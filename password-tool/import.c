/* SPDX-License-Identifier: MIT */
#include "import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "failure.h"
#include "memory.h"
#include "password.h"
#include "precis.h"
#include "secret.h"
#include "words.h"

/* As many wrong lines as a terminal shows. */
#define WRONG_LINES_SHOWN 20

static const char blanks[] = " \t";

int postern_import_set_name(struct postern_import_account *account, const char *text,
			    const char **error_r)
{
	char shown[80];

	if (postern_words_new_name(text, &account->name, error_r) != 0)
		return postern_error(error_r, "\"%s\" cannot be an account's name: %s",
				     postern_escape(text, strlen(text), shown, sizeof(shown)),
				     *error_r);
	return 0;
}

int postern_import_set_verifier(struct postern_import_account *account, const char *text,
				const char **error_r)
{
	/* The text may be a password in clear, so it is not shown. */
	if (strlen(text) > POSTERN_VERIFIER_MAX)
		return postern_error(error_r, "the hash is longer than %d octets",
				     POSTERN_VERIFIER_MAX);
	if (postern_password_scheme(text) == NULL)
		return postern_error(error_r, "the hash is none that a password can be compared with; "
				     "crypt(3) and Dovecot's {SCHEME} forms are");
	account->verifier = postern_memory_copy(text);
	return 0;
}

int postern_import_add_address(struct postern_import_account *account, const char *text,
			       const char **error_r)
{
	char address[POSTERN_WORDS_ADDRESS_MAX], shown[80];
	size_t count = account->address_count;

	if (postern_words_address(text, account->cased, address, error_r) != 0)
		return postern_error(error_r, "\"%s\" is no address: %s",
				     postern_escape(text, strlen(text), shown, sizeof(shown)),
				     *error_r);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(account->addresses[i], address) == 0)
			return postern_error(error_r, "the address %s stands here twice",
					     account->addresses[i]);
	}
	/* A few at most: one by one is good enough. */
	POSTERN_MEMORY_GROW(&account->addresses, count, &count);
	account->addresses[account->address_count++] = postern_memory_copy(address);
	return 0;
}

int postern_import_line(char *line, struct postern_import_account *account_r, const char **error_r)
{
	char *rest = NULL;
	char *name = strtok_r(line, blanks, &rest);
	char *hash = strtok_r(NULL, blanks, &rest);

	if (name == NULL || name[0] == '#')
		return 0;
	if (hash == NULL)
		return postern_error(error_r, "a line is NAME HASH [ADDRESS]..., with - for no hash");
	if (postern_import_set_name(account_r, name, error_r) < 0)
		return -1;
	if (strcmp(hash, "-") != 0 && postern_import_set_verifier(account_r, hash, error_r) < 0)
		return -1;
	for (char *address = strtok_r(NULL, blanks, &rest); address != NULL;
	     address = strtok_r(NULL, blanks, &rest)) {
		if (postern_import_add_address(account_r, address, error_r) < 0)
			return -1;
	}
	return 0;
}

static void free_account(struct postern_import_account *account)
{
	free(account->name);
	postern_secret_free(&account->verifier);
	for (size_t i = 0; i < account->address_count; i++)
		free(account->addresses[i]);
	free(account->addresses);
	*account = (struct postern_import_account){ 0 };
}

/* "user" becomes "user@domain". */
static int add_domain(struct postern_import_account *account, const char *domain,
		      const char **error_r)
{
	char *name = NULL;
	int ret;

	if (domain == NULL || strchr(account->name, '@') != NULL)
		return 0;
	if (asprintf(&name, "%s@%s", account->name, domain) < 0)
		abort();
	free(account->name);
	account->name = NULL;
	ret = postern_import_set_name(account, name, error_r);
	free(name);
	return ret;
}

int postern_import_add(struct postern_import *import, struct postern_import_account *account,
		       int ret, const char **error_r)
{
	if (ret == 0 && account->name != NULL)
		ret = add_domain(account, import->domain, error_r);
	if (ret < 0 || account->name == NULL) {
		free_account(account);
		return ret;
	}
	POSTERN_MEMORY_GROW(&import->accounts, import->count, &import->room);
	import->accounts[import->count++] = *account; /* transferred */
	return 0;
}

static int read_one(struct postern_import *import, postern_import_line_fn *read_line, char *line,
		    size_t size, size_t number, const char **error_r)
{
	struct postern_import_account account = { .line = number, .cased = import->cased };

	if (memchr(line, '\0', size) != NULL)
		return postern_error(error_r, "there is a NUL in it");
	if (size > 0 && line[size - 1] == '\r')
		line[size - 1] = '\0';
	return postern_import_add(import, &account, read_line(line, &account, error_r), error_r);
}

int postern_import_read(struct postern_import *import, postern_import_line_fn *read_line,
			const char *path, char *data, size_t size)
{
	char *line = data, *end = data + size;
	size_t wrong = 0;

	for (size_t number = 1; line < end; number++) {
		char *line_end = memchr(line, '\n', (size_t)(end - line));
		const char *error;

		if (line_end == NULL)
			line_end = end;
		*line_end = '\0';
		if (read_one(import, read_line, line, (size_t)(line_end - line), number, &error) < 0 &&
		    ++wrong <= WRONG_LINES_SHOWN)
			postern_note("%s: line %zu: %s", path, number, error);
		line = line_end + 1;
	}
	if (wrong == 0)
		return 0;
	return postern_fail(EX_DATAERR, "%s: %zu line%s wrong; nothing was imported", path, wrong,
			    wrong == 1 ? " is" : "s are");
}

void postern_import_deinit(struct postern_import *import)
{
	for (size_t i = 0; i < import->count; i++)
		free_account(&import->accounts[i]);
	free(import->accounts);
	*import = (struct postern_import){ 0 };
}
