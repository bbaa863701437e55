/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SENDER_TABLE_H
#define POSTERN_SENDER_TABLE_H

#include "error.h"

/*
 * The source of a Postfix table (postmap(1)): a key and a value on a line, lines that begin with a
 * blank go on, "#" begins a comment line. For sender_maps.c.
 */
struct postern_sender_table;

int postern_sender_table_new(const char *path, struct postern_sender_table **table_r,
			     const char **error_r) POSTERN_WARN_UNUSED;
void postern_sender_table_free(struct postern_sender_table **table);

/* *value_r is the caller's, NULL when the table has no such key. Any thread. */
int postern_sender_table_find(struct postern_sender_table *table, const char *key, char **value_r,
			      const char **error_r) POSTERN_WARN_UNUSED;

#endif
