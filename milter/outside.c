/* SPDX-License-Identifier: MIT */
#include "outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth_results.h"
#include "dkim.h"
#include "dkim_verify.h"
#include "escape.h"
#include "header_field.h"
#include "log.h"
#include "outside_from.h"
#include "sender_rule.h"
#include "wire_form.h"

/* Of one message: what is kept until it is known whether it has to be verified. Postfix's own bound for
   a header is larger, and mail that honest people send is far below. */
#define HEADER_MAX (512 * 1024)
#define FIELDS_MAX 4096
/* Domains in From that are looked up. */
#define LOOKUPS_MAX 64
#define RESULTS_MAX 256

struct kept_field {
	struct kept_field *next;
	size_t size;
	char text[];
};

struct postern_outside {
	struct postern_generation *generation;
	struct postern_endpoint client;
	char authserv_id[POSTERN_DOMAIN_MAX + 1];
	char sender[256];
	bool exempt;

	struct kept_field *fields;
	struct kept_field **fields_end;
	size_t field_count, header_size;
	/* More or longer than what is kept: it cannot be verified. */
	bool too_much;

	/* The first of our domains in From; "" for none. */
	char domain[POSTERN_DOMAIN_MAX + 1];
	unsigned lookups;
	struct postern_dkim_verify *verify;
	struct postern_wire_form body;
	/* No verdict, and why: other threads may go on with the message. */
	bool failed;
	char failure[256];

	struct postern_reply reply;
	char result[POSTERN_DOMAIN_MAX * 4];
	unsigned results_seen;
	/* Numbers of those that bear our name. */
	unsigned removed[RESULTS_MAX];
	size_t removed_count;
};

struct postern_outside *postern_outside_new(struct postern_generation *generation,
					    const struct postern_endpoint *client, const char *host)
{
	struct postern_outside *outside = calloc(1, sizeof(*outside));
	const char *id = generation->config->authserv_id;

	if (outside == NULL)
		return NULL;
	postern_generation_ref(generation);
	outside->generation = generation;
	outside->client = *client;
	outside->fields_end = &outside->fields;
	postern_wire_form_init(&outside->body, 0);
	outside->exempt = generation->config->own_domain_from_outside == POSTERN_OUTSIDE_OFF ||
			  postern_networks_contain(generation->outside_exempt, &client->address);
	if (id == NULL || *id == '\0')
		id = host != NULL ? host : "localhost";
	snprintf(outside->authserv_id, sizeof(outside->authserv_id), "%s", id);
	return outside;
}

static void free_fields(struct postern_outside *outside)
{
	while (outside->fields != NULL) {
		struct kept_field *field = outside->fields;

		outside->fields = field->next;
		free(field);
	}
	outside->fields_end = &outside->fields;
}

void postern_outside_free(struct postern_outside **outside)
{
	if (*outside == NULL)
		return;
	free_fields(*outside);
	postern_dkim_verify_free(&(*outside)->verify);
	postern_generation_unref(&(*outside)->generation);
	free(*outside);
	*outside = NULL;
}

static void fail(struct postern_outside *outside, const char *error)
{
	if (!outside->failed)
		snprintf(outside->failure, sizeof(outside->failure), "%s", error);
	outside->failed = true;
}

static bool is_exempt_sender(char *const *list, const struct postern_address *address)
{
	char text[2 * POSTERN_ADDRESS_MAX];

	postern_address_format(address, text, sizeof(text));
	for (; *list != NULL; list++) {
		if (strcmp(**list == '@' ? strrchr(text, '@') : text, *list) == 0)
			return true;
	}
	return false;
}

void postern_outside_sender(struct postern_outside *outside, const char *sender)
{
	struct postern_address address;
	const char *error;
	int ret = postern_address_parse_path(sender, &address, &error);

	postern_escape(sender, strlen(sender), outside->sender, sizeof(outside->sender));
	if (ret == 0)
		outside->exempt |= is_exempt_sender(
			outside->generation->config->outside_exempt_senders, &address);
	else if (ret == POSTERN_ADDRESS_NO_MEMORY)
		fail(outside, error);
}

/* A postern_dkim_fn: there is a key, so the domain is ours. */
static int found_selector(const struct postern_dkim_selector *selector, void *context)
{
	(void)selector;
	(void)context;
	return 1;
}

static int walk_selectors(struct postern_outside *outside, const char *domain,
			  postern_dkim_fn *fn, void *context, const char **error_r)
{
	struct postern_store_pool *pool = outside->generation->stores;
	struct postern_store *store = NULL;
	int ret;

	if (postern_store_pool_take(pool, &store, error_r) < 0)
		return -1;
	ret = postern_store_dkim_each(store, domain, fn, context, error_r);
	if (ret < 0)
		postern_store_pool_drop(pool, &store);
	postern_store_pool_give(pool, &store);
	return ret;
}

