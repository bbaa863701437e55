/* SPDX-License-Identifier: MIT */
#include "dkim.h"

#include <opendkim/dkim.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "dkim_memory.h"
#include "pem_cache.h"

/* 2025-01-01 and 2100-01-01. A machine that has lost its clock says 1970 or the year of its
   making, and a signature from then is worse than a message that waits. */
#define CLOCK_MIN 1735689600
#define CLOCK_MAX 4102444800

/* What a reader sees or a client acts upon. */
static const char *const signed_fields[] = {
	"From", "Sender", "Reply-To", "Subject", "Date", "Message-ID", "To", "Cc",
	"In-Reply-To", "References", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding", "Content-Disposition", "Content-Language",
	"Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Date",
	"Resent-Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post",
};

/* Named once more than they are there, so that none can be added to a signed message (RFC 6376,
   8.15). Sender is left out: lists that alter nothing else do add it. */
static const char *oversigned_fields[] = {
	"From", "Reply-To", "Subject", "Date", "Message-ID", "To", "Cc",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding", NULL,
};

struct postern_dkim {
	DKIM_LIB *library;
	/* It does not free the Ed25519 keys that it read, as 2.11 does not. */
	bool forgets;
};

struct postern_dkim_sign {
	struct postern_dkim *dkim;
	struct postern_dkim_memory memory;
	DKIM *handle;
	struct postern_dkim_key *key;
};

void postern_dkim_free(struct postern_dkim **dkim)
{
	if (*dkim == NULL)
		return;
	if ((*dkim)->library != NULL)
		dkim_close((*dkim)->library);
	free(*dkim);
	*dkim = NULL;
}

bool postern_dkim_signs_field(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(signed_fields) / sizeof(signed_fields[0]); i++) {
		if (strlen(signed_fields[i]) == size &&
		    strncasecmp(signed_fields[i], name, size) == 0)
			return true;
	}
	return false;
}

int postern_dkim_sign_new(struct postern_dkim *dkim, struct postern_dkim_key *key,
			  const char *domain, const char *selector,
			  struct postern_dkim_sign **sign_r, const char **error_r)
{
	struct postern_dkim_sign *sign = calloc(1, sizeof(*sign));
	DKIM_STAT status = DKIM_STAT_NORESOURCE;

	if (sign == NULL) {
		postern_dkim_key_unref(&key);
		return postern_error(error_r, "cannot sign for %s: %m", domain);
	}
	sign->dkim = dkim;
	sign->key = key;
	sign->handle = dkim_sign(dkim->library, (const unsigned char *)selector, &sign->memory,
				 (unsigned char *)key->pem, (const unsigned char *)selector,
				 (const unsigned char *)domain, DKIM_CANON_RELAXED,
				 DKIM_CANON_RELAXED,
				 key->algorithm == POSTERN_DKIM_RSA_SHA256 ?
				 DKIM_SIGN_RSASHA256 : DKIM_SIGN_ED25519SHA256, -1, &status);
	if (sign->handle == NULL) {
		postern_dkim_sign_free(&sign);
		return postern_error(error_r, "cannot sign for %s: %s", domain,
				     dkim_getresultstr(status));
	}
	*sign_r = sign;
	return 0;
}

static void end(struct postern_dkim_sign *sign)
{
	if (sign->handle != NULL)
		dkim_free(sign->handle);
	sign->handle = NULL;
	postern_dkim_memory_deinit(&sign->memory);
}

void postern_dkim_sign_free(struct postern_dkim_sign **sign)
{
	if (*sign == NULL)
		return;
	end(*sign);
	postern_dkim_key_unref(&(*sign)->key);
	free(*sign);
	*sign = NULL;
}

static int check(struct postern_dkim_sign *sign, DKIM_STAT status, const char **error_r)
{
	const char *detail;

	if (status == DKIM_STAT_OK && !sign->memory.failed)
		return 0;
	if (sign->memory.failed)
		status = DKIM_STAT_NORESOURCE;
	detail = dkim_geterror(sign->handle);
	return postern_error(error_r, "cannot sign for %s: %s%s%s", dkim_getdomain(sign->handle),
			     dkim_getresultstr(status), detail == NULL ? "" : ": ",
			     detail == NULL ? "" : detail);
}

int postern_dkim_sign_field(struct postern_dkim_sign *sign, const char *text, size_t size,
			    const char **error_r)
{
	return check(sign, dkim_header(sign->handle, (u_char *)text, size), error_r);
}

int postern_dkim_sign_end_of_header(struct postern_dkim_sign *sign, const char **error_r)
{
	return check(sign, dkim_eoh(sign->handle), error_r);
}

int postern_dkim_sign_body(struct postern_dkim_sign *sign, const void *data, size_t size,
			   const char **error_r)
{
	if (size == 0)
		return 0;
	return check(sign, dkim_body(sign->handle, (u_char *)data, size), error_r);
}

