/* SPDX-License-Identifier: MIT */
#include "login.h"

#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "ownership.h"
#include "password.h"
#include "precis.h"

/* Prepares a name that a client gave. One that RFC 8265 refuses is nobody's: NULL, and no
   failure. */
static int prepare_name(const char *name, char **prepared_r, const char **error_r)
{
	const char *reason;
	int ret = postern_precis_username(name, prepared_r, &reason);

	if (ret < 0) {
		*error_r = reason;
		return -1;
	}
	if (ret == POSTERN_PRECIS_REFUSED)
		*prepared_r = NULL;
	return 0;
}

/* Looks an account up by its prepared name, NULL being nobody's. */
static int find_account(struct postern_store *store, const char *prepared,
			struct postern_account *account_r, const char **error_r)
{
	memset(account_r, 0, sizeof(*account_r));
	if (prepared == NULL)
		return POSTERN_STORE_NOT_FOUND;
	return postern_store_account_find(store, prepared, account_r, error_r);
}

/* Leaves nothing of the account in a login that does not say whose it is. */
static int conclude(int outcome, struct postern_login *login)
{
	struct postern_login_holder holder = login->holder;

	if (outcome < 0 || outcome == POSTERN_LOGIN_NOT_OURS ||
	    outcome == POSTERN_LOGIN_OTHER_ACCOUNT)
		memset(login, 0, sizeof(*login));
	if (outcome == POSTERN_LOGIN_OTHER_ACCOUNT)
		login->holder = holder;
	return outcome;
}

/* An authzid that is the login name of another account, or that name at one of our domains,
   names that account even to who owns the whole domain. */
static int names_another(struct postern_store *store, const struct postern_config *config,
			 const struct postern_account *account, const char *prepared,
			 const struct postern_address *address, const char **error_r)
{
	struct postern_account other;
	int ret = find_account(store, prepared, &other, error_r);

	if (ret == POSTERN_STORE_OK)
		return other.id != account->id;
	for (char **domain = config->domains; ret > 0 && *domain != NULL; domain++) {
		if (address == NULL || strcmp(*domain, address->domain) != 0)
			continue;
		ret = find_account(store, address->local_part, &other, error_r);
		if (ret == POSTERN_STORE_OK)
			return other.id != account->id;
	}
	return ret < 0 ? -1 : 0;
}

static int check_authzid(struct postern_store *store, const struct postern_config *config,
			 const struct postern_account *account, const char *authzid,
			 const char **error_r)
{
	struct postern_address address;
	char *prepared = NULL;
	bool is_address;
	int ret;

	if (config->ignore_authzid || authzid == NULL || *authzid == '\0')
		return POSTERN_LOGIN_OK;
	if (prepare_name(authzid, &prepared, error_r) < 0)
		return -1;
	ret = POSTERN_OWN;
	if (prepared != NULL && strcmp(prepared, account->name) == 0)
		goto out;
	ret = postern_address_parse(authzid, strlen(authzid), &address, error_r);
	if (ret == POSTERN_ADDRESS_NO_MEMORY)
		goto out;
	is_address = ret == 0;
	ret = names_another(store, config, account, prepared, is_address ? &address : NULL,
			    error_r);
	if (ret == 0)
		ret = is_address ? postern_ownership_check(store, config, account, &address,
							   error_r) : POSTERN_NOT_OWN;
out:
	free(prepared);
	if (ret < 0)
		return -1;
	return ret == POSTERN_OWN ? POSTERN_LOGIN_OK : POSTERN_LOGIN_OTHER_ACCOUNT;
}

static int decide_by_key(struct postern_store *store, const struct postern_config *config,
			 const struct postern_account_key *key, unsigned service,
			 const char *authzid, const struct postern_account *account,
			 const char **error_r)
{
	int outcome;

	if (account->disabled)
		return POSTERN_LOGIN_DISABLED;
	outcome = check_authzid(store, config, account, authzid, error_r);
	if (outcome != POSTERN_LOGIN_OK)
		return outcome;
	if (account->policy == POSTERN_POLICY_PASSWORD || account->policy == POSTERN_POLICY_BOTH)
		return POSTERN_LOGIN_NOT_ALLOWED;
	if ((key->services & service) == 0)
		return POSTERN_LOGIN_NOT_ALLOWED;
	return POSTERN_LOGIN_OK;
}

