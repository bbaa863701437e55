/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_STORE_BACKEND_H
#define POSTERN_STORE_BACKEND_H

#include "store.h"

/*
 * What a kind of store has to provide, for store.c alone. Each function does what its
 * namesake in store.h promises. store.c has looked at the arguments before: sizes, words and
 * flags are right; a handle for reading is never asked to write, one for writing never for a
 * snapshot, and one without verifiers never for passwords.
 */
struct postern_store_backend {
	int (*create)(const struct postern_config *config, const char **error_r);
	int (*upgrade)(const struct postern_config *config, const char **error_r);
	int (*open)(const struct postern_config *config, unsigned flags,
		    struct postern_store **store_r, const char **error_r);
	void (*free)(struct postern_store *store);

	int (*version)(struct postern_store *store, int64_t *version_r, const char **error_r);
	int (*snapshot_begin)(struct postern_store *store, const char **error_r);
	void (*snapshot_end)(struct postern_store *store);
	int (*begin)(struct postern_store *store, const char **error_r);
	int (*commit)(struct postern_store *store, const char **error_r);
	void (*rollback)(struct postern_store *store);

	int (*account_find)(struct postern_store *store, const char *name,
			    struct postern_account *account_r, const char **error_r);
	int (*account_add)(struct postern_store *store, struct postern_account *account,
			   const char **error_r);
	int (*account_update)(struct postern_store *store, const struct postern_account *account,
			      const char **error_r);
	int (*account_remove)(struct postern_store *store, int64_t account_id,
			      const char **error_r);
	int (*account_each)(struct postern_store *store, postern_account_fn *fn, void *context,
			    const char **error_r);

	int (*key_find)(struct postern_store *store, const struct postern_fingerprint *fingerprint,
			struct postern_account_key *key_r, struct postern_account *account_r,
			const char **error_r);
	int (*key_add)(struct postern_store *store, struct postern_account_key *key,
		       const char **error_r);
	int (*key_update)(struct postern_store *store, const struct postern_account_key *key,
			  const char **error_r);
	int (*key_remove)(struct postern_store *store,
			  const struct postern_fingerprint *fingerprint, const char **error_r);
	int (*key_each)(struct postern_store *store, int64_t account_id, postern_key_fn *fn,
			void *context, const char **error_r);

	int (*password_set)(struct postern_store *store, int64_t account_id, const char *label,
			    unsigned services, const char *const *verifiers, const char **error_r);
	int (*password_remove)(struct postern_store *store, int64_t account_id, const char *label,
			       const char **error_r);
	int (*password_upgrade)(struct postern_store *store,
				const struct postern_account_password *password,
				const char *const *verifiers, const char **error_r);
	int (*password_each)(struct postern_store *store, int64_t account_id,
			     postern_password_fn *fn, void *context, const char **error_r);

	int (*address_add)(struct postern_store *store, int64_t account_id, const char *address,
			   const char **error_r);
	int (*address_remove)(struct postern_store *store, int64_t account_id, const char *address,
			      const char **error_r);
	int (*address_has)(struct postern_store *store, int64_t account_id, const char *address,
			   const char **error_r);
	int (*address_each)(struct postern_store *store, int64_t account_id,
			    postern_address_fn *fn, void *context, const char **error_r);
	int (*address_owners)(struct postern_store *store, const char *address,
			      postern_address_fn *fn, void *context, const char **error_r);

	int (*dkim_add)(struct postern_store *store, const struct postern_dkim_selector *selector,
			const char **error_r);
	int (*dkim_set_state)(struct postern_store *store, const char *domain, const char *selector,
			      const char *state, const char *rotation, const char **error_r);
	int (*dkim_remove)(struct postern_store *store, const char *domain, const char *selector,
			   const char **error_r);
	int (*dkim_each)(struct postern_store *store, const char *domain, postern_dkim_fn *fn,
			 void *context, const char **error_r);
};

/* A backend's handle begins with this. */
struct postern_store {
	const struct postern_store_backend *backend;
	unsigned flags;
	/* Filled in when it is opened with verifiers; all zero else. */
	unsigned char id[POSTERN_STORE_ID_SIZE];
};

/* Two SQLite files in the folder config->store. */
extern const struct postern_store_backend postern_store_sqlite;

#endif
