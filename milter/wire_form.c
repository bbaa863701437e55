/* SPDX-License-Identifier: MIT */
#include "wire_form.h"

#include <string.h>

static const char line_break[] = "\r\n ";

void postern_wire_form_init(struct postern_wire_form *form, size_t limit)
{
	*form = (struct postern_wire_form){ .limit = limit };
}

static bool is_line_end(unsigned char c)
{
	return c == '\r' || c == '\n';
}

/* Counts one octet in, and says what is wrong with it. */
static enum postern_wire_fault count(struct postern_wire_form *form, unsigned char c)
{
	if (form->last == '\r' && c != '\n')
		return POSTERN_WIRE_BARE_CR;
	form->last = c;
	form->column = is_line_end(c) ? 0 : form->column + 1;
	form->run = is_line_end(c) || c == ' ' || c == '\t' ? 0 : form->run + 1;
	return form->run > POSTERN_WIRE_RUN_MAX ? POSTERN_WIRE_LONG_RUN : POSTERN_WIRE_OK;
}

/* Most of a body is lines that nothing is to be done about: how many octets the one is that begins
   here, its end included, or 0 where each octet has to be looked at. */
static size_t plain_line(const struct postern_wire_form *form, const unsigned char *octets,
			 size_t size)
{
	size_t max = form->limit > 0 && form->limit < POSTERN_WIRE_RUN_MAX ?
		     form->limit : POSTERN_WIRE_RUN_MAX;
	const unsigned char *end, *cr;

	if (form->column > 0 || form->last == '\r')
		return 0;
	end = memchr(octets, '\n', size < max ? size : max);
	if (end == NULL)
		return 0;
	cr = memchr(octets, '\r', (size_t)(end - octets));
	return cr == NULL || cr + 1 == end ? (size_t)(end - octets) + 1 : 0;
}

int postern_wire_form_put(struct postern_wire_form *form, const void *data, size_t size,
			  postern_wire_fn *fn, void *context, const char **error_r)
{
	const unsigned char *octets = data;
	size_t sent = 0;

	for (size_t i = 0; i < size && form->fault == POSTERN_WIRE_OK; i++) {
		size_t line = plain_line(form, octets + i, size - i);

		if (line > 0) {
			form->last = '\n';
			i += line - 1;
			continue;
		}
		if (form->limit > 0 && form->column == form->limit && !is_line_end(octets[i])) {
			if (fn(octets + sent, i - sent, context, error_r) < 0 ||
			    fn(line_break, sizeof(line_break) - 1, context, error_r) < 0)
				return -1;
			sent = i;
			/* The blank is the new line's first octet. */
			form->column = 1;
			form->run = 0;
		}
		form->fault = count(form, octets[i]);
	}
	if (form->fault != POSTERN_WIRE_OK)
		return form->fault;
	return fn(octets + sent, size - sent, context, error_r);
}

int postern_wire_form_end(struct postern_wire_form *form, postern_wire_fn *fn, void *context,
			  const char **error_r)
{
	if (form->fault == POSTERN_WIRE_OK && form->last == '\r')
		form->fault = POSTERN_WIRE_BARE_CR;
	if (form->fault != POSTERN_WIRE_OK)
		return form->fault;
	return form->last == '\0' || form->last == '\n' ? 0 : fn(line_break, 2, context, error_r);
}

const char *postern_wire_fault_text(enum postern_wire_fault fault)
{
	switch (fault) {
	case POSTERN_WIRE_OK:
		break;
	case POSTERN_WIRE_BARE_CR:
		return "The text has a carriage return without a line feed, which programs read "
		       "in different ways; send it as an attachment";
	case POSTERN_WIRE_LONG_RUN:
		return "The text has a line that is too long to be signed; let the mail program "
		       "encode it, as quoted-printable or base64";
	}
	return "";
}
