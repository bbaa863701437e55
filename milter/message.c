/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "local_user.h"
#include "log.h"
#include "login.h"
#include "missing_fields.h"
#include "origin.h"
#include "own_address.h"
#include "send_limits.h"
#include "sender_rule.h"
#include "signer.h"

struct postern_message {
	struct postern_generation *generation;
	/* Begun by whoever asks the store first; ends before the client is waited for. */
	struct postern_snapshot snapshot;
	struct postern_message_origin origin;
	struct postern_sender_rule *rule;
	struct postern_signer *signer;
	/* Of a message by sendmail(1), until it is known whose it is. */
	char *unchecked_sender;
	bool local;
	/* Of a trusted host, and not to be signed: only passed on. */
	bool passed;
	bool refused;
	/* With report_only: would have been refused. */
	bool reported;
	/* The refusal is not in the log yet; it is logged where the queue id is known. */
	bool unlogged;
	struct postern_reply reply;
	/* For the log: why, escaped. */
	char reason[768];
	char sender[256];
	unsigned recipients;
	struct postern_missing_fields added;
};

static void set_reason(struct postern_message *message, const struct postern_reply *reply,
		       const char *reason)
{
	message->unlogged = true;
	message->reply = *reply;
	snprintf(message->reason, sizeof(message->reason), "%s", reason);
}

static void refuse(struct postern_message *message, const struct postern_reply *reply,
		   const char *reason)
{
	if (message->refused)
		return;
	message->refused = true;
	set_reason(message, reply, reason);
}

/* What the message itself is to blame for. */
static void refuse_or_report(struct postern_message *message, const struct postern_reply *reply,
			     const char *reason)
{
	if (!message->generation->config->report_only) {
		refuse(message, reply, reason);
	} else if (!message->reported) {
		message->reported = true;
		set_reason(message, reply, reason);
	}
}

static void fail(struct postern_message *message, const char *error)
{
	struct postern_reply reply;

	postern_reply_set_failure(&reply);
	refuse(message, &reply, error);
}

static void refuse_broken(struct postern_message *message, const char *text)
{
	struct postern_reply reply;

	postern_reply_set(&reply, "550", "5.6.0", "%s", text);
	refuse_or_report(message, &reply, text);
	message->passed = message->reported;
}

static const char *account_name(const struct postern_message *message)
{
	return message->origin.trusted ? "(trusted)" : message->origin.account.name;
}

/* What the client chose stands behind its address: fail2ban reads these lines. */
static int conclude(struct postern_message *message, const char *queue_id)
{
	char client[POSTERN_ENDPOINT_TEXT_MAX];

	if (message->unlogged && (message->refused || queue_id != NULL)) {
		postern_log(*message->reply.code == '4' ? LOG_ERR : LOG_NOTICE,
			    "%s: %s: %s %s: account=%s client=%s from=%s: %s",
			    queue_id == NULL ? "NOQUEUE" : queue_id,
			    message->refused ? "refused" : "would be refused", message->reply.code,
			    message->reply.status, account_name(message),
			    postern_endpoint_format(&message->origin.client, client),
			    message->sender, message->reason);
		message->unlogged = false;
	}
	return message->refused ? POSTERN_MESSAGE_REFUSED : POSTERN_MESSAGE_OK;
}

/* A callback of the sender rule. */
static int owns(const struct postern_address *address, void *context, const char **error_r)
{
	struct postern_message *message = context;

	return message->origin.trusted ? 0 :
	       postern_own_address_ask(message->generation, &message->snapshot,
				       &message->origin.account, address, error_r);
}

