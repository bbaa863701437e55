/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CONFIG_WORD_H
#define POSTERN_CONFIG_WORD_H

#include "config_value.h"

/*
 * Lists in postern.conf, and the words in them, as config_value.h has single values.
 */

/* Reads one word of a list; *word_r is on the heap. */
typedef int postern_config_word_fn(const char *text, char **word_r, const char **error_r);
postern_config_word_fn postern_config_read_scheme;  /* one that postern_password_make knows, in lower case */
postern_config_word_fn postern_config_read_domain;  /* to A-labels in lower case */
postern_config_word_fn postern_config_read_network; /* to "address/bits" */
postern_config_word_fn postern_config_read_system_user; /* a name, or "uid:1234" */
postern_config_word_fn postern_config_read_local_user;  /* to "USER=ACCOUNT" */
postern_config_word_fn postern_config_read_sender_map;
postern_config_word_fn postern_config_read_account;  /* a login name, prepared */
postern_config_word_fn postern_config_read_address;  /* local@domain, normalised */

/* Words with blanks or commas between; *list_r ends in NULL and may be empty. */
int postern_config_read_list(const char *text, postern_config_word_fn *read_word, char ***list_r,
			     const char **error_r) POSTERN_WARN_UNUSED;
void postern_config_list_free(char ***list);

#endif
