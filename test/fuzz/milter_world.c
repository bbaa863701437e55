/* SPDX-License-Identifier: MIT */
#include "milter_world.h"

#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "generation.h"
#include "local_user.h"
#include "log.h"
#include "login.h"
#include "milter.h"
#include "origin.h"
#include "ownership.h"
#include "sender_rule.h"
#include "signer.h"
#include "store_pool.h"

struct milter_world milter_world;

static struct postern_generation generation = { .config = &milter_world.config };

struct smfi_str {
	void *private;
};

static struct smfi_str context;

int milter_world_owns(const struct postern_address *address, void *unused, const char **error_r)
{
	struct postern_address base;

	(void)unused;
	(void)error_r;
	if (!postern_address_base(address, '+', &base))
		base = *address;
	return strcmp(base.domain, "example.test") != 0 ||
	       (strcmp(base.local_part, "alice") != 0 && strcmp(base.local_part, "a.liddell") != 0);
}

bool milter_world_is_local_user(const char *name, const char *value)
{
	return strcmp(name, POSTERN_LOCAL_FIELD) == 0 && strcmp(value, " 1000") == 0;
}

SMFICTX *milter_world_open(unsigned settings)
{
	static const enum milter_world_origin origins[] = {
		ORIGIN_ACCOUNT, ORIGIN_ACCOUNT, ORIGIN_LOCAL, ORIGIN_TRUSTED,
	};
	unsigned long steps = (settings & 1) != 0 ? SMFIP_HDR_LEADSPC | SMFIP_NR_RCPT : 0;
	unsigned long ignored[4];
	const char *error;

	if (milter_world.callbacks.xxfi_eom == NULL)
		MUST(postern_milter_init("unused", NULL, NULL, &error) == 0);
	milter_world.leading_blank = (settings & 1) != 0;
	milter_world.config.report_only = (settings & 2) != 0;
	milter_world.origin = origins[settings >> 2 & 3];
	milter_world.config.allow = settings >> 4 & 3;
	MUST(milter_world.callbacks.xxfi_negotiate(&context, SMFIF_ADDHDRS | SMFIF_CHGHDRS, steps, 0,
						   0, &ignored[0], &ignored[1], &ignored[2],
						   &ignored[3]) == SMFIS_CONTINUE);
	MUST(milter_world.callbacks.xxfi_connect(&context, NULL, NULL) == SMFIS_CONTINUE);
	return &context;
}

void milter_world_close(SMFICTX *ctx)
{
	MUST(milter_world.callbacks.xxfi_close(ctx) == SMFIS_CONTINUE);
	MUST(context.private == NULL);
}

/* libmilter */

int smfi_register(struct smfiDesc description)
{
	milter_world.callbacks = description;
	return MI_SUCCESS;
}

int smfi_setpriv(SMFICTX *ctx, void *private)
{
	ctx->private = private;
	return MI_SUCCESS;
}

void *smfi_getpriv(SMFICTX *ctx)
{
	return ctx->private;
}

/* One line of printable ASCII, a percent sign doubled. */
int smfi_setreply(SMFICTX *ctx, char *code, char *status, char *text)
{
	(void)ctx;
	MUST((*code == '4' || *code == '5') && *status == *code && *text != '\0');
	for (const char *p = text; *p != '\0'; p++) {
		MUST(*p >= ' ' && *p <= '~');
		if (*p == '%')
			MUST(*++p == '%');
	}
	milter_world.reply_class = *code;
	return MI_SUCCESS;
}

static int add(char *name, char *value)
{
	MUST(*name != '\0' && strpbrk(name, ": \r\n") == NULL && *value != '\0');
	milter_world.added++;
	return MI_SUCCESS;
}

int smfi_addheader(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	return add(name, value);
}

int smfi_insheader(SMFICTX *ctx, int index, char *name, char *value)
{
	(void)ctx;
	MUST(index == 0);
	return add(name, value);
}

int smfi_chgheader(SMFICTX *ctx, char *name, int index, char *value)
{
	(void)ctx;
	MUST(strcmp(name, POSTERN_LOCAL_FIELD) == 0 && index == 1 && value == NULL);
	MUST(milter_world.origin == ORIGIN_LOCAL);
	return MI_SUCCESS;
}

char *smfi_getsymval(SMFICTX *ctx, char *name)
{
	static char queue_id[] = "4ABCDE";

	(void)ctx;
	return strcmp(name, "i") == 0 ? queue_id : NULL;
}

int smfi_setsymlist(SMFICTX *ctx, int stage, char *macros)
{
	(void)ctx;
	(void)stage;
	(void)macros;
	return MI_SUCCESS;
}

int smfi_setconn(char *connection)
{
	(void)connection;
	return MI_SUCCESS;
}

int smfi_setbacklog(int backlog)
{
	(void)backlog;
	return MI_SUCCESS;
}

int smfi_opensocket(int remove)
{
	(void)remove;
	return MI_SUCCESS;
}

int smfi_main(void)
{
	return MI_FAILURE;
}

/* The rest of the daemon */

void postern_log(int priority, const char *fmt, ...)
{
	(void)priority;
	(void)fmt;
}

struct postern_generation *postern_generation_get(void)
{
	return &generation;
}

void postern_generation_ref(struct postern_generation *unused)
{
	(void)unused;
}

void postern_generation_unref(struct postern_generation **unused)
{
	*unused = NULL;
}

/* Snapshots: an object of its own, so that the sanitizer sees one that is kept or used too long. */

int postern_snapshot_store(struct postern_snapshot *snapshot, struct postern_store **store_r,
			   const char **error_r)
{
	(void)error_r;
	if (snapshot->store == NULL) {
		snapshot->store = malloc(1);
		MUST(snapshot->store != NULL);
		milter_world.snapshots++;
	}
	*store_r = snapshot->store;
	return 0;
}

