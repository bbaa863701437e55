/* SPDX-License-Identifier: MIT */
#include "config_allow.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "escape.h"
#include "precis.h"

struct postern_allow_row {
	/* As the account has it; NULL when it cannot be one's. */
	char *account;
	/* In A-labels; "" when it is no domain. */
	char domain[POSTERN_DOMAIN_MAX + 1];
	unsigned rules;
};

static const struct {
	const char *name;
	enum postern_allow rule;
} knobs[] = {
	{ "P4", POSTERN_ALLOW_P4 },
	{ "P15", POSTERN_ALLOW_P15 },
};

static unsigned find_knob(const char *word, size_t size)
{
	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (strlen(knobs[i].name) == size && memcmp(knobs[i].name, word, size) == 0)
			return knobs[i].rule;
	}
	return 0;
}

int postern_allow_read(const char *text, unsigned *rules_r, const char **error_r)
{
	static const char separators[] = ", \t";
	unsigned rules = 0;

	for (const char *word = text + strspn(text, separators); *word != '\0';) {
		size_t size = strcspn(word, separators);
		unsigned rule = find_knob(word, size);
		char shown[80];

		if (rule == 0) {
			return postern_error(error_r, "expected P4 or P15, the rules that can be "
					     "switched off, not \"%s\"",
					     postern_escape(word, size, shown, sizeof(shown)));
		}
		rules |= rule;
		word += size;
		word += strspn(word, separators);
	}
	*rules_r = rules;
	return 0;
}

static void row_deinit(struct postern_allow_row *row)
{
	free(row->account);
	row->account = NULL;
}

static int row_init(struct postern_allow_row *row, const char *name, const char *text,
		    const char **error_r)
{
	char shown[80];
	int ret;

	memset(row, 0, sizeof(*row));
	if (postern_allow_read(text, &row->rules, error_r) < 0)
		return -1;
	if (postern_precis_username(name, &row->account, error_r) < 0)
		return -1;
	ret = postern_domain_normalize(name, strlen(name), row->domain, error_r);
	if (ret == POSTERN_ADDRESS_NO_MEMORY) {
		row_deinit(row);
		return -1;
	}
	if (ret < 0)
		row->domain[0] = '\0';
	if (row->account != NULL || row->domain[0] != '\0')
		return 0;
	return postern_error(error_r, "expected the login name of an account, or a domain, "
			     "behind \"allow.\", not \"%s\"",
			     postern_escape(name, strlen(name), shown, sizeof(shown)));
}

static bool is_same(const struct postern_allow_row *a, const struct postern_allow_row *b)
{
	if (a->domain[0] != '\0' && strcmp(a->domain, b->domain) == 0)
		return true;
	return a->account != NULL && b->account != NULL && strcmp(a->account, b->account) == 0;
}

int postern_allow_list_add(struct postern_allow_list *list, const char *name, const char *text,
			   const char **error_r)
{
	struct postern_allow_row row, *rows;

	if (row_init(&row, name, text, error_r) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		if (is_same(&list->rows[i], &row)) {
			row_deinit(&row);
			return postern_error(error_r, "this was given already: keep one line");
		}
	}
	rows = reallocarray(list->rows, list->count + 1, sizeof(*rows));
	if (rows == NULL) {
		row_deinit(&row);
		return postern_error(error_r, "no memory");
	}
	list->rows = rows;
	list->rows[list->count++] = row;
	return 0;
}

unsigned postern_allow_list_find(const struct postern_allow_list *list, const char *account,
				 const char *domain)
{
	unsigned rules = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct postern_allow_row *row = &list->rows[i];

		if ((row->account != NULL && strcmp(row->account, account) == 0) ||
		    (*domain != '\0' && strcmp(row->domain, domain) == 0))
			rules |= row->rules;
	}
	return rules;
}

void postern_allow_list_deinit(struct postern_allow_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		row_deinit(&list->rows[i]);
	free(list->rows);
	memset(list, 0, sizeof(*list));
}
