/* SPDX-License-Identifier: MIT */
#include "dns_facts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_dns.h"
#include "dkim_dns.h"
#include "failure.h"
#include "memory.h"
#include "program_output.h"

static void add_address(struct postern_dns_facts *facts, const char *text)
{
	const char *ignored;
	char *address = NULL;

	if (postern_config_read_ip(text, &address, &ignored) < 0)
		return;
	for (size_t i = 0; i < facts->address_count; i++) {
		if (strcmp(facts->addresses[i], address) == 0) {
			free(address);
			return;
		}
	}
	POSTERN_MEMORY_GROW(&facts->addresses, facts->address_count, &facts->address_room);
	facts->addresses[facts->address_count++] = address;
}

static void add_file(struct postern_dns_facts *facts, const char *path)
{
	for (size_t i = 0; i < facts->file_count; i++) {
		if (strcmp(facts->files[i], path) == 0)
			return;
	}
	POSTERN_MEMORY_GROW(&facts->files, facts->file_count, &facts->file_room);
	facts->files[facts->file_count++] = postern_memory_copy(path);
}

/* Calls fn for each word of a list as Postfix has them. */
static void each_word(const char *list, void (*fn)(struct postern_dns_facts *, const char *),
		      struct postern_dns_facts *facts)
{
	char *copy = postern_memory_copy(list), *rest = copy, *word;

	while ((word = strsep(&rest, ", \t")) != NULL) {
		if (*word != '\0')
			fn(facts, word);
	}
	free(copy);
}

/* "[2001:db8::1]" is an address too. */
static void add_bracketed(struct postern_dns_facts *facts, const char *word)
{
	char text[INET6_ADDRSTRLEN + 2];
	size_t size = strlen(word);

	if (*word == '[' && word[size - 1] == ']' && size < sizeof(text)) {
		snprintf(text, sizeof(text), "%.*s", (int)size - 2, word + 1);
		word = text;
	}
	add_address(facts, word);
}

/* ---- what Postfix and Dovecot say ---- */

typedef void setting_fn(const char *name, const char *value, void *context);

/* Calls fn for each "name = value" line. A program that is not there or fails has said nothing. */
static void ask_program(const char *const argv[], setting_fn *fn, void *context)
{
	struct postern_lines lines;
	const char *ignored;

	if (postern_program_output(argv, &lines, &ignored) != POSTERN_PROGRAM_OK)
		return;
	for (const char *line = NULL; (line = postern_lines_next(&lines, line)) != NULL;) {
		const char *value = strchr(line, '='), *begin = line + strspn(line, " \t");
		char name[128];

		if (value == NULL)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(begin, " \t="), begin);
		fn(name, value + 1 + strspn(value + 1, " \t"), context);
	}
	postern_lines_deinit(&lines);
}

/* ---- addresses ---- */

static void take_bind_address(const char *name, const char *value, void *context)
{
	/* In front, with -P: "smtp/unix/". */
	const char *slash = strrchr(name, '/');

	name = slash == NULL ? name : slash + 1;
	if (strcmp(name, "smtp_bind_address") == 0 || strcmp(name, "smtp_bind_address6") == 0)
		each_word(value, add_bracketed, context);
}

static void take_proxy(const char *name, const char *value, void *context)
{
	if (strcmp(name, "proxy_interfaces") == 0)
		each_word(value, add_bracketed, context);
}

/* Not one of the networks that end at the next router (RFC 1918, 6598, 3927, 4193, 4291). */
static bool is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		uint32_t ip = ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);

		return ip >> 24 != 10 && ip >> 24 != 127 && ip >> 24 != 0 && ip >> 20 != 0xac1 &&
			ip >> 16 != 0xc0a8 && ip >> 16 != 0xa9fe && ip >> 22 != 0x191;
	}
	if (address->sa_family == AF_INET6) {
		const unsigned char *ip =
			((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr;

		return (ip[0] & 0xe0) == 0x20; /* global unicast */
	}
	return false;
}

static void add_interfaces(struct postern_dns_facts *facts)
{
	struct ifaddrs *list = NULL;
	char text[INET6_ADDRSTRLEN];

	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *one = list; one != NULL; one = one->ifa_next) {
		const struct sockaddr *address = one->ifa_addr;

		if (address == NULL || (one->ifa_flags & IFF_LOOPBACK) != 0 || !is_public(address))
			continue;
		if (address->sa_family == AF_INET)
			inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
				  text, sizeof(text));
		else
			inet_ntop(AF_INET6,
				  &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
				  text, sizeof(text));
		add_address(facts, text);
	}
	freeifaddrs(list);
}

static void find_addresses(const struct postern_config *config, struct postern_dns_facts *facts)
{
	const char *const main[] = { "postconf", "-x", "smtp_bind_address", "smtp_bind_address6",
				     "proxy_interfaces", NULL };
	const char *const services[] = { "postconf", "-P", "-x", NULL };

	for (size_t i = 0; config->outgoing_addresses[i] != NULL; i++)
		add_address(facts, config->outgoing_addresses[i]);
	if (facts->address_count > 0)
		return;
	facts->addresses_guessed = true;
	ask_program(main, take_bind_address, facts);
	ask_program(services, take_bind_address, facts);
	if (facts->address_count == 0)
		add_interfaces(facts);
	/* Behind these the host's own are not seen by the world, but nobody says which. */
	ask_program(main, take_proxy, facts);
}

