/* SPDX-License-Identifier: MIT */
#include "login_credentials.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "password.h"
#include "precis.h"
#include "secret.h"

struct search {
	const char *scheme;
	unsigned service;
	/* What was found so far. */
	bool ours;
	char label[POSTERN_KEY_LABEL_MAX];
	char *verifier;
};

/* The verifier of this scheme, else one of "plain", else NULL. */
static const char *choose(const struct postern_account_password *password, const char *scheme)
{
	const char *plain = NULL;

	for (char **verifier = password->verifiers; *verifier != NULL; verifier++) {
		const char *found = postern_password_scheme(*verifier);

		if (found == NULL)
			continue;
		if (strcasecmp(found, scheme) == 0)
			return *verifier;
		if (plain == NULL && strcmp(found, "plain") == 0)
			plain = *verifier;
	}
	return plain;
}

/* A walk's callback: 1 ends it with a verifier. */
static int search_password(const struct postern_account_password *password, void *context)
{
	struct search *search = context;
	const char *verifier;

	if ((password->services & search->service) == 0)
		return 0;
	search->ours = true;
	verifier = choose(password, search->scheme);
	if (verifier == NULL)
		return 0;
	search->verifier = strdup(verifier);
	if (search->verifier == NULL)
		return postern_error(NULL, "no memory for a verifier");
	strcpy(search->label, password->label);
	return 1;
}

int postern_login_credentials(struct postern_store *store, const struct postern_config *config,
			      const char *name, const char *scheme, unsigned service,
			      const struct postern_fingerprint *fingerprint,
			      struct postern_login *login_r, char **verifier_r,
			      const char **error_r)
{
	struct search search = { .scheme = scheme, .service = service };
	int outcome = postern_login_precheck(store, config, name, fingerprint, login_r, error_r);

	*verifier_r = NULL;
	if (outcome != POSTERN_LOGIN_OK)
		return outcome;
	switch (postern_store_password_each(store, login_r->account.id, search_password, &search,
					    error_r)) {
	case 0:
		if (search.ours)
			return POSTERN_LOGIN_MISMATCH;
		memset(login_r, 0, sizeof(*login_r));
		return POSTERN_LOGIN_NOT_OURS;
	case 1:
		strcpy(login_r->label, search.label);
		*verifier_r = search.verifier; /* transferred */
		return POSTERN_LOGIN_OK;
	default:
		memset(login_r, 0, sizeof(*login_r));
		return -1;
	}
}

int postern_login_credentials_decoy(struct postern_store *store, const char *name,
				    const char *scheme, char **verifier_r, const char **error_r)
{
	char *prepared = NULL;
	int ret = postern_precis_username(name, &prepared, error_r);

	*verifier_r = NULL;
	if (ret < 0)
		return -1;
	/* The same for every form of a name, as with the names of accounts. */
	ret = postern_password_make_decoy(scheme, postern_store_id(store), POSTERN_STORE_ID_SIZE,
					  ret == POSTERN_PRECIS_OK ? prepared : name, verifier_r,
					  error_r);
	free(prepared);
	return ret;
}