static int check_clock(const char **error_r)
{
	time_t now = time(NULL);

	if (now < CLOCK_MIN || now >= CLOCK_MAX) {
		return postern_error(error_r, "the clock says second %lld since 1970, which cannot "
				     "be: set it", (long long)now);
	}
	return 0;
}

/* The field's value as libmilter wants it: folds without CR, and the blank behind the colon. */
static int copy_value(const u_char *value, size_t size, char **value_r, const char **error_r)
{
	char *copy = malloc(size + 2);
	char *p = copy;

	if (copy == NULL)
		return postern_error(error_r, "cannot keep a signature: %m");
	*p++ = ' ';
	for (size_t i = 0; i < size; i++) {
		if (value[i] != '\r')
			*p++ = (char)value[i];
	}
	*p = '\0';
	*value_r = copy;
	return 0;
}

static int compose(struct postern_dkim_sign *sign, char **value_r, const char **error_r)
{
	u_char *value = NULL;
	size_t size = 0;
	DKIM_STAT status = dkim_eom(sign->handle, NULL);

	if (check(sign, status, error_r) < 0)
		return -1;
	status = dkim_getsighdr_d(sign->handle, sizeof(DKIM_SIGNHEADER ": ") - 1, &value, &size);
	if (check(sign, status, error_r) < 0)
		return -1;
	return copy_value(value, size, value_r, error_r);
}

static int finish(struct postern_dkim_sign *sign, char **value_r, const char **error_r)
{
	int ret;

	postern_pem_offer(sign->key->pem, sign->key->pem_size, sign->key->key);
	ret = compose(sign, value_r, error_r);
	end(sign);
	if (postern_pem_withdraw(ret == 0) && sign->dkim->forgets &&
	    sign->key->algorithm == POSTERN_DKIM_ED25519_SHA256)
		EVP_PKEY_free(sign->key->key);
	return ret;
}

int postern_dkim_sign_finish(struct postern_dkim_sign *sign, char **value_r,
			     const char **error_r)
{
	return check_clock(error_r) < 0 ? -1 : finish(sign, value_r, error_r);
}

/* A CRYPTO_EX_free of a key: data is a bool, or NULL. */
static void on_key_freed(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long argl,
			 void *argp)
{
	(void)parent;
	(void)all;
	(void)index;
	(void)argl;
	(void)argp;
	if (data != NULL)
		*(bool *)data = true;
}

/* Signs once, with a key that says when the last reference to it is gone. */
static int try_out(struct postern_dkim *dkim, EVP_PKEY *pkey, const char **error_r)
{
	static const char from[] = "From: postern@example.org";
	struct postern_dkim_sign *sign = NULL;
	struct postern_dkim_key *key = NULL;
	char *value = NULL;
	int ret = -1;

	if (postern_dkim_key_new(&pkey, "a new key", &key, error_r) < 0 ||
	    postern_dkim_sign_new(dkim, key, "example.org", "postern", &sign, error_r) < 0)
		return -1;
	if (postern_dkim_sign_field(sign, from, strlen(from), error_r) == 0 &&
	    postern_dkim_sign_end_of_header(sign, error_r) == 0)
		ret = finish(sign, &value, error_r);
	postern_dkim_sign_free(&sign);
	free(value);
	return ret;
}

static int find_what_it_forgets(struct postern_dkim *dkim, const char **error_r)
{
	int index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_EVP_PKEY, 0, NULL, NULL, NULL,
					    on_key_freed);
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	bool freed = false;
	int ret = -1;

	if (index < 0 || pkey == NULL || EVP_PKEY_set_ex_data(pkey, index, &freed) != 1) {
		EVP_PKEY_free(pkey);
		postern_error(error_r, "cannot make an Ed25519 key");
	} else if (try_out(dkim, pkey, error_r) == 0) {
		dkim->forgets = !freed;
		ret = 0;
	}
	if (dkim->forgets)
		EVP_PKEY_free(pkey);
	CRYPTO_free_ex_index(CRYPTO_EX_INDEX_EVP_PKEY, index);
	return ret;
}

int postern_dkim_new(struct postern_dkim **dkim_r, const char **error_r)
{
	struct postern_dkim *dkim = calloc(1, sizeof(*dkim));

	if (dkim == NULL)
		return postern_error(error_r, "cannot start libopendkim: %m");
	dkim->library = dkim_init(postern_dkim_memory_allocate, postern_dkim_memory_release);
	if (dkim->library == NULL ||
	    dkim_options(dkim->library, DKIM_OP_SETOPT, DKIM_OPTS_OVERSIGNHDRS,
			 oversigned_fields, sizeof(u_char **)) != DKIM_STAT_OK) {
		postern_dkim_free(&dkim);
		return postern_error(error_r, "cannot start libopendkim");
	}
	if (find_what_it_forgets(dkim, error_r) < 0) {
		postern_dkim_free(&dkim);
		return -1;
	}
	*dkim_r = dkim;
	return 0;
}
