/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_MAIL_KEY_H
#define POSTERN_MAIL_KEY_H

#include "address.h"
#include "config.h"
#include "error.h"
#include "key.h"
#include "store.h"

/*
 * An account's key that is known by an e-mail address: any certificate that the admin's CA vouches
 * for, and that has the address in it, is this key. In the store it is a key like the others, with
 * a fingerprint made of the address instead of a SubjectPublicKeyInfo. The two never meet: what is
 * hashed here begins with a word, and a SubjectPublicKeyInfo with the octet 0x30.
 *
 * That the chain was verified, revocation included, is the word of a login process; who has no such
 * word must not ask.
 */
#define POSTERN_MAIL_KEY_TYPE "CA e-mail"

int postern_mail_key_fingerprint(const struct postern_address *address,
				 struct postern_fingerprint *fingerprint_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/*
 * addresses: those of the certificate, with a blank between two; untrusted in form. *fingerprint is
 * the certificate's own key, and stays so where that one is registered. Else it becomes the first
 * of the addresses' that is registered and whose account owns the address still, and no other
 * account by its login name or an alias where that one does by its domain alone.
 */
int postern_mail_key_find(struct postern_store *store, const struct postern_config *config,
			  const char *addresses, struct postern_fingerprint *fingerprint,
			  const char **error_r) POSTERN_WARN_UNUSED;

#endif
