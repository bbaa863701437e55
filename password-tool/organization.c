/* SPDX-License-Identifier: MIT */
#include "organization.h"

#include <libpsl.h>
#include <string.h>

const char *postern_organization(const char *domain)
{
	const psl_ctx_t *list = psl_builtin();
	const char *found = list == NULL ? NULL : psl_registrable_domain(list, domain);

	return found == NULL ? domain : found;
}

bool postern_organization_same(const char *a, const char *b)
{
	return strcmp(postern_organization(a), postern_organization(b)) == 0;
}
