/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_FIELD_H
#define POSTERN_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Every field that a form or a query can have, and what may be in it. A request with another field,
 * or with one too often or with other contents, is no request of ours and is not looked at
 * any further: it comes from no form of the page. What a user may well mistype is not judged
 * here but where the field is used.
 */
enum postern_field_kind {
	/* One line of UTF-8 without controls. */
	POSTERN_FIELD_LINE,
	/* UTF-8 without NUL. */
	POSTERN_FIELD_TEXT,
	/* Letters, digits, "-", "_" and "." of ASCII. */
	POSTERN_FIELD_WORD,
	/* "1" */
	POSTERN_FIELD_FLAG,
	/* Any octets: an uploaded file. */
	POSTERN_FIELD_FILE,
};

struct postern_field {
	const char *name;
	enum postern_field_kind kind;
	/* Octets, and how many times. */
	size_t max;
	unsigned times;
};

/* All of them together, and octets of a body that can hold them. */
#define POSTERN_FIELDS_MAX 24
#define POSTERN_FIELD_FILE_MAX (64 * 1024)
#define POSTERN_BODY_MAX (128 * 1024)

const struct postern_field *postern_field_find(const char *name, size_t size);
bool postern_field_check(const struct postern_field *field, const char *value, size_t size);

#endif
