/* SPDX-License-Identifier: MIT */
#include "mobileconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "secret.h"
#include "trusted_file.h"

#define PEM_MAX (64 * 1024)
/* 8-4-4-4-12 and a NUL */
#define UUID_MAX 37

/* The same account at the same host has the same one for ever: a profile that comes again takes
   the place of the one before. RFC 9562, version 8, of a SHA-256. */
static void make_uuid(const struct postern_mail_settings *settings, const char *part,
		      char uuid_r[UUID_MAX])
{
	char text[sizeof(settings->host) + sizeof(settings->user) + 32];
	unsigned char d[EVP_MAX_MD_SIZE] = { 0 };
	int size = snprintf(text, sizeof(text), "%s %s %s", settings->host, settings->user, part);

	/* Without a digest it is still a UUID. */
	if (EVP_Digest(text, (size_t)size, d, NULL, EVP_sha256(), NULL) != 1)
		memset(d, 0, sizeof(d));
	d[6] = (unsigned char)((d[6] & 0x0f) | 0x80);
	d[8] = (unsigned char)((d[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 16; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;

		uuid_r += snprintf(uuid_r, 4, "%s%02X", dash ? "-" : "", d[i]);
	}
}

static void string(struct postern_html *xml, const char *key, const char *value)
{
	postern_html_add(xml, "<key>%s</key><string>%s</string>\n", key, value);
}

static unsigned port_of(unsigned service)
{
	for (const struct postern_mail_server *server = postern_mail_servers; server->type != NULL;
	     server++) {
		if (server->service == service && !server->starttls)
			return server->port;
	}
	return 0;
}

static void server(struct postern_html *xml, const struct postern_mail_settings *settings,
		   const char *direction, unsigned port)
{
	postern_html_add(xml, "<key>%sMailServerAuthentication</key>"
			 "<string>EmailAuthPassword</string>\n"
			 "<key>%sMailServerHostName</key><string>%s</string>\n"
			 "<key>%sMailServerPortNumber</key><integer>%u</integer>\n"
			 "<key>%sMailServerUseSSL</key><true/>\n"
			 "<key>%sMailServerUsername</key><string>%s</string>\n", direction,
			 direction, settings->host, direction, port, direction, direction,
			 settings->user);
}

static void begin_payload(struct postern_html *xml, const struct postern_mail_settings *settings,
			  const char *part, const char *type)
{
	char uuid[UUID_MAX];

	make_uuid(settings, part, uuid);
	postern_html_add(xml, "<dict>\n");
	string(xml, "PayloadType", type);
	string(xml, "PayloadUUID", uuid);
	postern_html_add(xml, "<key>PayloadIdentifier</key><string>%s.postern.%s.%s</string>\n"
			 "<key>PayloadVersion</key><integer>1</integer>\n", settings->host,
			 part, uuid);
	string(xml, "PayloadDisplayName", settings->provider);
	string(xml, "PayloadOrganization", settings->provider);
}

void postern_mobileconfig_write(struct postern_html *xml,
				const struct postern_mail_settings *settings)
{
	postern_html_add(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\""
			 " \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
			 "<plist version=\"1.0\">\n");
	begin_payload(xml, settings, "profile", "Configuration");
	postern_html_add(xml, "<key>PayloadRemovalDisallowed</key><false/>\n"
			 "<key>PayloadContent</key>\n<array>\n");
	begin_payload(xml, settings, "mail", "com.apple.mail.managed");
	string(xml, "EmailAccountType", "EmailTypeIMAP");
	string(xml, "EmailAccountDescription", settings->provider);
	if (*settings->address != '\0')
		string(xml, "EmailAddress", settings->address);
	server(xml, settings, "Incoming", port_of(POSTERN_SERVICE_IMAP));
	server(xml, settings, "Outgoing", port_of(POSTERN_SERVICE_SUBMISSION));
	postern_html_add(xml, "<key>OutgoingPasswordSameAsIncomingPassword</key><true/>\n"
			 "</dict>\n</array>\n</dict>\n</plist>\n");
}

static int failed(const char *what, const char **error_r)
{
	unsigned long code = ERR_peek_last_error();

	ERR_clear_error();
	return postern_error(error_r, "the profile cannot be signed: %s: %s", what,
			     code != 0 ? ERR_reason_error_string(code) : "no reason given");
}

static BIO *open_pem(const char *path, enum postern_trust trust, char **data_r, size_t *size_r,
		     const char **error_r)
{
	BIO *bio;

	if (postern_trusted_read(path, trust, PEM_MAX, data_r, size_r, error_r) < 0)
		return NULL;
	bio = BIO_new_mem_buf(*data_r, (int)*size_r);
	if (bio == NULL)
		failed(path, error_r);
	return bio;
}

static int read_key(const char *path, EVP_PKEY **key_r, const char **error_r)
{
	char *data = NULL;
	size_t size = 0;
	BIO *bio = open_pem(path, POSTERN_TRUST_PRIVATE, &data, &size, error_r);
	/* A passphrase is not asked for: nobody is there. */
	char no_passphrase[] = "";
	int ret = -1;

	if (bio != NULL) {
		*key_r = PEM_read_bio_PrivateKey(bio, NULL, NULL, no_passphrase);
		ret = *key_r != NULL ? 0 : failed(path, error_r);
	}
	BIO_free(bio);
	postern_secret_free_sized((void **)&data, size);
	return ret;
}

static int read_certificates(const char *path, X509 **signer_r, STACK_OF(X509) **others_r,
			     const char **error_r)
{
	char *data = NULL;
	size_t size = 0;
	BIO *bio = open_pem(path, POSTERN_TRUST_UNTAMPERED, &data, &size, error_r);
	X509 *next = NULL;
	int ret = -1;

	if (bio == NULL)
		goto out;
	*signer_r = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	*others_r = sk_X509_new_null();
	if (*signer_r == NULL || *others_r == NULL) {
		failed(path, error_r);
		goto out;
	}
	while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(*others_r, next) == 0) {
			X509_free(next);
			failed(path, error_r);
			goto out;
		}
	}
	/* The end of the file. */
	ERR_clear_error();
	ret = 0;
out:
	BIO_free(bio);
	postern_secret_free_sized((void **)&data, size);
	return ret;
}

