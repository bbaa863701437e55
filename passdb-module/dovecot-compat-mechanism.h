/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_AUTH_DOVECOT_COMPAT_MECHANISM_H
#define POSTERN_AUTH_DOVECOT_COMPAT_MECHANISM_H

/*
 * How a mechanism that Dovecot has registered is replaced (external.c) or watched (finish.c), which
 * no two versions have alike.
 */
#include "dovecot-compat.h"

/*
 * A SASL mechanism in place of the registered one of that name
 *
 * Defined by COMPAT_DEFINE_MECHANISM: id is its identifier, type what it keeps for a request, with
 * a struct compat_mechanism_request in front, continuation the function that gets a response.
 */
typedef void compat_continuation_t(struct auth_request *request, const unsigned char *data,
				   size_t size);

#if POSTERN_SASL_LIBRARY

struct compat_mechanism_request {
	struct sasl_server_mech_request request;
};

struct compat_mechanism {
	const struct sasl_server_mech_def *own, *original;
};

/*
 * Where the library does not tell which auth_request it is about: the event of its own request is
 * a child of that one's, which asks the auth_request for the prefix of each line. NULL if it is
 * not so.
 */
static inline struct auth_request *compat_auth_request_of_event(const struct event *event)
{
	const struct event *parent = event->parent;

	return parent == NULL || parent->log_prefix_callback == NULL ? NULL :
		parent->log_prefix_callback_context;
}

/* The penalty is looked up before a mechanism gets its first word, and auth_new is not told for
   which request it makes one. But the newest event was made for it, by
   sasl_server_request_create. */
static inline void compat_set_no_penalty_newest(void)
{
	struct auth_request *request = compat_auth_request_of_event(events_get_head());

	if (request != NULL)
		request->fields.no_penalty = TRUE;
}

static inline struct auth_request *
compat_auth_request_of(struct sasl_server_mech_request *mech_request)
{
	return container_of(sasl_server_request_get_req_ctx(mech_request), struct auth_request,
			    sasl.req);
}