int postern_login_by_key(struct postern_store *store, const struct postern_config *config,
			 const struct postern_fingerprint *fingerprint, unsigned service,
			 const char *authzid, struct postern_login *login_r,
			 const char **error_r)
{
	struct postern_account_key key;
	int ret;

	memset(login_r, 0, sizeof(*login_r));
	if (fingerprint == NULL)
		return POSTERN_LOGIN_NOT_OURS;
	ret = postern_store_key_find(store, fingerprint, &key, &login_r->account, error_r);
	if (ret != POSTERN_STORE_OK)
		return conclude(ret < 0 ? -1 : POSTERN_LOGIN_NOT_OURS, login_r);
	strcpy(login_r->label, key.label);
	login_r->preauth = key.preauth;
	ret = decide_by_key(store, config, &key, service, authzid, &login_r->account, error_r);
	login_r->holder.account = login_r->account;
	strcpy(login_r->holder.label, key.label);
	return conclude(ret, login_r);
}

/* Whose key is on the connection? 0 with its holder, whose id is 0 when it is nobody's. */
static int find_holder(struct postern_store *store, const struct postern_fingerprint *fingerprint,
		       struct postern_login_holder *holder_r, const char **error_r)
{
	struct postern_account_key key;
	int ret;

	memset(holder_r, 0, sizeof(*holder_r));
	if (fingerprint == NULL)
		return 0;
	ret = postern_store_key_find(store, fingerprint, &key, &holder_r->account, error_r);
	if (ret == POSTERN_STORE_OK)
		strcpy(holder_r->label, key.label);
	return ret < 0 ? -1 : 0;
}

int postern_login_precheck(struct postern_store *store, const struct postern_config *config,
			   const char *name, const struct postern_fingerprint *fingerprint,
			   struct postern_login *login_r, const char **error_r)
{
	struct postern_account *account = &login_r->account;
	struct postern_login_holder *holder = &login_r->holder;
	char *prepared = NULL;
	int ret;

	(void)config;
	memset(login_r, 0, sizeof(*login_r));
	if (prepare_name(name, &prepared, error_r) < 0)
		return -1;
	ret = find_account(store, prepared, account, error_r);
	free(prepared);
	if (ret < 0 || find_holder(store, fingerprint, holder, error_r) < 0)
		return conclude(-1, login_r);
	/* First of all, and for names that are unknown here too: the rule of login.h. */
	if (holder->account.id != 0 && holder->account.id != account->id)
		return conclude(POSTERN_LOGIN_OTHER_ACCOUNT, login_r);
	if (ret == POSTERN_STORE_NOT_FOUND)
		return conclude(POSTERN_LOGIN_NOT_OURS, login_r);
	if (account->disabled)
		return POSTERN_LOGIN_DISABLED;
	if (account->policy == POSTERN_POLICY_KEY ||
	    (account->policy == POSTERN_POLICY_BOTH && holder->account.id == 0))
		return POSTERN_LOGIN_NOT_ALLOWED;
	return POSTERN_LOGIN_OK;
}

struct comparison {
	const char *password;
	unsigned service;
	const struct postern_config *config;
	const char *account;
	/* What was found so far. */
	bool ours;      /* a password of the account that is good for the service */
	bool compared;  /* the work of a comparison was done */
	bool too_costly;
	char label[POSTERN_KEY_LABEL_MAX];
};

/* The verifiers of one password are forms of the same words: the first that can be computed
   decides for all. A walk's callback: 1 ends it with a match. */
