/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_DKIM_SELECTORS_H
#define POSTERN_DKIM_SELECTORS_H

#include <stdbool.h>

#include "command.h"
#include "dkim_key.h"

/*
 * The DKIM selectors of the store, whose states and rotations are in store.h. At most one of a kind
 * of key, rsa or ed25519, is active for a domain. Each function with an int returns 0 or an exit
 * code, and has said why.
 */
struct postern_dkim_selectors {
	struct postern_dkim_selector *list;
	size_t count, room;
};

/* Operands, normalised. */
int postern_dkim_read_domain(const char *text, char domain_r[POSTERN_DOMAIN_MAX + 1]);
int postern_dkim_read_selector(const char *text, char selector_r[POSTERN_DKIM_SELECTOR_MAX + 1]);
int postern_dkim_read_algorithm(const char *text,
				const struct postern_dkim_algorithm **algorithm_r);

/* All of a domain's, or with domain NULL all. */
int postern_dkim_selectors_read(struct postern_command *command, const char *domain,
				struct postern_dkim_selectors *selectors_r);
void postern_dkim_selectors_deinit(struct postern_dkim_selectors *selectors);

/* The one of that name, or NULL. */
const struct postern_dkim_selector *
postern_dkim_selectors_find(const struct postern_dkim_selectors *selectors, const char *name);

/* The active one of the same kind that is another than this; NULL when there is none. */
const struct postern_dkim_selector *
postern_dkim_selectors_rival(const struct postern_dkim_selectors *selectors,
			     const struct postern_dkim_selector *selector);
bool postern_dkim_same_kind(const struct postern_dkim_selector *a,
			    const struct postern_dkim_selector *b);

/* In a rotation's state of this name. */
bool postern_dkim_is(const struct postern_dkim_selector *selector, const char *rotation);

/* Within a transaction: writes state and rotation. */
int postern_dkim_selectors_set(struct postern_command *command,
			       const struct postern_dkim_selector *selector, const char *state,
			       const char *rotation);
/* Within a transaction: lets this one sign, and retires the one of its kind that did, whose record
   fades where it was a rotation that brought the new one. A key that cannot be read is not
   activated: it would turn all mail of the domain away. */
int postern_dkim_selectors_activate(struct postern_command *command,
				    const struct postern_dkim_selectors *selectors,
				    const struct postern_dkim_selector *selector);

/* Takes those out whose keys are gone: there is no record of theirs to publish. */
void postern_dkim_selectors_drop_gone(struct postern_dkim_selectors *selectors);

/* What the admin has to do next about a selector, or "". */
#define POSTERN_DKIM_NEXT_MAX 1024
void postern_dkim_selector_next(const struct postern_config *config,
				const struct postern_dkim_selector *selector,
				char text_r[POSTERN_DKIM_NEXT_MAX]);
/* A few words for a zone file: which state it is in, and what that means for its record. */
void postern_dkim_comment(const struct postern_dkim_selector *selector, char *text_r, size_t size);

#endif
