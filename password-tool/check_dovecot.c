/* SPDX-License-Identifier: MIT */
#include "check_servers.h"

#include <string.h>

#include "failure.h"
#include "program_output.h"

/* A setting that is wrong when it has this value, whatever the version calls it. */
struct wrong {
	const char *name, *value, *text;
};

static const struct wrong wrongs[] = {
	{ "ssl", "no", "no login is over TLS, so that no key is ever seen" },
	{ "auth_ssl_require_client_cert", "yes",
	  "a password is refused without a certificate of a known CA" },
	{ "auth_ssl_username_from_cert", "yes",
	  "the certificate, which anybody can make, says whose login it is" },
	{ "auth_verbose_passwords", "plain", "passwords are written into the log" },
};

/* The value at any depth of braces: settings of a service or a block count as well. */
static bool has(const struct postern_lines *lines, const char *name, const char *value)
{
	for (const char *line = NULL; (line = postern_lines_next(lines, line)) != NULL;) {
		const char *start = line + strspn(line, " ");
		size_t size = strlen(name);

		if (strncmp(start, name, size) == 0 && strncmp(start + size, " = ", 3) == 0 &&
		    strcmp(start + size + 3, value) == 0)
			return true;
	}
	return false;
}

static bool mentions(const struct postern_lines *lines, const char *word)
{
	for (const char *line = NULL; (line = postern_lines_next(lines, line)) != NULL;) {
		if (strstr(line, word) != NULL)
			return true;
	}
	return false;
}

/* A word of a line, or "external = yes" in the block that a list is in 2.4. */
static bool offers_external(const struct postern_lines *lines)
{
	static const char name[] = "auth_mechanisms";

	for (const char *line = NULL; (line = postern_lines_next(lines, line)) != NULL;) {
		if (strncmp(line, name, strlen(name)) == 0 && strstr(line, "external") != NULL)
			return true;
	}
	return has(lines, "external", "yes");
}

int postern_check_dovecot(void)
{
	struct postern_lines lines;
	const char *error;
	int code = 0;
	int ret = postern_program_output((const char *const[]){ "doveconf", "-n", NULL }, &lines,
					 &error);

	if (ret != 0)
		return ret < 0 ? postern_fail(EX_CONFIG, "%s", error) : 0;
	if (!mentions(&lines, "postern")) {
		postern_lines_deinit(&lines);
		return 0;
	}
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		if (has(&lines, wrongs[i].name, wrongs[i].value))
			code = postern_fail(EX_CONFIG, "Dovecot: %s = %s: %s", wrongs[i].name,
					    wrongs[i].value, wrongs[i].text);
	}
	if (!mentions(&lines, "login_plugins"))
		code = postern_fail(EX_CONFIG, "Dovecot: login_plugins is not set: no client is "
				    "asked for its key; run /usr/share/postern/dovecot-on && doveadm "
				    "reload");
	if (!offers_external(&lines))
		code = postern_fail(EX_CONFIG, "Dovecot: auth_mechanisms lacks external: no key logs "
				    "in but by PREAUTH; run /usr/share/postern/dovecot-on && doveadm "
				    "reload");
	postern_lines_deinit(&lines);
	return code;
}