static int compare(const struct postern_account_password *password, void *context)
{
	struct comparison *comparison = context;
	const char *error;

	if ((password->services & comparison->service) == 0)
		return 0;
	comparison->ours = true;
	/* An empty password is nobody's, whatever a verifier says. */
	if (*comparison->password == '\0')
		return 0;
	for (char **verifier = password->verifiers; *verifier != NULL; verifier++) {
		int ret = postern_password_verify(comparison->password, comparison->account,
			*verifier, &comparison->config->password_limits, &error);

		if (ret < 0)
			return postern_error(NULL, "%s", error);
		if (ret == POSTERN_PASSWORD_OK || ret == POSTERN_PASSWORD_MISMATCH)
			comparison->compared = true;
		if (ret == POSTERN_PASSWORD_OK) {
			strcpy(comparison->label, password->label);
			return 1;
		}
		if (ret == POSTERN_PASSWORD_MISMATCH)
			return 0;
		if (ret == POSTERN_PASSWORD_TOO_COSTLY)
			comparison->too_costly = true;
	}
	return 0;
}

static int compare_all(struct postern_store *store, struct comparison *comparison,
		       struct postern_login *login_r, const char **error_r)
{
	int ret;

	comparison->account = login_r->account.name;
	ret = postern_store_password_each(store, login_r->account.id, compare, comparison, error_r);
	if (ret < 0)
		return -1;
	if (ret == 1) {
		strcpy(login_r->label, comparison->label);
		return POSTERN_LOGIN_OK;
	}
	if (comparison->too_costly && !comparison->compared) {
		return postern_error(error_r, "the password of account %s asks for more work than "
			"password_max_rounds or password_max_bcrypt_cost allow: set a new one, "
			"or raise the limit", login_r->account.name);
	}
	return comparison->ours ? POSTERN_LOGIN_MISMATCH : POSTERN_LOGIN_NOT_OURS;
}

int postern_login_by_password(struct postern_store *store, const struct postern_config *config,
			      const char *name, const char *password, unsigned service,
			      const struct postern_fingerprint *fingerprint,
			      struct postern_login *login_r, const char **error_r)
{
	struct comparison comparison = {
		.password = password, .service = service, .config = config,
	};
	int outcome = postern_login_precheck(store, config, name, fingerprint, login_r, error_r);

	if (outcome == POSTERN_LOGIN_OK)
		outcome = compare_all(store, &comparison, login_r, error_r);
	/* Who waits for the answer must not learn from its time which of the reasons it was. */
	if (outcome > 0 && !comparison.compared)
		postern_password_verify_nobody(password);
	return conclude(outcome, login_r);
}

static const struct {
	int outcome;
	const char *word;
	const char *text;
} outcomes[] = {
	{ POSTERN_LOGIN_OK, "ok", "Logged in." },
	{ POSTERN_LOGIN_NOT_OURS, "unknown",
	  "Unknown user, password or key. Check the name and password, or register the key." },
	{ POSTERN_LOGIN_MISMATCH, "mismatch",
	  "Unknown user, password or key. Check the name and password, or register the key." },
	{ POSTERN_LOGIN_DISABLED, "disabled",
	  "This account is disabled. Ask your administrator." },
	{ POSTERN_LOGIN_OTHER_ACCOUNT, "other-account",
	  "The TLS key of this connection is another account's. Log in as the key's account, "
	  "or connect without the key." },
	{ POSTERN_LOGIN_NOT_ALLOWED, "not-allowed",
	  "This account does not allow this way of logging in. Use its TLS key, its password "
	  "or both, as your administrator has set it." },
};

#define OUTCOME_COUNT (sizeof(outcomes) / sizeof(outcomes[0]))

const char *postern_login_outcome_text(int outcome)
{
	for (size_t i = 0; i < OUTCOME_COUNT; i++) {
		if (outcomes[i].outcome == outcome)
			return outcomes[i].text;
	}
	return "Temporary failure of the mail server. Try again later.";
}

const char *postern_login_outcome_word(int outcome)
{
	for (size_t i = 0; i < OUTCOME_COUNT; i++) {
		if (outcomes[i].outcome == outcome)
			return outcomes[i].word;
	}
	return "failure";
}
