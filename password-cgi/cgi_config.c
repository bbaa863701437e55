/* SPDX-License-Identifier: MIT */
#include "cgi_config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "config_value.h"

static const struct {
	const char *name;
	int (*read)(const char *text, char **value_r, const char **error_r);
	size_t offset;
	const char *value;
} options[] = {
	{ "page_url", postern_config_read_url, offsetof(struct postern_cgi_config, page_url), "" },
	{ "page_ca", postern_config_read_file, offsetof(struct postern_cgi_config, page_ca), "" },
	{ "keeper_socket", postern_config_read_path,
	  offsetof(struct postern_cgi_config, keeper_socket), POSTERN_CONFIG_KEEPER_SOCKET },
	{ "log", postern_config_read_log, offsetof(struct postern_cgi_config, log), "syslog" },
};

#define OPTIONS_COUNT (sizeof(options) / sizeof(options[0]))

struct reader {
	struct postern_cgi_config *config;
	unsigned given_at[OPTIONS_COUNT];
};

static int set(struct postern_cgi_config *config, size_t index, const char *value,
	       const char **error_r)
{
	return options[index].read(value, (char **)((char *)config + options[index].offset),
				   error_r);
}

/* A postern_config_line_fn. */
static int read_line(const struct postern_config_line *line, void *context, const char **error_r)
{
	struct reader *reader = context;

	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		if (strcmp(options[i].name, line->name) != 0)
			continue;
		if (postern_config_line_once(line, &reader->given_at[i], error_r) < 0)
			return -1;
		return set(reader->config, i, line->value, error_r) < 0 ?
			postern_config_line_wrong(line, error_r) : 0;
	}
	return 0;
}

int postern_cgi_config_init(const char *path, struct postern_cgi_config *config_r,
			    const char **error_r)
{
	struct reader reader = { .config = config_r };

	memset(config_r, 0, sizeof(*config_r));
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		if (set(config_r, i, options[i].value, error_r) < 0)
			return -1;
	}
	return postern_config_file_read(path, read_line, &reader, error_r);
}

void postern_cgi_config_deinit(struct postern_cgi_config *config)
{
	for (size_t i = 0; i < OPTIONS_COUNT; i++)
		free(*(char **)((char *)config + options[i].offset));
	memset(config, 0, sizeof(*config));
}
