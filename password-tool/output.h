/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_OUTPUT_H
#define POSTERN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a verb answers: a record, tables, or a record with tables under it. A verb describes its
 * columns once and gives rows; this prints them as aligned text for people or as JSON for programs
 * (an array of objects for a table alone, one object for a record). Nothing is printed before
 * _finish, so that a failure half-way prints no half answer. Times are UTC, RFC 3339. Texts from
 * the store are escaped.
 */
enum postern_column_type {
	POSTERN_COLUMN_TEXT,
	/* Words separated by a blank; an array in JSON. */
	POSTERN_COLUMN_WORDS,
	POSTERN_COLUMN_TIME,
	POSTERN_COLUMN_FLAG,
	POSTERN_COLUMN_NUMBER,
};

struct postern_column {
	/* The JSON name, which is there to stay; in capitals the table's heading. */
	const char *name;
	enum postern_column_type type;
};

struct postern_value {
	const char *text;
	/* Unix time (0 is "never", null in JSON), 0 and 1, or just a number. */
	int64_t number;
};

struct postern_output;

struct postern_output *postern_output_new(bool json);
/* One object: comes first, at most once. columns ends with a NULL name; one value for each. */
void postern_output_record(struct postern_output *output, const struct postern_column *columns,
			   const struct postern_value *values);
/* Begins a table; name is its place in the record, NULL without one. Rows follow, sorted
   by their cells from left to right when it is printed. */
void postern_output_table(struct postern_output *output, const char *name,
			  const struct postern_column *columns);
/* The rows of the table just begun stay as they come. */
void postern_output_keep_order(struct postern_output *output);
void postern_output_row(struct postern_output *output, const struct postern_value *values);

/* Prints (when code is 0) and frees *output; returns code, or EX_IOERR when stdout could not be
   written. */
int postern_output_finish(struct postern_output **output, int code);

#endif
