/* SPDX-License-Identifier: MIT */
#include "sender_rule.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "header_field.h"
#include "identity_field.h"
#include "sender_refusal.h"

/* Different Content-* fields that one message may have; the registered ones are eleven. */
#define CONTENT_FIELDS_MAX 64

struct postern_sender_rule {
	struct postern_identity_check check;
	/* A verdict that is not OK stays, and so does a failure. */
	enum postern_sender_verdict verdict;
	bool failed;
	bool seen[POSTERN_FIELDS];
	/* Hashes of the names of Content-* fields. */
	uint64_t content_fields[CONTENT_FIELDS_MAX];
	size_t content_fields_count;
	char from_domain[POSTERN_DOMAIN_MAX + 1];
	struct postern_sender_refusal refusal;
};

struct header_field {
	enum postern_field kind;
	const char *name, *body;
	size_t name_size, size;
};

int postern_sender_rule_new(postern_owns_fn *owns, void *context, unsigned allow,
			    struct postern_sender_rule **rule_r, const char **error_r)
{
	struct postern_sender_rule *rule = calloc(1, sizeof(*rule));

	*rule_r = NULL;
	if (rule == NULL)
		return postern_error(error_r, "out of memory");
	rule->check = (struct postern_identity_check){
		.owns = owns, .context = context, .allow = allow,
		.first_domain = rule->from_domain, .refusal = &rule->refusal,
	};
	*rule_r = rule;
	return 0;
}

void postern_sender_rule_free(struct postern_sender_rule **rule)
{
	free(*rule);
	*rule = NULL;
}

/* What every step of a message begins with: a failure or a refusal of before. */
static int previous(const struct postern_sender_rule *rule, const char **error_r)
{
	if (rule->failed)
		return postern_error(error_r, "the sender of this message could not be checked");
	return rule->verdict;
}

/* And what it ends with. */
static int remember(struct postern_sender_rule *rule, int ret)
{
	if (ret < 0)
		rule->failed = true;
	else
		rule->verdict = (enum postern_sender_verdict)ret;
	return ret;
}

static int check_envelope_sender(struct postern_sender_rule *rule, const char *sender,
				 const char **error_r)
{
	struct postern_sender_finding finding = {
		.rule = "P5", .field = "MAIL FROM", .field_size = strlen("MAIL FROM"),
		.found = sender, .found_size = strlen(sender),
	};
	struct postern_address address;
	size_t size = strlen(sender);
	char shown[2 * POSTERN_ADDRESS_MAX];
	int ret;

	if (size >= 2 && sender[0] == '<' && sender[size - 1] == '>') {
		sender++;
		size -= 2;
	}
	if (size == 0)
		return POSTERN_SENDER_OK;
	ret = postern_address_parse(sender, size, &address, &finding.why);
	if (ret == POSTERN_ADDRESS_NO_MEMORY) {
		*error_r = finding.why;
		return -1;
	}
	if (ret < 0) {
		finding.reason = POSTERN_REASON_ENVELOPE_UNREADABLE;
		return postern_sender_refuse(&finding, &rule->refusal);
	}
	ret = rule->check.owns(&address, rule->check.context, error_r);
	if (ret <= 0)
		return ret;
	postern_address_format(&address, shown, sizeof(shown));
	finding.reason = POSTERN_REASON_NOT_OWN;
	finding.found = shown;
	finding.found_size = strlen(shown);
	return postern_sender_refuse(&finding, &rule->refusal);
}

int postern_sender_rule_envelope_sender(struct postern_sender_rule *rule, const char *sender,
					const char **error_r)
{
	int ret = previous(rule, error_r);

	if (ret != POSTERN_SENDER_OK)
		return ret;
	return remember(rule, check_envelope_sender(rule, sender, error_r));
}

void postern_sender_rule_allow(struct postern_sender_rule *rule, unsigned allow)
{
	rule->check.allow |= allow;
}

static int refuse_field(struct postern_sender_rule *rule, enum postern_sender_reason reason,
			const char *rule_name, const struct header_field *field,
			const char *found, size_t found_size)
{
	return postern_sender_refuse(&(struct postern_sender_finding){
		.reason = reason, .rule = rule_name,
		.field = field->name, .field_size = field->name_size,
		.found = found, .found_size = found_size,
	}, &rule->refusal);
}

/* P9. */
static int check_octets(struct postern_sender_rule *rule, const struct header_field *field)
{
	enum postern_octets found;
	size_t offset = 0;
	char shown[8];

	found = postern_field_check_octets(field->body, field->size, &offset);
	if (found == POSTERN_OCTETS_OK)
		return POSTERN_SENDER_OK;
	snprintf(shown, sizeof(shown), "0x%02X", (unsigned char)field->body[offset]);
	return refuse_field(rule, found == POSTERN_OCTETS_CONTROL ? POSTERN_REASON_CONTROL
								  : POSTERN_REASON_LINE_END,
			    "P9", field, shown, strlen(shown));
}

