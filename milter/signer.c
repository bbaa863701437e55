/* SPDX-License-Identifier: MIT */
#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "wire_form.h"

struct kept_field {
	struct kept_field *next;
	size_t size;
	/* Octets that text has room for. */
	size_t max;
	char text[];
};

struct signature {
	char selector[sizeof(((struct postern_dkim_selector *)NULL)->selector)];
	enum postern_dkim_algorithm algorithm;
	struct postern_dkim_sign *sign;
	char *value;
};

struct postern_signer {
	struct postern_generation *generation;
	struct postern_dkim *dkim;
	struct kept_field *fields;
	struct kept_field **fields_end;
	size_t field_count;
	struct postern_wire_form body;
	/* Whose selectors are known; "" before. */
	char domain[POSTERN_DOMAIN_MAX + 1];
	struct signature signatures[POSTERN_SIGNATURES_MAX];
	size_t signature_count;
};

int postern_signer_new(struct postern_generation *generation, struct postern_dkim *dkim,
		       struct postern_signer **signer_r, const char **error_r)
{
	struct postern_signer *signer = calloc(1, sizeof(*signer));

	if (signer == NULL)
		return postern_error(error_r, "cannot sign a message: %m");
	signer->generation = generation;
	signer->dkim = dkim;
	signer->fields_end = &signer->fields;
	postern_wire_form_init(&signer->body, generation->config->smtp_line_length_limit);
	*signer_r = signer;
	return 0;
}

static void free_fields(struct postern_signer *signer)
{
	while (signer->fields != NULL) {
		struct kept_field *field = signer->fields;

		signer->fields = field->next;
		free(field);
	}
	signer->fields_end = &signer->fields;
}

void postern_signer_free(struct postern_signer **signer)
{
	if (*signer == NULL)
		return;
	free_fields(*signer);
	for (size_t i = 0; i < (*signer)->signature_count; i++) {
		postern_dkim_sign_free(&(*signer)->signatures[i].sign);
		free((*signer)->signatures[i].value);
	}
	free(*signer);
	*signer = NULL;
}

/* A postern_wire_fn. */
static int append(const void *data, size_t size, void *context, const char **error_r)
{
	struct kept_field *field = context;

	if (size > field->max - field->size)
		return postern_error(error_r, "a header field is longer than was reckoned");
	memcpy(field->text + field->size, data, size);
	field->size += size;
	return 0;
}

/* Milters get folds as LF; on the wire there is CRLF. */
static int append_value(struct postern_wire_form *form, struct kept_field *field,
			const char *value, const char **error_r)
{
	int ret = 0;

	while (ret == 0 && *value != '\0') {
		size_t size = strcspn(value, "\r\n");

		ret = postern_wire_form_put(form, value, size, append, field, error_r);
		value += size;
		if (ret == 0 && *value != '\0') {
			ret = postern_wire_form_put(form, "\r\n", 2, append, field, error_r);
			value += value[0] == '\r' && value[1] == '\n' ? 2 : 1;
		}
	}
	return ret;
}

/* Octets that name and value take on the wire at most: a line feed becomes CRLF, and where a line
   is broken come CRLF and a blank, which is the next line's first octet. */
static size_t reckon(const struct postern_signer *signer, size_t name_size, const char *value,
		     size_t value_size)
{
	size_t size = name_size + 1 + value_size;
	size_t limit = signer->body.limit;
	size_t breaks = limit == 0 ? 0 : limit == 1 ? size : size / (limit - 1);

	for (const char *p = value; (p = strpbrk(p, "\r\n")) != NULL; p++)
		size++;
	return size + 3 * breaks;
}

static int write_field(struct kept_field *field, size_t limit, const char *name,
		       size_t name_size, const char *value, const char **error_r)
{
	struct postern_wire_form form;
	int ret;

	postern_wire_form_init(&form, limit);
	ret = postern_wire_form_put(&form, name, name_size, append, field, error_r);
	if (ret == 0)
		ret = postern_wire_form_put(&form, ":", 1, append, field, error_r);
	if (ret == 0)
		ret = append_value(&form, field, value, error_r);
	return ret;
}

static int keep(struct postern_signer *signer, const char *name, size_t name_size,
		const char *value, size_t value_size, const char **error_r)
{
	size_t max = reckon(signer, name_size, value, value_size);
	struct kept_field *field = malloc(sizeof(*field) + max);
	int ret;

	if (field == NULL)
		return postern_error(error_r, "cannot keep a header field: %m");
	field->next = NULL;
	field->size = 0;
	field->max = max;
	ret = write_field(field, signer->body.limit, name, name_size, value, error_r);
	if (ret != 0) {
		free(field);
		return ret < 0 ? -1 : POSTERN_SIGNER_TOO_MUCH;
	}
	*signer->fields_end = field;
	signer->fields_end = &field->next;
	signer->field_count++;
	return POSTERN_SIGNER_OK;
}

