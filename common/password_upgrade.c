/* SPDX-License-Identifier: MIT */
#include "password_upgrade.h"

#include <stdlib.h>
#include <string.h>

#include "password.h"
#include "secret.h"

/* How long a stolen verifier stands against guessing; postern(1) tells these numbers. */
enum strength {
	NONE,   /* the password itself, or good for logging in as it is */
	BARE,   /* one unsalted digest */
	SALTED, /* a salted digest, or a short loop of one */
	LOOPED, /* a long loop of a digest, which graphics cards run fast */
	HARD,   /* made to be dear on every machine */
};

static const struct {
	const char *scheme;
	enum strength strength;
} strengths[] = {
	{ "plain", NONE },
	{ "plain-trunc", NONE },
	{ "cram-md5", NONE },
	{ "digest-md5", NONE },
	{ "plain-md4", BARE },
	{ "plain-md5", BARE },
	{ "sha1", BARE },
	{ "sha256", BARE },
	{ "sha512", BARE },
	{ "nt", BARE },
	{ "otp", SALTED },
	{ "des-crypt", SALTED },
	{ "bsdi-crypt", SALTED },
	{ "smd5", SALTED },
	{ "ssha", SALTED },
	{ "ssha256", SALTED },
	{ "ssha512", SALTED },
	{ "md5-crypt", SALTED },
	{ "sunmd5", SALTED },
	{ "sha1-crypt", LOOPED },
	{ "pbkdf2", LOOPED },
	{ "scram-sha-1", LOOPED },
	{ "scram-sha-256", LOOPED },
	{ "sha256-crypt", LOOPED },
	{ "sha512-crypt", LOOPED },
	{ "bcrypt", HARD },
	{ "scrypt", HARD },
	{ "yescrypt", HARD },
	{ "gost-yescrypt", HARD },
	{ "argon2i", HARD },
	{ "argon2id", HARD },
};

static enum strength strength_of(const char *scheme)
{
	for (size_t i = 0; i < sizeof(strengths) / sizeof(strengths[0]); i++) {
		if (strcmp(strengths[i].scheme, scheme) == 0)
			return strengths[i].strength;
	}
	return NONE;
}

const char *postern_password_scheme_at(size_t index, unsigned *strength_r)
{
	if (index >= sizeof(strengths) / sizeof(strengths[0]))
		return NULL;
	*strength_r = strengths[index].strength;
	return strengths[index].scheme;
}

static size_t count_of(char *const *list)
{
	size_t count = 0;

	while (list[count] != NULL)
		count++;
	return count;
}

bool postern_password_upgrade_wanted(char *const *verifiers, char *const *schemes)
{
	enum strength stored = NONE, wanted = NONE;
	size_t count = count_of(verifiers);
	bool same = count == count_of(schemes);

	for (size_t i = 0; schemes[i] != NULL; i++) {
		if (strength_of(schemes[i]) > wanted)
			wanted = strength_of(schemes[i]);
	}
	for (size_t i = 0; i < count; i++) {
		const char *scheme = postern_password_scheme(verifiers[i]);

		if (scheme != NULL && strength_of(scheme) > stored)
			stored = strength_of(scheme);
		same = same && scheme != NULL && strcmp(scheme, schemes[i]) == 0;
	}
	return !same && wanted >= stored;
}

static void free_list(char ***list)
{
	for (char **text = *list; text != NULL && *text != NULL; text++)
		postern_secret_free(text);
	free(*list);
	*list = NULL;
}

static int copy_list(char *const *list, char ***copy_r, const char **error_r)
{
	size_t count = count_of(list);
	char **copy = calloc(count + 1, sizeof(*copy));

	*copy_r = copy;
	for (size_t i = 0; copy != NULL && i < count; i++) {
		copy[i] = strdup(list[i]);
		if (copy[i] == NULL)
			free_list(copy_r);
		copy = *copy_r;
	}
	return copy != NULL ? 0 : postern_error(error_r, "no memory for verifiers");
}

/* Does the password belong to these verifiers? As at the login, the first that can be
   computed decides. */
static int verify(const char *password, const char *account, char *const *verifiers,
		  const struct postern_config *config, const char **error_r)
{
	int ret = POSTERN_PASSWORD_UNKNOWN_SCHEME;

	for (; *verifiers != NULL; verifiers++) {
		ret = postern_password_verify(password, account, *verifiers,
					      &config->password_limits, error_r);
		if (ret < 0 || ret == POSTERN_PASSWORD_OK || ret == POSTERN_PASSWORD_MISMATCH)
			break;
	}
	return ret;
}

static int make_verifiers(const char *password, char *const *schemes, char ***verifiers_r,
			  const char **error_r)
{
	char **verifiers = calloc(count_of(schemes) + 1, sizeof(*verifiers));

	*verifiers_r = verifiers;
	if (verifiers == NULL)
		return postern_error(error_r, "no memory for verifiers");
	for (size_t i = 0; schemes[i] != NULL; i++) {
		if (postern_password_make(password, schemes[i], &verifiers[i], error_r) < 0)
			return -1;
	}
	return 0;
}

static int replace(const struct postern_config *config,
		   const struct postern_account_password *old, char *const *verifiers,
		   const char **error_r)
{
	struct postern_store *store = NULL;
	int ret = postern_store_open(config, POSTERN_STORE_VERIFIERS | POSTERN_STORE_UPGRADE,
				     &store, error_r);

	if (ret == 0)
		ret = postern_store_password_upgrade(store, old, (const char *const *)verifiers,
						     error_r);
	postern_store_free(&store);
	if (ret < 0)
		return -1;
	return ret == POSTERN_STORE_OK ? POSTERN_PASSWORD_UPGRADED : POSTERN_PASSWORD_KEPT;
}

struct search {
	const char *label;
	const struct postern_config *config;
	/* A copy, with verifiers NULL when there is none to be upgraded. */
	struct postern_account_password found;
};

static int find(const struct postern_account_password *password, void *context)
{
	struct search *search = context;
	const char *error;

	if (strcmp(password->label, search->label) != 0)
		return 0;
	if (!postern_password_upgrade_wanted(password->verifiers, search->config->password_schemes))
		return 1;
	search->found = *password;
	if (copy_list(password->verifiers, &search->found.verifiers, &error) < 0)
		return -1;
	return 1;
}

int postern_password_upgrade(struct postern_store *store, const struct postern_config *config,
			     const struct postern_account *account, const char *label,
			     const char *password, const char **error_r)
{
	struct search search = { .label = label, .config = config };
	char **verifiers = NULL;
	int ret = postern_store_password_each(store, account->id, find, &search, error_r);

	if (ret < 0)
		return -1;
	if (search.found.verifiers == NULL)
		return POSTERN_PASSWORD_KEPT;
	/* Once more: it may have been changed since the login was let in, and then stays as it
	   is. */
	ret = verify(password, account->name, search.found.verifiers, config, error_r);
	if (ret == POSTERN_PASSWORD_OK) {
		ret = make_verifiers(password, config->password_schemes, &verifiers, error_r);
		if (ret == 0)
			ret = replace(config, &search.found, verifiers, error_r);
	} else if (ret > 0) {
		ret = POSTERN_PASSWORD_KEPT;
	}
	free_list(&verifiers);
	free_list(&search.found.verifiers);
	return ret;
}
