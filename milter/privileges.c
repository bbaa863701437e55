/* SPDX-License-Identifier: MIT */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

int postern_privileges_check(uid_t user, gid_t group, const char **error_r)
{
	if (user == (uid_t)-1 || group == (gid_t)-1) {
		return postern_error(error_r, "the user or group to run as does not exist: create "
				     "it, or set \"user\" and \"group\"");
	}
	if (user == 0 || group == 0)
		return postern_error(error_r, "the daemon does not run as root: set \"user\" and "
				     "\"group\" to a user of its own");
	if (geteuid() != 0 && geteuid() != user) {
		return postern_error(error_r, "it is to run as user %lu and was started as %lu: "
				     "start it as root or as that user", (unsigned long)user,
				     (unsigned long)geteuid());
	}
	return 0;
}

int postern_privileges_drop(uid_t user, gid_t group, const char **error_r)
{
	struct passwd *entry;

	if (geteuid() != 0)
		return postern_privileges_check(user, group, error_r);
	errno = 0;
	entry = getpwuid(user);
	if (entry == NULL && errno != 0)
		return postern_error(error_r, "cannot look up user %lu: %m", (unsigned long)user);
	if (entry == NULL)
		return postern_error(error_r, "user %lu is not in the user database",
				     (unsigned long)user);
	if (initgroups(entry->pw_name, group) < 0 || setresgid(group, group, group) < 0 ||
	    setresuid(user, user, user) < 0)
		return postern_error(error_r, "cannot become user %s: %m", entry->pw_name);
	if (setuid(0) == 0)
		return postern_error(error_r, "could become root again");
	return 0;
}
