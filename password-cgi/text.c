/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct language {
	const char *tag;
	const struct postern_text_entry *entries;
	const size_t *count;
};

static const struct language languages[] = {
	{ "en", NULL, NULL },
	{ "de", postern_text_de, &postern_text_de_count },
};
#define LANGUAGE_COUNT (sizeof(languages) / sizeof(languages[0]))

static const struct language *chosen = &languages[0];

/* de-AT is de. */
static const struct language *find(const char *range, size_t size)
{
	for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
		size_t tag = strlen(languages[i].tag);

		if (size >= tag && strncasecmp(range, languages[i].tag, tag) == 0 &&
		    (size == tag || range[tag] == '-'))
			return &languages[i];
	}
	return NULL;
}

/* Thousandths: 1000 without a ";q=", 0 for what is none. */
static int weight_of(const char *parameters, size_t size)
{
	const char *q = memchr(parameters, '=', size);
	int weight = 0;

	if (q == NULL)
		return 1000;
	q++;
	if (*q == '1')
		return 1000;
	if (*q != '0' || q[1] != '.')
		return 0;
	q += 2;
	for (int unit = 100; unit > 0 && isdigit((unsigned char)*q); unit /= 10)
		weight += (*q++ - '0') * unit;
	return weight;
}

const char *postern_text_choose(const char *accept_language)
{
	const char *rest = accept_language != NULL ? accept_language : "";
	int best = 0;

	chosen = &languages[0];
	while (*rest != '\0') {
		size_t size = strcspn(rest, ","), blank = strspn(rest, " \t");
		size_t range = size > blank ? strcspn(rest + blank, ",; \t") : 0;
		int weight = weight_of(rest + blank + range, size > blank ? size - blank - range : 0);
		const struct language *found = find(rest + blank, range);

		if (found != NULL && weight > best) {
			best = weight;
			chosen = found;
		}
		rest += size;
		rest += *rest == ',';
	}
	return chosen->tag;
}

const char *postern_text_language(void)
{
	return chosen->tag;
}

static int compare(const void *key, const void *entry)
{
	return strcmp(key, ((const struct postern_text_entry *)entry)->english);
}

const char *postern_text(const char *english)
{
	const struct postern_text_entry *found = NULL;

	if (chosen->entries != NULL)
		found = bsearch(english, chosen->entries, *chosen->count, sizeof(*chosen->entries),
				compare);
	return found != NULL ? found->text : english;
}
