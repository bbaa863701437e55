/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SENDER_CASES_H
#define POSTERN_SENDER_CASES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads the cases of test/cases/sender (their README says what they look like). A file that does
 * not read ends the program: it is part of the test.
 */
#define SENDER_CASE_OWNS_MAX 4

struct sender_case {
	const char *file;
	unsigned line;
	bool hostile;
	char *title;
	/* Hostile: "P3", "5.7.1", and a piece of what is found. */
	char rule[4], status[8];
	char *found;
	char *mail;
	char *allow;
	char *owns[SENDER_CASE_OWNS_MAX];
	/* Still with \\xHH: see sender_case_next_field. */
	char *header;
	size_t header_size;
};

struct sender_cases {
	struct sender_case *cases;
	size_t count;
};

void sender_cases_load(const char *path, struct sender_cases *cases_r);
void sender_cases_free(struct sender_cases *cases);

struct sender_field {
	char *name, *body;
	size_t name_size, size;
};

/* The next field behind *pos, which starts at 0; false at the end. The octets are the caller's
   to free: one block, at field_r->name. */
bool sender_case_next_field(const struct sender_case *c, size_t *pos, struct sender_field *field_r);

#endif
