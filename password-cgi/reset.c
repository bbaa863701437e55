/* SPDX-License-Identifier: MIT */
#include "reset.h"

#include <string.h>

#include "owner.h"
#include "password_change.h"

static int close_it(struct postern_page *page, int64_t id, const char *token,
		    int outcome, const char **error_r)
{
	int ret = postern_state_request_close(page->state, id, token, page->now, error_r);

	if (ret < 0)
		return -1;
	return ret == POSTERN_STATE_NONE ? POSTERN_RESET_NONE : outcome;
}

/* Closed first: a crash in between leaves the old password, and nothing to approve twice. */
static int set_hash(struct postern_page *page, struct postern_reset_request *request,
		    const char **error_r)
{
	const struct postern_password_change change = { 0 };
	char *const verifiers[] = { request->verifier, NULL };
	int ret = close_it(page, request->id, NULL, POSTERN_RESET_SET, error_r);

	if (ret == POSTERN_RESET_SET &&
	    postern_password_change_store(page, verifiers, &change, error_r) < 0)
		return -1;
	return ret;
}

int postern_reset_approve(struct postern_page *page, int64_t id,
			  char token_r[POSTERN_TOKEN_SIZE], const char **error_r)
{
	struct postern_reset_request request;
	int ret = postern_state_request_find(page->state, id, page->now, &request, error_r);

	if (ret != POSTERN_STATE_OK)
		return ret < 0 ? -1 : POSTERN_RESET_NONE;
	ret = postern_store_account_find(page->store, request.account, &page->account, error_r);
	if (ret < 0)
		return -1;
	if (ret != POSTERN_STORE_OK || page->account.id != request.account_id ||
	    page->account.disabled)
		return close_it(page, id, NULL, POSTERN_RESET_GONE, error_r);
	if (*request.verifier != '\0')
		return set_hash(page, &request, error_r);
	if (postern_token_make(token_r, error_r) < 0)
		return -1;
	ret = close_it(page, id, token_r, POSTERN_RESET_LINK, error_r);
	if (ret == POSTERN_RESET_LINK)
		postern_owner_tell(page, T("The administrator made a link for a new way in"), "");
	return ret;
}
