/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_STORE_H
#define POSTERN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "config.h"
#include "error.h"
#include "key.h"
#include "service.h"

/*
 * The store: accounts, their keys, addresses and passwords, and the DKIM selectors. It holds no
 * mail and no user's private key, and takes no decision; login.h and ownership.h do.
 *
 * Two SQLite files in one folder: postern.db, and verifiers.db with the passwords, which only
 * auth-worker, postern-keeper and the admin's command may open. The tables of the two are tied by account ids,
 * random 63-bit numbers that are never given twice; so a row of verifiers.db whose account is
 * gone opens nothing. A change that touches both commits verifiers.db first, which on a crash
 * in between leaves either such a row (adding) or an account without that password (removing):
 * a closed door both times.
 *
 * A handle belongs to one thread at a time, and is not carried over a fork. Reads see every
 * commit at once. A store that is locked is waited for, at most 2 seconds; one that is missing,
 * damaged, of another schema version or readable by the wrong people is a failure, never an
 * empty store. Each operation looks whether its file was removed or replaced: a good one in its
 * place is read from then on, and a walk or change that was under way fails. A handle that
 * failed can go on being used. Only postern_store_create makes a store.
 */
struct postern_store;

#define POSTERN_ACCOUNT_NAME_MAX 255
/* Verifiers of one password. */
#define POSTERN_STORE_VERIFIERS_MAX 16

enum postern_store_flags {
	/* postern.db, read only. */
	POSTERN_STORE_READ = 0,
	POSTERN_STORE_WRITE = 1 << 0,
	/* verifiers.db as well. */
	POSTERN_STORE_VERIFIERS = 1 << 1,
	/* With VERIFIERS, for postern_store_password_upgrade alone: verifiers.db may be
	   written, and is never waited for. */
	POSTERN_STORE_UPGRADE = 1 << 2,
};

enum postern_store_outcome {
	POSTERN_STORE_OK = 0,
	POSTERN_STORE_NOT_FOUND = 1,
	/* The name, fingerprint or address is taken. It is not said by whom. */
	POSTERN_STORE_EXISTS = 2,
};

enum postern_policy {
	POSTERN_POLICY_ANY,      /* key or password */
	POSTERN_POLICY_KEY,      /* key alone is taken */
	POSTERN_POLICY_PASSWORD, /* password alone is taken */
	POSTERN_POLICY_BOTH,     /* the password, on a connection that has the key */
};

struct postern_account {
	int64_t id;
	/* Prepared by postern_precis_username. */
	char name[POSTERN_ACCOUNT_NAME_MAX + 1];
	bool disabled;
	enum postern_policy policy;
	int64_t created; /* Unix time */
};

struct postern_account_key {
	struct postern_fingerprint fingerprint;
	int64_t account_id;
	char account_name[POSTERN_ACCOUNT_NAME_MAX + 1];
	char label[POSTERN_KEY_LABEL_MAX];
	char type[32];
	unsigned services;
	bool preauth;
	int64_t created;
};

struct postern_account_password {
	int64_t id;
	int64_t account_id;
	char label[POSTERN_KEY_LABEL_MAX];
	unsigned services;
	int64_t created;
	/* NULL-terminated; secrets. */
	char **verifiers;
};

/* States of a DKIM selector: its record may be in the DNS, and it does not sign yet; it signs; it
   signs no more, and its record stays a while. */
#define POSTERN_DKIM_PUBLISHED "published"
#define POSTERN_DKIM_ACTIVE "active"
#define POSTERN_DKIM_RETIRED "retired"

/* Where a rotation stands. A published one waits for its record in the DNS, or the record is seen,
   and reaches the last of the name servers. A retired one fades, and its record has to stay; or it
   is gone, with its key, and its record may go. */
#define POSTERN_DKIM_WAITS "waits"
#define POSTERN_DKIM_SEEN "seen"
#define POSTERN_DKIM_FADES "fades"
#define POSTERN_DKIM_GONE "gone"

struct postern_dkim_selector {
	char domain[POSTERN_DOMAIN_MAX + 1];
	char selector[64];
	char algorithm[16]; /* "rsa2048", "ed25519", … */
	char state[16];
	char rotation[8]; /* "" without */
	int64_t created;
	int64_t changed; /* since when in this state and rotation; the store's to fill in */
};

/* Called for each row; a value other than 0 ends the walk and is returned by it. A callback
   that fails does so with `return postern_error(…)`: the walk hands that text on. It may use
   the handle, but what it changes may or may not be seen by the walk. */
typedef int postern_account_fn(const struct postern_account *account, void *context);
typedef int postern_key_fn(const struct postern_account_key *key, void *context);
typedef int postern_password_fn(const struct postern_account_password *password, void *context);
typedef int postern_address_fn(const char *account_name, const char *address, void *context);
typedef int postern_dkim_fn(const struct postern_dkim_selector *selector, void *context);

/* Life. create fails if either file is there; interrupted at any point it leaves a store, or
   what the next create clears away. */
