/* SPDX-License-Identifier: MIT */
#include "upload.h"

#include <ctype.h>
#include <string.h>

#include <openssl/evp.h>

#include "challenge.h"
#include "field.h"
#include "key.h"

#define SIGNATURE_MAX 4096

struct octets {
	const char *data;
	size_t size;
};

/* A file, or else the text. */
static struct octets choose(const struct postern_page_message *form, const char *file,
			    const char *text)
{
	struct octets octets = { NULL, 0 };

	octets.data = postern_page_message_nth(form, file, 0, &octets.size);
	if (octets.data == NULL)
		octets.data = postern_page_message_nth(form, text, 0, &octets.size);
	return octets;
}

/* base64 as `openssl base64` writes it, with blanks and line ends anywhere; -1 for what is none. */
static int decode(const char *text, unsigned char octets_r[SIGNATURE_MAX])
{
	char packed[SIGNATURE_MAX + 1];
	size_t size = 0, padding = 0;
	int length;

	for (; *text != '\0'; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (size == SIGNATURE_MAX)
			return -1;
		packed[size++] = *text;
	}
	packed[size] = '\0';
	if (size == 0 || size % 4 != 0)
		return -1;
	while (padding < 2 && packed[size - 1 - padding] == '=')
		padding++;
	length = EVP_DecodeBlock(octets_r, (const unsigned char *)packed, (int)size);
	return length < 0 ? -1 : length - (int)padding;
}

static int verify(const struct postern_page_message *form, const struct octets *key,
		  const char *challenge, const char **error_r)
{
	const char *text = postern_page_message_get(form, "signature");
	unsigned char decoded[SIGNATURE_MAX];
	struct octets signature = { NULL, 0 };

	signature.data = postern_page_message_nth(form, "signed", 0, &signature.size);
	if (signature.data == NULL) {
		int size = decode(text != NULL ? text : "", decoded);

		if (size < 0)
			return POSTERN_CHALLENGE_WRONG;
		signature = (struct octets){ (const char *)decoded, (size_t)size };
	}
	return postern_challenge_verify(key->data, key->size, challenge, signature.data,
					signature.size, error_r);
}

static int add_proof(const struct postern_page_message *form, const struct octets *key,
		     const char *cookie, int64_t now, struct postern_page_message *message,
		     const char **error_r)
{
	const char *challenge = postern_page_message_get(form, "challenge");
	const char *text = postern_page_message_get(form, "signature");
	size_t ignored;
	int ret;

	if (challenge == NULL || *cookie == '\0' ||
	    ((text == NULL || *text == '\0') &&
	     postern_page_message_nth(form, "signed", 0, &ignored) == NULL))
		return 0;
	ret = postern_challenge_check(cookie, challenge, now, error_r);
	if (ret == POSTERN_CHALLENGE_OK)
		ret = verify(form, key, challenge, error_r);
	switch (ret) {
	case POSTERN_CHALLENGE_OK:
		postern_page_message_add_text(message, ":proved", challenge);
		return 0;
	case POSTERN_CHALLENGE_VOID:
		postern_page_message_add_text(message, ":proof-wrong", "void");
		return 0;
	case POSTERN_CHALLENGE_WRONG:
		postern_page_message_add_text(message, ":proof-wrong", "wrong");
		return 0;
	default:
		return -1;
	}
}

int postern_upload_add(const struct postern_page_message *form, const char *cookie, int64_t now,
		       struct postern_page_message *message, const char **error_r)
{
	char fingerprint[POSTERN_FINGERPRINT_TEXT_MAX];
	struct octets octets = choose(form, "file", "certificate");
	const char *reason, *text = postern_page_message_get(form, "certificate");
	struct postern_key key;

	if (octets.data == NULL || octets.size == 0)
		return 0;
	if (postern_key_read(octets.data, octets.size, &key, &reason) < 0) {
		postern_page_message_add_text(message, ":key-wrong", reason);
		return 0;
	}
	postern_fingerprint_format(&key.fingerprint, fingerprint);
	postern_page_message_add_text(message, ":key", fingerprint);
	postern_page_message_add_text(message, ":key-type", key.type);
	postern_page_message_add_text(message, ":key-label", key.default_label);
	if (text != NULL && octets.data == text)
		postern_page_message_add_text(message, "certificate", text);
	return add_proof(form, &octets, cookie, now, message, error_r);
}
