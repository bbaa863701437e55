/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

#include <sys/resource.h>

/*
 * `passdb { driver = postern }`. Looks keys up in the auth process, which takes microseconds, and
 * compares passwords in auth-worker, which takes as long as crypt(3) is made to take. Nothing is
 * ever taken from the auth cache.
 */
#define POSTERN_EXPORT __attribute__((visibility("default")))

struct module;

POSTERN_EXPORT extern const char *authdb_postern_version;
POSTERN_EXPORT void authdb_postern_init(struct module *module);
POSTERN_EXPORT void authdb_postern_deinit(void);

const char *authdb_postern_version = DOVECOT_ABI_VERSION;

static struct postern_passdb *module_of(const struct auth_request *request)
{
	return container_of(request->passdb->passdb, struct postern_passdb, module);
}

static struct passdb_module *module_new(pool_t pool, const char *config_path)
{
	struct postern_passdb *passdb = p_new(pool, struct postern_passdb, 1);

	passdb->backend = postern_backend_new(config_path, compat_is_worker());
	passdb->module.blocking = FALSE;
	passdb->module.default_cache_key = NULL;
	passdb->module.default_pass_scheme = "CRYPT";
	return &passdb->module;
}

COMPAT_DEFINE_PREINIT(module_preinit, module_new)

/* Those who guess passwords may keep every auth-worker busy. The auth process, which answers
   the keys in between, is to get a processor at once all the same, and with it the login
   processes. */
#define WORKER_PRIORITY 10

static void step_back(void)
{
	/* A worker that may not is no worse than before. */
	if (compat_is_worker())
		(void)setpriority(PRIO_PROCESS, 0, WORKER_PRIORITY);
}

static void module_init(struct passdb_module *module)
{
	step_back();
	if (compat_is_worker())
		postern_schemes_install();
	/* Which part of the work is for the workers is decided here, whatever the settings say. */
	module->blocking = FALSE;
	postern_external_install();
	postern_guard_install();
	postern_finish_install();
}

static void module_deinit(struct passdb_module *module)
{
	struct postern_passdb *passdb = container_of(module, struct postern_passdb, module);

	postern_external_remove();
	postern_finish_remove();
	postern_turns_remove();
	postern_backend_free(&passdb->backend);
}

static enum passdb_result verify_key(struct auth_request *request,
				     const struct postern_attempt *attempt)
{
	struct postern_login login;
	const char *error = NULL;
	int outcome = postern_backend_by_key(module_of(request)->backend, attempt->fingerprint,
					     attempt->service, NULL, &login, &error);

	/* The name was set from this key a moment ago. */
	if (outcome == POSTERN_LOGIN_OK && strcmp(login.account.name, request->fields.user) != 0)
		outcome = POSTERN_LOGIN_OTHER_ACCOUNT;
	/* The key is gone meanwhile: nobody behind us is to be asked about an empty password. */
	if (outcome == POSTERN_LOGIN_NOT_OURS)
		return PASSDB_RESULT_USER_DISABLED;
	return postern_decide(request, attempt, outcome, &login, error);
}

/* In auth-worker. */
static void verify_password(struct auth_request *request, const char *password,
			    const struct postern_attempt *attempt,
			    verify_plain_callback_t *callback)
{
	struct postern_backend *backend = module_of(request)->backend;
	struct postern_login login;
	const char *error = NULL;
	int outcome;

	postern_turns_install(postern_backend_store(backend));
	outcome = postern_backend_by_password(backend, request->fields.user, password,
					      attempt->service, attempt->fingerprint, &login,
					      &error);
	auth_request_ref(request);
	callback(postern_decide(request, attempt, outcome, &login, error), request);
	/* The user is in, and does not wait for what is done now. */
	if (outcome == POSTERN_LOGIN_OK)
		postern_upgrade(request, backend, &login, password);
	auth_request_unref(&request);
}

/* In the auth process. Returns PASSDB_RESULT_NEXT when the worker has to be asked. */
static enum passdb_result precheck(struct auth_request *request,
				   const struct postern_attempt *attempt)
{
	struct postern_login login;
	const char *error = NULL;
	int outcome = postern_backend_precheck(module_of(request)->backend, request->fields.user,
					       attempt->fingerprint, &login, &error);

	/* An earlier passdb has compared the password, and ours is asked for more fields. */
	if (outcome == POSTERN_LOGIN_OK && request->fields.skip_password_check)
		return postern_decide(request, attempt, outcome, &login, NULL);
	/* A user of somebody else's costs no more than this; at the end of the list, as much as a
	   wrong password. */
	if (outcome == POSTERN_LOGIN_OK ||
	    (outcome == POSTERN_LOGIN_NOT_OURS && request->passdb->next == NULL &&
	     !request->fields.skip_password_check))
		return PASSDB_RESULT_NEXT;
	return postern_decide(request, attempt, outcome, &login, error);
}

static void verify_plain(struct auth_request *request, const char *password,
			 verify_plain_callback_t *callback)
{
	struct postern_attempt attempt;
	enum passdb_result result;
	const char *error;

	if (postern_attempt_init(request, &attempt, &error) < 0)
		result = postern_decide(request, &attempt, -1, NULL, error);
	else if (!compat_is_worker() && postern_external_by_key(request))
		result = verify_key(request, &attempt);
	else if (postern_request_is_external(request) || attempt.service == 0)
		/* No password of ours is empty, or good for that service. */
		result = PASSDB_RESULT_USER_UNKNOWN;
	else if (compat_is_worker()) {
		verify_password(request, password, &attempt, callback);
		return;
	} else if ((result = precheck(request, &attempt)) == PASSDB_RESULT_NEXT) {
		passdb_blocking_verify_plain(request);
		return;
	}
	callback(result, request);
}

/* For SCRAM, CRAM-MD5 and APOP. A lookup that is no login (doveadm, LMTP) wants no scheme, and gets
   no verifier. */
static void lookup_credentials(struct auth_request *request,
			       lookup_credentials_callback_t *callback)
{
	struct postern_attempt attempt;
	enum passdb_result result;
	const char *error;

	if (postern_attempt_init(request, &attempt, &error) < 0)
		result = postern_decide(request, &attempt, -1, NULL, error);
	else if (*request->wanted_credentials_scheme == '\0' || attempt.service == 0)
		result = PASSDB_RESULT_USER_UNKNOWN;
	else if (compat_is_worker()) {
		postern_credentials_reply(request, module_of(request)->backend, &attempt, callback);
		return;
	} else if ((result = precheck(request, &attempt)) == PASSDB_RESULT_NEXT) {
		passdb_blocking_lookup_credentials(request);
		return;
	}
	compat_credentials_reply(callback, result, request);
}

static struct passdb_module_interface interface = {
	.name = "postern",
	.preinit = module_preinit,
	.init = module_init,
	.deinit = module_deinit,
	.verify_plain = verify_plain,
	.lookup_credentials = lookup_credentials,
};

struct postern_passdb *postern_passdb_of(const struct auth *auth)
{
	const struct auth_passdb *passdb;

	for (passdb = auth->passdbs; passdb != NULL; passdb = passdb->next) {
		if (passdb->passdb->iface.verify_plain == verify_plain)
			return container_of(passdb->passdb, struct postern_passdb, module);
	}
	return NULL;
}

void authdb_postern_init(struct module *module ATTR_UNUSED)
{
	passdb_register_module(&interface);
}

void authdb_postern_deinit(void)
{
	passdb_unregister_module(&interface);
}
