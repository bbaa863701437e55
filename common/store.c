/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <string.h>

#include "password.h"
#include "store_backend.h"

/* Which rotations go with a state (store.h). */
static const struct {
	const char *state, *rotations[4];
} dkim_states[] = {
	{ POSTERN_DKIM_PUBLISHED, { "", POSTERN_DKIM_WAITS, POSTERN_DKIM_SEEN } },
	{ POSTERN_DKIM_ACTIVE, { "" } },
	{ POSTERN_DKIM_RETIRED, { "", POSTERN_DKIM_FADES, POSTERN_DKIM_GONE } },
};

/* The one place that will choose when there is more than one kind of store. */
static const struct postern_store_backend *backend_of(const struct postern_config *config)
{
	(void)config;
	return &postern_store_sqlite;
}

/* Arguments. Each fails with what is wrong; none of them is an outcome. */

static int check_text(const char *what, const char *text, size_t max, const char **error_r)
{
	size_t size = strlen(text);

	if (size == 0)
		return postern_error(error_r, "%s is empty", what);
	if (size > max)
		return postern_error(error_r, "%s is longer than %zu octets", what, max);
	return 0;
}

static int check_services(unsigned services, const char **error_r)
{
	if (services == 0 || (services & ~POSTERN_SERVICES_ALL) != 0)
		return postern_error(error_r, "%#x is not a set of services", services);
	return 0;
}

static int check_account(const struct postern_account *account, const char **error_r)
{
	if (account->policy > POSTERN_POLICY_BOTH)
		return postern_error(error_r, "%d is not a policy", (int)account->policy);
	return 0;
}

static int check_address(const char *address, const char **error_r)
{
	if (check_text("the address", address, 2 * POSTERN_ADDRESS_MAX, error_r) < 0)
		return -1;
	if (strchr(address, '@') == NULL)
		return postern_error(error_r, "an address has an \"@\"");
	return 0;
}

static int check_verifiers(const char *const *verifiers, const char **error_r)
{
	size_t count = 0;

	for (; verifiers[count] != NULL; count++) {
		if (count == POSTERN_STORE_VERIFIERS_MAX) {
			return postern_error(error_r, "more than %d verifiers of one password",
					     POSTERN_STORE_VERIFIERS_MAX);
		}
		if (check_text("a verifier", verifiers[count], POSTERN_VERIFIER_MAX, error_r) < 0)
			return -1;
	}
	if (count == 0)
		return postern_error(error_r, "a password without a verifier");
	return 0;
}

static int check_dkim_state(const char *state, const char *rotation, const char **error_r)
{
	for (size_t i = 0; i < sizeof(dkim_states) / sizeof(dkim_states[0]); i++) {
		if (strcmp(dkim_states[i].state, state) != 0)
			continue;
		for (size_t k = 0; dkim_states[i].rotations[k] != NULL; k++) {
			if (strcmp(dkim_states[i].rotations[k], rotation) == 0)
				return 0;
		}
		return postern_error(error_r, "a DKIM selector that is %s has no such rotation",
				     state);
	}
	return postern_error(error_r, "the state of a DKIM selector is published, active or "
			     "retired");
}

/* A handle that was opened for less is a mistake of the program; it is refused all the same. */
static int need(const struct postern_store *store, unsigned flags, const char **error_r)
{
	if ((store->flags & flags) == flags)
		return 0;
	return postern_error(error_r, "the store was opened without %s",
		(flags & ~store->flags & POSTERN_STORE_VERIFIERS) == 0 ? "write access" : "passwords");
}

int postern_store_create(const struct postern_config *config, const char **error_r)
{
	return backend_of(config)->create(config, error_r);
}

int postern_store_upgrade(const struct postern_config *config, const char **error_r)
{
	return backend_of(config)->upgrade(config, error_r);
}