/* html's content becomes these octets. */
static int replace(struct postern_html *html, BIO *octets, const char **error_r)
{
	char *data;
	long size = BIO_get_mem_data(octets, &data);

	postern_html_deinit(html);
	html->data = size > 0 ? malloc((size_t)size) : NULL;
	if (html->data == NULL)
		return postern_error(error_r, "no memory for the profile");
	memcpy(html->data, data, (size_t)size);
	html->size = html->room = (size_t)size;
	return 0;
}

int postern_mobileconfig_sign(struct postern_html *profile, const char *certificate,
			      const char *key, const char **error_r)
{
	EVP_PKEY *private_key = NULL;
	X509 *signer = NULL;
	STACK_OF(X509) *others = NULL;
	BIO *in = NULL, *out = NULL;
	CMS_ContentInfo *cms = NULL;
	int ret = -1;

	if (read_key(key, &private_key, error_r) < 0 ||
	    read_certificates(certificate, &signer, &others, error_r) < 0)
		goto out;
	in = BIO_new_mem_buf(profile->data, (int)profile->size);
	out = BIO_new(BIO_s_mem());
	if (in != NULL && out != NULL)
		cms = CMS_sign(signer, private_key, others, in, CMS_BINARY | CMS_NOSMIMECAP);
	if (cms == NULL || i2d_CMS_bio(out, cms) != 1) {
		failed(certificate, error_r);
		goto out;
	}
	ret = replace(profile, out, error_r);
out:
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	BIO_free(out);
	sk_X509_pop_free(others, X509_free);
	X509_free(signer);
	EVP_PKEY_free(private_key);
	return ret;
}