/* 1 when it is, 0, or -1. */
static int is_ours(struct postern_outside *outside, const char *domain, const char **error_r)
{
	for (char **own = outside->generation->config->domains; *own != NULL; own++) {
		if (strcmp(*own, domain) == 0)
			return 1;
	}
	return walk_selectors(outside, domain, found_selector, NULL, error_r);
}

/* A postern_outside_domain_fn: ends at the first of ours. Who names so many is taken to name one of
   ours somewhere. */
static int look_up(const char *domain, void *context, const char **error_r)
{
	struct postern_outside *outside = context;
	bool too_many = ++outside->lookups > LOOKUPS_MAX;
	int ret = too_many ? 1 : is_ours(outside, domain, error_r);

	if (ret > 0)
		snprintf(outside->domain, sizeof(outside->domain), "%s", too_many ? "?" : domain);
	return ret;
}

static void see_from(struct postern_outside *outside, const char *value)
{
	size_t size = strlen(value);
	const char *error;
	int ret;

	if (*outside->domain != '\0')
		return;
	ret = postern_outside_from_each(value, size, look_up, outside, &error);
	if (ret < 0)
		fail(outside, error);
	else if (ret == 0 && size > POSTERN_OUTSIDE_FROM_MAX)
		strcpy(outside->domain, "?"); /* nobody knows what the rest says */
}

static void see_result(struct postern_outside *outside, const char *value)
{
	outside->results_seen++;
	if (!postern_auth_results_is_by(value, outside->authserv_id))
		return;
	if (outside->removed_count == RESULTS_MAX)
		fail(outside, "too many fields with results in our name");
	else
		outside->removed[outside->removed_count++] = outside->results_seen;
}

/* As it was on the wire, where a fold is CRLF. */
static void keep(struct postern_outside *outside, const char *name, const char *value)
{
	size_t name_size = strlen(name), size = strlen(value);
	struct kept_field *field;

	if (outside->field_count == FIELDS_MAX || name_size > POSTERN_FIELD_NAME_MAX ||
	    !postern_field_name_is_legal(name, name_size) || size > POSTERN_DKIM_FIELD_SIZE_MAX ||
	    outside->header_size + size > HEADER_MAX) {
		outside->too_much = true;
		return;
	}
	field = malloc(sizeof(*field) + name_size + 1 + 2 * size);
	if (field == NULL) {
		fail(outside, "no memory for a header field");
		return;
	}
	memcpy(field->text, name, name_size);
	field->size = name_size;
	field->text[field->size++] = ':';
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '\n' && (p == value || p[-1] != '\r'))
			field->text[field->size++] = '\r';
		field->text[field->size++] = *p;
	}
	field->next = NULL;
	*outside->fields_end = field;
	outside->fields_end = &field->next;
	outside->field_count++;
	outside->header_size += field->size;
}

void postern_outside_field(struct postern_outside *outside, const char *name, const char *value)
{
	if (outside->generation->config->own_domain_from_outside == POSTERN_OUTSIDE_MARK &&
	    postern_auth_results_is_name(name))
		see_result(outside, value);
	if (outside->exempt || outside->failed)
		return;
	if (postern_field_classify(name, strlen(name)) == POSTERN_FIELD_FROM)
		see_from(outside, value);
	if (!outside->too_much)
		keep(outside, name, value);
}

struct wanted {
	const char *selector;
	bool found, retired;
};

/* A postern_dkim_fn. */
static int match_selector(const struct postern_dkim_selector *selector, void *context)
{
	struct wanted *wanted = context;

	if (strcasecmp(selector->selector, wanted->selector) != 0)
		return 0;
	wanted->found = true;
	wanted->retired = strcmp(selector->state, POSTERN_DKIM_RETIRED) == 0;
	return 1;
}

/* A postern_dkim_find_fn. A domain of ours vouches for its own mail alone. */
static int find_key(const char *domain, const char *selector, void *context,
		    struct postern_dkim_key **key_r, const char **error_r)
{
	struct postern_outside *outside = context;
	struct wanted wanted = { .selector = selector };

	if (strcasecmp(domain, outside->domain) != 0)
		return 1;
	if (walk_selectors(outside, outside->domain, match_selector, &wanted, error_r) < 0)
		return -1;
	if (!wanted.found)
		return 1;
	if (postern_dkim_keys_get(outside->generation->dkim_keys, outside->domain, selector, key_r,
				  error_r) == 0)
		return 0;
	/* The key of a retired selector is taken away some day. */
	return wanted.retired ? 1 : -1;
}

static int begin_verification(struct postern_outside *outside, const char **error_r)
{
	if (postern_dkim_verify_new(find_key, outside, &outside->verify, error_r) < 0)
		return -1;
	for (struct kept_field *field = outside->fields; field != NULL; field = field->next) {
		if (postern_dkim_verify_field(outside->verify, field->text, field->size,
					      error_r) < 0)
			return -1;
	}
	return postern_dkim_verify_end_of_header(outside->verify, error_r);
}

