/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SENDER_MAPS_H
#define POSTERN_SENDER_MAPS_H

#include "address.h"
#include "error.h"

/*
 * The tables that an admin has as Postfix's smtpd_sender_login_maps, asked in addition to the store:
 * the text of a table that postmap(1) reads (texthash:, and hash:, lmdb:, btree:, cdb: by their
 * source), or a socketmap on a unix socket. Looked up as smtpd does: the address, without its
 * subaddress, "@domain"; the first that a table has decides, and names the logins that may use it.
 *
 * A text is believed as configuration is (trusted_file.h), and read again when it has changed. A
 * table that cannot be asked is a failure, never a "no". Any thread.
 */
struct postern_sender_maps;

/* Of a word of the configuration: nothing is opened. */
int postern_sender_map_check(const char *map, const char **error_r) POSTERN_WARN_UNUSED;

/* maps is NULL-terminated, as the configuration has it. */
int postern_sender_maps_new(char *const *maps, struct postern_sender_maps **maps_r,
			    const char **error_r) POSTERN_WARN_UNUSED;
void postern_sender_maps_free(struct postern_sender_maps **maps);

enum postern_sender_maps_outcome {
	POSTERN_SENDER_MAPS_OWN = 0,
	POSTERN_SENDER_MAPS_NOT_OWN = 1,
};

/* delimiter as in postern_address_base. */
int postern_sender_maps_check(struct postern_sender_maps *maps, const char *login,
			      const struct postern_address *address, char delimiter,
			      const char **error_r) POSTERN_WARN_UNUSED;

#endif
