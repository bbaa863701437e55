/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SIGNER_H
#define POSTERN_SIGNER_H

#include "dkim.h"
#include "error.h"
#include "generation.h"
#include "snapshot.h"

/*
 * The DKIM half of one message: keeps the fields that are to be signed until it is known for which
 * domain, then signs with each of that domain's active selectors. Bounded in what it keeps.
 */
struct postern_signer;

/* Selectors of one domain that sign a message; more than these are not looked at. */
#define POSTERN_SIGNATURES_MAX 4

enum postern_signer_outcome {
	POSTERN_SIGNER_OK = 0,
	/* The domain has no active selector. */
	POSTERN_SIGNER_NO_KEY = 1,
	/* More or longer fields than can be signed. */
	POSTERN_SIGNER_TOO_MUCH = 2,
	/* The body has what cannot be signed: postern_signer_fault() has the sentence for it. */
	POSTERN_SIGNER_FAULT = 3,
};

/* generation and dkim have to live as long. */
int postern_signer_new(struct postern_generation *generation, struct postern_dkim *dkim,
		       struct postern_signer **signer_r, const char **error_r)
	POSTERN_WARN_UNUSED;
void postern_signer_free(struct postern_signer **signer);

/* Each field of the message in its order; value is all that stands behind the colon, folds as LF or
   CRLF. Those that are not to be signed are passed over. Returns an outcome. */
int postern_signer_field(struct postern_signer *signer, const char *name, const char *value,
			 const char **error_r) POSTERN_WARN_UNUSED;

/* The message will most likely be signed for this domain, in A-labels: which selectors it has is looked
   up now, since the store is being asked for other things. Should they change before the end of the
   header, the message is still signed with these; their keys are read then, and have to be there. */
int postern_signer_expect(struct postern_signer *signer, struct postern_snapshot *snapshot,
			  const char *domain, const char **error_r) POSTERN_WARN_UNUSED;
/* At the end of the header, for this domain, in A-labels. Returns an outcome. */
int postern_signer_begin(struct postern_signer *signer, struct postern_snapshot *snapshot,
			 const char *domain, const char **error_r) POSTERN_WARN_UNUSED;
/* Returns an outcome. */
int postern_signer_body(struct postern_signer *signer, const void *data, size_t size,
			const char **error_r) POSTERN_WARN_UNUSED;
/* Makes the signatures. Returns an outcome. */
int postern_signer_finish(struct postern_signer *signer, const char **error_r)
	POSTERN_WARN_UNUSED;

/* After FAULT: one sentence for the user, static. */
const char *postern_signer_fault(const struct postern_signer *signer);

/* After finish: value and selector of each signature, NULL behind the last. The signer's memory. */
const char *postern_signer_value(const struct postern_signer *signer, size_t index);
const char *postern_signer_selector(const struct postern_signer *signer, size_t index);

#endif