/* ---- the host's name ---- */

static void take_host(const char *name, const char *value, void *context)
{
	struct postern_dns_facts *facts = context;
	const char *ignored;

	if (strcmp(name, "myhostname") == 0 &&
	    postern_domain_normalize(value, strlen(value), facts->host, &ignored) != 0)
		facts->host[0] = '\0';
}

static int find_host(const struct postern_config *config, struct postern_dns_facts *facts)
{
	const char *const argv[] = { "postconf", "-x", "myhostname", NULL };
	char name[256] = "";
	const char *ignored;

	if (*config->mail_host != '\0') {
		snprintf(facts->host, sizeof(facts->host), "%s", config->mail_host);
		return 0;
	}
	facts->host_guessed = true;
	ask_program(argv, take_host, facts);
	if (facts->host[0] == '\0' && gethostname(name, sizeof(name) - 1) == 0 &&
	    postern_domain_normalize(name, strlen(name), facts->host, &ignored) != 0)
		facts->host[0] = '\0';
	if (strchr(facts->host, '.') == NULL)
		return postern_fail(EX_CONFIG, "nothing says under which name the world knows this "
				    "host; set mail_host in postern.conf");
	return 0;
}

/* "https://HOST[:PORT]/…", or nothing. */
static void find_web_host(const struct postern_config *config, struct postern_dns_facts *facts)
{
	const char *host = strstr(config->page_url, "://");
	size_t size = host == NULL ? 0 : strcspn(host + 3, ":/");

	facts->has_page = size > 0 && size < sizeof(facts->web_host);
	facts->web_port = 443;
	if (!facts->has_page) {
		strcpy(facts->web_host, facts->host);
		return;
	}
	host += 3;
	snprintf(facts->web_host, sizeof(facts->web_host), "%.*s", (int)size, host);
	if (host[size] == ':')
		facts->web_port = (unsigned)strtoul(host + size + 1, NULL, 10);
}

/* ---- certificates ---- */

static void add_path(struct postern_dns_facts *facts, const char *word)
{
	if (*word == '/')
		add_file(facts, word);
}

static void take_file(const char *name, const char *value, void *context)
{
	static const char *const names[] = { "smtpd_tls_cert_file", "smtpd_tls_chain_files",
					     "ssl_cert", "cert_file" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		/* Dovecot 2.3 writes "<" in front. */
		if (strcmp(name, names[i]) == 0)
			each_word(*value == '<' ? value + 1 : value, add_path, context);
	}
}

static void find_files(const struct postern_config *config, struct postern_dns_facts *facts)
{
	/* Of the last two, one is of Dovecot 2.3 and one, a block of settings, of 2.4; the other
	   says nothing. */
	static const char *const programs[][6] = {
		{ "postconf", "-x", "smtpd_tls_cert_file", "smtpd_tls_chain_files" },
		{ "doveconf", "ssl_cert" },
		{ "doveconf", "ssl_server" },
	};

	for (size_t i = 0; config->tls_files[i] != NULL; i++)
		add_file(facts, config->tls_files[i]);
	if (facts->file_count > 0)
		return;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		ask_program(programs[i], take_file, facts);
	if (*config->page_ca != '\0')
		add_file(facts, config->page_ca);
}

/* ---- keys ---- */

static int read_keys(struct postern_command *command, struct postern_dns_facts *facts)
{
	int code;

	code = postern_dkim_selectors_read(command, facts->domain, &facts->selectors);
	facts->records = postern_memory_new(facts->selectors.count + 1, sizeof(*facts->records));
	for (size_t i = 0; code == 0 && i < facts->selectors.count; i++) {
		if (!postern_dkim_is(&facts->selectors.list[i], POSTERN_DKIM_GONE))
			code = postern_dkim_record_read(command, &facts->selectors.list[i],
							facts->records[i]);
	}
	return code;
}

int postern_dns_facts_read(struct postern_command *command, const char *domain,
			   struct postern_dns_facts *facts_r)
{
	const struct postern_config *config = command->config;
	int code;

	*facts_r = (struct postern_dns_facts){ .dmarc_policy = config->dmarc_policy };
	code = postern_dkim_read_domain(domain, facts_r->domain);
	if (code == 0)
		code = find_host(config, facts_r);
	if (code == 0)
		code = read_keys(command, facts_r);
	if (code != 0)
		return code;
	find_web_host(config, facts_r);
	find_addresses(config, facts_r);
	find_files(config, facts_r);
	facts_r->report_default = *config->report_address == '\0';
	if (facts_r->report_default)
		snprintf(facts_r->report_address, sizeof(facts_r->report_address), "postmaster@%s",
			 facts_r->domain);
	else
		snprintf(facts_r->report_address, sizeof(facts_r->report_address), "%s",
			 config->report_address);
	return 0;
}

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void postern_dns_facts_deinit(struct postern_dns_facts *facts)
{
	free_list(facts->addresses, facts->address_count);
	free_list(facts->files, facts->file_count);
	postern_dkim_selectors_deinit(&facts->selectors);
	free(facts->records);
	*facts = (struct postern_dns_facts){ 0 };
}
