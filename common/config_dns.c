/* SPDX-License-Identifier: MIT */
#include "config_dns.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "address.h"

#define DNS_PORT 53

static bool is_address(const char *text)
{
	unsigned char octets[16];

	return inet_pton(strchr(text, ':') != NULL ? AF_INET6 : AF_INET, text, octets) == 1;
}

int postern_resolver_address_parse(const char *text, struct postern_resolver_address *address_r,
				   const char **error_r)
{
	static const char expected[] = "an address like 192.0.2.1, 192.0.2.1:5353 or "
		"[2001:db8::1]:5353";
	/* A colon that is not the only one belongs to an IPv6 address. */
	const char *begin = text + (*text == '['), *end = strchr(text, ']');
	const char *colon = strchr(text, ':'), *port = NULL;
	unsigned long number = DNS_PORT;
	const char *ignored;
	size_t size;

	if (*text == '[') {
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return postern_config_unexpected(expected, text, error_r);
		size = (size_t)(end - begin);
		port = end[1] == ':' ? end + 2 : NULL;
	} else {
		if (colon != NULL && strchr(colon + 1, ':') == NULL)
			port = colon + 1;
		size = port != NULL ? (size_t)(colon - begin) : strlen(begin);
	}
	if (size >= sizeof(address_r->address))
		return postern_config_unexpected(expected, text, error_r);
	memcpy(address_r->address, begin, size);
	address_r->address[size] = '\0';
	if (!is_address(address_r->address) ||
	    (*text == '[' && strchr(address_r->address, ':') == NULL) ||
	    (port != NULL && postern_config_read_number(port, 1, 65535, &number, &ignored) < 0))
		return postern_config_unexpected(expected, text, error_r);
	address_r->port = (unsigned)number;
	return 0;
}

int postern_config_read_resolver(const char *text, char **value_r, const char **error_r)
{
	struct postern_resolver_address address;

	if (*text != '\0' && postern_resolver_address_parse(text, &address, error_r) < 0)
		return -1;
	return postern_config_replace(value_r, text, error_r);
}

/* It becomes a mailto: URI, in which "," and "!" mean something else (RFC 7489, 6.2), and other
   marks would have to be encoded (RFC 6068). */
int postern_config_read_report_address(const char *text, char **value_r, const char **error_r)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._+";
	char written[2 * POSTERN_ADDRESS_MAX];
	struct postern_address address;

	if (*text == '\0')
		return postern_config_replace(value_r, text, error_r);
	if (postern_address_parse(text, strlen(text), &address, error_r) < 0)
		return -1;
	if (address.local_part[strspn(address.local_part, plain)] != '\0') {
		return postern_config_unexpected("an address with letters, digits and - . _ + in "
						 "front of its \"@\"", text, error_r);
	}
	postern_address_format(&address, written, sizeof(written));
	return postern_config_replace(value_r, written, error_r);
}

int postern_config_read_dmarc_policy(const char *text, char **value_r, const char **error_r)
{
	if (strcmp(text, "none") != 0 && strcmp(text, "quarantine") != 0 &&
	    strcmp(text, "reject") != 0)
		return postern_config_unexpected("none, quarantine or reject", text, error_r);
	return postern_config_replace(value_r, text, error_r);
}

int postern_config_read_ip(const char *text, char **word_r, const char **error_r)
{
	char canonical[INET6_ADDRSTRLEN];
	unsigned char octets[16];
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, octets) != 1)
		return postern_config_unexpected("an address like 192.0.2.1 or 2001:db8::1", text, error_r);
	inet_ntop(family, octets, canonical, sizeof(canonical));
	return postern_config_replace(word_r, canonical, error_r);
}
