/* SPDX-License-Identifier: MIT */
#include "local_user.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "login.h"

#define NAME_SERVICE_BUFFER 16384
/* "uid:" and a number, or a name of the system. */
#define USER_MAX 256

/* The number that the header check has put there: digits alone. */
static bool read_uid(const char *name, const char *value, uid_t *uid_r)
{
	unsigned long number;
	char *end;

	if (strcmp(name, POSTERN_LOCAL_FIELD) != 0)
		return false;
	value += strspn(value, " ");
	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	number = strtoul(value, &end, 10);
	*uid_r = (uid_t)number;
	return errno == 0 && *end == '\0' && *uid_r == number && *uid_r != (uid_t)-1;
}

/* Its name, or "uid:1234" where the system has none for it. */
static int name_of(uid_t uid, char user_r[USER_MAX], const char **error_r)
{
	char buffer[NAME_SERVICE_BUFFER];
	struct passwd entry, *found = NULL;
	int ret = getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found);

	if (ret != 0) {
		errno = ret;
		return postern_error(error_r, "cannot look up user %lu: %m", (unsigned long)uid);
	}
	if (found == NULL)
		snprintf(user_r, USER_MAX, "uid:%lu", (unsigned long)uid);
	else if (snprintf(user_r, USER_MAX, "%s", found->pw_name) >= USER_MAX)
		return postern_error(error_r, "the name of user %lu is too long",
				     (unsigned long)uid);
	return 0;
}

static bool is_listed(char *const *list, const char *user)
{
	for (; *list != NULL; list++) {
		if (strcmp(*list, user) == 0)
			return true;
	}
	return false;
}

/* local_users has "USER=ACCOUNT", "USER=@domain", and with "*" for USER what holds for all
   others. */
static bool find_account(char *const *list, const char *user, char *account_r, size_t size)
{
	const char *found = NULL;

	for (; *list != NULL && (found == NULL || *found == '*'); list++) {
		size_t length = strcspn(*list, "=");

		if ((strlen(user) == length && memcmp(*list, user, length) == 0) ||
		    (found == NULL && length == 1 && **list == '*'))
			found = *list;
	}
	if (found == NULL)
		return false;
	found = strchr(found, '=') + 1;
	snprintf(account_r, size, "%s%s", *found == '\0' || *found == '@' ? user : "", found);
	return true;
}

static int find_in_store(struct postern_generation *generation, const char *account,
			 struct postern_message_origin *origin, const char **error_r)
{
	struct postern_store *store = NULL;
	int ret;

	if (postern_store_pool_take(generation->stores, &store, error_r) < 0)
		return -1;
	ret = postern_store_account_find(store, account, &origin->account, error_r);
	if (ret < 0)
		postern_store_pool_drop(generation->stores, &store);
	postern_store_pool_give(generation->stores, &store);
	return ret;
}

/* account is NULL when none was given. */
static int unknown(const char **reason_r, const char *user, const char *account)
{
	static _Thread_local char reason[2 * USER_MAX + 128];
	char shown_user[USER_MAX], shown_account[USER_MAX];

	postern_escape(user, strlen(user), shown_user, sizeof(shown_user));
	if (account == NULL) {
		snprintf(reason, sizeof(reason), "user %s of the system is in neither local_users "
			 "nor trusted_users", shown_user);
	} else {
		postern_escape(account, strlen(account), shown_account, sizeof(shown_account));
		snprintf(reason, sizeof(reason), "user %s of the system is to be account %s, which "
			 "does not exist: postern account add", shown_user, shown_account);
	}
	*reason_r = reason;
	return POSTERN_LOCAL_USER_UNKNOWN;
}

int postern_local_user_find(struct postern_generation *generation, const char *name,
			    const char *value, struct postern_message_origin *origin,
			    const char **reason_r, const char **error_r)
{
	const struct postern_config *config = generation->config;
	char user[USER_MAX], account[USER_MAX + POSTERN_ACCOUNT_NAME_MAX + 1];
	uid_t uid;
	int ret;

	if (!read_uid(name, value, &uid)) {
		*reason_r = "Postfix did not say which user of the system it is (is the header check "
			    "local-users in its service " POSTERN_LOCAL_DAEMON "?)";
		return POSTERN_LOCAL_USER_UNKNOWN;
	}
	if (name_of(uid, user, error_r) < 0)
		return -1;
	snprintf(origin->by, sizeof(origin->by), "local user %.100s", user);
	if (is_listed(config->trusted_users, user)) {
		origin->trusted = true;
		return POSTERN_LOCAL_USER_KNOWN;
	}
	if (!find_account(config->local_users, user, account, sizeof(account)))
		return unknown(reason_r, user, NULL);
	ret = find_in_store(generation, account, origin, error_r);
	if (ret < 0)
		return -1;
	if (ret != POSTERN_STORE_OK)
		return unknown(reason_r, user, account);
	if (!origin->account.disabled)
		return POSTERN_LOCAL_USER_KNOWN;
	*reason_r = postern_login_outcome_word(POSTERN_LOGIN_DISABLED);
	return POSTERN_LOCAL_USER_DISABLED;
}
