/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_option.h"
#include "escape.h"
#include "postern-build.h"
#include "secret.h"
#include "trusted_file.h"

/* Octets; a configuration is a page, not a data base. */
#define CONFIG_FILE_MAX (256 * 1024)
#define LINE_NUMBERS_MAX 64

static const char blanks[] = " \t\r";
static const char allow_for[] = "allow.";

struct reader {
	const char *path;
	struct postern_config *config;
	unsigned line;
	/* Where each option was set, for "given twice". */
	unsigned given_at[LINE_NUMBERS_MAX];
};

static int fail(const struct reader *reader, const char **error_r, const char *what)
{
	return postern_error(error_r, "%s:%u: %s", reader->path, reader->line, what);
}

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

/* "allow.NAME": of these there can be any number. */
static int set_allow_for(struct reader *reader, const char *name, const char *value,
			 const char **error_r)
{
	char shown[80];

	if (postern_allow_list_add(&reader->config->allow_for, name + strlen(allow_for), value,
				   error_r) == 0)
		return 0;
	return postern_error(error_r, "%s:%u: %s: %s", reader->path, reader->line,
			     postern_escape(name, strlen(name), shown, sizeof(shown)), *error_r);
}

static int set_option(struct reader *reader, const char *name, const char *value,
		      const char **error_r)
{
	char shown[80];
	size_t index;

	if (strncmp(name, allow_for, strlen(allow_for)) == 0)
		return set_allow_for(reader, name, value, error_r);
	if (!postern_config_option_find(name, &index)) {
		return postern_error(error_r, "%s:%u: unknown option \"%s\": see postern.conf(5) "
			"for the names", reader->path, reader->line,
			postern_escape(name, strlen(name), shown, sizeof(shown)));
	}
	if (reader->given_at[index] != 0) {
		return postern_error(error_r, "%s:%u: %s was given in line %u already: keep one",
				     reader->path, reader->line, name, reader->given_at[index]);
	}
	reader->given_at[index] = reader->line;
	if (postern_config_option_set(reader->config, index, value, error_r) < 0) {
		return postern_error(error_r, "%s:%u: %s: %s", reader->path, reader->line, name,
				     *error_r);
	}
	return 0;
}

/* One line without its newline; changed in place. */
static int read_line(struct reader *reader, char *line, const char **error_r)
{
	char *name = line + strspn(line, blanks);
	char *value;

	trim_end(name);
	if (*name == '\0' || *name == '#')
		return 0;
	if (has_control(name))
		return fail(reader, error_r, "control character in the line");
	value = strchr(name, '=');
	if (value == NULL || value == name)
		return fail(reader, error_r, "expected \"name = value\"");
	*value++ = '\0';
	trim_end(name);
	value += strspn(value, blanks);
	return set_option(reader, name, value, error_r);
}

static int read_file(const char *path, struct postern_config *config, const char **error_r)
{
	struct reader reader = { .path = path, .config = config };
	char *data = NULL, *rest, *line;
	size_t size;
	int ret = 0;

	_Static_assert(POSTERN_CONFIG_OPTIONS_MAX <= LINE_NUMBERS_MAX, "given_at is too small");
	if (postern_trusted_read(path, POSTERN_TRUST_UNTAMPERED, CONFIG_FILE_MAX, &data, &size,
				 error_r) < 0)
		return -1;
	if (memchr(data, '\0', size) != NULL)
		ret = postern_error(error_r, "%s: holds a NUL: it is no text file", path);
	rest = data;
	while (ret == 0 && (line = strsep(&rest, "\n")) != NULL) {
		reader.line++;
		ret = read_line(&reader, line, error_r);
	}
	for (size_t i = 0; ret == 0 && postern_config_option_name(i) != NULL; i++) {
		if (reader.given_at[i] == 0)
			postern_config_option_set_default_id(config, i);
	}
	postern_secret_free_sized(&data, size);
	return ret;
}

static int load(const char *path, bool without_ids, struct postern_config **config_r,
		const char **error_r)
{
	struct postern_config *config = calloc(1, sizeof(*config));
	int ret;

	if (config == NULL)
		return postern_error(error_r, "no memory for the configuration");
	config->without_ids = without_ids;
	ret = postern_config_set_defaults(config, error_r);
	/* No defaults instead: without domains everybody's addresses would be somebody else's, and
	   mail that can wait be refused for good. */
	if (ret == 0 && path == NULL && access(POSTERN_CONFIG_FILE, F_OK) < 0 && errno == ENOENT)
		ret = postern_error(error_r, "there is no " POSTERN_CONFIG_FILE "; the servers need "
				    "it: install -D -m 644 /usr/share/postern/postern.conf "
				    POSTERN_CONFIG_FILE);
	if (ret == 0)
		ret = read_file(path != NULL ? path : POSTERN_CONFIG_FILE, config, error_r);
	if (ret < 0) {
		postern_config_free(&config);
		return -1;
	}
	*config_r = config;
	return 0;
}

int postern_config_load(const char *path, struct postern_config **config_r,
			const char **error_r)
{
	return load(path, false, config_r, error_r);
}

int postern_config_load_without_ids(const char *path, struct postern_config **config_r,
				    const char **error_r)
{
	return load(path, true, config_r, error_r);
}

void postern_config_free(struct postern_config **config)
{
	if (*config == NULL)
		return;
	postern_config_clear(*config);
	free(*config);
	*config = NULL;
}