int postern_store_create(const struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_store_open(const struct postern_config *config, unsigned flags,
		       struct postern_store **store_r, const char **error_r) POSTERN_WARN_UNUSED;
void postern_store_free(struct postern_store **store);

/* Brings a store that an older postern made to the schema of this one; each file changes whole
   or not at all, and one that needs no change is left alone. Programs of the older postern read
   it no more. */
int postern_store_upgrade(const struct postern_config *config, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Random octets that were made with the store, for a handle with verifiers; not known outside of
   the machine. */
#define POSTERN_STORE_ID_SIZE 16
const unsigned char *postern_store_id(const struct postern_store *store);

/* Another number after each change to accounts, keys and addresses that somebody else has made, for
   as long as this handle lives; its own changes may or may not count. */
int postern_store_version(struct postern_store *store, int64_t *version_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* What is read of postern.db between begin and end is of one state, and its lock is taken once instead
   of for each operation. For handles that are opened for reading, one snapshot at a time; not for long,
   since writers cannot tidy up meanwhile. After a failure in between, end it and begin another. end
   without begin is fine. */
int postern_store_snapshot_begin(struct postern_store *store, const char **error_r)
	POSTERN_WARN_UNUSED;
void postern_store_snapshot_end(struct postern_store *store);

/* A change is one transaction; changes outside of one are a transaction each. begin takes
   the write lock. After a failure (not an outcome) within a change, commit fails and changes
   nothing. commit and rollback end it whatever they return. */
int postern_store_begin(struct postern_store *store, const char **error_r) POSTERN_WARN_UNUSED;
int postern_store_commit(struct postern_store *store, const char **error_r) POSTERN_WARN_UNUSED;
void postern_store_rollback(struct postern_store *store);

/* Accounts. Names are prepared by the caller. add fills in id and created. */
int postern_store_account_find(struct postern_store *store, const char *name,
			       struct postern_account *account_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_store_account_add(struct postern_store *store, struct postern_account *account,
			      const char **error_r) POSTERN_WARN_UNUSED;
/* Writes state and policy of account->id. */
int postern_store_account_update(struct postern_store *store,
				 const struct postern_account *account, const char **error_r)
	POSTERN_WARN_UNUSED;
/* Removes its keys, addresses and (with POSTERN_STORE_VERIFIERS) passwords too. */
int postern_store_account_remove(struct postern_store *store, int64_t account_id,
				 const char **error_r) POSTERN_WARN_UNUSED;
int postern_store_account_each(struct postern_store *store, postern_account_fn *fn,
			       void *context, const char **error_r) POSTERN_WARN_UNUSED;

/* Keys. key_find is the hot path: one indexed look-up, no allocation; it fills in the
   account as well. */
int postern_store_key_find(struct postern_store *store,
			   const struct postern_fingerprint *fingerprint,
			   struct postern_account_key *key_r, struct postern_account *account_r,
			   const char **error_r) POSTERN_WARN_UNUSED;
int postern_store_key_add(struct postern_store *store, struct postern_account_key *key,
			  const char **error_r) POSTERN_WARN_UNUSED;
/* Writes label, services and preauth of the account's key with key->fingerprint. NOT_FOUND when
   key->account_id has no such key. */
int postern_store_key_update(struct postern_store *store, const struct postern_account_key *key,
			     const char **error_r) POSTERN_WARN_UNUSED;
int postern_store_key_remove(struct postern_store *store,
			     const struct postern_fingerprint *fingerprint, const char **error_r)
	POSTERN_WARN_UNUSED;
/* account_id 0 walks over all. */
int postern_store_key_each(struct postern_store *store, int64_t account_id,
			   postern_key_fn *fn, void *context, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Passwords (a handle with POSTERN_STORE_VERIFIERS). set replaces the one with this label,
   else adds; remove by label. verifier rows come in the order they were given. */
int postern_store_password_set(struct postern_store *store, int64_t account_id,
			       const char *label, unsigned services,
			       const char *const *verifiers, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_store_password_remove(struct postern_store *store, int64_t account_id,
				  const char *label, const char **error_r) POSTERN_WARN_UNUSED;
/* Puts new verifiers in place of those that password has, label, services and time of creation
   kept, in one transaction of verifiers.db. NOT_FOUND when they are not those any more, or the
   password is gone. */
int postern_store_password_upgrade(struct postern_store *store,
				   const struct postern_account_password *password,
				   const char *const *verifiers, const char **error_r)
	POSTERN_WARN_UNUSED;
/* account_id 0 walks over all. */
int postern_store_password_each(struct postern_store *store, int64_t account_id,
				postern_password_fn *fn, void *context, const char **error_r)
	POSTERN_WARN_UNUSED;

/* Addresses beyond the account's own name: "local@domain" as postern_address_format writes it,
   or "@domain" as postern_domain_normalize. One address may be several accounts'. */
int postern_store_address_add(struct postern_store *store, int64_t account_id,
			      const char *address, const char **error_r) POSTERN_WARN_UNUSED;
int postern_store_address_remove(struct postern_store *store, int64_t account_id,
				 const char *address, const char **error_r) POSTERN_WARN_UNUSED;
/* POSTERN_STORE_OK when the account has exactly this address, else NOT_FOUND. */
int postern_store_address_has(struct postern_store *store, int64_t account_id,
			      const char *address, const char **error_r) POSTERN_WARN_UNUSED;
int postern_store_address_each(struct postern_store *store, int64_t account_id,
			       postern_address_fn *fn, void *context, const char **error_r)
	POSTERN_WARN_UNUSED;
/* The accounts that have exactly this address. */
int postern_store_address_owners(struct postern_store *store, const char *address,
				 postern_address_fn *fn, void *context, const char **error_r)
	POSTERN_WARN_UNUSED;

/* DKIM selectors: which there are; their private keys are files in dkim_dir. domain NULL
   walks over all. In the order of domain and selector. */
int postern_store_dkim_add(struct postern_store *store,
			   const struct postern_dkim_selector *selector, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_store_dkim_set_state(struct postern_store *store, const char *domain,
				 const char *selector, const char *state, const char *rotation,
				 const char **error_r) POSTERN_WARN_UNUSED;
int postern_store_dkim_remove(struct postern_store *store, const char *domain,
			      const char *selector, const char **error_r) POSTERN_WARN_UNUSED;
int postern_store_dkim_each(struct postern_store *store, const char *domain,
			    postern_dkim_fn *fn, void *context, const char **error_r)
	POSTERN_WARN_UNUSED;

#endif
