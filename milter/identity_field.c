/* SPDX-License-Identifier: MIT */
#include "identity_field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistr.h>

#include "encoded_word.h"
#include "identity_text.h"
#include "mailbox_list.h"
#include "sender_refusal.h"

struct identity_field {
	const struct postern_identity_check *check;
	enum postern_field field;
	const char *title;
	/* Where decoded text goes. */
	char *room;
};

/* The rule that an unreadable or foreign address in a field is a case of. */
static const char *rule_of(enum postern_field field, const char *of_from)
{
	switch (field) {
	case POSTERN_FIELD_FROM:
		return of_from;
	case POSTERN_FIELD_SENDER:
		return "P7";
	default:
		return "P12";
	}
}

static int refuse(const struct identity_field *field, enum postern_sender_reason reason,
		  const char *rule, const char *found, size_t found_size)
{
	return postern_sender_refuse(&(struct postern_sender_finding){
		.reason = reason, .rule = rule,
		.field = field->title, .field_size = strlen(field->title),
		.found = found, .found_size = found_size,
	}, field->check->refusal);
}

static int refuse_unreadable(const struct identity_field *field, const char *why,
			     const char *found, size_t found_size)
{
	return postern_sender_refuse(&(struct postern_sender_finding){
		.reason = POSTERN_REASON_UNREADABLE, .rule = rule_of(field->field, "P2"),
		.field = field->title, .field_size = strlen(field->title),
		.found = found, .found_size = found_size, .why = why,
	}, field->check->refusal);
}

/* 0 own, positive not, negative unknown. */
static int owns(const struct identity_field *field, const struct postern_address *address,
		const char **error_r)
{
	return field->check->owns(address, field->check->context, error_r);
}

static int refuse_character(const struct identity_field *field, enum postern_sender_reason reason,
			    const char *rule, unsigned character)
{
	char shown[16];

	snprintf(shown, sizeof(shown), "U+%04X", character);
	return refuse(field, reason, rule, shown, strlen(shown));
}

static int check_characters(const struct identity_field *field, const char *text, size_t size,
			    bool raw)
{
	enum postern_identity_characters found;
	unsigned character = 0;

	found = postern_identity_text_check(text, size, raw, &character);
	if (found == POSTERN_CHARACTERS_OK)
		return POSTERN_SENDER_OK;
	if (found == POSTERN_CHARACTERS_CONTROL)
		return refuse_character(field, POSTERN_REASON_CONTROL, raw ? "P9" : "P10",
					character);
	return refuse_character(field, POSTERN_REASON_HIDDEN, "P11", character);
}

/* P4: every address that the text shows. One that does not even parse is nobody's own. */
static int check_shown(const struct identity_field *field, const char *text, size_t size,
		       const char **error_r)
{
	const char *found;
	char *folded = NULL;
	size_t folded_size, found_size, pos = 0;
	int ret = POSTERN_SENDER_OK;
	unsigned character;

	if ((field->check->allow & POSTERN_ALLOW_P4) != 0)
		return POSTERN_SENDER_OK;
	if (postern_identity_text_may_turn(text, size, &character))
		return refuse_character(field, POSTERN_REASON_HIDDEN, "P4", character);
	if (postern_identity_text_fold(text, size, &folded, &folded_size, error_r) < 0)
		return -1;
	if (folded == NULL)
		return POSTERN_SENDER_OK;
	while (ret == POSTERN_SENDER_OK &&
	       postern_identity_text_next_address(folded, folded_size, &pos, &found, &found_size)) {
		struct postern_address address;

		ret = postern_address_parse(found, found_size, &address, error_r);
		if (ret == POSTERN_ADDRESS_NO_MEMORY)
			ret = -1;
		else
			ret = ret == 0 ? owns(field, &address, error_r) : 1;
		if (ret > 0)
			ret = refuse(field, POSTERN_REASON_SHOWN_NOT_OWN, "P4", found, found_size);
	}
	free(folded);
	return ret;
}

static int refuse_encoding(const struct identity_field *field, int outcome,
			   const struct postern_decoded *decoded)
{
	return refuse(field, outcome == POSTERN_ENCODED_CHARSET ? POSTERN_REASON_CHARSET
								 : POSTERN_REASON_ENCODING,
		      "P10", decoded->found, decoded->found_size);
}

