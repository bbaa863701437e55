/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PEM_CACHE_H
#define POSTERN_PEM_CACHE_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A trick on libopendkim, alone in this file. dkim_eom() takes a private key as PEM text and has
 * OpenSSL parse it for every message, which costs four times as much as the signature itself. So
 * this program supplies PEM_read_bio_PrivateKey(3) to the libraries it loads. Where the text to be
 * parsed is the very one that was offered on this thread, the key parsed before is handed back, its
 * references counted up; any other call goes on to OpenSSL's own function.
 *
 * It relies on libopendkim being linked dynamically and not bound to its own symbols, on its
 * calling that function with a memory BIO that nothing was read from, and on the executable coming
 * first in the order of look-up (ld.so(8)). If any of it ceases to be so, signing goes on, slower;
 * the test of dkim.c, which counts the hits, fails. -Dpem-cache=false builds without.
 */

/* From now on, on this thread, the next who reads this PEM text gets a reference to this key. Both
   stay the caller's, and have to live until postern_pem_withdraw(). */
void postern_pem_offer(const char *pem, size_t size, EVP_PKEY *key);
/* When RSA_sign(3) fails, libopendkim 2.11 frees the key within the key once too often; so one
   reference to it is kept back, and is given up where signed_well is false. Returns whether
   somebody got the key. */
bool postern_pem_withdraw(bool signed_well);

/* How often a key was handed back, on all threads. */
unsigned long postern_pem_hits(void);

#endif
