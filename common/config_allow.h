/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CONFIG_ALLOW_H
#define POSTERN_CONFIG_ALLOW_H

#include <stddef.h>

#include "error.h"

/*
 * The knobs of the sender rule: which of its rules that can be switched off are, for everybody
 * ("allow = P15"), for an account ("allow.alice = P4") and for a domain ("allow.example.org =
 * P4 P15"). Most rules cannot be, and naming one of them is a failure.
 */
enum postern_allow {
	POSTERN_ALLOW_P4 = 1 << 0,
	POSTERN_ALLOW_P15 = 1 << 1,
};

/* The lines "allow.NAME", in the order of the file. */
struct postern_allow_list {
	struct postern_allow_row *rows;
	size_t count;
};

/* Reads "P4 P15" into a set; blanks or commas between, at least one. */
int postern_allow_read(const char *text, unsigned *rules_r, const char **error_r)
	POSTERN_WARN_UNUSED;

/* A line "allow.NAME = text". NAME is a login name or a domain; one that can be both is. */
int postern_allow_list_add(struct postern_allow_list *list, const char *name, const char *text,
			   const char **error_r) POSTERN_WARN_UNUSED;
/* What the lines that name this account or this domain ("" for none) allow together. */
unsigned postern_allow_list_find(const struct postern_allow_list *list, const char *account,
				 const char *domain);
void postern_allow_list_deinit(struct postern_allow_list *list);

#endif