void postern_snapshot_drop(struct postern_snapshot *snapshot)
{
	(void)snapshot;
	abort(); /* no question fails */
}

void postern_snapshot_end(struct postern_snapshot *snapshot)
{
	if (snapshot->store != NULL)
		milter_world.snapshots--;
	free(snapshot->store);
	snapshot->store = NULL;
}

int postern_ownership_check(struct postern_store *store, const struct postern_config *config,
			    const struct postern_account *account,
			    const struct postern_address *address, const char **error_r)
{
	(void)config;
	MUST(store != NULL && strcmp(account->name, "alice") == 0);
	return milter_world_owns(address, NULL, error_r) == 0 ? POSTERN_OWN : POSTERN_NOT_OWN;
}

int postern_ownership_in_maps(struct postern_sender_maps *maps, const struct postern_config *config,
			      const struct postern_account *account,
			      const struct postern_address *address, const char **error_r)
{
	(void)maps;
	(void)config;
	(void)account;
	(void)address;
	(void)error_r;
	MUST(milter_world.snapshots == 0); /* a server may be waited for here */
	return POSTERN_NOT_OWN;
}

void postern_origin_describe_own(struct postern_generation *unused,
				 const struct postern_account *account, char *text_r, size_t size)
{
	(void)unused;
	(void)account;
	snprintf(text_r, size, "alice@example.test");
}

int postern_origin_find(const struct postern_generation *unused, struct postern_snapshot *snapshot,
			struct postern_session_table *table,
			const struct postern_origin_claims *claims,
			struct postern_message_origin *origin_r, struct postern_session *session_r,
			struct postern_reply *reply_r)
{
	struct postern_store *store;
	const char *error;

	(void)unused;
	(void)table;
	(void)claims;
	(void)reply_r;
	if (milter_world.origin == ORIGIN_ACCOUNT)
		MUST(postern_snapshot_store(snapshot, &store, &error) == 0);
	memset(origin_r, 0, sizeof(*origin_r));
	memset(session_r, 0, sizeof(*session_r));
	origin_r->trusted = milter_world.origin == ORIGIN_TRUSTED;
	origin_r->local = milter_world.origin == ORIGIN_LOCAL;
	if (milter_world.origin == ORIGIN_ACCOUNT)
		strcpy(origin_r->account.name, "alice");
	return POSTERN_ORIGIN_OK;
}

void postern_session_table_end(struct postern_session_table *table,
			       const struct postern_session *session)
{
	(void)table;
	(void)session;
	abort(); /* there is no session to be ended */
}

int postern_local_user_find(struct postern_generation *unused, const char *name,
			    const char *value, struct postern_message_origin *origin,
			    const char **reason_r, const char **error_r)
{
	(void)unused;
	(void)error_r;
	*reason_r = "nobody";
	if (!milter_world_is_local_user(name, value))
		return POSTERN_LOCAL_USER_UNKNOWN;
	strcpy(origin->account.name, "alice");
	return POSTERN_LOCAL_USER_KNOWN;
}

const char *postern_login_outcome_text(int outcome)
{
	(void)outcome;
	abort(); /* nobody is disabled */
}

const char *postern_login_outcome_word(int outcome)
{
	return postern_login_outcome_text(outcome);
}

/* The signer: an object of its own, so that the sanitizer sees one that is kept or used too long. */

int postern_signer_new(struct postern_generation *unused, struct postern_dkim *dkim,
		       struct postern_signer **signer_r, const char **error_r)
{
	(void)unused;
	(void)dkim;
	(void)error_r;
	*signer_r = malloc(1);
	MUST(*signer_r != NULL);
	return 0;
}

void postern_signer_free(struct postern_signer **signer)
{
	free(*signer);
	*signer = NULL;
}

int postern_signer_field(struct postern_signer *signer, const char *name, const char *value,
			 const char **error_r)
{
	(void)error_r;
	MUST(signer != NULL && strlen(name) <= POSTERN_FIELD_NAME_MAX && value != NULL);
	return POSTERN_SIGNER_OK;
}

int postern_signer_expect(struct postern_signer *signer, struct postern_snapshot *snapshot,
			  const char *domain, const char **error_r)
{
	struct postern_store *store;

	MUST(signer != NULL && *domain != '\0');
	return postern_snapshot_store(snapshot, &store, error_r);
}

int postern_signer_begin(struct postern_signer *signer, struct postern_snapshot *snapshot,
			 const char *domain, const char **error_r)
{
	(void)snapshot;
	(void)error_r;
	MUST(signer != NULL && *domain != '\0');
	if (milter_world.origin != ORIGIN_TRUSTED && !milter_world.config.report_only)
		MUST(strcmp(domain, "example.test") == 0);
	return POSTERN_SIGNER_OK;
}

int postern_signer_body(struct postern_signer *signer, const void *data, size_t size,
			const char **error_r)
{
	(void)error_r;
	MUST(signer != NULL && (data != NULL || size == 0));
	return POSTERN_SIGNER_OK;
}

int postern_signer_finish(struct postern_signer *signer, const char **error_r)
{
	(void)error_r;
	MUST(signer != NULL);
	return POSTERN_SIGNER_OK;
}

const char *postern_signer_fault(const struct postern_signer *signer)
{
	(void)signer;
	abort(); /* there is none */
}

const char *postern_signer_value(const struct postern_signer *signer, size_t index)
{
	MUST(signer != NULL);
	return index == 0 ? " v=1" : NULL;
}

const char *postern_signer_selector(const struct postern_signer *signer, size_t index)
{
	MUST(signer != NULL);
	return index == 0 ? "s" : NULL;
}
