/* SPDX-License-Identifier: MIT */
#include "check_servers.h"

#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "failure.h"
#include "program_output.h"

struct postfix {
	const struct postern_config *config;
	/* Every parameter of main.cf, the lines of master.cf, and its "-o" as
	   "service/type/name = value". */
	struct postern_lines parameters, services, overrides;
	int code;
};

/* One smtpd of master.cf. */
struct service {
	struct postfix *postfix;
	char name[128]; /* "submission/inet" */
};

static void complain(struct postfix *postfix, const char *fmt, ...) POSTERN_PRINTF(2, 3);

static void complain(struct postfix *postfix, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	postfix->code = postern_fail(EX_CONFIG, "Postfix: %s", text);
}

/* Never NULL. */
static const char *parameter(const struct postfix *postfix, const char *name)
{
	const char *value = postern_lines_value(&postfix->parameters, name);

	return value == NULL ? "" : value;
}

static const char *setting(const struct service *service, const char *name)
{
	char full[256];
	const char *value;

	snprintf(full, sizeof(full), "%s/%s", service->name, name);
	value = postern_lines_value(&service->postfix->overrides, full);
	return value == NULL ? parameter(service->postfix, name) : value;
}

/* As main.cf has it, below the queue folder: "postern/milter.sock". */
static const char *socket_name(const char *path)
{
	const char *last = strrchr(path, '/');

	while (last != NULL && last > path && last[-1] != '/')
		last--;
	return last == NULL ? path : last;
}

static bool asks_policy(const struct service *service, const char *name)
{
	return strstr(setting(service, name),
		      socket_name(service->postfix->config->policy_socket)) != NULL;
}

static const char *milter(const struct service *service, const char *name)
{
	return strstr(setting(service, name), socket_name(service->postfix->config->milter_socket));
}

static bool is_submission(const struct service *service)
{
	static const char *const names[] = {
		"submission", "submissions", "smtps", "587", "465",
	};
	const char *colon = strrchr(service->name, ':');
	const char *port = colon == NULL ? service->name : colon + 1;
	size_t size = strcspn(port, "/");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == size && strncmp(port, names[i], size) == 0)
			return true;
	}
	return false;
}

/* What comes by this service must go through the milter, and last through it. */
static void check_milter(const struct service *service)
{
	struct postfix *postfix = service->postfix;
	const char *found = milter(service, "smtpd_milters");

	if (found == NULL) {
		complain(postfix, "%s: smtpd_milters is without postern: its mail is neither checked "
			 "nor signed", service->name);
		return;
	}
	if (strpbrk(found, ", \t") != NULL && found[strcspn(found, ", \t")] != '}')
		complain(postfix, "%s: smtpd_milters: a milter behind postern's can change what is "
			 "signed; put postern's last", service->name);
	if (strstr(setting(service, "receive_override_options"), "no_milters") != NULL)
		complain(postfix, "%s: receive_override_options has no_milters: its mail is neither "
			 "checked nor signed", service->name);
	if (*setting(service, "smtpd_milter_maps") != '\0')
		complain(postfix, "%s: smtpd_milter_maps can take the milter away from a client; "
			 "leave it empty", service->name);
	if (strcmp(setting(service, "milter_default_action"), "tempfail") != 0 &&
	    strcmp(setting(service, "milter_default_action"), "shutdown") != 0 &&
	    strcmp(setting(service, "milter_default_action"), "reject") != 0)
		complain(postfix, "%s: milter_default_action = %s: while postern-milter is down, mail "
			 "goes out unchecked and unsigned; set it to tempfail", service->name,
			 postern_show(setting(service, "milter_default_action")));
}

/* Who else gets the message, before the milter or behind it. */
static void check_filters(const struct service *service)
{
	const char *filter = setting(service, "content_filter");

	if (*setting(service, "smtpd_proxy_filter") != '\0')
		complain(service->postfix, "%s: smtpd_proxy_filter = %s takes the mail away before the "
			 "milter has seen it; use content_filter", service->name,
			 postern_show(setting(service, "smtpd_proxy_filter")));
	if (*filter != '\0')
		postern_note("advice: Postfix: %s: content_filter = %s has the mail after it was "
			     "signed: it may add fields, and change nothing; the service that it gives "
			     "the mail back to has no milter of postern's", service->name,
			     postern_show(filter));
}

static void check_identity(const struct service *service)
{
	static const struct { const char *name, *value, *text; } wants[] = {
		{ "smtpd_delay_reject", "no", "it is not known in time whose session it is" },
		{ "smtpd_tls_ask_ccert", "yes", "no client is asked for its key" },
		{ "smtpd_tls_fingerprint_digest", "sha256", "keys are known by SHA-256" },
		{ "smtpd_tls_CAfile", "", "clients with a certificate of another CA do not show it" },
		{ "smtpd_tls_CApath", "", "clients with a certificate of another CA do not show it" },
	};
	static const char *const steps[] = {
		"smtpd_client_restrictions", "smtpd_helo_restrictions",
		"smtpd_sender_restrictions", "smtpd_relay_restrictions",
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (!asks_policy(service, steps[i]))
			complain(service->postfix, "%s: %s does not ask postern: sessions are not "
				 "known, and their mail is refused", service->name, steps[i]);
	}
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		if (strcmp(setting(service, wants[i].name), wants[i].value) != 0)
			complain(service->postfix, "%s: %s = %s: %s; set it to \"%s\"", service->name,
				 wants[i].name, postern_show(setting(service, wants[i].name)),
				 wants[i].text, wants[i].value);
	}
}

static bool knows_sessions(const struct service *service)
{
	return asks_policy(service, "smtpd_client_restrictions") ||
	       asks_policy(service, "smtpd_sender_restrictions");
}

