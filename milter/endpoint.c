/* SPDX-License-Identifier: MIT */
#include "endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void map_ipv4(const struct in_addr *address, struct in6_addr *mapped_r)
{
	memset(mapped_r, 0, sizeof(*mapped_r));
	mapped_r->s6_addr[10] = 0xff;
	mapped_r->s6_addr[11] = 0xff;
	memcpy(mapped_r->s6_addr + 12, address, sizeof(*address));
}

static bool parse_address(const char *text, struct in6_addr *address_r)
{
	char bare[INET6_ADDRSTRLEN];
	struct in_addr ipv4;
	size_t length = strcspn(text, "%");

	if (length >= sizeof(bare))
		return false;
	memcpy(bare, text, length);
	bare[length] = '\0';
	if (inet_pton(AF_INET, bare, &ipv4) == 1) {
		map_ipv4(&ipv4, address_r);
		return true;
	}
	return inet_pton(AF_INET6, bare, address_r) == 1;
}

static bool parse_port(const char *text, uint16_t *port_r)
{
	unsigned long port;
	size_t length;

	*port_r = 0;
	if (text == NULL || *text == '\0' || strcmp(text, "unknown") == 0)
		return true;
	length = strspn(text, "0123456789");
	if (text[length] != '\0' || length > 5)
		return false;
	port = strtoul(text, NULL, 10);
	if (port > UINT16_MAX)
		return false;
	*port_r = (uint16_t)port;
	return true;
}

bool postern_endpoint_parse(const char *address, const char *port,
			    struct postern_endpoint *endpoint_r)
{
	return parse_address(address, &endpoint_r->address) &&
	       parse_port(port, &endpoint_r->port);
}

bool postern_endpoint_of_sockaddr(const struct sockaddr *address,
				  struct postern_endpoint *endpoint_r)
{
	if (address == NULL)
		return false;
	if (address->sa_family == AF_INET) {
		struct sockaddr_in ipv4;

		memcpy(&ipv4, address, sizeof(ipv4));
		map_ipv4(&ipv4.sin_addr, &endpoint_r->address);
		endpoint_r->port = ntohs(ipv4.sin_port);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 ipv6;

		memcpy(&ipv6, address, sizeof(ipv6));
		endpoint_r->address = ipv6.sin6_addr;
		endpoint_r->port = ntohs(ipv6.sin6_port);
		return true;
	}
	return false;
}

bool postern_endpoint_equal(const struct postern_endpoint *a, const struct postern_endpoint *b)
{
	return a->port == b->port && memcmp(&a->address, &b->address, sizeof(a->address)) == 0;
}

const char *postern_endpoint_format_address(const struct postern_endpoint *endpoint,
					    char text_r[INET6_ADDRSTRLEN])
{
	if (IN6_IS_ADDR_V4MAPPED(&endpoint->address))
		inet_ntop(AF_INET, endpoint->address.s6_addr + 12, text_r, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, &endpoint->address, text_r, INET6_ADDRSTRLEN);
	return text_r;
}

const char *postern_endpoint_format(const struct postern_endpoint *endpoint,
				    char text_r[POSTERN_ENDPOINT_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN];

	snprintf(text_r, POSTERN_ENDPOINT_TEXT_MAX, "[%s]:%u",
		 postern_endpoint_format_address(endpoint, address), endpoint->port);
	return text_r;
}
