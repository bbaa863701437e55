/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_POLICY_H
#define POSTERN_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "session_table.h"

/*
 * The request of Postfix's policy delegation protocol (SMTPD_POLICY_README): lines of name=value,
 * ended by an empty one. A pure parser. The values that a client chose (HELO name, sender,
 * recipient) are hostile and are not looked at; the ones used are Postfix's own words, and what
 * is not in the form that Postfix writes them in is a failure, not a guess.
 */
#define POSTERN_POLICY_LINE_MAX 4096
#define POSTERN_POLICY_LINES_MAX 256

enum postern_policy_outcome {
	POSTERN_POLICY_MORE = 0,
	/* The empty line: session holds all of it but process and serial. */
	POSTERN_POLICY_COMPLETE = 1,
};

struct postern_policy_request {
	struct postern_session session;
	/* One bit for each attribute that was seen. */
	unsigned seen;
	unsigned lines;
};

/* Makes ready for the first line. */
void postern_policy_request_init(struct postern_policy_request *request);

/* Takes one line, without its newline. After COMPLETE or a failure the request is to be
   initialised again. */
int postern_policy_request_line(struct postern_policy_request *request, const char *line,
				size_t size, const char **error_r) POSTERN_WARN_UNUSED;

#endif
