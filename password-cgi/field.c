/* SPDX-License-Identifier: MIT */
#include "field.h"

#include <string.h>
#include <unistr.h>

#include "key.h"
#include "password.h"
#include "store.h"

static const struct postern_field fields[] = {
	{ "token", POSTERN_FIELD_WORD, 64, 1 },
	/* A name or a password that is too long is as wrong as another; the page says so. */
	{ "name", POSTERN_FIELD_LINE, 1024, 1 },
	{ "password", POSTERN_FIELD_TEXT, 4096, 1 },
	{ "current", POSTERN_FIELD_TEXT, 4096, 1 },
	{ "new", POSTERN_FIELD_TEXT, 4096, 1 },
	{ "again", POSTERN_FIELD_TEXT, 4096, 1 },
	{ "crypt", POSTERN_FIELD_LINE, 2048, 1 },
	{ "others", POSTERN_FIELD_FLAG, 1, 1 },
	{ "keys", POSTERN_FIELD_FLAG, 1, 1 },
	{ "label", POSTERN_FIELD_LINE, 1024, 1 },
	{ "services", POSTERN_FIELD_WORD, 16, 5 },
	{ "preauth", POSTERN_FIELD_FLAG, 1, 1 },
	{ "confirm", POSTERN_FIELD_FLAG, 1, 1 },
	{ "this", POSTERN_FIELD_FLAG, 1, 1 },
	{ "key", POSTERN_FIELD_WORD, 128, 1 },
	{ "certificate", POSTERN_FIELD_TEXT, POSTERN_FIELD_FILE_MAX, 1 },
	{ "file", POSTERN_FIELD_FILE, POSTERN_FIELD_FILE_MAX, 1 },
	{ "challenge", POSTERN_FIELD_LINE, 1024, 1 },
	{ "signature", POSTERN_FIELD_TEXT, 4096, 1 },
	{ "signed", POSTERN_FIELD_FILE, 4096, 1 },
	{ "words", POSTERN_FIELD_TEXT, 4000, 1 },
	{ "id", POSTERN_FIELD_WORD, 32, 1 },
	{ "t", POSTERN_FIELD_WORD, 64, 1 },
	{ "done", POSTERN_FIELD_WORD, 32, 1 },
	{ "user", POSTERN_FIELD_LINE, 1024, 1 },
	{ "curpass", POSTERN_FIELD_TEXT, 4096, 1 },
	{ "newpass", POSTERN_FIELD_TEXT, 4096, 1 },
	{ "emailaddress", POSTERN_FIELD_LINE, 1024, 1 },
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

const struct postern_field *postern_field_find(const char *name, size_t size)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (strlen(fields[i].name) == size && memcmp(fields[i].name, name, size) == 0)
			return &fields[i];
	}
	return NULL;
}

static bool is_word(const char *value, size_t size)
{
	static const char marks[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_.";

	for (size_t i = 0; i < size; i++) {
		if (value[i] == '\0' || strchr(marks, value[i]) == NULL)
			return false;
	}
	return true;
}

static bool is_text(const char *value, size_t size)
{
	return memchr(value, '\0', size) == NULL &&
		u8_check((const uint8_t *)value, size) == NULL;
}

static bool is_line(const char *value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return false;
	}
	return is_text(value, size);
}

bool postern_field_check(const struct postern_field *field, const char *value, size_t size)
{
	if (size > field->max)
		return false;
	switch (field->kind) {
	case POSTERN_FIELD_LINE:
		return is_line(value, size);
	case POSTERN_FIELD_TEXT:
		return is_text(value, size);
	case POSTERN_FIELD_WORD:
		return is_word(value, size);
	case POSTERN_FIELD_FLAG:
		return size == 1 && *value == '1';
	case POSTERN_FIELD_FILE:
		return true;
	}
	return false;
}