static void refuse_sender(struct postern_message *message, int verdict)
{
	const struct postern_sender_refusal *refusal =
		postern_sender_rule_refusal(message->rule);
	struct postern_reply reply;
	char reason[sizeof(message->reason)];
	char name[64], own[256];

	snprintf(reason, sizeof(reason), "rule=%s field=%s found=%s", refusal->rule,
		 refusal->field, refusal->found);
	if (verdict == POSTERN_SENDER_MALFORMED) {
		postern_reply_set(&reply, "550", "5.6.0", "%s", refusal->text);
	} else {
		postern_origin_describe_own(message->generation, &message->origin.account, own,
					    sizeof(own));
		postern_escape_ascii(message->origin.account.name,
				     strlen(message->origin.account.name), name, sizeof(name));
		postern_reply_set(&reply, "550", "5.7.1", "%s; yours, %s, are: %s",
				  refusal->text, name, *own == '\0' ? "(unknown)" : own);
	}
	refuse_or_report(message, &reply, reason);
	if (!message->reported)
		return;
	/* What is broken may be what libopendkim is not to see, and of two From fields nobody
	   knows which one a signature vouches for. */
	if (verdict == POSTERN_SENDER_MALFORMED || strcmp(refusal->rule, "P1") == 0)
		message->passed = true;
	else
		postern_sender_rule_pardon(message->rule);
}

/* Takes what the rule said last. */
static void take_verdict(struct postern_message *message, int verdict, const char *error)
{
	if (verdict == POSTERN_SENDER_OK)
		return;
	if (verdict < 0)
		fail(message, error);
	else if (message->origin.trusted)
		message->passed = true;
	else
		refuse_sender(message, verdict);
}

struct postern_message *postern_message_new(struct postern_generation *generation,
					    struct postern_snapshot *snapshot,
					    struct postern_dkim *dkim,
					    const struct postern_message_origin *origin)
{
	struct postern_message *message = calloc(1, sizeof(*message));
	const char *error;

	if (message == NULL)
		return NULL;
	postern_generation_ref(generation);
	message->generation = generation;
	message->snapshot = *snapshot;
	snapshot->store = NULL; /* transferred */
	message->origin = *origin;
	message->local = origin->local;
	if (postern_sender_rule_new(owns, message, generation->config->allow, &message->rule,
				    &error) < 0 ||
	    postern_signer_new(generation, dkim, &message->signer, &error) < 0)
		postern_message_free(&message);
	return message;
}

void postern_message_free(struct postern_message **message)
{
	if (*message == NULL)
		return;
	postern_snapshot_end(&(*message)->snapshot);
	postern_sender_rule_free(&(*message)->rule);
	postern_signer_free(&(*message)->signer);
	postern_generation_unref(&(*message)->generation);
	free((*message)->unchecked_sender);
	free(*message);
	*message = NULL;
}

/* domain_r is "" where there is none. */
static void find_domain(struct postern_message *message, const char *sender,
			char domain_r[POSTERN_DOMAIN_MAX + 1])
{
	struct postern_address address;
	const char *error;
	int ret = postern_address_parse_path(sender, &address, &error);

	if (ret == POSTERN_ADDRESS_NO_MEMORY)
		fail(message, error);
	strcpy(domain_r, ret == 0 ? address.domain : "");
}

/* What is allowed to this account, and to this domain. */
static void add_allowed(struct postern_message *message, const char *domain)
{
	const struct postern_config *config = message->generation->config;

	postern_sender_rule_allow(message->rule,
				  postern_allow_list_find(&config->allow_for,
							  message->origin.account.name, domain));
}

static void expect_signature(struct postern_message *message, const char *domain)
{
	const char *ignored;

	if (message->refused || message->origin.trusted || *domain == '\0')
		return;
	if (postern_signer_expect(message->signer, &message->snapshot, domain, &ignored) < 0)
		return; /* The end of the header asks again, and says why. */
}

/* Asked at the beginning, so that nobody sends a message in vain; decided and counted at its end. */
static void check_limits(struct postern_message *message, bool at_end)
{
	struct postern_reply reply;
	const char *error;
	int ret;

	if (message->refused || message->origin.trusted)
		return;
	ret = postern_send_limits_check(message->generation->config, message->origin.account.id,
					message->recipients, at_end, &reply, &error);
	if (ret < 0)
		fail(message, error);
	else if (ret > 0)
		refuse(message, &reply, reply.text);
}

