/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_IMPORT_H
#define POSTERN_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/*
 * Accounts in bulk: lines of text to accounts, before the store sees any of them. The input is
 * untrusted; a line that is not understood whole is refused, and never taken for what it may have
 * meant: what an unknown field forbids would be allowed after the import.
 */
struct postern_import_account {
	/* Where it stood, from 1. */
	size_t line;
	/* Domains where the case of a local-part counts; set before a line is read. */
	char *const *cased;
	/* Prepared (postern_precis_username). */
	char *name;
	/* A secret, or NULL for an account without a password. */
	char *verifier;
	/* Normalised. */
	char **addresses;
	size_t address_count;
};

/* Reads one line (no line end in it, changed in place) into *account_r, which is empty but for its
   number and is freed by the caller either way. An empty name afterwards means that the line
   holds no account: blank, or a comment. */
typedef int postern_import_line_fn(char *line, struct postern_import_account *account_r,
				   const char **error_r);

/* "NAME HASH|- [ADDRESS]…" between blanks. */
postern_import_line_fn postern_import_line;
/* Dovecot's passwd-file: "user:{SCHEME}hash:uid:gid:gecos:home:shell:extra". */
postern_import_line_fn postern_import_passwd_file_line;
/* shadow(5): "user:hash:…", and copies of it with some of the lines. */
postern_import_line_fn postern_import_shadow_line;
/* "user,hash[,address]…". */
postern_import_line_fn postern_import_csv_line;

/* What the formats share. */
int postern_import_set_name(struct postern_import_account *account, const char *text,
			    const char **error_r) POSTERN_WARN_UNUSED;
int postern_import_set_verifier(struct postern_import_account *account, const char *text,
				const char **error_r) POSTERN_WARN_UNUSED;
int postern_import_add_address(struct postern_import_account *account, const char *text,
			       const char **error_r) POSTERN_WARN_UNUSED;

struct postern_import {
	struct postern_import_account *accounts;
	size_t count, room;
	/* Behind every name that has none, or NULL. */
	const char *domain;
	/* As in the accounts. */
	char *const *cased;
};

/* Adds an account that was read (ret 0), or frees it. Returns ret, or -1 when its name does not
   take the domain. */
int postern_import_add(struct postern_import *import, struct postern_import_account *account,
		       int ret, const char **error_r) POSTERN_WARN_UNUSED;

/* Reads all lines of size octets (data has a NUL behind them and is changed). Says which lines are
   wrong, at most the first twenty, by number; returns 0 when none is, else EX_DATAERR. */
int postern_import_read(struct postern_import *import, postern_import_line_fn *read_line,
			const char *path, char *data, size_t size);
/* The same for a dump of SQL, in which a statement has many lines, or a line many accounts. It
   ends at the first mistake. */
int postern_import_read_sql(struct postern_import *import, const char *path, char *data,
			    size_t size);
void postern_import_deinit(struct postern_import *import);

#endif