int postern_signer_field(struct postern_signer *signer, const char *name, const char *value,
			 const char **error_r)
{
	size_t name_size = strlen(name);
	size_t value_size = strlen(value);

	if (!postern_dkim_signs_field(name, name_size))
		return POSTERN_SIGNER_OK;
	if (signer->field_count >= POSTERN_DKIM_FIELDS_MAX ||
	    name_size + 1 + value_size > POSTERN_DKIM_FIELD_SIZE_MAX)
		return POSTERN_SIGNER_TOO_MUCH;
	return keep(signer, name, name_size, value, value_size, error_r);
}

/* Of one domain, the selectors that sign now. */
static int take_selector(const struct postern_dkim_selector *selector, void *context)
{
	struct postern_signer *signer = context;
	struct signature *signature = &signer->signatures[signer->signature_count];

	if (strcmp(selector->state, POSTERN_DKIM_ACTIVE) != 0)
		return 0;
	strcpy(signature->selector, selector->selector);
	signature->algorithm = strcmp(selector->algorithm, "ed25519") == 0 ?
			       POSTERN_DKIM_ED25519_SHA256 : POSTERN_DKIM_RSA_SHA256;
	return ++signer->signature_count == POSTERN_SIGNATURES_MAX;
}

int postern_signer_expect(struct postern_signer *signer, struct postern_snapshot *snapshot,
			  const char *domain, const char **error_r)
{
	struct postern_store *store;

	signer->signature_count = 0;
	*signer->domain = '\0';
	if (postern_snapshot_store(snapshot, &store, error_r) < 0)
		return -1;
	if (postern_store_dkim_each(store, domain, take_selector, signer, error_r) < 0) {
		postern_snapshot_drop(snapshot);
		return -1;
	}
	snprintf(signer->domain, sizeof(signer->domain), "%s", domain);
	return 0;
}

static int get_key(struct postern_signer *signer, const struct signature *signature,
		   const char *domain, struct postern_dkim_key **key_r, const char **error_r)
{
	if (postern_dkim_keys_get(signer->generation->dkim_keys, domain, signature->selector,
				  key_r, error_r) < 0)
		return -1;
	if ((*key_r)->algorithm == signature->algorithm)
		return 0;
	postern_dkim_key_unref(key_r);
	/* Whoever looks up the record would not get as far as the signature. */
	return postern_error(error_r, "the DKIM key of %s, selector %s, is of another kind than its "
			     "record: bring back the right file", domain, signature->selector);
}

static int begin_signature(struct postern_signer *signer, struct signature *signature,
			   const char *domain, const char **error_r)
{
	struct postern_dkim_key *key = NULL;

	if (get_key(signer, signature, domain, &key, error_r) < 0 ||
	    postern_dkim_sign_new(signer->dkim, key, domain, signature->selector,
				  &signature->sign, error_r) < 0)
		return -1;
	for (struct kept_field *field = signer->fields; field != NULL; field = field->next) {
		if (postern_dkim_sign_field(signature->sign, field->text, field->size,
					    error_r) < 0)
			return -1;
	}
	return postern_dkim_sign_end_of_header(signature->sign, error_r);
}

int postern_signer_begin(struct postern_signer *signer, struct postern_snapshot *snapshot,
			 const char *domain, const char **error_r)
{
	/* Where there was none to sign with there may be one by now. */
	if ((strcmp(signer->domain, domain) != 0 || signer->signature_count == 0) &&
	    postern_signer_expect(signer, snapshot, domain, error_r) < 0)
		return -1;
	for (size_t i = 0; i < signer->signature_count; i++) {
		if (begin_signature(signer, &signer->signatures[i], domain, error_r) < 0)
			return -1;
	}
	free_fields(signer);
	return signer->signature_count > 0 ? POSTERN_SIGNER_OK : POSTERN_SIGNER_NO_KEY;
}

/* A postern_wire_fn. */
static int sign_body(const void *data, size_t size, void *context, const char **error_r)
{
	struct postern_signer *signer = context;

	for (size_t i = 0; i < signer->signature_count; i++) {
		if (postern_dkim_sign_body(signer->signatures[i].sign, data, size, error_r) < 0)
			return -1;
	}
	return 0;
}

int postern_signer_body(struct postern_signer *signer, const void *data, size_t size,
			const char **error_r)
{
	int ret = postern_wire_form_put(&signer->body, data, size, sign_body, signer, error_r);

	return ret > 0 ? POSTERN_SIGNER_FAULT : ret;
}

int postern_signer_finish(struct postern_signer *signer, const char **error_r)
{
	int ret = postern_wire_form_end(&signer->body, sign_body, signer, error_r);

	if (ret != 0)
		return ret > 0 ? POSTERN_SIGNER_FAULT : -1;
	for (size_t i = 0; i < signer->signature_count; i++) {
		struct signature *signature = &signer->signatures[i];

		if (postern_dkim_sign_finish(signature->sign, &signature->value, error_r) < 0)
			return -1;
	}
	return POSTERN_SIGNER_OK;
}

const char *postern_signer_fault(const struct postern_signer *signer)
{
	return postern_wire_fault_text(signer->body.fault);
}

const char *postern_signer_value(const struct postern_signer *signer, size_t index)
{
	return index < signer->signature_count ? signer->signatures[index].value : NULL;
}

const char *postern_signer_selector(const struct postern_signer *signer, size_t index)
{
	return index < signer->signature_count ? signer->signatures[index].selector : NULL;
}
