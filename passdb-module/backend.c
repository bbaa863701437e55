/* SPDX-License-Identifier: MIT */
#include "backend.h"

#include <stdlib.h>
#include <string.h>

#include "mail_key.h"
#include "password_upgrade.h"

struct postern_backend {
	char *path;
	unsigned flags;
	struct postern_config *config;
	struct postern_store *store;
};

struct postern_backend *postern_backend_new(const char *path, bool verifiers)
{
	struct postern_backend *backend = calloc(1, sizeof(*backend));

	if (backend == NULL || (path != NULL && (backend->path = strdup(path)) == NULL))
		abort(); /* While Dovecot starts; its own allocator does the same. */
	backend->flags = POSTERN_STORE_READ | (verifiers ? POSTERN_STORE_VERIFIERS : 0);
	return backend;
}

void postern_backend_free(struct postern_backend **backend)
{
	if (*backend == NULL)
		return;
	postern_store_free(&(*backend)->store);
	postern_config_free(&(*backend)->config);
	free((*backend)->path);
	free(*backend);
	*backend = NULL;
}

/* What has failed is tried again at the next login. A store that was opened finds by itself that
   its files were replaced. */
static int open_store(struct postern_backend *backend, const char **error_r)
{
	if (backend->config == NULL &&
	    postern_config_load(backend->path, &backend->config, error_r) < 0)
		return -1;
	if (backend->store == NULL &&
	    postern_store_open(backend->config, backend->flags, &backend->store, error_r) < 0)
		return -1;
	return 0;
}

/* The login is recorded whatever comes of it, so there has to be one, empty if need be. */
static int open_for_login(struct postern_backend *backend, struct postern_login *login_r,
			  const char **error_r)
{
	memset(login_r, 0, sizeof(*login_r));
	return open_store(backend, error_r);
}

int postern_backend_by_key(struct postern_backend *backend,
			   const struct postern_fingerprint *fingerprint, unsigned service,
			   const char *authzid, struct postern_login *login_r, const char **error_r)
{
	if (open_for_login(backend, login_r, error_r) < 0)
		return -1;
	return postern_login_by_key(backend->store, backend->config, fingerprint, service, authzid,
				    login_r, error_r);
}

int postern_backend_mail_key(struct postern_backend *backend, const char *addresses,
			     struct postern_fingerprint *fingerprint, const char **error_r)
{
	if (open_store(backend, error_r) < 0)
		return -1;
	return postern_mail_key_find(backend->store, backend->config, addresses, fingerprint,
				     error_r);
}

int postern_backend_by_password(struct postern_backend *backend, const char *name,
				const char *password, unsigned service,
				const struct postern_fingerprint *fingerprint,
				struct postern_login *login_r, const char **error_r)
{
	if (open_for_login(backend, login_r, error_r) < 0)
		return -1;
	return postern_login_by_password(backend->store, backend->config, name, password, service,
					 fingerprint, login_r, error_r);
}

int postern_backend_upgrade(struct postern_backend *backend, const struct postern_login *login,
			    const char *password, const char **error_r)
{
	if (open_store(backend, error_r) < 0)
		return -1;
	if (!backend->config->upgrade_on_login)
		return POSTERN_PASSWORD_KEPT;
	return postern_password_upgrade(backend->store, backend->config, &login->account,
					login->label, password, error_r);
}

int postern_backend_precheck(struct postern_backend *backend, const char *name,
			     const struct postern_fingerprint *fingerprint,
			     struct postern_login *login_r, const char **error_r)
{
	if (open_for_login(backend, login_r, error_r) < 0)
		return -1;
	return postern_login_precheck(backend->store, backend->config, name, fingerprint, login_r,
				      error_r);
}

int postern_backend_credentials(struct postern_backend *backend, const char *name,
				const char *scheme, unsigned service,
				const struct postern_fingerprint *fingerprint,
				struct postern_login *login_r, char **verifier_r,
				const char **error_r)
{
	if (open_for_login(backend, login_r, error_r) < 0)
		return -1;
	return postern_login_credentials(backend->store, backend->config, name, scheme, service,
					 fingerprint, login_r, verifier_r, error_r);
}

int postern_backend_credentials_decoy(struct postern_backend *backend, const char *name,
				      const char *scheme, char **verifier_r, const char **error_r)
{
	if (open_store(backend, error_r) < 0)
		return -1;
	return postern_login_credentials_decoy(backend->store, name, scheme, verifier_r, error_r);
}

const char *postern_backend_sessions_socket(const struct postern_backend *backend)
{
	return backend->config == NULL || !backend->config->end_sessions ? NULL :
		backend->config->sessions_socket;
}

const char *postern_backend_store(struct postern_backend *backend)
{
	const char *ignored;

	/* What is wrong is said by who needs the store itself. */
	return open_store(backend, &ignored) < 0 ? NULL : backend->config->store;
}

const char *postern_backend_record_socket(const struct postern_backend *backend)
{
	return backend->config == NULL ? NULL : backend->config->record_socket;
}