int postern_store_open(const struct postern_config *config, unsigned flags,
		       struct postern_store **store_r, const char **error_r)
{
	*store_r = NULL;
	return backend_of(config)->open(config, flags, store_r, error_r);
}

void postern_store_free(struct postern_store **store)
{
	if (*store == NULL)
		return;
	(*store)->backend->free(*store);
	*store = NULL;
}

const unsigned char *postern_store_id(const struct postern_store *store)
{
	return store->id;
}

int postern_store_version(struct postern_store *store, int64_t *version_r, const char **error_r)
{
	return store->backend->version(store, version_r, error_r);
}

int postern_store_snapshot_begin(struct postern_store *store, const char **error_r)
{
	if (store->flags != POSTERN_STORE_READ)
		return postern_error(error_r, "a snapshot is for a handle of readers");
	return store->backend->snapshot_begin(store, error_r);
}

void postern_store_snapshot_end(struct postern_store *store)
{
	store->backend->snapshot_end(store);
}

int postern_store_begin(struct postern_store *store, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0)
		return -1;
	return store->backend->begin(store, error_r);
}

int postern_store_commit(struct postern_store *store, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0)
		return -1;
	return store->backend->commit(store, error_r);
}

void postern_store_rollback(struct postern_store *store)
{
	store->backend->rollback(store);
}

int postern_store_account_find(struct postern_store *store, const char *name,
			       struct postern_account *account_r, const char **error_r)
{
	memset(account_r, 0, sizeof(*account_r));
	return store->backend->account_find(store, name, account_r, error_r);
}

int postern_store_account_add(struct postern_store *store, struct postern_account *account,
			      const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0 ||
	    check_text("the name", account->name, POSTERN_ACCOUNT_NAME_MAX, error_r) < 0 ||
	    check_account(account, error_r) < 0)
		return -1;
	return store->backend->account_add(store, account, error_r);
}

int postern_store_account_update(struct postern_store *store,
				 const struct postern_account *account, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0 || check_account(account, error_r) < 0)
		return -1;
	return store->backend->account_update(store, account, error_r);
}

int postern_store_account_remove(struct postern_store *store, int64_t account_id,
				 const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0)
		return -1;
	return store->backend->account_remove(store, account_id, error_r);
}

int postern_store_account_each(struct postern_store *store, postern_account_fn *fn,
			       void *context, const char **error_r)
{
	return store->backend->account_each(store, fn, context, error_r);
}

int postern_store_key_find(struct postern_store *store,
			   const struct postern_fingerprint *fingerprint,
			   struct postern_account_key *key_r, struct postern_account *account_r,
			   const char **error_r)
{
	memset(key_r, 0, sizeof(*key_r));
	memset(account_r, 0, sizeof(*account_r));
	return store->backend->key_find(store, fingerprint, key_r, account_r, error_r);
}

int postern_store_key_add(struct postern_store *store, struct postern_account_key *key,
			  const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0 ||
	    check_text("the label", key->label, sizeof(key->label) - 1, error_r) < 0 ||
	    check_text("the key type", key->type, sizeof(key->type) - 1, error_r) < 0 ||
	    check_services(key->services, error_r) < 0)
		return -1;
	return store->backend->key_add(store, key, error_r);
}

int postern_store_key_update(struct postern_store *store, const struct postern_account_key *key,
			     const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0 ||
	    check_text("the label", key->label, sizeof(key->label) - 1, error_r) < 0 ||
	    check_services(key->services, error_r) < 0)
		return -1;
	return store->backend->key_update(store, key, error_r);
}

int postern_store_key_remove(struct postern_store *store,
			     const struct postern_fingerprint *fingerprint, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0)
		return -1;
	return store->backend->key_remove(store, fingerprint, error_r);
}

int postern_store_key_each(struct postern_store *store, int64_t account_id, postern_key_fn *fn,
			   void *context, const char **error_r)
{
	return store->backend->key_each(store, account_id, fn, context, error_r);
}