void postern_outside_end_of_header(struct postern_outside *outside)
{
	const char *error;

	if (*outside->domain != '\0' && !outside->too_much && !outside->failed &&
	    begin_verification(outside, &error) < 0)
		fail(outside, error);
	free_fields(outside);
}

/* A postern_wire_fn. */
static int verify_body(const void *data, size_t size, void *context, const char **error_r)
{
	struct postern_outside *outside = context;

	return postern_dkim_verify_body(outside->verify, data, size, error_r);
}

/* Nothing goes to libopendkim from a fault on: what has one is never signed here, and it would keep as
   much of a run in memory as there is, once for each signature. */
void postern_outside_body(struct postern_outside *outside, const void *data, size_t size)
{
	const char *error;

	if (outside->verify != NULL && !outside->failed &&
	    postern_wire_form_put(&outside->body, data, size, verify_body, outside, &error) < 0)
		fail(outside, error);
}

/* The field's result (RFC 8601, 2.7.1), for the header of this host. */
static void mark(struct postern_outside *outside, int verdict)
{
	if (verdict == POSTERN_DKIM_VALID) {
		snprintf(outside->result, sizeof(outside->result),
			 " %s;\n\tdkim=pass header.d=%s header.s=%s", outside->authserv_id,
			 postern_dkim_verify_domain(outside->verify),
			 postern_dkim_verify_selector(outside->verify));
	} else {
		snprintf(outside->result, sizeof(outside->result),
			 " %s;\n\tdkim=%s reason=\"From is in %s, which has not signed this\"",
			 outside->authserv_id, verdict == POSTERN_DKIM_ABSENT ? "none" : "fail",
			 outside->domain);
	}
}

/* What the log says of a verdict. */
static const char *const texts[] = {
	[POSTERN_DKIM_ABSENT] = "without a signature of ours",
	[POSTERN_DKIM_INVALID] = "with a signature of ours that is not valid",
};

static void log_forgery(const struct postern_outside *outside, const char *queue_id, int verdict)
{
	char client[POSTERN_ENDPOINT_TEXT_MAX];
	bool passed = *outside->reply.code == '\0';

	postern_log(LOG_NOTICE, "%s: from outside: %s%s%s%s: client=%s from=%s: From in %s %s",
		    queue_id == NULL ? "NOQUEUE" : queue_id, passed ? "marked" : "refused: ",
		    outside->reply.code, passed ? "" : " ", outside->reply.status,
		    postern_endpoint_format(&outside->client, client), outside->sender,
		    outside->domain, texts[verdict]);
}

static void judge(struct postern_outside *outside, const char *queue_id, int verdict)
{
	enum postern_outside_action action = outside->generation->config->own_domain_from_outside;
	bool reject = action == POSTERN_OUTSIDE_REJECT;

	if (action == POSTERN_OUTSIDE_MARK) {
		mark(outside, verdict);
	} else if (verdict != POSTERN_DKIM_VALID) {
		/* RFC 7372, 3.1. */
		postern_reply_set(&outside->reply, reject ? "550" : "451",
				  reject ? "5.7.22" : "4.7.22",
				  "From is in a domain of this host (%s), which has not signed the "
				  "message; its users send by its own submission service",
				  outside->domain);
	}
	if (verdict != POSTERN_DKIM_VALID)
		log_forgery(outside, queue_id, verdict);
}

const struct postern_reply *postern_outside_end(struct postern_outside *outside,
						const char *queue_id)
{
	int verdict = POSTERN_DKIM_INVALID;
	const char *error;

	if (!outside->failed && outside->verify != NULL) {
		verdict = postern_dkim_verify_finish(outside->verify, &error);
		if (verdict < 0)
			fail(outside, error);
		/* Signed was what came before the fault at most. */
		if (verdict == POSTERN_DKIM_VALID &&
		    (outside->body.fault != POSTERN_WIRE_OK || outside->body.last == '\r'))
			verdict = POSTERN_DKIM_INVALID;
	}
	if (outside->failed) {
		postern_reply_set_failure(&outside->reply);
		postern_log(LOG_ERR, "%s: from outside: refused: %s %s: from=%s: %s",
			    queue_id == NULL ? "NOQUEUE" : queue_id, outside->reply.code,
			    outside->reply.status, outside->sender, outside->failure);
	} else if (*outside->domain != '\0') {
		judge(outside, queue_id, verdict);
	}
	return *outside->reply.code == '\0' ? NULL : &outside->reply;
}

const char *postern_outside_result(const struct postern_outside *outside)
{
	return *outside->result == '\0' ? NULL : outside->result;
}

unsigned postern_outside_removed(const struct postern_outside *outside, size_t index)
{
	return index < outside->removed_count ?
	       outside->removed[outside->removed_count - 1 - index] : 0;
}
