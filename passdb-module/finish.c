/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"
#include "dovecot-compat-mechanism.h"

/*
 * In these mechanisms it is Dovecot that compares, after our passdb has given a verifier, and
 * nobody tells the passdb how it ended. So the function by which such a mechanism frees its request
 * is exchanged for one that looks at it first.
 */
static const char *const names[] = {
	"APOP", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256",
	"SCRAM-SHA-256-PLUS",
};

static struct compat_watch watches[N_ELEMENTS(names)];

static void finish(struct auth_request *request)
{
	T_BEGIN {
		postern_record_finish(request);
	} T_END;
}

void postern_finish_install(void)
{
	for (unsigned i = 0; i < N_ELEMENTS(names) && !compat_is_worker(); i++)
		compat_watch_install(&watches[i], names[i], finish);
}

void postern_finish_remove(void)
{
	for (unsigned i = 0; i < N_ELEMENTS(names); i++)
		compat_watch_remove(&watches[i]);
}
