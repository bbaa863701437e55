/* SPDX-License-Identifier: MIT */
/* Certificates and revocation lists: how long they are good. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dns_check.h"

/* Days before the end at which it is time to renew. An ACME client does so 30 days before. */
#define CERTIFICATE_DAYS 14
#define CRL_DAYS 2

struct end {
	/* What ends first in the file: "certificate", "revocation list". */
	const char *what;
	int days, seconds;
	char when[32];
	size_t count;
};

static int no_passphrase(char *text, int size, int writing, void *context)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static void note(struct end *end, const char *what, const ASN1_TIME *time)
{
	int days, seconds;
	struct tm tm;

	/* A list need not say when the next one comes. */
	if (time == NULL || ASN1_TIME_diff(&days, &seconds, NULL, time) != 1 ||
	    ASN1_TIME_to_tm(time, &tm) != 1)
		return;
	if (end->count++ > 0 &&
	    (days > end->days || (days == end->days && seconds >= end->seconds)))
		return;
	end->what = what;
	end->days = days;
	end->seconds = seconds;
	strftime(end->when, sizeof(end->when), "%Y-%m-%d %H:%M UTC", &tm);
}

static bool read_file(const char *path, struct end *end_r)
{
	STACK_OF(X509_INFO) *list = NULL;
	BIO *bio = BIO_new_file(path, "r");

	*end_r = (struct end){ 0 };
	if (bio != NULL)
		list = PEM_X509_INFO_read_bio(bio, NULL, no_passphrase, NULL);
	for (int i = 0; i < sk_X509_INFO_num(list); i++) {
		const X509_INFO *info = sk_X509_INFO_value(list, i);

		if (info->x509 != NULL)
			note(end_r, "certificate", X509_get0_notAfter(info->x509));
		if (info->crl != NULL)
			note(end_r, "revocation list", X509_CRL_get0_nextUpdate(info->crl));
	}
	sk_X509_INFO_pop_free(list, X509_INFO_free);
	BIO_free(bio);
	ERR_clear_error();
	return end_r->count > 0;
}

static void check_file(struct postern_dns_check *check, const char *path)
{
	struct end end;
	bool list;

	if (!read_file(path, &end)) {
		postern_dns_check_add(check, POSTERN_FINDING_UNKNOWN, path, "no certificate or "
				      "revocation list with a date can be read there (PEM); see "
				      "tls_files in postern.conf, or run this as root");
		return;
	}
	list = strcmp(end.what, "revocation list") == 0;
	if (end.days < 0 || end.seconds < 0)
		postern_dns_check_add(check, POSTERN_FINDING_WRONG, path, "a %s in it has expired, %s; "
				      "%s", end.what, end.when, list ? "fetch the new one" :
				      "renew it, and reload what uses it");
	else if (end.days < (list ? CRL_DAYS : CERTIFICATE_DAYS))
		postern_dns_check_add(check, POSTERN_FINDING_ADVICE, path, "a %s in it expires soon, "
				      "%s; see why it was not renewed", end.what, end.when);
	else
		postern_dns_check_add(check, POSTERN_FINDING_OK, path, "good until %s", end.when);
}

void postern_dns_check_files(struct postern_dns_check *check)
{
	for (size_t i = 0; i < check->facts->file_count; i++)
		check_file(check, check->facts->files[i]);
}
