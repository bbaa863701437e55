/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uniwidth.h>

#include "escape.h"
#include "failure.h"
#include "memory.h"

#define TABLES_MAX 4
/* A time of 0. */
#define NEVER "never"

/* Cells are kept as text until the widths are known. */
struct table {
	const char *name;
	const struct postern_column *columns;
	size_t column_count;
	/* Each row an array of column_count cells on the heap. */
	char ***rows;
	size_t row_count, row_room;
	bool keeps_order;
};

struct postern_output {
	bool json;
	const struct postern_column *record;
	char **record_cells;
	struct table tables[TABLES_MAX];
	size_t table_count;
};

static void *json_memory(size_t size)
{
	return postern_memory_new(1, size);
}

struct postern_output *postern_output_new(bool json)
{
	struct postern_output *output = postern_memory_new(1, sizeof(*output));

	/* Else jansson, out of memory, would leave fields out. */
	json_set_alloc_funcs(json_memory, free);
	output->json = json;
	return output;
}

static size_t count_columns(const struct postern_column *columns)
{
	size_t count = 0;

	while (columns[count].name != NULL)
		count++;
	return count;
}

static char *time_cell(int64_t number)
{
	char text[32] = NEVER;
	time_t when = (time_t)number;
	struct tm tm;

	if (number != 0 && gmtime_r(&when, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return postern_memory_copy(text);
}

static char *cell(const struct postern_column *column, const struct postern_value *value)
{
	char text[POSTERN_ESCAPED_MAX] = "";

	switch (column->type) {
	case POSTERN_COLUMN_TIME:
		return time_cell(value->number);
	case POSTERN_COLUMN_FLAG:
		return postern_memory_copy(value->number != 0 ? "yes" : "no");
	case POSTERN_COLUMN_NUMBER:
		snprintf(text, sizeof(text), "%" PRId64, value->number);
		break;
	case POSTERN_COLUMN_TEXT:
	case POSTERN_COLUMN_WORDS:
		postern_escape(value->text, strlen(value->text), text, sizeof(text));
		break;
	}
	return postern_memory_copy(text);
}

static char **make_cells(const struct postern_column *columns, size_t count,
			 const struct postern_value *values)
{
	char **cells = postern_memory_new(count + 1, sizeof(*cells));

	for (size_t i = 0; i < count; i++)
		cells[i] = cell(&columns[i], &values[i]);
	return cells;
}

void postern_output_record(struct postern_output *output, const struct postern_column *columns,
			   const struct postern_value *values)
{
	output->record = columns;
	output->record_cells = make_cells(columns, count_columns(columns), values);
}

void postern_output_table(struct postern_output *output, const char *name,
			  const struct postern_column *columns)
{
	if (output->table_count == TABLES_MAX)
		abort();
	output->tables[output->table_count++] = (struct table){
		.name = name,
		.columns = columns,
		.column_count = count_columns(columns),
	};
}

void postern_output_keep_order(struct postern_output *output)
{
	output->tables[output->table_count - 1].keeps_order = true;
}

void postern_output_row(struct postern_output *output, const struct postern_value *values)
{
	struct table *table = &output->tables[output->table_count - 1];

	POSTERN_MEMORY_GROW(&table->rows, table->row_count, &table->row_room);
	table->rows[table->row_count++] = make_cells(table->columns, table->column_count, values);
}

/* Row arrays end with a NULL cell. */
static int compare_rows(const void *a, const void *b)
{
	char *const *left = *(char **const *)a;
	char *const *right = *(char **const *)b;
	int order = 0;

	while (order == 0 && *left != NULL)
		order = strcmp(*left++, *right++);
	return order;
}

/* ---- text ---- */

static void print_padded(const char *text, size_t width)
{
	int columns = u8_strwidth((const uint8_t *)text, "UTF-8");

	fputs(text, stdout);
	for (size_t i = columns < 0 ? 0 : (size_t)columns; i < width; i++)
		putchar(' ');
}

static void print_heading(const char *name, size_t width, bool last)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		putchar(toupper((unsigned char)name[i]));
	for (size_t i = length; !last && i < width; i++)
		putchar(' ');
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = strlen(table->columns[column].name);

	for (size_t i = 0; i < table->row_count; i++) {
		int columns = u8_strwidth((const uint8_t *)table->rows[i][column], "UTF-8");

		if (columns > 0 && (size_t)columns > width)
			width = (size_t)columns;
	}
	return width;
}

static void print_table(const struct table *table)
{
	size_t *widths = postern_memory_new(table->column_count, sizeof(*widths));
	size_t last = table->column_count - 1;

	for (size_t c = 0; c <= last; c++) {
		widths[c] = column_width(table, c) + 2;
		print_heading(table->columns[c].name, widths[c], c == last);
	}
	putchar('\n');
	for (size_t r = 0; r < table->row_count; r++) {
		for (size_t c = 0; c <= last; c++)
			print_padded(table->rows[r][c], c == last ? 0 : widths[c]);
		putchar('\n');
	}
	free(widths);
}

static void print_text(const struct postern_output *output)
{
	bool first = output->record == NULL;

	for (size_t i = 0; !first && output->record[i].name != NULL; i++)
		printf("%s: %s\n", output->record[i].name, output->record_cells[i]);
	for (size_t i = 0; i < output->table_count; i++) {
		const struct table *table = &output->tables[i];

		if (table->row_count == 0)
			continue;
		if (!first)
			putchar('\n');
		first = false;
		print_table(table);
	}
}

/* ---- JSON ---- */

static json_t *words_to_json(char *words)
{
	json_t *array = json_array();
	char *rest = NULL;

	for (char *word = strtok_r(words, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		json_array_append_new(array, json_string(word));
	return array;
}

static json_t *cell_to_json(const struct postern_column *column, char *text)
{
	switch (column->type) {
	case POSTERN_COLUMN_WORDS:
		return words_to_json(text);
	case POSTERN_COLUMN_FLAG:
		return json_boolean(strcmp(text, "yes") == 0);
	case POSTERN_COLUMN_NUMBER:
		return json_integer(strtoll(text, NULL, 10));
	case POSTERN_COLUMN_TIME:
		if (strcmp(text, NEVER) == 0)
			return json_null();
		break;
	case POSTERN_COLUMN_TEXT:
		break;
	}
	return json_string(text);
}

static json_t *cells_to_json(const struct postern_column *columns, char **cells)
{
	json_t *object = json_object();

	for (size_t i = 0; columns[i].name != NULL; i++)
		json_object_set_new(object, columns[i].name, cell_to_json(&columns[i], cells[i]));
	return object;
}

static json_t *table_to_json(const struct table *table)
{
	json_t *array = json_array();

	for (size_t i = 0; i < table->row_count; i++)
		json_array_append_new(array, cells_to_json(table->columns, table->rows[i]));
	return array;
}

static int print_json(const struct postern_output *output)
{
	json_t *root;
	int failed;

	if (output->record == NULL) {
		root = table_to_json(&output->tables[0]);
	} else {
		root = cells_to_json(output->record, output->record_cells);
		for (size_t i = 0; i < output->table_count; i++)
			json_object_set_new(root, output->tables[i].name,
					    table_to_json(&output->tables[i]));
	}
	failed = json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
	return failed;
}

/* ---- end ---- */

static void free_cells(char **cells)
{
	for (size_t i = 0; cells != NULL && cells[i] != NULL; i++)
		free(cells[i]);
	free(cells);
}

static void free_output(struct postern_output **output)
{
	free_cells((*output)->record_cells);
	for (size_t i = 0; i < (*output)->table_count; i++) {
		struct table *table = &(*output)->tables[i];

		for (size_t r = 0; r < table->row_count; r++)
			free_cells(table->rows[r]);
		free(table->rows);
	}
	free(*output);
	*output = NULL;
}

int postern_output_finish(struct postern_output **output, int code)
{
	if (code == 0) {
		for (size_t i = 0; i < (*output)->table_count; i++) {
			struct table *table = &(*output)->tables[i];

			/* qsort takes no NULL, which an empty table has. */
			if (table->row_count > 0 && !table->keeps_order)
				qsort(table->rows, table->row_count, sizeof(*table->rows),
				      compare_rows);
		}
		if (!(*output)->json)
			print_text(*output);
		else if (print_json(*output) < 0)
			code = postern_fail(EX_IOERR, "cannot write the answer: %m");
	}
	free_output(output);
	return code;
}
