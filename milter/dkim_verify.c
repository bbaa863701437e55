/* SPDX-License-Identifier: MIT */
#include "dkim_verify.h"

#include <opendkim/dkim.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dkim_memory.h"

#define ED25519_SIZE 32

struct postern_dkim_verify {
	struct postern_dkim_memory memory;
	DKIM *handle;
	postern_dkim_find_fn *find;
	void *context;
	/* Nothing more can come of the signatures that are there. */
	bool over;
	/* One of ours was among them. */
	bool ours;
	unsigned signatures;
	/* A key could not be had. */
	const char *error;
	char domain[256], selector[64];
};

static DKIM_LIB *library;

/* k= and p= of the record (RFC 6376, 3.6.1; RFC 8463, 4). Returns false when there is no room. */
static bool write_record(const struct postern_dkim_key *key, char *record, size_t size)
{
	bool rsa = key->algorithm == POSTERN_DKIM_RSA_SHA256;
	unsigned char raw[ED25519_SIZE], *data = NULL;
	size_t raw_size = sizeof(raw);
	int length, prefix;

	if (rsa)
		length = i2d_PUBKEY(key->key, &data);
	else
		length = EVP_PKEY_get_raw_public_key(key->key, raw, &raw_size) == 1 ?
			 (int)raw_size : -1;
	prefix = snprintf(record, size, "v=DKIM1; k=%s; p=", rsa ? "rsa" : "ed25519");
	if (length > 0 && (size_t)prefix + 4 * ((size_t)length / 3 + 1) + 1 > size)
		length = -1;
	if (length > 0)
		EVP_EncodeBlock((unsigned char *)record + prefix, rsa ? data : raw, length);
	OPENSSL_free(data);
	return length > 0;
}

/* A callback of libopendkim, which would ask the DNS otherwise. */
static DKIM_CBSTAT find_key(DKIM *handle, DKIM_SIGINFO *signature, u_char *record, size_t size)
{
	struct postern_dkim_verify *verify = dkim_get_user_context(handle);
	struct postern_dkim_key *key = NULL;
	DKIM_CBSTAT status = DKIM_CBSTAT_CONTINUE;
	const char *error = NULL;

	switch (verify->find((char *)dkim_sig_getdomain(signature),
			     (char *)dkim_sig_getselector(signature), verify->context, &key,
			     &error)) {
	case 0:
		verify->ours = true;
		if (!write_record(key, (char *)record, size)) {
			postern_error(&verify->error, "a public key is too large for libopendkim");
			status = DKIM_CBSTAT_ERROR;
		}
		break;
	case 1:
		status = DKIM_CBSTAT_NOTFOUND;
		break;
	default:
		verify->error = error;
		status = DKIM_CBSTAT_ERROR;
		break;
	}
	postern_dkim_key_unref(&key);
	return status;
}

/* Without BADSIGHANDLES one that cannot be parsed would hide the others. */
static void start_library(void)
{
	unsigned int flags = DKIM_LIBFLAGS_BADSIGHANDLES;

	library = dkim_init(postern_dkim_memory_allocate, postern_dkim_memory_release);
	if (library != NULL &&
	    (dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags,
			  sizeof(flags)) != DKIM_STAT_OK ||
	     dkim_set_key_lookup(library, find_key) != DKIM_STAT_OK)) {
		dkim_close(library);
		library = NULL;
	}
}

int postern_dkim_verify_new(postern_dkim_find_fn *find, void *context,
			    struct postern_dkim_verify **verify_r, const char **error_r)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct postern_dkim_verify *verify = calloc(1, sizeof(*verify));
	DKIM_STAT status = DKIM_STAT_NORESOURCE;

	pthread_once(&once, start_library);
	if (verify == NULL || library == NULL) {
		free(verify);
		return postern_error(error_r, "cannot verify signatures: no memory");
	}
	verify->find = find;
	verify->context = context;
	verify->handle = dkim_verify(library, (const unsigned char *)"postern", &verify->memory,
				     &status);
	if (verify->handle == NULL ||
	    dkim_set_user_context(verify->handle, verify) != DKIM_STAT_OK) {
		postern_dkim_verify_free(&verify);
		return postern_error(error_r, "cannot verify signatures: %s",
				     dkim_getresultstr(status));
	}
	*verify_r = verify;
	return 0;
}

