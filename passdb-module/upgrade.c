/* SPDX-License-Identifier: MIT */
#include "passdb-postern.h"

#include "password_upgrade.h"

void postern_upgrade(struct auth_request *request, struct postern_backend *backend,
		     const struct postern_login *login, const char *password)
{
	/* What stands in the way of one, a store that may not be written, stands in the way of all:
	   it is said once, until one succeeds. */
	static bool said;
	const char *error = NULL;

	switch (postern_backend_upgrade(backend, login, password, &error)) {
	case POSTERN_PASSWORD_KEPT:
		return;
	case POSTERN_PASSWORD_UPGRADED:
		postern_request_log(request, "password <%s> stored anew as password_schemes has it",
				    login->label);
		said = FALSE;
		return;
	default:
		if (!said)
			postern_request_log(request, "password <%s> not stored anew, and let in "
					    "all the same: %s", login->label, error);
		said = TRUE;
		return;
	}
}
