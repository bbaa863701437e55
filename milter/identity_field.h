/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_IDENTITY_FIELD_H
#define POSTERN_IDENTITY_FIELD_H

#include <stddef.h>

#include "header_field.h"
#include "sender_rule.h"

/*
 * Holds one From, Sender, Resent-From or Resent-Sender against the rule: it can be read in one way
 * only, every address in it is the account's own, and so is every one that its names and comments
 * show (P2, P3, P4, P6 to P12).
 */
struct postern_identity_check {
	postern_owns_fn *owns;
	void *context;
	unsigned allow;
	/* Where the domain of the first mailbox goes, POSTERN_DOMAIN_MAX + 1 octets. */
	char *first_domain;
	struct postern_sender_refusal *refusal;
};

/* body holds no octets that postern_field_check_octets complains about. Returns a verdict, or
   -1 when owns failed or memory is out. Linear in size, which over POSTERN_IDENTITY_FIELD_MAX
   is a refusal. */
int postern_identity_field_check(const struct postern_identity_check *check,
				 enum postern_field field, const char *body, size_t size,
				 const char **error_r) POSTERN_WARN_UNUSED;

#endif
