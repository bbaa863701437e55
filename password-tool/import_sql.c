/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "failure.h"
#include "import.h"

/*
 * INSERT statements of a dump, as mysqldump, sqlite3's .dump and pg_dump --inserts write them, of
 * a table with a column for the user and one for the hash. Statements that change no row are
 * passed over. This is no SQL: any other statement, a third column, an expression, a backslash
 * (which SQL and MySQL read differently) end it, since what they forbid would be allowed after
 * the import.
 */
struct reader {
	char *at, *end;
	size_t line;
	/* Of the INSERT at hand: is the user the first of the two? */
	bool user_first;
	size_t inserts;
};

static bool at_end(const struct reader *reader)
{
	return reader->at >= reader->end;
}

static void step(struct reader *reader)
{
	if (*reader->at == '\n')
		reader->line++;
	reader->at++;
}

/* The length of what opens a comment with statements in it, which MySQL ("!") or MariaDB ("M!")
   runs from a version on, else 0. 999999 is for none: MariaDB's dump begins with such a one. */
static size_t executable_mark(const char *comment)
{
	const char *mark = comment + 2;

	if (*mark == 'M')
		mark++;
	if (*mark != '!' || strncmp(mark + 1, "999999", 6) == 0)
		return 0;
	mark++;
	return (size_t)(mark - comment) + strspn(mark, "0123456789");
}

static void skip_comment(struct reader *reader)
{
	size_t mark = executable_mark(reader->at);

	reader->at += mark > 0 ? mark : 2;
	if (mark > 0)
		return;
	while (!at_end(reader) && strncmp(reader->at, "*/", 2) != 0)
		step(reader);
	for (int i = 0; i < 2 && !at_end(reader); i++)
		step(reader);
}

/* Blanks, comments, and the marks around statements in comments. */
static void skip_blanks(struct reader *reader)
{
	while (!at_end(reader)) {
		if (isspace((unsigned char)*reader->at)) {
			step(reader);
		} else if (strncmp(reader->at, "--", 2) == 0) {
			while (!at_end(reader) && *reader->at != '\n')
				step(reader);
		} else if (strncmp(reader->at, "/*", 2) == 0) {
			skip_comment(reader);
		} else if (strncmp(reader->at, "*/", 2) == 0) {
			reader->at += 2;
		} else {
			return;
		}
	}
}

static bool take(struct reader *reader, char mark)
{
	skip_blanks(reader);
	if (at_end(reader) || *reader->at != mark)
		return false;
	step(reader);
	return true;
}

static bool take_word(struct reader *reader, const char *word)
{
	size_t size = strlen(word);

	skip_blanks(reader);
	if ((size_t)(reader->end - reader->at) < size || strncasecmp(reader->at, word, size) != 0 ||
	    isalnum((unsigned char)reader->at[size]) || reader->at[size] == '_')
		return false;
	reader->at += size;
	return true;
}

/* Up to the quote that closes the one at hand; a doubled one is one. Written back in place. */
static int take_quoted(struct reader *reader, char **text_r, const char **error_r)
{
	char quote = *reader->at, *to;

	step(reader);
	*text_r = to = reader->at;
	while (!at_end(reader)) {
		char c = *reader->at;

		if (c == '\\')
			return postern_error(error_r, "a backslash in a string, which SQL and MySQL "
					     "read differently");
		step(reader);
		if (c == quote && (at_end(reader) || *reader->at != quote)) {
			*to = '\0';
			return 0;
		}
		if (c == quote)
			step(reader);
		*to++ = c;
	}
	return postern_error(error_r, "a string that does not end");
}

/* A name, bare or quoted. */
static int take_name(struct reader *reader, char *name_r, size_t size, const char **error_r)
{
	const char *begin;
	char *quoted;
	size_t length;

	skip_blanks(reader);
	if (!at_end(reader) && (*reader->at == '`' || *reader->at == '"')) {
		if (take_quoted(reader, &quoted, error_r) < 0)
			return -1;
		begin = quoted;
		length = strlen(quoted);
	} else {
		begin = reader->at;
		while (!at_end(reader) && (isalnum((unsigned char)*reader->at) || *reader->at == '_'))
			step(reader);
		length = (size_t)(reader->at - begin);
	}
	if (length == 0 || length >= size)
		return postern_error(error_r, "a name was expected here");
	memcpy(name_r, begin, length);
	name_r[length] = '\0';
	return 0;
}

static bool is_one_of(const char *text, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (strcasecmp(text, *names) == 0)
			return true;
	}
	return false;
}

/* "(user, password)", which may be missing. */
static int read_columns(struct reader *reader, const char **error_r)
{
	static const char *const users[] = { "user", "username", "name", "login", "email", NULL };
	static const char *const hashes[] = { "password", "hash", "crypt", "passwd", NULL };
	char first[64], second[64];

	reader->user_first = true;
	if (!take(reader, '('))
		return 0;
	if (take_name(reader, first, sizeof(first), error_r) < 0)
		return -1;
	if (!take(reader, ',') || take_name(reader, second, sizeof(second), error_r) < 0 ||
	    !take(reader, ')'))
		return postern_error(error_r, "the table has to have two columns, user and password");
	reader->user_first = is_one_of(first, users);
	if (reader->user_first ? !is_one_of(second, hashes) :
	    !is_one_of(first, hashes) || !is_one_of(second, users))
		return postern_error(error_r, "the columns have to be called user and password");
	return 0;
}

