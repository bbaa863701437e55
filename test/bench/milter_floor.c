/* SPDX-License-Identifier: MIT */
/*
 * The least that a signing milter can do on libmilter: it hears what postern-milter hears, looks at
 * none of it, and makes one bare signature for each message, over nothing. How far its rate is from
 * OpenSSL's is what libmilter costs.
 *
 *   milter_floor SOCKET KEY-FILE
 */
#include <err.h>
#include <libmilter/mfapi.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SIGNATURE_MAX 512

static EVP_PKEY *key;

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
			     unsigned long unused2, unsigned long unused3,
			     unsigned long *actions_r, unsigned long *steps_r,
			     unsigned long *unused2_r, unsigned long *unused3_r)
{
	(void)ctx;
	(void)actions;
	(void)unused2;
	(void)unused3;
	*actions_r = SMFIF_ADDHDRS;
	*steps_r = steps & (SMFIP_HDR_LEADSPC | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY |
			    SMFIP_NR_RCPT | SMFIP_NOHELO | SMFIP_NODATA | SMFIP_NOUNKNOWN);
	*unused2_r = 0;
	*unused3_r = 0;
	return SMFIS_CONTINUE;
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
	(void)ctx;
	(void)arguments;
	return SMFIS_CONTINUE;
}

static sfsistat on_recipient(SMFICTX *ctx, char **arguments)
{
	(void)ctx;
	(void)arguments;
	return SMFIS_NOREPLY;
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return SMFIS_NOREPLY;
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_NOREPLY;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	return SMFIS_NOREPLY;
}

/* Of a digest, as DKIM's Ed25519 signatures are too (RFC 8463, 3). */
static bool sign(void)
{
	unsigned char digest[32] = { 0 }, signature[SIGNATURE_MAX];
	size_t size = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	/* Ed25519 takes the digest as its text; of RSA it is made here. */
	const EVP_MD *md = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
	bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, md, NULL, key) > 0 &&
		  EVP_DigestSign(ctx, signature, &size, digest, sizeof(digest)) > 0;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static sfsistat on_end(SMFICTX *ctx)
{
	static char name[] = "DKIM-Signature";
	/* As long as one is. */
	char value[700];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	if (!sign() || smfi_insheader(ctx, 0, name, value) != MI_SUCCESS)
		return SMFIS_TEMPFAIL;
	return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
	static char name[] = "milter_floor";
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_recipient,
		.xxfi_header = on_field,
		.xxfi_eoh = on_end_of_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_negotiate = on_negotiate,
	};
	FILE *file;

	if (argc != 3)
		errx(64, "usage: milter_floor SOCKET KEY-FILE");
	file = fopen(argv[2], "r");
	key = file != NULL ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
	if (key == NULL)
		errx(1, "%s: no private key", argv[2]);
	fclose(file);
	if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(description) != MI_SUCCESS ||
	    smfi_opensocket(true) != MI_SUCCESS || smfi_main() != MI_SUCCESS)
		errx(1, "%s: cannot serve there", argv[1]);
	EVP_PKEY_free(key);
	return 0;
}
