/* SPDX-License-Identifier: MIT */
#include "sender_table.h"

#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trusted_file.h"

#define TABLE_MAX (64UL * 1024 * 1024)

struct row {
	const char *key, *value;
	/* Place in the file: of two rows with one key the first counts. */
	size_t number;
};

struct postern_sender_table {
	pthread_mutex_t mutex;
	char *path;
	/* What was read; all zero before. */
	struct stat status;
	char *text;
	struct row *rows;
	size_t count;
};

int postern_sender_table_new(const char *path, struct postern_sender_table **table_r,
			     const char **error_r)
{
	struct postern_sender_table *table = calloc(1, sizeof(*table));

	if (table == NULL || (table->path = strdup(path)) == NULL) {
		free(table);
		return postern_error(error_r, "no memory for the table %s", path);
	}
	pthread_mutex_init(&table->mutex, NULL);
	*table_r = table;
	return 0;
}

static void forget(struct postern_sender_table *table)
{
	free(table->text);
	free(table->rows);
	table->text = NULL;
	table->rows = NULL;
	table->count = 0;
	memset(&table->status, 0, sizeof(table->status));
}

void postern_sender_table_free(struct postern_sender_table **table)
{
	if (*table == NULL)
		return;
	forget(*table);
	pthread_mutex_destroy(&(*table)->mutex);
	free((*table)->path);
	free(*table);
	*table = NULL;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	int order = strcmp(left->key, right->key);

	return order != 0 ? order : left->number < right->number ? -1 : 1;
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t\r");
	return *line == '\0' || *line == '#';
}

/* A line that goes on from the one before, or does not end it: empty lines and comments may stand
   in between. */
static bool goes_on(const char *line)
{
	return *line != '\0' && strchr(" \t\r\n#", *line) != NULL;
}

/* A line and those that go on from it, put together in place; NULL behind the last. */
static char *next_line(char **rest)
{
	char *line;

	do {
		line = strsep(rest, "\n");
	} while (line != NULL && is_comment(line));
	while (line != NULL && *rest != NULL && goes_on(*rest)) {
		size_t used = strlen(line);
		char *more = strsep(rest, "\n");

		if (!is_comment(more))
			memmove(line + used, more, strlen(more) + 1);
	}
	return line;
}

/* Keys are compared without case, as postmap folds them. */
static bool split(char *line, struct row *row_r)
{
	static const char blanks[] = " \t\r";
	size_t size = strlen(line);

	while (size > 0 && strchr(blanks, line[size - 1]) != NULL)
		line[--size] = '\0';
	line += strspn(line, blanks);
	row_r->key = line;
	line += strcspn(line, blanks);
	if (*line == '\0')
		return false;
	*line++ = '\0';
	row_r->value = line + strspn(line, blanks);
	for (char *p = (char *)row_r->key; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return true;
}

static int parse(struct postern_sender_table *table, size_t size, const char **error_r)
{
	char *rest = table->text, *line;
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += table->text[i] == '\n';
	table->rows = calloc(lines, sizeof(*table->rows));
	if (table->rows == NULL)
		return postern_error(error_r, "no memory for the table %s", table->path);
	while ((line = next_line(&rest)) != NULL) {
		struct row *row = &table->rows[table->count];

		row->number = table->count;
		if (!split(line, row)) {
			return postern_error(error_r, "%s: \"%s\" has no value: write \"address "
					     "login\"", table->path, row->key);
		}
		table->count++;
	}
	qsort(table->rows, table->count, sizeof(*table->rows), compare_rows);
	return 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The status is taken before the contents: what is written in between shows the next time. */
static int refresh(struct postern_sender_table *table, const char **error_r)
{
	struct stat status;
	size_t size;

	if (stat(table->path, &status) < 0) {
		forget(table);
		return postern_error(error_r, "cannot read the table %s: %m", table->path);
	}
	if (table->text != NULL && is_same(&status, &table->status))
		return 0;
	forget(table);
	if (postern_trusted_read(table->path, POSTERN_TRUST_UNTAMPERED, TABLE_MAX, &table->text,
				 &size, error_r) < 0)
		return -1;
	if (parse(table, size, error_r) < 0) {
		forget(table);
		return -1;
	}
	table->status = status;
	return 0;
}

static const char *find(const struct postern_sender_table *table, const char *key)
{
	size_t low = 0, high = table->count;

	/* The first row that is not before the key. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(table->rows[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->count && strcmp(table->rows[low].key, key) == 0 ?
	       table->rows[low].value : NULL;
}

int postern_sender_table_find(struct postern_sender_table *table, const char *key, char **value_r,
			      const char **error_r)
{
	const char *value = NULL;
	int ret;

	*value_r = NULL;
	pthread_mutex_lock(&table->mutex);
	ret = refresh(table, error_r);
	if (ret == 0)
		value = find(table, key);
	if (value != NULL && (*value_r = strdup(value)) == NULL)
		ret = postern_error(error_r, "no memory for an entry of %s", table->path);
	pthread_mutex_unlock(&table->mutex);
	return ret;
}