/* A string, or NULL. */
static int read_value(struct reader *reader, char **text_r, const char **error_r)
{
	skip_blanks(reader);
	*text_r = NULL;
	if (take_word(reader, "NULL"))
		return 0;
	if (at_end(reader) || *reader->at != '\'')
		return postern_error(error_r, "a value has to be a string between ' and ', or NULL");
	return take_quoted(reader, text_r, error_r);
}

static int read_row(struct reader *reader, struct postern_import *import, const char **error_r)
{
	struct postern_import_account account = {
		.line = reader->line, .cased = import->cased,
	};
	char *first, *second, *user, *hash;
	int ret;

	if (!take(reader, '('))
		return postern_error(error_r, "a row in parentheses was expected here");
	if (read_value(reader, &first, error_r) < 0)
		return -1;
	if (!take(reader, ','))
		return postern_error(error_r, "a row has to have two values");
	if (read_value(reader, &second, error_r) < 0)
		return -1;
	if (!take(reader, ')'))
		return postern_error(error_r, "a row has to have two values");
	user = reader->user_first ? first : second;
	hash = reader->user_first ? second : first;
	ret = postern_import_set_name(&account, user != NULL ? user : "", error_r);
	if (ret == 0 && hash != NULL && hash[0] != '\0' && strcmp(hash, "*") != 0 &&
	    strcmp(hash, "!") != 0)
		ret = postern_import_set_verifier(&account, hash, error_r);
	return postern_import_add(import, &account, ret, error_r);
}

/* Behind "INSERT INTO". */
static int read_insert(struct reader *reader, struct postern_import *import, const char **error_r)
{
	char table[128];

	if (take_name(reader, table, sizeof(table), error_r) < 0 ||
	    (take(reader, '.') && take_name(reader, table, sizeof(table), error_r) < 0) ||
	    read_columns(reader, error_r) < 0)
		return -1;
	if (!take_word(reader, "VALUES"))
		return postern_error(error_r, "VALUES was expected here");
	do {
		if (read_row(reader, import, error_r) < 0)
			return -1;
	} while (take(reader, ','));
	if (!take(reader, ';'))
		return postern_error(error_r, "\";\" was expected here");
	reader->inserts++;
	return 0;
}

/* To behind the ";" that ends it. */
static int skip_statement(struct reader *reader, const char **error_r)
{
	while (!at_end(reader)) {
		char c = *reader->at, *ignored;

		if (c == '\'' || c == '"' || c == '`') {
			if (take_quoted(reader, &ignored, error_r) < 0)
				return -1;
			continue;
		}
		step(reader);
		if (c == ';')
			return 0;
		skip_blanks(reader);
	}
	return 0;
}

/* psql's own commands at the head and the end of pg_dump's dump: a line each. */
static bool skip_psql_command(struct reader *reader)
{
	static const char *const commands[] = {
		"\\restrict ", "\\unrestrict ", "\\connect ", NULL,
	};
	const char *const *command = commands;

	while (*command != NULL && strncmp(reader->at, *command, strlen(*command)) != 0)
		command++;
	if (*command == NULL)
		return false;
	while (!at_end(reader) && *reader->at != '\n')
		step(reader);
	return true;
}

/* An UPDATE or DELETE could take an account's password away again, a REPLACE give it one. */
static int refuse(const struct reader *reader, const char **error_r)
{
	int size = 0;

	while (isalnum((unsigned char)reader->at[size]) || reader->at[size] == '_')
		size++;
	if (size == 0)
		return postern_error(error_r, "a statement was expected here");
	return postern_error(error_r, "%.*s may change rows, and only those of INSERT are read",
			     size < 32 ? size : 32, reader->at);
}

static int read_statement(struct reader *reader, struct postern_import *import,
			  const char **error_r)
{
	static const char *const harmless[] = {
		"ALTER", "ANALYZE", "BEGIN", "COMMENT", "COMMIT", "CREATE", "DROP", "GRANT",
		"LOCK", "PRAGMA", "REVOKE", "SELECT", "SET", "START", "UNLOCK", "USE", NULL,
	};

	if (take(reader, ';') || skip_psql_command(reader))
		return 0;
	if (take_word(reader, "COPY"))
		return postern_error(error_r, "rows of COPY cannot be read; dump with INSERT "
				     "statements (pg_dump --inserts)");
	if (take_word(reader, "INSERT")) {
		if (!take_word(reader, "INTO"))
			return postern_error(error_r, "INTO was expected here");
		return read_insert(reader, import, error_r);
	}
	for (const char *const *word = harmless; *word != NULL; word++) {
		if (take_word(reader, *word))
			return skip_statement(reader, error_r);
	}
	return refuse(reader, error_r);
}

int postern_import_read_sql(struct postern_import *import, const char *path, char *data,
			    size_t size)
{
	struct reader reader = { .at = data, .end = data + size, .line = 1 };
	const char *error;

	if (memchr(data, '\0', size) != NULL)
		return postern_fail(EX_DATAERR, "%s: there is a NUL in it; nothing was imported",
				    path);
	for (skip_blanks(&reader); !at_end(&reader); skip_blanks(&reader)) {
		if (read_statement(&reader, import, &error) < 0)
			return postern_fail(EX_DATAERR, "%s: line %zu: %s; nothing was imported",
					    path, reader.line, error);
	}
	if (reader.inserts == 0)
		return postern_fail(EX_DATAERR, "%s: there is no INSERT in it", path);
	return 0;
}