static bool uses_postern(const struct service *service)
{
	return knows_sessions(service) || milter(service, "smtpd_milters") != NULL;
}

/* Returns true. */
static bool check_service(const struct service *service)
{
	bool known = knows_sessions(service);

	if (known || is_submission(service)) {
		check_milter(service);
		check_filters(service);
	}
	if (known && is_submission(service))
		check_identity(service);
	return true;
}

/* Calls fn for each smtpd of master.cf; whether it was true for any. */
static bool any_service(struct postfix *postfix, bool (*fn)(const struct service *service))
{
	bool any = false;

	for (const char *line = NULL;
	     (line = postern_lines_next(&postfix->services, line)) != NULL;) {
		struct service service = { .postfix = postfix };
		char name[96], type[16], command[64];

		if (sscanf(line, "%95s %15s %*s %*s %*s %*s %*s %63s", name, type, command) != 3 ||
		    strcmp(type, "inet") != 0 || strcmp(command, "smtpd") != 0)
			continue;
		snprintf(service.name, sizeof(service.name), "%s/%s", name, type);
		any = fn(&service) || any;
	}
	return any;
}

/* The clients that carry mail away; they come behind every milter. */
static void check_clients(struct postfix *postfix)
{
	static const char *const maps[] = {
		"smtp_header_checks", "smtp_mime_header_checks", "smtp_nested_header_checks",
		"smtp_body_checks", "smtp_generic_maps",
	};
	unsigned long limit = strtoul(parameter(postfix, "smtp_line_length_limit"), NULL, 10);

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		if (*parameter(postfix, maps[i]) != '\0')
			complain(postfix, "%s changes messages after they were signed; leave it empty, "
				 "or set it for a transport that carries nobody's signed mail",
				 maps[i]);
	}
	if (limit != postfix->config->smtp_line_length_limit)
		complain(postfix, "smtp_line_length_limit = %lu, but %u in postern.conf: signatures "
			 "over long lines break; make them the same", limit,
			 postfix->config->smtp_line_length_limit);
	if (strcmp(parameter(postfix, "disable_mime_output_conversion"), "yes") != 0)
		postern_note("advice: Postfix: disable_mime_output_conversion = no: 8-bit mail to a "
			     "server without 8BITMIME is converted, which breaks its signature");
}

static int read_lines(struct postfix *postfix, const char **error_r)
{
	int ret = postern_program_output((const char *const[]){ "postconf", "-x", NULL },
					 &postfix->parameters, error_r);

	if (ret == 0)
		ret = postern_program_output((const char *const[]){ "postconf", "-M", NULL },
					     &postfix->services, error_r);
	if (ret == 0)
		ret = postern_program_output((const char *const[]){ "postconf", "-xP", NULL },
					     &postfix->overrides, error_r);
	return ret;
}

static bool asks_dovecot(const struct service *service)
{
	const char *path = socket_name(service->postfix->config->sasl_socket);

	return strcmp(setting(service, "smtpd_sasl_auth_enable"), "yes") == 0 &&
	       strstr(setting(service, "smtpd_sasl_path"), path) != NULL;
}

/* Root connects to any socket, so that only this finds what smtpd may not. */
static void check_open_to_postfix(struct postfix *postfix, const char *path)
{
	gid_t group = postfix->config->socket_group;
	char folder[PATH_MAX];
	struct stat status;

	if (stat(path, &status) == 0 &&
	    (status.st_gid != group || (status.st_mode & (S_IRGRP | S_IWGRP)) != (S_IRGRP | S_IWGRP)))
		complain(postfix, "%s is closed to group %lu, the socket_group of postern.conf: "
			 "systemctl restart postern-milter", path, (unsigned long)group);
	snprintf(folder, sizeof(folder), "%s", path);
	if (stat(dirname(folder), &status) == 0 && (status.st_mode & S_IXOTH) == 0 &&
	    (status.st_gid != group || (status.st_mode & S_IXGRP) == 0))
		complain(postfix, "%s is closed to group %lu, the socket_group of postern.conf: "
			 "systemd-tmpfiles --create", folder, (unsigned long)group);
}

static void check_sockets(struct postfix *postfix)
{
	const struct postern_config *config = postfix->config;
	const char *const paths[] = {
		config->policy_socket, config->milter_socket, config->sasl_socket,
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		/* One sentence says it, where the daemon is down. */
		if (postern_check_socket(paths[i], "submission waits: start postern-milter") != 0) {
			postfix->code = EX_CONFIG;
			break;
		}
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && postfix->code == 0; i++)
		check_open_to_postfix(postfix, paths[i]);
	if (any_service(postfix, asks_dovecot) &&
	    postern_check_socket(config->dovecot_auth_socket, "every login by password on 587 and 465 "
				 "fails, as Postfix asks Dovecot there: start Dovecot, or run "
				 "/usr/share/postern/dovecot-on && doveadm reload") != 0)
		postfix->code = EX_CONFIG;
}

int postern_check_postfix(const struct postern_config *config, bool *plugged_r)
{
	struct postfix postfix = { .config = config };
	const char *error;
	int ret = read_lines(&postfix, &error);

	if (ret < 0)
		postfix.code = postern_fail(EX_CONFIG, "%s", error);
	/* What is wrong with a service depends on whether any is postern's. */
	*plugged_r = ret == 0 && any_service(&postfix, uses_postern);
	if (*plugged_r) {
		(void)any_service(&postfix, check_service);
		check_clients(&postfix);
		check_sockets(&postfix);
	}
	postern_lines_deinit(&postfix.parameters);
	postern_lines_deinit(&postfix.services);
	postern_lines_deinit(&postfix.overrides);
	return postfix.code;
}