/* FNV-1a of the name in lower case. Two names with one hash refuse the message of who searched
   for them. */
static uint64_t hash_name(const char *name, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)name[i];

		hash = (hash ^ (c >= 'A' && c <= 'Z' ? c | 0x20U : c)) * 0x100000001b3;
	}
	return hash;
}

/* False when the name was there before, or when it is one too many. */
static bool remember_content_field(struct postern_sender_rule *rule,
				   const struct header_field *field)
{
	uint64_t hash = hash_name(field->name, field->name_size);

	for (size_t i = 0; i < rule->content_fields_count; i++) {
		if (rule->content_fields[i] == hash)
			return false;
	}
	if (rule->content_fields_count == CONTENT_FIELDS_MAX)
		return false;
	rule->content_fields[rule->content_fields_count++] = hash;
	return true;
}

/* P1, P7, P15. */
static int check_count(struct postern_sender_rule *rule, const struct header_field *field)
{
	bool first = !rule->seen[field->kind];

	rule->seen[field->kind] = true;
	switch (field->kind) {
	case POSTERN_FIELD_OTHER:
	case POSTERN_FIELD_RESENT_FROM: /* one in each resent block */
	case POSTERN_FIELD_RESENT_SENDER:
		return POSTERN_SENDER_OK;
	case POSTERN_FIELD_FROM:
		return first ? POSTERN_SENDER_OK
			     : refuse_field(rule, POSTERN_REASON_FROM_TWICE, "P1", field,
					    field->body, field->size);
	case POSTERN_FIELD_SENDER:
		return first ? POSTERN_SENDER_OK
			     : refuse_field(rule, POSTERN_REASON_SENDER_TWICE, "P7", field,
					    field->body, field->size);
	case POSTERN_FIELD_CONTENT:
		first = remember_content_field(rule, field);
		break;
	default:
		break;
	}
	if (first || (rule->check.allow & POSTERN_ALLOW_P15) != 0)
		return POSTERN_SENDER_OK;
	return refuse_field(rule, POSTERN_REASON_TWICE, "P15", field, field->body, field->size);
}

static int check_field(struct postern_sender_rule *rule, const struct header_field *field,
		       const char **error_r)
{
	int ret;

	if (field->name_size > POSTERN_FIELD_NAME_MAX)
		return refuse_field(rule, POSTERN_REASON_NAME_TOO_LONG, "P8", field,
				    field->name, field->name_size);
	ret = check_count(rule, field);
	if (ret != POSTERN_SENDER_OK)
		return ret;
	if (!postern_field_name_is_legal(field->name, field->name_size))
		return refuse_field(rule, POSTERN_REASON_NAME_ILLEGAL, "P14", field,
				    field->name, field->name_size);
	ret = check_octets(rule, field);
	if (ret != POSTERN_SENDER_OK || field->kind < POSTERN_FIELD_FROM ||
	    field->kind > POSTERN_FIELD_RESENT_SENDER)
		return ret;
	return postern_identity_field_check(&rule->check, field->kind, field->body, field->size,
					    error_r);
}

int postern_sender_rule_field(struct postern_sender_rule *rule, const char *name, size_t name_size,
			      const char *body, size_t size, const char **error_r)
{
	struct header_field field = {
		.kind = postern_field_classify(name, name_size),
		.name = name, .name_size = name_size, .body = body, .size = size,
	};
	int ret = previous(rule, error_r);

	if (ret != POSTERN_SENDER_OK)
		return ret;
	return remember(rule, check_field(rule, &field, error_r));
}

int postern_sender_rule_end_of_header(struct postern_sender_rule *rule, const char **error_r)
{
	struct header_field from = { .name = "From", .name_size = strlen("From"), .body = "" };
	int ret = previous(rule, error_r);

	if (ret != POSTERN_SENDER_OK || rule->seen[POSTERN_FIELD_FROM])
		return ret;
	return remember(rule, refuse_field(rule, POSTERN_REASON_FROM_MISSING, "P1", &from, "", 0));
}

const struct postern_sender_refusal *
postern_sender_rule_refusal(const struct postern_sender_rule *rule)
{
	return rule->verdict == POSTERN_SENDER_OK ? NULL : &rule->refusal;
}

void postern_sender_rule_pardon(struct postern_sender_rule *rule)
{
	rule->verdict = POSTERN_SENDER_OK;
}

const char *postern_sender_rule_from_domain(const struct postern_sender_rule *rule)
{
	return rule->from_domain;
}

bool postern_sender_rule_has_date(const struct postern_sender_rule *rule)
{
	return rule->seen[POSTERN_FIELD_DATE];
}

bool postern_sender_rule_has_message_id(const struct postern_sender_rule *rule)
{
	return rule->seen[POSTERN_FIELD_MESSAGE_ID];
}
