/* SPDX-License-Identifier: MIT */
#include "sasl_line.h"

#include <string.h>
#include <strings.h>

/* One field of a line; no field ends in a NUL. */
struct field {
	const char *text;
	size_t size;
};

struct fields {
	const char *p;
	const char *end;
	bool done;
};

static void fields_init(struct fields *fields, const char *line, size_t size)
{
	fields->p = line;
	fields->end = line + size;
	fields->done = false;
}

static bool next_field(struct fields *fields, struct field *field_r)
{
	const char *tab;

	if (fields->done)
		return false;
	tab = memchr(fields->p, '\t', (size_t)(fields->end - fields->p));
	field_r->text = fields->p;
	field_r->size = (size_t)((tab == NULL ? fields->end : tab) - fields->p);
	fields->done = tab == NULL;
	if (tab != NULL)
		fields->p = tab + 1;
	return true;
}

static bool field_is(const struct field *field, const char *text)
{
	return field->size == strlen(text) && memcmp(field->text, text, field->size) == 0;
}

static bool field_begins(const struct field *field, const char *text)
{
	return field->size >= strlen(text) && memcmp(field->text, text, strlen(text)) == 0;
}

static bool copy_field(const struct field *field, size_t skip, char *text_r, size_t size)
{
	if (field->size - skip >= size)
		return false;
	memcpy(text_r, field->text + skip, field->size - skip);
	text_r[field->size - skip] = '\0';
	return true;
}

/* Control characters have no place in a line, but for the tab and \001, which Dovecot escapes
   with. */
static int check_line(const char *line, size_t size, bool escapes, const char **error_r)
{
	if (size >= POSTERN_SASL_LINE_MAX)
		return postern_error(error_r, "SASL line of %zu octets", size);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t' && !(escapes && c == 1)) || c == 0x7f)
			return postern_error(error_r, "SASL line with a control character");
	}
	return 0;
}

static bool parse_id(const struct field *field, char id_r[POSTERN_SASL_ID_MAX])
{
	return field->size > 0 && copy_field(field, 0, id_r, POSTERN_SASL_ID_MAX) &&
	       strspn(id_r, "0123456789") == field->size;
}

bool postern_sasl_line_is(const char *line, size_t size, const char *command)
{
	struct fields fields;
	struct field field;

	fields_init(&fields, line, size);
	return next_field(&fields, &field) && field_is(&field, command);
}

int postern_sasl_line_parse_auth(const char *line, size_t size, struct postern_sasl_auth *auth_r,
				 const char **error_r)
{
	struct fields fields;
	struct field field;

	memset(auth_r, 0, sizeof(*auth_r));
	if (check_line(line, size, false, error_r) < 0)
		return -1;
	fields_init(&fields, line, size);
	if (!next_field(&fields, &field) || !field_is(&field, "AUTH") ||
	    !next_field(&fields, &field) || !parse_id(&field, auth_r->id) ||
	    !next_field(&fields, &field) || field.size == 0 ||
	    !copy_field(&field, 0, auth_r->mechanism, sizeof(auth_r->mechanism)))
		return postern_error(error_r, "SASL request without an id or a mechanism");
	while (next_field(&fields, &field)) {
		if (field_begins(&field, "resp="))
			break; /* by its definition the last one */
		if (field_is(&field, "secured") || field_begins(&field, "secured="))
			auth_r->secured = true;
		if (field_begins(&field, "rip=") &&
		    !copy_field(&field, strlen("rip="), auth_r->rip, sizeof(auth_r->rip)))
			return postern_error(error_r, "SASL request with an overlong rip");
	}
	return 0;
}

struct writer {
	char *text;
	size_t size;
	bool full;
};

static void append(struct writer *writer, const char *data, size_t size)
{
	if (writer->full || size > POSTERN_SASL_LINE_MAX - writer->size) {
		writer->full = true;
		return;
	}
	memcpy(writer->text + writer->size, data, size);
	writer->size += size;
}

static void append_text(struct writer *writer, const char *text)
{
	append(writer, text, strlen(text));
}

static void append_field(struct writer *writer, const struct field *field)
{
	append_text(writer, "\t");
	append(writer, field->text, field->size);
}

static bool goes_on(const struct field *field)
{
	return field_is(field, "nologin") || field_begins(field, "service=") ||
	       field_begins(field, "lip=") || field_begins(field, "rip=");
}

/* A tab between two of these fields, inside a field whose own tabs are escaped. */
#define FORWARD_SEPARATOR "\001t"

