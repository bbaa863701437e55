/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgi.h"

/* password.cgi */

/* The other program is where this one is, whatever the web server calls it and wherever it is run. */
static int name_other(char path_r[PATH_MAX])
{
	ssize_t size = readlink("/proc/self/exe", path_r, PATH_MAX - 1);
	char *slash;

	if (size < 0)
		return -1;
	path_r[size] = '\0';
	slash = strrchr(path_r, '/');
	if (slash == NULL || (size_t)(slash + 1 - path_r) + sizeof(POSTERN_CGI_KEY_PROGRAM) > PATH_MAX)
		return -1;
	strcpy(slash + 1, POSTERN_CGI_KEY_PROGRAM);
	return 0;
}

/* Nothing was read of the body, and no limit was set: what comes now is the whole request. */
static void become_other(void)
{
	char path[PATH_MAX];

	errno = ENAMETOOLONG;
	if (name_other(path) == 0)
		execv(path, (char *const[]){ path, NULL });
}

int main(void)
{
	const char *method = getenv("REQUEST_METHOD"), *path = getenv("PATH_INFO");
	bool post = method != NULL && strcmp(method, "POST") == 0;
	int why_not = 0;

	if (postern_question_has_keys(post ? POSTERN_METHOD_POST : POSTERN_METHOD_GET,
				      path != NULL ? path : "/")) {
		become_other();
		/* It is still this one: the request is refused, and the log says why. */
		why_not = errno;
	}
	return postern_cgi_run(NULL, why_not);
}
