/* SPDX-License-Identifier: MIT */
#include "dkim_dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dkim_file.h"
#include "failure.h"
#include "memory.h"
#include "secret.h"

void postern_dkim_record_name(const struct postern_dkim_selector *selector,
			      char name_r[POSTERN_DKIM_NAME_MAX])
{
	snprintf(name_r, POSTERN_DKIM_NAME_MAX, "%s._domainkey.%s", selector->selector,
		 selector->domain);
}

int postern_dkim_record_read(const struct postern_command *command,
			     const struct postern_dkim_selector *selector,
			     char record_r[POSTERN_DKIM_RECORD_MAX])
{
	const char *error;
	char *pem;
	int code;

	code = postern_dkim_file_read(command->config, selector->domain, selector->selector, &pem);
	if (code != 0)
		return code;
	if (postern_dkim_key_record(pem, record_r, &error) < 0)
		code = postern_fail(EX_CONFIG, "the key of %s, selector \"%s\": %s", selector->domain,
				    selector->selector, error);
	postern_secret_free(&pem);
	return code;
}

/* ---- tag lists ---- */

struct tag {
	char name[16];
	/* Without blanks, which mean nothing in the tags that are looked at. */
	char value[4096];
};

/* Takes the next tag=value off *list: 1, or 0 at the end, or -1 when it is none (3.2). */
static int next_tag(const char **list, struct tag *tag)
{
	static const char blanks[] = " \t\r\n";
	const char *p = *list + strspn(*list, blanks);
	size_t size = strcspn(p, "=; \t\r\n"), used = 0;

	if (*p == '\0')
		return 0;
	if (size == 0 || size >= sizeof(tag->name))
		return -1;
	memcpy(tag->name, p, size);
	tag->name[size] = '\0';
	p += size;
	p += strspn(p, blanks);
	if (*p++ != '=')
		return -1;
	for (; *p != '\0' && *p != ';'; p++) {
		if (strchr(blanks, *p) != NULL)
			continue;
		if (used == sizeof(tag->value) - 1)
			return -1;
		tag->value[used++] = *p;
	}
	tag->value[used] = '\0';
	*list = *p == ';' ? p + 1 : p;
	return 1;
}

/* Whether a colon-separated list has one of two words. */
static bool lists(const char *list, const char *a, const char *b)
{
	while (*list != '\0') {
		size_t size = strcspn(list, ":");

		if ((strlen(a) == size && strncasecmp(list, a, size) == 0) ||
		    (strlen(b) == size && strncasecmp(list, b, size) == 0))
			return true;
		list += size + (list[size] == ':');
	}
	return false;
}

struct key_record {
	char type[16];
	char key[4096];
	bool has_key;
};

static bool refuse(char *why_r, const char *what)
{
	snprintf(why_r, POSTERN_DKIM_WHY_MAX, "%s", what);
	return false;
}

static bool read_tag(const struct tag *tag, bool first, struct key_record *record, char *why_r)
{
	if (strcmp(tag->name, "v") == 0 && (!first || strcmp(tag->value, "DKIM1") != 0))
		return refuse(why_r, "its v= is not DKIM1, or not the first tag");
	if (strcmp(tag->name, "h") == 0 && !lists(tag->value, "sha256", "sha256"))
		return refuse(why_r, "its h= leaves sha256 out");
	if (strcmp(tag->name, "s") == 0 && !lists(tag->value, "*", "email"))
		return refuse(why_r, "its s= leaves email out");
	if (strcmp(tag->name, "k") == 0) {
		if (strlen(tag->value) >= sizeof(record->type))
			return refuse(why_r, "its k= is unknown");
		strcpy(record->type, tag->value);
	}
	if (strcmp(tag->name, "p") == 0) {
		if (record->has_key)
			return refuse(why_r, "it has two p=");
		strcpy(record->key, tag->value);
		record->has_key = true;
	}
	return true;
}

static bool read_record(const char *text, struct key_record *record_r, char *why_r)
{
	struct tag *tag = postern_memory_new(1, sizeof(*tag));
	bool good = true, first = true;
	int more;

	memset(record_r, 0, sizeof(*record_r));
	strcpy(record_r->type, "rsa");
	while (good && (more = next_tag(&text, tag)) != 0) {
		good = more > 0 ? read_tag(tag, first, record_r, why_r) :
			refuse(why_r, "it is no list of tags");
		first = false;
	}
	free(tag);
	if (good && !record_r->has_key)
		good = refuse(why_r, "it has no p=");
	return good;
}

bool postern_dkim_record_fits(const char *published, const char *own,
			      char why_r[POSTERN_DKIM_WHY_MAX])
{
	struct key_record theirs, ours;

	why_r[0] = '\0';
	if (!read_record(own, &ours, why_r) || !read_record(published, &theirs, why_r))
		return false;
	if (*theirs.key == '\0')
		return refuse(why_r, "its p= is empty, which revokes the key");
	if (strcasecmp(theirs.type, ours.type) != 0)
		return refuse(why_r, "it is of another kind of key");
	if (strcmp(theirs.key, ours.key) != 0)
		return refuse(why_r, "it has another key");
	return true;
}

enum postern_dkim_sight postern_dkim_look(postern_dns_ask_fn *ask, void *context,
					  const struct postern_dkim_selector *selector,
					  const char *own, char why_r[POSTERN_DKIM_WHY_MAX])
{
	enum postern_dkim_sight sight = POSTERN_DKIM_SIGHT_GOOD;
	char name[POSTERN_DKIM_NAME_MAX];
	struct postern_dns_answer answer;

	why_r[0] = '\0';
	postern_dkim_record_name(selector, name);
	switch (ask(context, name, POSTERN_DNS_TXT, &answer)) {
	case POSTERN_DNS_FOUND:
		break;
	case POSTERN_DNS_NOTHING:
		refuse(why_r, "the DNS has no such record");
		sight = POSTERN_DKIM_SIGHT_NONE;
		break;
	default:
		refuse(why_r, answer.why);
		sight = POSTERN_DKIM_SIGHT_UNKNOWN;
	}
	/* With several, verifiers may take any (3.6.2.2). */
	if (sight == POSTERN_DKIM_SIGHT_GOOD && answer.count > 1) {
		refuse(why_r, "there are several TXT records of its name");
		sight = POSTERN_DKIM_SIGHT_WRONG;
	} else if (sight == POSTERN_DKIM_SIGHT_GOOD &&
		   !postern_dkim_record_fits(answer.list[0], own, why_r)) {
		sight = POSTERN_DKIM_SIGHT_WRONG;
	}
	postern_dns_answer_deinit(&answer);
	return sight;
}
