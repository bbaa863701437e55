/* SPDX-License-Identifier: MIT */
#include "sender_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void die(const char *file, unsigned line, const char *why)
{
	fprintf(stderr, "%s:%u: %s\n", file, line, why);
	exit(1);
}

static void *must(void *memory)
{
	if (memory == NULL)
		die("memory", 0, "none left");
	return memory;
}

/* Appends a line and its end to the header, with \{N*text} written out. */
static void append_line(struct sender_case *c, const char *line)
{
	FILE *out;
	char *expanded = NULL, *start;
	size_t size = 0;

	out = must(open_memstream(&expanded, &size));
	while ((start = strstr(line, "\\{")) != NULL) {
		char *text, *end = strchr(start, '}');
		unsigned long times = strtoul(start + 2, &text, 10);

		if (end == NULL || *text != '*')
			die(c->file, c->line, "a repetition has no star or no end");
		fwrite(line, 1, (size_t)(start - line), out);
		while (times-- > 0) {
			for (char *p = text + 1; p < end; p++) {
				if (p[0] == '\\' && p[1] == 'n')
					fputc('\n', out), p++;
				else
					fputc(*p, out);
			}
		}
		line = end + 1;
	}
	fprintf(out, "%s\n", line);
	fclose(out);
	c->header = must(realloc(c->header, c->header_size + size));
	memcpy(c->header + c->header_size, expanded, size);
	c->header_size += size;
	free(expanded);
}

static void read_directive(struct sender_case *c, const char *text)
{
	int used = 0;

	if (strncmp(text, "mail ", 5) == 0) {
		free(c->mail);
		c->mail = must(strdup(text + 5));
	} else if (strncmp(text, "allow ", 6) == 0) {
		c->allow = must(strdup(text + 6));
	} else if (strncmp(text, "owns ", 5) == 0) {
		size_t i = 0;

		while (i < SENDER_CASE_OWNS_MAX - 1 && c->owns[i] != NULL)
			i++;
		c->owns[i] = must(strdup(text + 5));
	} else if (sscanf(text, "%3s %7s%n", c->rule, c->status, &used) == 2) {
		free(c->found);
		c->found = must(strdup(text[used] == ' ' ? text + used + 1 : ""));
	} else {
		die(c->file, c->line, "a line with > that says nothing known");
	}
}

static struct sender_case *begin_case(struct sender_cases *cases, const char *file, unsigned line,
				      const char *text)
{
	bool hostile = strncmp(text, "[hostile] ", 10) == 0;
	struct sender_case *c;

	if (!hostile && strncmp(text, "[honest] ", 9) != 0)
		die(file, line, "neither [hostile] nor [honest]");
	cases->cases = must(realloc(cases->cases, (cases->count + 1) * sizeof(*cases->cases)));
	c = &cases->cases[cases->count++];
	*c = (struct sender_case){ .file = file, .line = line, .hostile = hostile };
	c->title = must(strdup(strchr(text, ']') + 2));
	c->mail = must(strdup("<alice@example.test>"));
	c->found = must(strdup(""));
	c->header = must(strdup(""));
	return c;
}

void sender_cases_load(const char *path, struct sender_cases *cases_r)
{
	struct sender_case *c = NULL;
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t size;

	*cases_r = (struct sender_cases){ .cases = NULL };
	if (file == NULL)
		die(path, 0, "cannot be opened");
	for (unsigned number = 1; (size = getline(&line, &room, file)) > 0; number++) {
		if (line[size - 1] == '\n')
			line[size - 1] = '\0';
		if (line[0] == '\0')
			c = NULL;
		else if (c == NULL && line[0] != '#')
			c = begin_case(cases_r, path, number, line);
		else if (c != NULL && line[0] == '>')
			read_directive(c, line + 2);
		else if (c != NULL)
			append_line(c, line);
	}
	free(line);
	fclose(file);
}

void sender_cases_free(struct sender_cases *cases)
{
	for (size_t i = 0; i < cases->count; i++) {
		struct sender_case *c = &cases->cases[i];

		free(c->title);
		free(c->found);
		free(c->mail);
		free(c->allow);
		free(c->header);
		for (size_t k = 0; k < SENDER_CASE_OWNS_MAX; k++)
			free(c->owns[k]);
	}
	free(cases->cases);
}

/* \xHH to octets, in place. */
static size_t unescape(char *text, size_t size)
{
	size_t out = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned octet;

		if (size - i >= 4 && sscanf(text + i, "\\x%2x", &octet) == 1) {
			text[out++] = (char)octet;
			i += 3;
		} else {
			text[out++] = text[i];
		}
	}
	return out;
}

bool sender_case_next_field(const struct sender_case *c, size_t *pos, struct sender_field *field_r)
{
	char *start = c->header + *pos, *end = start, *colon;

	if (*pos >= c->header_size)
		return false;
	do {
		end = memchr(end, '\n', c->header_size - (size_t)(end - c->header));
		end++;
	} while (end < c->header + c->header_size && (*end == ' ' || *end == '\t'));
	*pos = (size_t)(end - c->header);
	end--;

	field_r->name = must(strndup(start, (size_t)(end - start)));
	colon = strchr(field_r->name, ':');
	if (colon == NULL)
		die(c->file, c->line, "a field without a colon");
	field_r->body = colon + 1;
	field_r->size = unescape(field_r->body, strlen(field_r->body));
	field_r->name_size = unescape(field_r->name, (size_t)(colon - field_r->name));
	return true;
}
