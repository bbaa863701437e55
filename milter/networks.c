/* SPDX-License-Identifier: MIT */
#include "networks.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

struct network {
	struct in6_addr base;
	unsigned prefix; /* of 128 */
};

struct postern_networks {
	size_t count;
	struct network list[];
};

static bool bit(const struct in6_addr *address, unsigned i)
{
	return (address->s6_addr[i / 8] >> (7 - i % 8) & 1) != 0;
}

static bool matches(const struct network *network, const struct in6_addr *address)
{
	unsigned whole = network->prefix / 8;

	if (memcmp(network->base.s6_addr, address->s6_addr, whole) != 0)
		return false;
	for (unsigned i = whole * 8; i < network->prefix; i++) {
		if (bit(&network->base, i) != bit(address, i))
			return false;
	}
	return true;
}

static int parse_prefix(const char *text, const char *digits, bool ipv4, unsigned *prefix_r,
			const char **error_r)
{
	unsigned max = ipv4 ? 32 : 128;
	unsigned long prefix = max;

	if (digits != NULL) {
		char *end;

		prefix = strtoul(digits, &end, 10);
		if (*digits < '0' || *digits > '9' || *end != '\0' || prefix > max) {
			return postern_error(error_r, "%s: a network's prefix is a number from 0 "
					     "to %u", text, max);
		}
	}
	*prefix_r = (unsigned)prefix + (ipv4 ? 96 : 0);
	return 0;
}

static int parse(const char *text, struct network *network_r, const char **error_r)
{
	char address[INET6_ADDRSTRLEN];
	struct postern_endpoint endpoint;
	const char *slash = strchr(text, '/');
	size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);

	if (length >= sizeof(address))
		return postern_error(error_r, "%s is not a network", text);
	memcpy(address, text, length);
	address[length] = '\0';
	if (!postern_endpoint_parse(address, NULL, &endpoint)) {
		return postern_error(error_r, "%s is not a network: write 192.0.2.0/24 or "
				     "2001:db8::/32", text);
	}
	network_r->base = endpoint.address;
	if (parse_prefix(text, slash == NULL ? NULL : slash + 1, strchr(address, ':') == NULL,
			 &network_r->prefix, error_r) < 0)
		return -1;
	for (unsigned i = network_r->prefix; i < 128; i++) {
		if (bit(&network_r->base, i)) {
			return postern_error(error_r, "%s is one address inside of a network: "
					     "write the network's own, or no prefix", text);
		}
	}
	return 0;
}

int postern_networks_new(char *const *texts, struct postern_networks **networks_r,
			 const char **error_r)
{
	struct postern_networks *networks;
	size_t count = 0;

	while (texts != NULL && texts[count] != NULL)
		count++;
	networks = calloc(1, sizeof(*networks) + count * sizeof(networks->list[0]));
	if (networks == NULL)
		return postern_error(error_r, "cannot keep the trusted networks: %m");
	for (; networks->count < count; networks->count++) {
		if (parse(texts[networks->count], &networks->list[networks->count], error_r) < 0) {
			postern_networks_free(&networks);
			return -1;
		}
	}
	*networks_r = networks;
	return 0;
}

void postern_networks_free(struct postern_networks **networks)
{
	free(*networks);
	*networks = NULL;
}

bool postern_networks_contain(const struct postern_networks *networks,
			      const struct in6_addr *address)
{
	for (size_t i = 0; i < networks->count; i++) {
		if (matches(&networks->list[i], address))
			return true;
	}
	return false;
}
