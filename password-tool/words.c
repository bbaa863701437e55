/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "precis.h"

static const char *const policy_names[] = {
	[POSTERN_POLICY_ANY] = "any",
	[POSTERN_POLICY_KEY] = "key",
	[POSTERN_POLICY_PASSWORD] = "password",
	[POSTERN_POLICY_BOTH] = "both",
};
#define POLICY_COUNT (sizeof(policy_names) / sizeof(policy_names[0]))

int postern_words_policy(const char *text, enum postern_policy *policy_r, const char **error_r)
{
	for (size_t i = 0; i < POLICY_COUNT; i++) {
		if (strcmp(policy_names[i], text) == 0) {
			*policy_r = (enum postern_policy)i;
			return 0;
		}
	}
	return postern_error(error_r, "a policy is any, key, password or both");
}

const char *postern_words_policy_name(enum postern_policy policy)
{
	return policy_names[policy];
}

int postern_words_new_name(const char *text, char **name_r, const char **error_r)
{
	static const char special[] = "/\\*?%\"'`<>()[]{}|,;:$&!~^";
	char *name;
	size_t plain;

	if (postern_precis_username(text, &name, error_r) != 0)
		return -1;
	plain = strcspn(name, special);
	if (name[plain] != '\0')
		postern_error(error_r, "a name with \"%c\" means something else to Dovecot, or to a "
			      "path", name[plain]);
	else if (*name == '.' || *name == '-')
		postern_error(error_r, "a name that begins with \"%c\" means something else to a path "
			      "or a command", *name);
	else {
		*name_r = name;
		return 0;
	}
	free(name);
	return -1;
}

int postern_words_address(const char *text, char *const *cased, char address_r[POSTERN_WORDS_ADDRESS_MAX],
			  const char **error_r)
{
	struct postern_address address;
	size_t size = strlen(text);

	if (text[0] == '@') {
		address_r[0] = '@';
		return postern_domain_normalize(text + 1, size - 1, address_r + 1, error_r);
	}
	if (postern_address_parse(text, size, &address, error_r) < 0)
		return -1;
	postern_address_apply_case(&address, cased);
	postern_address_format(&address, address_r, POSTERN_WORDS_ADDRESS_MAX);
	return 0;
}
