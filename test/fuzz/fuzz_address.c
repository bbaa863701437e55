/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "address.h"
#include "fuzz.h"

/* What is read can be written and read again, is bounded, and holds nothing that could be taken
   for more than one address. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct postern_address address, again, base;
	char text[2 * POSTERN_ADDRESS_MAX];
	const char *error = NULL;

	if (postern_address_parse((const char *)data, size, &address, &error) < 0) {
		MUST(error != NULL);
		return 0;
	}
	MUST(address.local_part[0] != '\0' && address.domain[0] != '\0');
	MUST(strpbrk(address.local_part, "@<>()[]:;,\\\" \t\r\n") == NULL);
	MUST(strspn(address.domain, "abcdefghijklmnopqrstuvwxyz0123456789-.") ==
	     strlen(address.domain));
	postern_address_format(&address, text, sizeof(text));
	MUST(postern_address_parse(text, strlen(text), &again, &error) == 0);
	MUST(strcmp(address.local_part, again.local_part) == 0);
	MUST(strcmp(address.domain, again.domain) == 0);
	MUST(strcasecmp(address.local_part, address.exact) == 0);
	if (postern_address_base(&address, '+', &base))
		MUST(strlen(base.local_part) + 1 < strlen(address.local_part));
	return 0;
}