static void check_sender(struct postern_message *message, const char *sender)
{
	char domain[POSTERN_DOMAIN_MAX + 1];
	const char *error = NULL;
	int verdict = postern_sender_rule_envelope_sender(message->rule, sender, &error);

	take_verdict(message, verdict, error);
	find_domain(message, sender, domain);
	add_allowed(message, domain);
	expect_signature(message, domain);
	postern_snapshot_end(&message->snapshot);
	check_limits(message, false);
}

int postern_message_sender(struct postern_message *message, const char *sender)
{
	postern_escape(sender, strlen(sender), message->sender, sizeof(message->sender));
	if (message->local)
		message->unchecked_sender = strdup(sender);
	else
		check_sender(message, sender);
	if (message->local && message->unchecked_sender == NULL)
		fail(message, "no memory for the envelope sender");
	return conclude(message, NULL);
}

/* The first field of a message by sendmail(1), "" when it has none. */
static void identify(struct postern_message *message, const char *name, const char *value)
{
	const char *reason = NULL, *error = NULL;
	struct postern_reply reply;

	switch (postern_local_user_find(message->generation, name, value, &message->origin,
					&reason, &error)) {
	case POSTERN_LOCAL_USER_KNOWN:
		check_sender(message, message->unchecked_sender);
		break;
	case POSTERN_LOCAL_USER_UNKNOWN:
		postern_reply_set(&reply, "451", "4.7.1", "It is not known as whom this user of the "
				  "system may send; ask the administrator");
		refuse(message, &reply, reason);
		break;
	case POSTERN_LOCAL_USER_DISABLED:
		postern_reply_set(&reply, "550", "5.7.1", "%s",
				  postern_login_outcome_text(POSTERN_LOGIN_DISABLED));
		refuse(message, &reply, reason);
		break;
	default:
		fail(message, error);
	}
	free(message->unchecked_sender);
	message->unchecked_sender = NULL;
}

void postern_message_recipient(struct postern_message *message)
{
	message->recipients++;
}

void postern_message_field(struct postern_message *message, const char *name, const char *value)
{
	const char *error = NULL;
	int ret;

	if (message->unchecked_sender != NULL) {
		identify(message, name, value);
		return;
	}
	if (message->refused || message->passed)
		return;
	ret = postern_sender_rule_field(message->rule, name, strlen(name), value, strlen(value),
					&error);
	postern_snapshot_end(&message->snapshot);
	take_verdict(message, ret, error);
	if (message->refused || message->passed)
		return;
	ret = postern_signer_field(message->signer, name, value, &error);
	if (ret < 0)
		fail(message, error);
	else if (ret == POSTERN_SIGNER_TOO_MUCH && message->origin.trusted)
		message->passed = true;
	else if (ret == POSTERN_SIGNER_TOO_MUCH)
		refuse_broken(message, "The message has more or longer header fields than can be "
			      "signed; shorten To and Cc, or send it in parts");
}

static int add_missing_fields(struct postern_message *message, const char *domain,
			      const char **error_r)
{
	struct postern_missing_fields *added = &message->added;

	if (postern_missing_fields_make(postern_sender_rule_has_date(message->rule),
					postern_sender_rule_has_message_id(message->rule), domain,
					added, error_r) < 0)
		return -1;
	for (size_t i = 0; i < added->count; i++) {
		if (postern_signer_field(message->signer, added->list[i].name,
					 added->list[i].value, error_r) != 0)
			return postern_error(error_r, "cannot sign a field that was added");
	}
	return 0;
}

static void refuse_unsigned(struct postern_message *message, const char *domain)
{
	char reason[POSTERN_REPLY_TEXT_MAX];
	struct postern_reply reply;

	snprintf(reason, sizeof(reason), "no active DKIM key: postern dkim add %s", domain);
	postern_reply_set(&reply, "451", "4.3.5", "Mail from %s cannot be signed yet; ask the "
			  "administrator to add a DKIM key for it", domain);
	refuse(message, &reply, reason);
}

