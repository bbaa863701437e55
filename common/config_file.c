/* SPDX-License-Identifier: MIT */
#include "config_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "postern-build.h"
#include "secret.h"
#include "trusted_file.h"

/* Octets; a configuration is a page, not a data base. */
#define CONFIG_FILE_MAX (256 * 1024)

static const char blanks[] = " \t\r";

static void trim_end(char *text)
{
	size_t size = strlen(text);

	while (size > 0 && strchr(blanks, text[size - 1]) != NULL)
		text[--size] = '\0';
}

static bool has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
			return true;
	}
	return false;
}

/* One line without its newline; changed in place. */
static int read_line(char *text, unsigned number, postern_config_line_fn *fn, void *context,
		     const char **error_r)
{
	char *name = text + strspn(text, blanks);
	char *value;

	trim_end(name);
	if (*name == '\0' || *name == '#')
		return 0;
	if (has_control(name))
		return postern_error(error_r, "control character in the line");
	value = strchr(name, '=');
	if (value == NULL || value == name)
		return postern_error(error_r, "expected \"name = value\"");
	*value++ = '\0';
	trim_end(name);
	value += strspn(value, blanks);
	return fn(&(struct postern_config_line){ name, value, number }, context, error_r);
}

static int read_lines(const char *path, char *data, postern_config_line_fn *fn, void *context,
		      const char **error_r)
{
	char *rest = data, *text;
	unsigned number = 0;

	while ((text = strsep(&rest, "\n")) != NULL) {
		if (read_line(text, ++number, fn, context, error_r) < 0)
			return postern_error(error_r, "%s:%u: %s", path, number, *error_r);
	}
	return 0;
}

int postern_config_file_read(const char *path, postern_config_line_fn *fn, void *context,
			     const char **error_r)
{
	char *data = NULL;
	size_t size;
	int ret;

	/* No defaults instead: without domains everybody's addresses would be somebody else's, and
	   mail that can wait be refused for good. */
	if (path == NULL && access(POSTERN_CONFIG_FILE, F_OK) < 0 && errno == ENOENT)
		return postern_error(error_r, "there is no " POSTERN_CONFIG_FILE "; the servers need "
				     "it: install -D -m 644 /usr/share/postern/postern.conf "
				     POSTERN_CONFIG_FILE);
	if (path == NULL)
		path = POSTERN_CONFIG_FILE;
	if (postern_trusted_read(path, POSTERN_TRUST_UNTAMPERED, CONFIG_FILE_MAX, &data, &size,
				 error_r) < 0)
		return -1;
	if (memchr(data, '\0', size) != NULL)
		ret = postern_error(error_r, "%s: holds a NUL: it is no text file", path);
	else
		ret = read_lines(path, data, fn, context, error_r);
	postern_secret_free_sized(&data, size);
	return ret;
}

int postern_config_line_once(const struct postern_config_line *line, unsigned *given_at,
			     const char **error_r)
{
	if (*given_at != 0)
		return postern_error(error_r, "%s was given in line %u already: keep one",
				     line->name, *given_at);
	*given_at = line->number;
	return 0;
}

int postern_config_line_wrong(const struct postern_config_line *line, const char **error_r)
{
	char shown[80];

	return postern_error(error_r, "%s: %s", postern_escape(line->name, strlen(line->name),
							       shown, sizeof(shown)), *error_r);
}
