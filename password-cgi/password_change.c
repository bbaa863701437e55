/* SPDX-License-Identifier: MIT */
#include "password_change.h"

#include <string.h>

#include <unistr.h>

#include "login.h"
#include "owner.h"
#include "password.h"
#include "visitor.h"

int postern_password_change_check(struct postern_page *page, const char *new,
				  const char **reason_r, const char **error_r)
{
	unsigned min_chars = page->config->password_min_length;
	struct postern_login login;
	int ret;

	/* Looked at here too, for the library's sentence has a number in it, and no translation. */
	if (u8_mbsnlen((const uint8_t *)new, strlen(new)) < min_chars) {
		postern_error(reason_r, T("This password is too short: choose one of at least %u "
					  "characters."), min_chars);
		return POSTERN_PASSWORD_CHANGE_REFUSED;
	}
	ret = postern_password_check_quality(new, page->account.name, min_chars, error_r);
	if (ret < 0)
		return -1;
	if (ret > 0) {
		*reason_r = T(*error_r);
		return POSTERN_PASSWORD_CHANGE_REFUSED;
	}
	/* The old one, or a device's, which would be good for more than it was made for. */
	ret = postern_login_by_password(page->store, page->config, page->account.name, new,
					POSTERN_SERVICES_ALL, page->has_key ? &page->key : NULL,
					&login, error_r);
	if (ret == POSTERN_LOGIN_OK) {
		*reason_r = T("This account has this password already: choose another.");
		return POSTERN_PASSWORD_CHANGE_REFUSED;
	}
	return ret < 0 ? -1 : POSTERN_PASSWORD_CHANGE_OK;
}

/* ---- Removing the rest ---- */

struct removal {
	struct postern_page *page;
	const char *error;
};

static int remove_password(const struct postern_account_password *password, void *context)
{
	struct removal *removal = context;

	if (strcmp(password->label, POSTERN_OWNER_PASSWORD) == 0)
		return 0;
	return postern_store_password_remove(removal->page->store, password->account_id,
					     password->label, &removal->error) < 0 ? -1 : 0;
}

static int remove_key(const struct postern_account_key *key, void *context)
{
	struct removal *removal = context;
	struct postern_page *page = removal->page;

	if (page->has_key &&
	    memcmp(&key->fingerprint, &page->key, sizeof(page->key)) == 0)
		return 0;
	return postern_store_key_remove(page->store, &key->fingerprint, &removal->error) < 0 ?
		-1 : 0;
}

static int change_store(struct postern_page *page, char *const *verifiers,
			const struct postern_password_change *change, const char **error_r)
{
	struct removal removal = { .page = page };
	struct postern_owner_counts counts;
	int ret = postern_owner_recheck(page, error_r);

	if (ret > 0)
		return postern_error(error_r, "the account was removed or disabled meanwhile");
	if (ret < 0 || postern_owner_count(page, &counts, error_r) < 0)
		return -1;
	ret = postern_store_password_set(page->store, page->account.id, POSTERN_OWNER_PASSWORD,
					 counts.main_services != 0 ? counts.main_services :
					 POSTERN_SERVICES_ALL, (const char *const *)verifiers,
					 error_r);
	if (ret == 0 && change->others)
		ret = postern_store_password_each(page->store, page->account.id, remove_password,
						  &removal, error_r);
	if (ret == 0 && change->keys)
		ret = postern_store_key_each(page->store, page->account.id, remove_key, &removal,
					     error_r);
	/* A door is closed before another is opened. */
	if (ret == 0)
		ret = postern_state_sessions_end(page->state, page->account.id, error_r);
	return ret == 0 ? 0 : -1;
}

int postern_password_change_store(struct postern_page *page, char *const *verifiers,
				  const struct postern_password_change *change,
				  const char **error_r)
{
	if (postern_store_begin(page->store, error_r) < 0)
		return -1;
	if (change_store(page, verifiers, change, error_r) < 0) {
		postern_store_rollback(page->store);
		return -1;
	}
	if (postern_store_commit(page->store, error_r) < 0)
		return -1;
	postern_page_log(page, LOG_NOTICE, "password set", page->account.name,
			 change->others && change->keys ? "other passwords and keys removed" :
			 change->others ? "other passwords removed" :
			 change->keys ? "keys removed" : NULL);
	postern_owner_tell(page, T("A new password was set"), "");
	return 0;
}

int postern_password_change(struct postern_page *page, char *const *verifiers,
			    const struct postern_password_change *change, const char **error_r)
{
	if (postern_password_change_store(page, verifiers, change, error_r) < 0 ||
	    postern_visitor_begin(page, &page->account, page->way, error_r) < 0)
		return -1;
	return postern_page_redirect(page, "/?done=password");
}