void postern_dkim_verify_free(struct postern_dkim_verify **verify)
{
	if (*verify == NULL)
		return;
	if ((*verify)->handle != NULL)
		dkim_free((*verify)->handle);
	postern_dkim_memory_deinit(&(*verify)->memory);
	free(*verify);
	*verify = NULL;
}

/* A failure of ours fails; one of the message ends the search. */
static int check(struct postern_dkim_verify *verify, DKIM_STAT status, const char **error_r)
{
	if (verify->error != NULL) {
		*error_r = verify->error;
		verify->error = NULL;
		return -1;
	}
	if (verify->memory.failed || status == DKIM_STAT_NORESOURCE || status == DKIM_STAT_INTERNAL)
		return postern_error(error_r, "cannot verify signatures: %s",
				     dkim_getresultstr(DKIM_STAT_NORESOURCE));
	if (status != DKIM_STAT_OK)
		verify->over = true;
	return 0;
}

int postern_dkim_verify_field(struct postern_dkim_verify *verify, const char *text, size_t size,
			      const char **error_r)
{
	static const char name[] = DKIM_SIGNHEADER;
	bool signature = size >= strlen(name) && strncasecmp(text, name, strlen(name)) == 0;
	DKIM_STAT status;

	if (verify->over || (signature && ++verify->signatures > POSTERN_DKIM_VERIFIED_MAX))
		return 0;
	status = dkim_header(verify->handle, (u_char *)text, size);
	/* It is kept among the others as one that is not valid. */
	if (signature && status == DKIM_STAT_SYNTAX)
		status = DKIM_STAT_OK;
	return check(verify, status, error_r);
}

int postern_dkim_verify_end_of_header(struct postern_dkim_verify *verify, const char **error_r)
{
	return verify->over ? 0 : check(verify, dkim_eoh(verify->handle), error_r);
}

int postern_dkim_verify_body(struct postern_dkim_verify *verify, const void *data, size_t size,
			     const char **error_r)
{
	if (verify->over || size == 0)
		return 0;
	return check(verify, dkim_body(verify->handle, (u_char *)data, size), error_r);
}

/* The names come from the signature that proved to be ours, so they are ours as well. */
static bool take_valid(struct postern_dkim_verify *verify)
{
	DKIM_SIGINFO **signatures = NULL;
	int count = 0;

	if (dkim_getsiglist(verify->handle, &signatures, &count) != DKIM_STAT_OK)
		return false;
	for (int i = 0; i < count; i++) {
		if (!DKIM_SIG_CHECK(signatures[i]))
			continue;
		snprintf(verify->domain, sizeof(verify->domain), "%s",
			 (char *)dkim_sig_getdomain(signatures[i]));
		snprintf(verify->selector, sizeof(verify->selector), "%s",
			 (char *)dkim_sig_getselector(signatures[i]));
		return true;
	}
	return false;
}

int postern_dkim_verify_finish(struct postern_dkim_verify *verify, const char **error_r)
{
	/* Says how the worst or the first one fared; what counts is each by itself. */
	if (!verify->over && check(verify, dkim_eom(verify->handle, NULL), error_r) < 0)
		return -1;
	if (take_valid(verify))
		return POSTERN_DKIM_VALID;
	return verify->ours ? POSTERN_DKIM_INVALID : POSTERN_DKIM_ABSENT;
}

const char *postern_dkim_verify_domain(const struct postern_dkim_verify *verify)
{
	return verify->domain;
}

const char *postern_dkim_verify_selector(const struct postern_dkim_verify *verify)
{
	return verify->selector;
}
