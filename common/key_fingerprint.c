/* SPDX-License-Identifier: MIT */
#include "key.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

/* Base64url of 32 octets: 42 characters of 6 bits and one of 4 bits and two zeros. */
#define BASE64URL_CHARS 43
#define HEX_CHARS (2 * POSTERN_FINGERPRINT_SIZE)
#define COLON_HEX_CHARS (3 * POSTERN_FINGERPRINT_SIZE - 1)

static const char base64url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* stride is 2 for bare hex, 3 where a colon stands between two octets. */
static bool parse_hex(const char *text, size_t stride, struct postern_fingerprint *fingerprint_r)
{
	for (size_t i = 0; i < POSTERN_FINGERPRINT_SIZE; i++) {
		int high = hex_value(text[i * stride]);
		int low = hex_value(text[i * stride + 1]);

		if (high < 0 || low < 0)
			return false;
		if (stride == 3 && i > 0 && text[i * stride - 1] != ':')
			return false;
		fingerprint_r->octets[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool parse_base64url(const char *text, struct postern_fingerprint *fingerprint_r)
{
	unsigned bits = 0, pending = 0;
	size_t used = 0;

	for (size_t i = 0; i < BASE64URL_CHARS; i++) {
		const char *at = strchr(base64url, text[i]);

		if (at == NULL || *at == '\0')
			return false;
		bits = (bits << 6 | (unsigned)(at - base64url)) & 0xffff;
		pending += 6;
		if (pending >= 8) {
			pending -= 8;
			fingerprint_r->octets[used++] = (uint8_t)(bits >> pending);
		}
	}
	/* One fingerprint has one text: the bits left over must be zero. */
	return (bits & 3) == 0;
}

int postern_fingerprint_parse(const char *text, struct postern_fingerprint *fingerprint_r,
			      const char **error_r)
{
	size_t length = strlen(text);
	bool good = false;

	if (length == BASE64URL_CHARS ||
	    (length == BASE64URL_CHARS + 1 && text[BASE64URL_CHARS] == '='))
		good = parse_base64url(text, fingerprint_r);
	else if (length == HEX_CHARS)
		good = parse_hex(text, 2, fingerprint_r);
	else if (length == COLON_HEX_CHARS)
		good = parse_hex(text, 3, fingerprint_r);
	if (good)
		return 0;
	memset(fingerprint_r, 0, sizeof(*fingerprint_r));
	return postern_error(error_r, "not a key's fingerprint: expected %d characters of "
			     "base64url, or %d hex digits with or without colons",
			     BASE64URL_CHARS, HEX_CHARS);
}

void postern_fingerprint_format(const struct postern_fingerprint *fingerprint,
				char text_r[POSTERN_FINGERPRINT_TEXT_MAX])
{
	unsigned bits = 0, pending = 0;
	size_t used = 0;

	for (size_t i = 0; i < POSTERN_FINGERPRINT_SIZE; i++) {
		bits = (bits << 8 | fingerprint->octets[i]) & 0xffff;
		for (pending += 8; pending >= 6; pending -= 6)
			text_r[used++] = base64url[bits >> (pending - 6) & 63];
	}
	text_r[used++] = base64url[bits << (6 - pending) & 63];
	text_r[used] = '\0';
}

int postern_fingerprint_of_spki(const void *der, size_t size,
				struct postern_fingerprint *fingerprint_r, const char **error_r)
{
	int done;

	/* Runs in login processes, where an error left in the queue would look like one of the
	   TLS connection. */
	ERR_set_mark();
	done = EVP_Digest(der, size, fingerprint_r->octets, NULL, EVP_sha256(), NULL);
	ERR_pop_to_mark();
	if (done != 1)
		return postern_error(error_r, "cannot compute SHA-256: OpenSSL refused");
	return 0;
}