static void append_forward_fields(struct writer *writer, const char *cipher,
				  const struct postern_fingerprint *key)
{
	char text[POSTERN_FINGERPRINT_TEXT_MAX];

	if (*cipher == '\0' && key == NULL)
		return;
	append_text(writer, "\tforward_fields=");
	if (key != NULL) {
		postern_fingerprint_format(key, text);
		append_text(writer, "postern_key=");
		append_text(writer, text);
	}
	if (*cipher != '\0') {
		append_text(writer, key != NULL ? FORWARD_SEPARATOR : "");
		append_text(writer, "postern_tls=");
		append_text(writer, cipher);
	}
}

static void append_own(struct writer *writer, const struct postern_sasl_auth *auth, bool tls)
{
	if (tls)
		append_text(writer, "\tsecured=tls");
	else if (auth->secured)
		append_text(writer, "\tsecured");
	if (strcasecmp(auth->mechanism, "EXTERNAL") == 0)
		append_text(writer, "\tno-penalty");
}

int postern_sasl_line_write_auth(const char *line, size_t size,
				 const struct postern_sasl_auth *auth, bool tls,
				 const char *cipher, const struct postern_fingerprint *key,
				 char text_r[POSTERN_SASL_LINE_MAX], size_t *size_r,
				 const char **error_r)
{
	struct writer writer = { .text = text_r };
	struct field field, resp = { 0 };
	struct fields fields;

	fields_init(&fields, line, size);
	for (int i = 0; i < 3; i++) {
		if (!next_field(&fields, &field))
			return postern_error(error_r, "SASL request that ends early");
	}
	append_text(&writer, "AUTH\t");
	append_text(&writer, auth->id);
	append_text(&writer, "\t");
	append_text(&writer, auth->mechanism);
	while (next_field(&fields, &field)) {
		if (field_begins(&field, "resp=")) {
			resp = field;
			break;
		}
		if (goes_on(&field))
			append_field(&writer, &field);
	}
	append_own(&writer, auth, tls);
	append_forward_fields(&writer, cipher, key);
	if (resp.text != NULL)
		append_field(&writer, &resp);
	if (writer.full)
		return postern_error(error_r, "SASL request that is too long");
	*size_r = writer.size;
	return 0;
}

int postern_sasl_line_check_client(const char *line, size_t size, const char **error_r)
{
	char id[POSTERN_SASL_ID_MAX];
	struct fields fields;
	struct field field;

	if (check_line(line, size, false, error_r) < 0)
		return -1;
	fields_init(&fields, line, size);
	if (!next_field(&fields, &field) ||
	    !(field_is(&field, "CONT") || field_is(&field, "CANCEL")) ||
	    !next_field(&fields, &field) || !parse_id(&field, id))
		return postern_error(error_r, "SASL line that is neither AUTH, CONT nor CANCEL");
	return 0;
}

/* Dovecot escapes NUL, tab, LF, CR and \001 with a \001. None of these is fit for a user's name, so
   an escape is refused and not undone. */
static bool decode_user(const struct field *field, char user_r[POSTERN_SASL_NAME_MAX])
{
	size_t skip = strlen("user=");

	return memchr(field->text, 1, field->size) == NULL && field->size > skip &&
	       copy_field(field, skip, user_r, POSTERN_SASL_NAME_MAX);
}

static enum postern_sasl_kind kind_of(const struct field *command)
{
	if (field_is(command, "OK"))
		return POSTERN_SASL_OK;
	if (field_is(command, "FAIL"))
		return POSTERN_SASL_FAIL;
	if (field_is(command, "CONT"))
		return POSTERN_SASL_CONT;
	return POSTERN_SASL_OTHER;
}

int postern_sasl_line_parse_reply(const char *line, size_t size,
				  struct postern_sasl_reply *reply_r, const char **error_r)
{
	enum postern_sasl_kind kind;
	struct fields fields;
	struct field field;

	memset(reply_r, 0, sizeof(*reply_r));
	if (check_line(line, size, true, error_r) < 0)
		return -1;
	fields_init(&fields, line, size);
	next_field(&fields, &field);
	kind = kind_of(&field);
	if (kind == POSTERN_SASL_OTHER)
		return kind;
	if (!next_field(&fields, &field) || !parse_id(&field, reply_r->id))
		return postern_error(error_r, "reply of Dovecot's auth without an id");
	while (kind != POSTERN_SASL_CONT && next_field(&fields, &field)) {
		if (kind == POSTERN_SASL_FAIL &&
		    (field_is(&field, "temp") || field_is(&field, "code=temp_fail")))
			kind = POSTERN_SASL_TEMPFAIL;
		if (field_begins(&field, "user=") && !decode_user(&field, reply_r->user) &&
		    kind == POSTERN_SASL_OK)
			return postern_error(error_r, "Dovecot's auth names a user that is empty, "
					     "too long or has a control character");
	}
	return kind;
}
