/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "config_option.h"
#include "escape.h"

static const char allow_for[] = "allow.";

struct reader {
	struct postern_config *config;
	/* Where each option was set. */
	unsigned given_at[POSTERN_CONFIG_OPTIONS_MAX];
};

/* A postern_config_line_fn. */
static int set_option(const struct postern_config_line *line, void *context, const char **error_r)
{
	struct reader *reader = context;
	char shown[80];
	size_t index;
	int ret;

	if (strncmp(line->name, allow_for, strlen(allow_for)) == 0) {
		/* "allow.NAME": of these there can be any number. */
		ret = postern_allow_list_add(&reader->config->allow_for,
					     line->name + strlen(allow_for), line->value, error_r);
	} else if (!postern_config_option_find(line->name, &index)) {
		return postern_error(error_r, "unknown option \"%s\": see postern.conf(5) for the "
			"names", postern_escape(line->name, strlen(line->name), shown,
						sizeof(shown)));
	} else if (postern_config_line_once(line, &reader->given_at[index], error_r) < 0) {
		return -1;
	} else {
		ret = postern_config_option_set(reader->config, index, line->value, error_r);
	}
	return ret < 0 ? postern_config_line_wrong(line, error_r) : 0;
}

static int read_file(const char *path, struct postern_config *config, const char **error_r)
{
	struct reader reader = { .config = config };

	if (postern_config_file_read(path, set_option, &reader, error_r) < 0)
		return -1;
	for (size_t i = 0; postern_config_option_name(i) != NULL; i++) {
		if (reader.given_at[i] == 0)
			postern_config_option_set_default_id(config, i);
	}
	return 0;
}

int postern_config_load(const char *path, struct postern_config **config_r,
			const char **error_r)
{
	struct postern_config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return postern_error(error_r, "no memory for the configuration");
	if (postern_config_set_defaults(config, error_r) < 0 ||
	    read_file(path, config, error_r) < 0) {
		postern_config_free(&config);
		return -1;
	}
	*config_r = config;
	return 0;
}

void postern_config_free(struct postern_config **config)
{
	if (*config == NULL)
		return;
	postern_config_clear(*config);
	free(*config);
	*config = NULL;
}
