/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_AUTH_DOVECOT_COMPAT_H
#define POSTERN_AUTH_DOVECOT_COMPAT_H

/*
 * The auth process's side of Dovecot, and all that differs in it from one version to the next. No
 * other file of the module asks which Dovecot it is compiled for, but dovecot-compat-mechanism.h,
 * the second half of this one.
 *
 * Served: 2.3.19 to 2.3.21, and 2.4.1 to 2.4.5.
 */

/* The fields of a request are const to all but those who set them on purpose, as we do for
   no_penalty. */
#define AUTH_REQUEST_FIELDS_CONST

#include "auth-common.h"
#include "array.h"
#include "str.h"
#include "auth-fields.h"
#include "auth-request.h"
#include "auth-request-handler.h"
#include "passdb.h"
#include "passdb-blocking.h"

#define POSTERN_DOVECOT_2_4 DOVECOT_PREREQ(2, 4, 0)

/* In the course of 2.4 the mechanisms moved to a library that knows no auth_request. */
#if __has_include("auth-sasl.h")
# define POSTERN_SASL_LIBRARY 1
# include "lib-event-private.h"
# include "sasl-server-protected.h"
#else
# define POSTERN_SASL_LIBRARY 0
# include "mech.h"
# include "mech-plain-common.h"
#endif
#if !POSTERN_DOVECOT_2_4
# include "passdb-template.h"
#endif

/*
 * Requests
 */

/* Is this an auth-worker: the place where work may take milliseconds? */
static inline bool compat_is_worker(void)
{
	return worker;
}

/* Is somebody logging in? If not, a user is looked up (doveadm, LMTP). In the auth process only. */
static inline bool compat_is_login(const struct auth_request *request)
{
#if POSTERN_SASL_LIBRARY
	return request->sasl.req.mech != NULL;
#else
	return request->mech != NULL;
#endif
}

/* "imap", "smtp", …; and the name of the mechanism, in an auth-worker too. */
static inline const char *compat_protocol(const struct auth_request *request)
{
#if POSTERN_DOVECOT_2_4
	return request->fields.protocol;
#else
	return request->fields.service;
#endif
}

static inline const char *compat_mechanism(const struct auth_request *request)
{
	return request->fields.mech_name;
}

static inline bool compat_is_secured(const struct auth_request *request)
{
#if POSTERN_DOVECOT_2_4
	return request->fields.conn_secured != AUTH_REQUEST_CONN_SECURED_NONE;
#else
	return request->fields.secured != AUTH_REQUEST_SECURED_NONE;
#endif
}

/* Makes room for fields of the userdb, of which there are none yet. */
static inline void compat_userdb_reply_init(struct auth_request *request)
{
#if POSTERN_DOVECOT_2_4
	auth_request_init_userdb_reply(request);
#else
	auth_request_init_userdb_reply(request, FALSE);
#endif
}

/* Should this request fail, then without the delay that is for who guesses passwords. */
static inline void compat_set_nodelay(struct auth_request *request)
{
#if POSTERN_DOVECOT_2_4
	request->failure_nodelay = TRUE;
#else
	auth_fields_add(request->fields.extra_fields, "nodelay", NULL, AUTH_FIELD_FLAG_HIDDEN);
#endif
}

/*
 * Log
 */

/* What a line about request begins with: 2.3 leaves it to us to say who and from where. */
static inline const char *compat_log_prefix(struct auth_request *request ATTR_UNUSED)
{
#if POSTERN_DOVECOT_2_4
	return "postern: ";
#else
	string_t *prefix = t_str_new(64);

	auth_request_get_log_prefix(prefix, request, "postern");
	return str_c(prefix);
#endif
}

static inline void compat_log_password_mismatch(struct auth_request *request)
{
#if POSTERN_DOVECOT_2_4
	auth_request_db_log_password_mismatch(request);
#else
	auth_request_log_password_mismatch(request, AUTH_SUBSYS_DB);
#endif
}

static inline void compat_log_unknown_user(struct auth_request *request)
{
#if POSTERN_DOVECOT_2_4
	auth_request_db_log_unknown_user(request);
#else
	auth_request_log_unknown_user(request, AUTH_SUBSYS_DB);
#endif
}

/*
 * Passdbs
 */

static inline void compat_credentials_reply(lookup_credentials_callback_t *callback,
					    enum passdb_result result,
					    struct auth_request *request)
{
#if POSTERN_SASL_LIBRARY
	callback(result, NULL, 0, NULL, request);
#else
	callback(result, NULL, 0, request);
#endif
}

/* From 2.4 on, auth and auth-worker compare their lists of passdbs and part when these differ. */
static inline bool compat_worker_wants_same_passdbs(void)
{
	return POSTERN_DOVECOT_2_4;
}

/* An auth_passdb of auth that carries module, has the settings of model, and no fields to add. */
static inline struct auth_passdb *compat_auth_passdb_new(struct auth *auth,
							 const struct auth_passdb *model,
							 struct passdb_module *module)
{
	struct auth_passdb *passdb = p_new(auth->pool, struct auth_passdb, 1);
	struct auth_passdb_settings *set = p_memdup(auth->pool, model->set, sizeof(*set));

	set->deny = FALSE;
	passdb->set = set;
	passdb->passdb = module;
	passdb->skip = AUTH_PASSDB_SKIP_NEVER;
#if POSTERN_DOVECOT_2_4
	passdb->name = model->name;
	passdb->auth_set = model->auth_set;
	passdb->unexpanded_post_set = model->unexpanded_post_set;
	/* Each of them will be freed once more for this passdb. */
	pool_ref(passdb->set->pool);
	pool_ref(passdb->auth_set->pool);
	pool_ref(passdb->unexpanded_post_set->pool);
#else
	set->pass = FALSE;
	passdb->default_fields_tmpl = passdb_template_build(auth->pool, "");
	passdb->override_fields_tmpl = passdb_template_build(auth->pool, "");
#endif
	return passdb;
}

/* Defines the preinit function of the passdb interface: name(…) hands the path of the
   configuration, or NULL, to make. */
#if POSTERN_SASL_LIBRARY
# define COMPAT_DEFINE_PREINIT(name, make) \
	static int name(pool_t pool, struct event *event ATTR_UNUSED, \
			const struct passdb_parameters *parameters ATTR_UNUSED, \
			struct passdb_module **module_r, const char **error_r ATTR_UNUSED) \
	{ \
		*module_r = make(pool, getenv(POSTERN_CONFIG_VARIABLE)); \
		return 0; \
	}
#elif POSTERN_DOVECOT_2_4
# define COMPAT_DEFINE_PREINIT(name, make) \
	static int name(pool_t pool, struct event *event ATTR_UNUSED, \
			struct passdb_module **module_r, const char **error_r ATTR_UNUSED) \
	{ \
		*module_r = make(pool, getenv(POSTERN_CONFIG_VARIABLE)); \
		return 0; \
	}
#else
# define COMPAT_DEFINE_PREINIT(name, make) \
	static struct passdb_module *name(pool_t pool, const char *args) \
	{ \
		return make(pool, *args == '\0' ? NULL : args); \
	}
#endif
/* 2.4 has no args; where the configuration is not in its usual place, import_environment tells. */
#define POSTERN_CONFIG_VARIABLE "POSTERN_CONFIG"

#endif