int postern_store_password_set(struct postern_store *store, int64_t account_id,
			       const char *label, unsigned services,
			       const char *const *verifiers, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS, error_r) < 0 ||
	    check_text("the label", label, POSTERN_KEY_LABEL_MAX - 1, error_r) < 0 ||
	    check_services(services, error_r) < 0 || check_verifiers(verifiers, error_r) < 0)
		return -1;
	return store->backend->password_set(store, account_id, label, services, verifiers,
					    error_r);
}

int postern_store_password_remove(struct postern_store *store, int64_t account_id,
				  const char *label, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS, error_r) < 0)
		return -1;
	return store->backend->password_remove(store, account_id, label, error_r);
}

int postern_store_password_upgrade(struct postern_store *store,
				   const struct postern_account_password *password,
				   const char *const *verifiers, const char **error_r)
{
	if (need(store, POSTERN_STORE_UPGRADE | POSTERN_STORE_VERIFIERS, error_r) < 0 ||
	    check_verifiers(verifiers, error_r) < 0)
		return -1;
	return store->backend->password_upgrade(store, password, verifiers, error_r);
}

int postern_store_password_each(struct postern_store *store, int64_t account_id,
				postern_password_fn *fn, void *context, const char **error_r)
{
	if (need(store, POSTERN_STORE_VERIFIERS, error_r) < 0)
		return -1;
	return store->backend->password_each(store, account_id, fn, context, error_r);
}

int postern_store_address_add(struct postern_store *store, int64_t account_id,
			      const char *address, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0 || check_address(address, error_r) < 0)
		return -1;
	return store->backend->address_add(store, account_id, address, error_r);
}

int postern_store_address_remove(struct postern_store *store, int64_t account_id,
				 const char *address, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0)
		return -1;
	return store->backend->address_remove(store, account_id, address, error_r);
}

int postern_store_address_has(struct postern_store *store, int64_t account_id,
			      const char *address, const char **error_r)
{
	return store->backend->address_has(store, account_id, address, error_r);
}

int postern_store_address_each(struct postern_store *store, int64_t account_id,
			       postern_address_fn *fn, void *context, const char **error_r)
{
	return store->backend->address_each(store, account_id, fn, context, error_r);
}

int postern_store_address_owners(struct postern_store *store, const char *address,
				 postern_address_fn *fn, void *context, const char **error_r)
{
	return store->backend->address_owners(store, address, fn, context, error_r);
}

int postern_store_dkim_add(struct postern_store *store,
			   const struct postern_dkim_selector *selector, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0 ||
	    check_text("the domain", selector->domain, POSTERN_DOMAIN_MAX, error_r) < 0 ||
	    check_text("the selector", selector->selector, sizeof(selector->selector) - 1,
		       error_r) < 0 ||
	    check_text("the algorithm", selector->algorithm, sizeof(selector->algorithm) - 1,
		       error_r) < 0 ||
	    check_dkim_state(selector->state, selector->rotation, error_r) < 0)
		return -1;
	return store->backend->dkim_add(store, selector, error_r);
}

int postern_store_dkim_set_state(struct postern_store *store, const char *domain,
				 const char *selector, const char *state, const char *rotation,
				 const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0 ||
	    check_dkim_state(state, rotation, error_r) < 0)
		return -1;
	return store->backend->dkim_set_state(store, domain, selector, state, rotation, error_r);
}

int postern_store_dkim_remove(struct postern_store *store, const char *domain,
			      const char *selector, const char **error_r)
{
	if (need(store, POSTERN_STORE_WRITE, error_r) < 0)
		return -1;
	return store->backend->dkim_remove(store, domain, selector, error_r);
}

int postern_store_dkim_each(struct postern_store *store, const char *domain,
			    postern_dkim_fn *fn, void *context, const char **error_r)
{
	return store->backend->dkim_each(store, domain, fn, context, error_r);
}
