/* SPDX-License-Identifier: MIT */
/*
 * The one place that uses a low-level digest of OpenSSL, which its headers call deprecated: only
 * there can the state of MD5 be read in the middle of a computation, and that state is what
 * Dovecot keeps for CRAM-MD5 in place of a password. Where a later OpenSSL drops it, this file is
 * what to replace; the unit test compares it with `doveadm pw`.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "password_scheme.h"

#include <string.h>

#include <openssl/md5.h>

#include "secret.h"

#define STATE_SIZE (POSTERN_CRAM_MD5_SIZE / 2)

/* The state after one block of key XOR pad (RFC 2104), as four little-endian words. */
static bool state_after(const unsigned char key[MD5_CBLOCK], unsigned char pad, uint8_t *state_r)
{
	unsigned char block[MD5_CBLOCK];
	MD5_CTX context;
	bool good;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	good = MD5_Init(&context) == 1 && MD5_Update(&context, block, sizeof(block)) == 1;
	for (size_t i = 0; good && i < STATE_SIZE; i++) {
		const MD5_LONG words[] = { context.A, context.B, context.C, context.D };

		state_r[i] = (uint8_t)(words[i / 4] >> (8 * (i % 4)));
	}
	postern_wipe(block, sizeof(block));
	postern_wipe(&context, sizeof(context));
	return good;
}

int postern_cram_md5_state(const char *password, uint8_t state_r[POSTERN_CRAM_MD5_SIZE],
			   const char **error_r)
{
	unsigned char key[MD5_CBLOCK] = { 0 };
	size_t size = strlen(password);
	bool good = true;

	if (size > sizeof(key))
		good = MD5((const unsigned char *)password, size, key) != NULL;
	else
		memcpy(key, password, size);
	good = good && state_after(key, 0x5c, state_r) &&
		state_after(key, 0x36, state_r + STATE_SIZE);
	postern_wipe(key, sizeof(key));
	if (!good)
		return postern_error(error_r, "cannot compute MD5: OpenSSL refused it");
	return 0;
}