static void begin_signing(struct postern_message *message)
{
	const char *domain = postern_sender_rule_from_domain(message->rule);
	const char *error;
	int ret;

	if (add_missing_fields(message, domain, &error) < 0) {
		fail(message, error);
		return;
	}
	ret = postern_signer_begin(message->signer, &message->snapshot, domain, &error);
	if (ret == POSTERN_SIGNER_NO_KEY && (message->origin.trusted || message->reported)) {
		message->passed = true;
	} else if (ret == POSTERN_SIGNER_NO_KEY) {
		refuse_unsigned(message, domain);
	} else if (ret < 0) {
		fail(message, error);
	}
}

int postern_message_end_of_header(struct postern_message *message, const char *queue_id)
{
	const char *error = NULL;
	int verdict;

	if (message->unchecked_sender != NULL)
		identify(message, "", "");
	if (!message->refused && !message->passed) {
		verdict = postern_sender_rule_end_of_header(message->rule, &error);
		take_verdict(message, verdict, error);
	}
	if (!message->refused && !message->passed)
		begin_signing(message);
	postern_snapshot_end(&message->snapshot);
	return conclude(message, queue_id);
}

/* An outcome of the signer for the body, or -1. */
static void take_outcome(struct postern_message *message, int outcome, const char *error)
{
	if (outcome < 0)
		fail(message, error);
	else if (outcome == POSTERN_SIGNER_FAULT && message->origin.trusted)
		message->passed = true;
	else if (outcome == POSTERN_SIGNER_FAULT)
		refuse_broken(message, postern_signer_fault(message->signer));
}

void postern_message_body(struct postern_message *message, const void *data, size_t size)
{
	const char *error = NULL;
	int outcome;

	if (message->refused || message->passed)
		return;
	outcome = postern_signer_body(message->signer, data, size, &error);
	take_outcome(message, outcome, error);
}

static void log_accepted(const struct postern_message *message, const char *queue_id)
{
	char client[POSTERN_ENDPOINT_TEXT_MAX];
	char by[4 * sizeof(message->origin.by)];
	char selectors[POSTERN_SIGNATURES_MAX * 65] = "";
	const char *selector;

	for (size_t i = 0; !message->passed &&
	     (selector = postern_signer_selector(message->signer, i)) != NULL; i++) {
		strcat(selectors, i > 0 ? "," : "");
		strcat(selectors, selector);
	}
	postern_log(LOG_INFO, "%s: accepted: account=%s by=\"%s\" client=%s from=%s signed=%s%s%s",
		    queue_id == NULL ? "NOQUEUE" : queue_id, account_name(message),
		    postern_escape_quotes(message->origin.by, by, sizeof(by)),
		    postern_endpoint_format(&message->origin.client, client),
		    message->sender,
		    message->passed ? "no" : postern_sender_rule_from_domain(message->rule),
		    message->passed ? "" : "/", selectors);
}

int postern_message_end(struct postern_message *message, const char *queue_id)
{
	const char *error = NULL;
	int outcome;

	if (!message->refused && !message->passed) {
		outcome = postern_signer_finish(message->signer, &error);
		take_outcome(message, outcome, error);
	}
	check_limits(message, true);
	outcome = conclude(message, queue_id);
	if (outcome == POSTERN_MESSAGE_OK)
		log_accepted(message, queue_id);
	return outcome;
}

const struct postern_reply *postern_message_reply(const struct postern_message *message)
{
	return &message->reply;
}

const char *postern_message_removed(const struct postern_message *message)
{
	return message->local ? POSTERN_LOCAL_FIELD : NULL;
}

bool postern_message_added(const struct postern_message *message, size_t index,
			   struct postern_added_field *field_r)
{
	if (message->passed)
		return false;
	if (index < message->added.count) {
		*field_r = (struct postern_added_field){
			.name = message->added.list[index].name,
			.value = message->added.list[index].value };
		return true;
	}
	field_r->name = "DKIM-Signature";
	field_r->value = postern_signer_value(message->signer, index - message->added.count);
	field_r->on_top = true;
	return field_r->value != NULL;
}
