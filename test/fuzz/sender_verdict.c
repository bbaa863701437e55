/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sender_rule.h"

/*
 * sender_verdict [P4]: what the rule says of many From fields at once, for differential.py. On
 * stdin, each body with its size before it (32 bits, network order); on stdout, one digit for
 * each, the verdict. alice owns two addresses and their subaddresses. P4 turns that knob off.
 */
static int owns(const struct postern_address *address, void *context, const char **error_r)
{
	struct postern_address base;

	(void)context;
	(void)error_r;
	if (!postern_address_base(address, '+', &base))
		base = *address;
	return strcmp(base.domain, "example.test") != 0 ||
	       (strcmp(base.local_part, "alice") != 0 && strcmp(base.local_part, "a.liddell") != 0);
}

static int verdict(const char *body, size_t size, unsigned allow)
{
	struct postern_sender_rule *rule = NULL;
	const char *error = NULL;
	int ret;

	if (postern_sender_rule_new(owns, NULL, allow, &rule, &error) < 0)
		return -1;
	ret = postern_sender_rule_field(rule, "From", 4, body, size, &error);
	postern_sender_rule_free(&rule);
	return ret;
}

int main(int argc, char **argv)
{
	unsigned allow = argc > 1 && strcmp(argv[1], "P4") == 0 ? POSTERN_ALLOW_P4 : 0;
	static char body[1 << 16];
	uint32_t size;

	while (fread(&size, sizeof(size), 1, stdin) == 1) {
		int ret;

		size = ntohl(size);
		if (size > sizeof(body) || fread(body, 1, size, stdin) != size)
			return 1;
		ret = verdict(body, size, allow);
		if (ret < 0)
			return 1;
		putchar('0' + ret);
	}
	return 0;
}