/* A text as it stands there, and as it reads decoded. */
static int check_text(const struct identity_field *field, const struct postern_text *text,
		      const char **error_r)
{
	struct postern_decoded decoded;
	int ret = check_shown(field, text->octets, text->size, error_r);

	if (ret != POSTERN_SENDER_OK || !postern_encoded_word_present(text->octets, text->size))
		return ret;
	ret = postern_encoded_words_decode(text->octets, text->size, field->room, &decoded, error_r);
	if (ret > 0)
		return refuse_encoding(field, ret, &decoded);
	if (ret == 0)
		ret = check_characters(field, decoded.text, decoded.size, false);
	if (ret == POSTERN_SENDER_OK)
		ret = check_shown(field, decoded.text, decoded.size, error_r);
	if (ret == POSTERN_SENDER_OK)
		ret = check_shown(field, decoded.octets, decoded.octets_size, error_r);
	return ret;
}

static int check_mailbox(const struct identity_field *field, const struct postern_mailbox *mailbox,
			 const char **error_r)
{
	char shown[2 * POSTERN_ADDRESS_MAX];
	int ret = owns(field, &mailbox->address, error_r);

	if (ret > 0) {
		postern_address_format(&mailbox->address, shown, sizeof(shown));
		return refuse(field, POSTERN_REASON_NOT_OWN, rule_of(field->field, "P3"), shown,
			      strlen(shown));
	}
	if (ret == POSTERN_SENDER_OK)
		ret = check_text(field, &mailbox->name, error_r);
	if (ret == POSTERN_SENDER_OK)
		ret = check_text(field, &mailbox->comments, error_r);
	/* An address could be put together of both. */
	if (ret == POSTERN_SENDER_OK && mailbox->name.size > 0 && mailbox->comments.size > 0)
		ret = check_text(field, &mailbox->all, error_r);
	return ret;
}

static bool holds_one(enum postern_field field)
{
	return field == POSTERN_FIELD_SENDER || field == POSTERN_FIELD_RESENT_SENDER;
}

static int refuse_second(const struct identity_field *field, const struct postern_mailbox *mailbox)
{
	char shown[2 * POSTERN_ADDRESS_MAX];

	postern_address_format(&mailbox->address, shown, sizeof(shown));
	return refuse(field, POSTERN_REASON_ONLY_ONE, rule_of(field->field, "P7"), shown,
		      strlen(shown));
}

static int check_list(const struct identity_field *field, const char *body, size_t size, char *room,
		      const char **error_r)
{
	struct postern_mailbox_list list;
	struct postern_mailbox mailbox;
	int ret = POSTERN_SENDER_OK;

	postern_mailbox_list_init(&list, body, size, room);
	for (size_t count = 0; ret == POSTERN_SENDER_OK; count++) {
		enum postern_mailbox_outcome outcome = postern_mailbox_list_next(&list, &mailbox);

		if (outcome == POSTERN_MAILBOX_END)
			return POSTERN_SENDER_OK;
		if (outcome == POSTERN_MAILBOX_GROUP)
			return refuse(field, POSTERN_REASON_GROUP, "P6", body, size);
		if (outcome == POSTERN_MAILBOX_NO_MEMORY)
			return postern_error(error_r, "out of memory");
		if (outcome == POSTERN_MAILBOX_ENCODING)
			return refuse(field, POSTERN_REASON_ENCODING, "P10", body, size);
		if (outcome != POSTERN_MAILBOX_FOUND)
			return refuse_unreadable(field, list.reason, body, size);
		if (count == 0 && field->field == POSTERN_FIELD_FROM)
			strcpy(field->check->first_domain, mailbox.address.domain);
		if (count > 0 && holds_one(field->field))
			return refuse_second(field, &mailbox);
		ret = check_mailbox(field, &mailbox, error_r);
	}
	return ret;
}

int postern_identity_field_check(const struct postern_identity_check *check,
				 enum postern_field name, const char *body, size_t size,
				 const char **error_r)
{
	struct identity_field field = {
		.check = check, .field = name, .title = postern_field_title(name),
	};
	const uint8_t *invalid;
	char *room;
	int ret;

	if (size > POSTERN_IDENTITY_FIELD_MAX)
		return refuse(&field, POSTERN_REASON_FIELD_TOO_LONG, "P8", body, size);
	invalid = u8_check((const uint8_t *)body, size);
	if (invalid != NULL)
		return refuse(&field, POSTERN_REASON_NOT_UTF8, "P9", (const char *)invalid, 1);
	ret = check_characters(&field, body, size, true);
	if (ret != POSTERN_SENDER_OK)
		return ret;
	if (postern_field_has_blank_line(body, size))
		return refuse_unreadable(&field, "one of its lines is blank", body, size);

	room = malloc(POSTERN_MAILBOX_ROOM(size) + POSTERN_DECODED_ROOM(size));
	if (room == NULL)
		return postern_error(error_r, "out of memory");
	field.room = room + POSTERN_MAILBOX_ROOM(size);
	ret = check_list(&field, body, size, room, error_r);
	free(room);
	return ret;
}