# define COMPAT_DEFINE_MECHANISM(id, mech_name, type, continuation) \
	static struct sasl_server_mech_request * \
	id##_mechanism_new(const struct sasl_server_mech *mech ATTR_UNUSED, pool_t pool) \
	{ \
		type *request = p_new(pool, type, 1); \
		compat_set_no_penalty_newest(); \
		return &((struct compat_mechanism_request *)request)->request; \
	} \
	static void id##_mechanism_continue(struct sasl_server_mech_request *request, \
				  const unsigned char *data, size_t size) \
	{ \
		continuation(compat_auth_request_of(request), data, size); \
	} \
	static const struct sasl_server_mech_funcs id##_funcs = { \
		.auth_new = id##_mechanism_new, \
		.auth_initial = sasl_server_mech_generic_auth_initial, \
		.auth_continue = id##_mechanism_continue, \
	}; \
	static const struct sasl_server_mech_def id##_def = { \
		.name = mech_name, \
		.passdb_need = SASL_MECH_PASSDB_NEED_VERIFY_PLAIN, \
		.funcs = &id##_funcs, \
	}; \
	static struct compat_mechanism id = { .own = &id##_def }

static inline void compat_mechanism_set(const struct sasl_server_mech_def *from,
					const struct sasl_server_mech_def *to)
{
	struct sasl_server_mech *mech;
	struct auth *auth;

	array_foreach_elem(&auths, auth) {
		mech = (struct sasl_server_mech *)sasl_server_mech_find(auth->sasl_inst, to->name);
		if (mech != NULL && mech->def == from)
			mech->def = to;
	}
}

/* Returns FALSE when no mechanism of that name is registered. */
static inline bool compat_mechanism_install(struct compat_mechanism *mechanism)
{
	struct auth *auth = auth_default_protocol();
	const struct sasl_server_mech *mech =
		sasl_server_mech_find(auth->sasl_inst, mechanism->own->name);

	if (mech == NULL)
		return FALSE;
	mechanism->original = mech->def;
	compat_mechanism_set(mechanism->original, mechanism->own);
	return TRUE;
}

static inline void compat_mechanism_remove(struct compat_mechanism *mechanism)
{
	compat_mechanism_set(mechanism->own, mechanism->original);
}

/* What mechanism keeps for request; NULL when that is another one's. */
static inline void *compat_mechanism_request(const struct compat_mechanism *mechanism,
					     const struct auth_request *request)
{
	if (request->sasl.req.mech == NULL || request->sasl.req.mech->def != mechanism->own)
		return NULL;
	return sasl_server_request_get_mech_request(
		(struct sasl_server_req_ctx *)&request->sasl.req);
}

/* Lets the mechanism that was registered go on. */
static inline void compat_mechanism_original(const struct compat_mechanism *mechanism,
					     struct auth_request *request,
					     const unsigned char *data, size_t size)
{
	mechanism->original->funcs->auth_continue(
		sasl_server_request_get_mech_request(&request->sasl.req), data, size);
}

/* Asks the passdbs; success and failure follow from their answer. */
static inline void compat_mechanism_verify_plain(struct auth_request *request, const char *password)
{
	sasl_server_request_verify_plain(sasl_server_request_get_mech_request(&request->sasl.req),
					 password, sasl_server_mech_plain_verify_callback);
}

static inline void compat_mechanism_fail(struct auth_request *request, bool internal)
{
	struct sasl_server_mech_request *mech_request =
		sasl_server_request_get_mech_request(&request->sasl.req);

	if (internal)
		sasl_server_request_internal_failure(mech_request);
	else
		sasl_server_request_failure(mech_request);
}

#else

struct compat_mechanism_request {
	struct auth_request request;
};

struct compat_mechanism {
	const char *name;
	struct auth_request *(*auth_new)(void);
	compat_continuation_t *auth_continue;
	struct mech_module *registered;
	struct mech_module original;
};

# define COMPAT_DEFINE_MECHANISM(id, mech_name, type, continuation) \
	static struct auth_request *id##_mechanism_new(void) \
	{ \
		pool_t pool = pool_alloconly_create(MEMPOOL_GROWING mech_name " request", 2048); \
		struct auth_request *request = (struct auth_request *)p_new(pool, type, 1); \
		request->pool = pool; \
		/* The penalty is looked up before the mechanism gets its first word. */ \
		request->fields.no_penalty = TRUE; \
		return request; \
	} \
	static struct compat_mechanism id = { \
		.name = mech_name, .auth_new = id##_mechanism_new, .auth_continue = continuation, \
	}

/* NULL when no mechanism of that name is registered. All auths share the registered ones. */
static inline struct mech_module *compat_mechanism_registered(const char *name)
{
# if POSTERN_DOVECOT_2_4
	const struct auth *auth = auth_default_protocol();
# else
	const struct auth *auth = auth_default_service();
# endif
	struct mech_module_list *list = auth->reg->modules;

	while (list != NULL && strcmp(list->module.mech_name, name) != 0)
		list = list->next;
	return list == NULL ? NULL : &list->module;
}

/* Returns FALSE when no mechanism of that name is registered. */
static inline bool compat_mechanism_install(struct compat_mechanism *mechanism)
{
	struct mech_module *registered = compat_mechanism_registered(mechanism->name);

	if (registered == NULL)
		return FALSE;
	mechanism->registered = registered;
	mechanism->original = *registered;
	registered->auth_new = mechanism->auth_new;
	registered->auth_initial = mech_generic_auth_initial;
	registered->auth_continue = mechanism->auth_continue;
	registered->auth_free = mech_generic_auth_free;
	return TRUE;
}

static inline void compat_mechanism_remove(struct compat_mechanism *mechanism)
{
	*mechanism->registered = mechanism->original;
}

/* What mechanism keeps for request; NULL when that is another one's. */
static inline void *compat_mechanism_request(const struct compat_mechanism *mechanism,
					     const struct auth_request *request)
{
	if (mechanism->registered == NULL || request->mech != mechanism->registered)
		return NULL;
	return (struct auth_request *)request;
}

/* Lets the mechanism that was registered go on. */
static inline void compat_mechanism_original(const struct compat_mechanism *mechanism,
					     struct auth_request *request,
					     const unsigned char *data, size_t size)
{
	mechanism->original.auth_continue(request, data, size);
}

/* Asks the passdbs; success and failure follow from their answer. */
static inline void compat_mechanism_verify_plain(struct auth_request *request, const char *password)
{
	auth_request_verify_plain(request, password, plain_verify_callback);
}

static inline void compat_mechanism_fail(struct auth_request *request, bool internal)
{
	if (internal)
		auth_request_internal_failure(request);
	else
		auth_request_fail(request);
}

#endif

/*
 * The end of a request of a mechanism that is not ours
 *
 * fn is called with each request of the registered mechanism of that name before it is freed, while
 * it is whole but for its events.
 */
typedef void compat_ending_t(struct auth_request *request);

#if POSTERN_SASL_LIBRARY

struct compat_watch {
	struct sasl_server_mech_def own;
	struct sasl_server_mech_funcs funcs;
	const struct sasl_server_mech_def *original;
	compat_ending_t *fn;
};

static inline void compat_watch_free(struct sasl_server_mech_request *request)
{
	const struct compat_watch *watch =
		container_of(request->mech->def, const struct compat_watch, own);
	struct auth_request *auth_request = compat_auth_request_of_event(request->event);

	/* The library has forgotten its own way to it by now. */
	if (auth_request != NULL)
		watch->fn(auth_request);
	if (watch->original->funcs->auth_free != NULL)
		watch->original->funcs->auth_free(request);
}

static inline void compat_watch_install(struct compat_watch *watch, const char *name,
					compat_ending_t *fn)
{
	const struct sasl_server_mech *mech =
		sasl_server_mech_find(auth_default_protocol()->sasl_inst, name);

	if (mech == NULL || watch->original != NULL)
		return;
	watch->original = mech->def;
	watch->own = *mech->def;
	watch->funcs = *mech->def->funcs;
	watch->funcs.auth_free = compat_watch_free;
	watch->own.funcs = &watch->funcs;
	watch->fn = fn;
	compat_mechanism_set(watch->original, &watch->own);
}

static inline void compat_watch_remove(struct compat_watch *watch)
{
	if (watch->original != NULL)
		compat_mechanism_set(&watch->own, watch->original);
	watch->original = NULL;
}

#else

struct compat_watch {
	struct mech_module *registered;
	struct mech_module original;
	compat_ending_t *fn;
	struct compat_watch *next;
};

/* A request knows its mechanism, and a mechanism nothing of us. */
static struct compat_watch *compat_watches;

static inline void compat_watch_free(struct auth_request *request)
{
	const struct compat_watch *watch = compat_watches;

	while (watch->registered != request->mech)
		watch = watch->next;
	watch->fn(request);
	watch->original.auth_free(request);
}

static inline void compat_watch_install(struct compat_watch *watch, const char *name,
					compat_ending_t *fn)
{
	struct mech_module *registered = compat_mechanism_registered(name);

	if (registered == NULL || watch->registered != NULL)
		return;
	watch->registered = registered;
	watch->original = *registered;
	watch->fn = fn;
	watch->next = compat_watches;
	compat_watches = watch;
	registered->auth_free = compat_watch_free;
}

static inline void compat_watch_remove(struct compat_watch *watch)
{
	struct compat_watch **link = &compat_watches;

	if (watch->registered == NULL)
		return;
	*watch->registered = watch->original;
	watch->registered = NULL;
	while (*link != watch)
		link = &(*link)->next;
	*link = watch->next;
}

#endif

#endif
