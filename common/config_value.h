/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CONFIG_VALUE_H
#define POSTERN_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/*
 * Values of postern.conf, from text. Each fails with what was expected instead. What stood in
 * *value_r before is freed where it is on the heap, and stays when the new value fails.
 *
 * Here is what needs no library but libidn2: password.cgi is started for each request,
 * and pays for every library each time. Lists and their words are in config_word.h.
 */

/* For the functions that read one: the failure "expected …, not "…"", with the value escaped and
   cut to what a line can bear; and the new value, NULL for none, in place of the old one. */
int postern_config_unexpected(const char *expected, const char *text, const char **error_r);
int postern_config_replace(char **value_r, const char *text, const char **error_r)
	POSTERN_WARN_UNUSED;

/* An absolute path without "..", on the heap. */
int postern_config_read_path(const char *text, char **value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* The same, or nothing. */
int postern_config_read_file(const char *text, char **value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* "https://host[:port][/path]" in lower case but for the path, without a slash behind; or
   nothing. */
int postern_config_read_url(const char *text, char **value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* A host's name, to A-labels in lower case; or nothing. */
int postern_config_read_host(const char *text, char **value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* "syslog" is NULL, "stderr" itself. */
int postern_config_read_log(const char *text, char **value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* A name of this machine or a number. -1 as an id means "none" and "leave as it is", so it is
   nobody's. */
#define POSTERN_CONFIG_ID_MAX 0xfffffffeUL
int postern_config_read_user(const char *text, uid_t *value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_config_read_group(const char *text, gid_t *value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* One mark, or nothing for none. */
int postern_config_read_delimiter(const char *text, char *value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* "yes" or "no". */
int postern_config_read_bool(const char *text, bool *value_r, const char **error_r)
	POSTERN_WARN_UNUSED;
/* Decimal digits alone, of at most max. */
bool postern_config_read_digits(const char *text, unsigned long max, unsigned long *number_r);
int postern_config_read_number(const char *text, unsigned long min, unsigned long max,
			       unsigned long *value_r, const char **error_r) POSTERN_WARN_UNUSED;

/* The same for defaults: (uid_t)-1 and (gid_t)-1 where there is none of that name. */
uid_t postern_config_user_or_none(const char *text);
gid_t postern_config_group_or_none(const char *text);

#endif
