/* SPDX-License-Identifier: MIT */
#include "service.h"

#include <string.h>

#include "escape.h"

static const char separators[] = ", \t";

/* In the order of the enum, which is that of a formatted set. */
static const struct {
	const char *word;
	unsigned services;
} services_by_word[] = {
	{ "imap", POSTERN_SERVICE_IMAP },
	{ "pop3", POSTERN_SERVICE_POP3 },
	{ "submission", POSTERN_SERVICE_SUBMISSION },
	{ "sieve", POSTERN_SERVICE_SIEVE },
	{ "web", POSTERN_SERVICE_WEB },
	{ "all", POSTERN_SERVICES_ALL },
};

static const struct {
	const char *protocol;
	unsigned service;
} services_by_protocol[] = {
	{ "imap", POSTERN_SERVICE_IMAP },
	{ "pop3", POSTERN_SERVICE_POP3 },
	{ "smtp", POSTERN_SERVICE_SUBMISSION },
	{ "submission", POSTERN_SERVICE_SUBMISSION },
	{ "sieve", POSTERN_SERVICE_SIEVE },
	{ "managesieve", POSTERN_SERVICE_SIEVE },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned services_of_word(const char *word, size_t size)
{
	for (size_t i = 0; i < COUNT(services_by_word); i++) {
		if (strlen(services_by_word[i].word) == size &&
		    memcmp(services_by_word[i].word, word, size) == 0)
			return services_by_word[i].services;
	}
	return 0;
}

int postern_services_parse(const char *list, unsigned *services_r, const char **error_r)
{
	unsigned services = 0;

	for (const char *word = list + strspn(list, separators); *word != '\0';
	     word += strspn(word, separators)) {
		size_t size = strcspn(word, separators);
		unsigned found = services_of_word(word, size);
		char shown[64];

		if (found == 0) {
			return postern_error(error_r, "unknown service \"%s\": the services are "
				"imap, pop3, submission, sieve, web and all",
				postern_escape(word, size, shown, sizeof(shown)));
		}
		services |= found;
		word += size;
	}
	if (services == 0) {
		return postern_error(error_r, "no service given: name one or more of "
				     "imap, pop3, submission, sieve, web, or all");
	}
	*services_r = services;
	return 0;
}

void postern_services_format(unsigned services, char text_r[POSTERN_SERVICES_TEXT_MAX])
{
	char *end = text_r;

	for (size_t i = 0; i < COUNT(services_by_word); i++) {
		/* Single bits only: "all" is for reading. */
		if (services_by_word[i].services == POSTERN_SERVICES_ALL ||
		    (services & services_by_word[i].services) == 0)
			continue;
		if (end > text_r)
			*end++ = ' ';
		end = stpcpy(end, services_by_word[i].word);
	}
	*end = '\0';
}

unsigned postern_service_of_protocol(const char *protocol)
{
	for (size_t i = 0; protocol != NULL && i < COUNT(services_by_protocol); i++) {
		if (strcmp(services_by_protocol[i].protocol, protocol) == 0)
			return services_by_protocol[i].service;
	}
	return 0;
}
