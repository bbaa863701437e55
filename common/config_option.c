/* SPDX-License-Identifier: MIT */
#include "config_option.h"

#include <stdlib.h>
#include <string.h>

#include "config_dns.h"
#include "config_file.h"
#include "config_value.h"
#include "config_word.h"
#include "postern-build.h"

#define SOCKET_FOLDER "/var/spool/postfix/postern"

/* How a value is read; the type of its place says it all but for lists and texts. */
enum kind {
	KIND_PATH,
	KIND_USER,
	KIND_GROUP,
	KIND_DELIMITER,
	KIND_BOOL,
	KIND_SCHEMES,
	KIND_DOMAINS,
	KIND_NETWORKS,
	KIND_UNSIGNED,
	KIND_UNSIGNED_LONG,
	KIND_LOG,
	KIND_ALLOW,
	KIND_LOCAL_USERS,
	KIND_SYSTEM_USERS,
	KIND_SENDER_MAPS,
	KIND_URL,
	KIND_FILE,
	KIND_HOST,
	KIND_ACCOUNTS,
	KIND_ADDRESSES,
	KIND_RESOLVER,
	KIND_IPS,
	KIND_DMARC_POLICY,
	KIND_REPORT_ADDRESS,
	KIND_FILES,
	KIND_OUTSIDE_ACTION,
	KIND_ENVELOPE_SENDERS,
};

struct option {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *value;
	/* Of numbers. */
	unsigned long min, max;
};

#define PLACE(name) offsetof(struct postern_config, name)
#define OPTION(name, kind, value) { #name, kind, PLACE(name), value, 0, 0 }
#define NUMBER(name, value, min, max) { #name, KIND_UNSIGNED, PLACE(name), value, min, max }

/* In the order of postern.conf(5). */
static const struct option options[] = {
	OPTION(store, KIND_PATH, POSTERN_STATE_DIR),
	OPTION(store_group, KIND_GROUP, "postern"),
	OPTION(verifier_group, KIND_GROUP, "0"),
	OPTION(domains, KIND_DOMAINS, ""),
	OPTION(case_sensitive_domains, KIND_DOMAINS, ""),
	OPTION(recipient_delimiter, KIND_DELIMITER, ""),
	OPTION(ignore_authzid, KIND_BOOL, "no"),
	OPTION(end_sessions, KIND_BOOL, "no"),
	OPTION(password_schemes, KIND_SCHEMES, "yescrypt scram-sha-256"),
	OPTION(upgrade_on_login, KIND_BOOL, "no"),
	NUMBER(password_min_length, "8", 1, 1024),
	{ "password_max_rounds", KIND_UNSIGNED_LONG, PLACE(password_limits.max_rounds),
	  "1000000", 1000, 999999999 },
	{ "password_max_bcrypt_cost", KIND_UNSIGNED, PLACE(password_limits.max_bcrypt_cost),
	  "14", 4, 31 },
	OPTION(allow, KIND_ALLOW, ""),
	OPTION(sender_login_maps, KIND_SENDER_MAPS, ""),
	OPTION(report_only, KIND_BOOL, "no"),
	OPTION(own_domain_from_outside, KIND_OUTSIDE_ACTION, "off"),
	OPTION(outside_exempt_networks, KIND_NETWORKS, ""),
	OPTION(outside_exempt_senders, KIND_ENVELOPE_SENDERS, ""),
	OPTION(authserv_id, KIND_HOST, ""),
	NUMBER(limit_messages_per_hour, "0", 0, 1000000),
	NUMBER(limit_messages_per_day, "0", 0, 1000000),
	NUMBER(limit_recipients_per_hour, "0", 0, 1000000),
	NUMBER(limit_recipients_per_day, "0", 0, 1000000),
	OPTION(user, KIND_USER, "postern"),
	OPTION(group, KIND_GROUP, "postern"),
	OPTION(milter_socket, KIND_PATH, SOCKET_FOLDER "/milter.sock"),
	OPTION(policy_socket, KIND_PATH, SOCKET_FOLDER "/policy.sock"),
	OPTION(sasl_socket, KIND_PATH, SOCKET_FOLDER "/auth.sock"),
	OPTION(socketmap_socket, KIND_PATH, SOCKET_FOLDER "/socketmap.sock"),
	OPTION(socket_group, KIND_GROUP, "postfix"),
	OPTION(record_socket, KIND_PATH, POSTERN_STATE_DIR "/logins/record.sock"),
	OPTION(sessions_socket, KIND_PATH, "/run/postern/sessions.sock"),
	OPTION(dovecot_auth_socket, KIND_PATH, "/run/dovecot/auth-postern"),
	OPTION(dkim_dir, KIND_PATH, POSTERN_STATE_DIR "/dkim"),
	OPTION(trusted_networks, KIND_NETWORKS, ""),
	OPTION(local_users, KIND_LOCAL_USERS, ""),
	OPTION(trusted_users, KIND_SYSTEM_USERS, ""),
	NUMBER(smtp_line_length_limit, "998", 0, 1000000),
	OPTION(page_url, KIND_URL, ""),
	OPTION(page_ca, KIND_FILE, ""),
	OPTION(page_admins, KIND_ACCOUNTS, ""),
	OPTION(page_mail_to, KIND_ADDRESSES, ""),
	OPTION(page_mail_host, KIND_HOST, ""),
	OPTION(page_profile_certificate, KIND_FILE, ""),
	OPTION(page_profile_key, KIND_FILE, ""),
	OPTION(page_sendmail, KIND_PATH, "/usr/sbin/sendmail"),
	OPTION(keeper_socket, KIND_PATH, POSTERN_CONFIG_KEEPER_SOCKET),
	OPTION(keeper_group, KIND_GROUP, "postern-page"),
	OPTION(log, KIND_LOG, "syslog"),
	OPTION(resolver, KIND_RESOLVER, ""),
	OPTION(mail_host, KIND_HOST, ""),
	OPTION(outgoing_addresses, KIND_IPS, ""),
	OPTION(dmarc_policy, KIND_DMARC_POLICY, "none"),
	OPTION(report_address, KIND_REPORT_ADDRESS, ""),
	OPTION(tls_files, KIND_FILES, ""),
	NUMBER(dkim_settle_minutes, "60", 0, 10080),
	NUMBER(dkim_retire_days, "7", 1, 365),
};

#define OPTIONS_COUNT (sizeof(options) / sizeof(options[0]))
_Static_assert(OPTIONS_COUNT <= POSTERN_CONFIG_OPTIONS_MAX, "raise POSTERN_CONFIG_OPTIONS_MAX");

const char *postern_config_option_name(size_t index)
{
	return index < OPTIONS_COUNT ? options[index].name : NULL;
}

bool postern_config_option_find(const char *name, size_t *index_r)
{
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		if (strcmp(options[i].name, name) == 0) {
			*index_r = i;
			return true;
		}
	}
	return false;
}

static int set_number(const struct option *option, void *place, const char *value,
		      const char **error_r)
{
	unsigned long number;

	if (postern_config_read_number(value, option->min, option->max, &number, error_r) < 0)
		return -1;
	if (option->kind == KIND_UNSIGNED_LONG)
		*(unsigned long *)place = number;
	else
		*(unsigned *)place = (unsigned)number;
	return 0;
}

int postern_config_option_set(struct postern_config *config, size_t index, const char *value,
			      const char **error_r)
{
	const struct option *option = &options[index];
	void *place = (char *)config + option->offset;

	switch (option->kind) {
	case KIND_PATH:
		return postern_config_read_path(value, place, error_r);
	case KIND_USER:
		return postern_config_read_user(value, place, error_r);
	case KIND_GROUP:
		return postern_config_read_group(value, place, error_r);
	case KIND_DELIMITER:
		return postern_config_read_delimiter(value, place, error_r);
	case KIND_BOOL:
		return postern_config_read_bool(value, place, error_r);
	case KIND_SCHEMES:
		if (*value == '\0')
			return postern_error(error_r, "expected at least one scheme");
		return postern_config_read_list(value, postern_config_read_scheme, place, error_r);
	case KIND_DOMAINS:
		return postern_config_read_list(value, postern_config_read_domain, place, error_r);
	case KIND_NETWORKS:
		return postern_config_read_list(value, postern_config_read_network, place, error_r);
	case KIND_LOCAL_USERS:
		return postern_config_read_list(value, postern_config_read_local_user, place,
						error_r);
	case KIND_SYSTEM_USERS:
		return postern_config_read_list(value, postern_config_read_system_user, place,
						error_r);
	case KIND_SENDER_MAPS:
		return postern_config_read_list(value, postern_config_read_sender_map, place,
						error_r);
	case KIND_URL:
		return postern_config_read_url(value, place, error_r);
	case KIND_FILE:
		return postern_config_read_file(value, place, error_r);
	case KIND_HOST:
		return postern_config_read_host(value, place, error_r);
	case KIND_ACCOUNTS:
		return postern_config_read_list(value, postern_config_read_account, place, error_r);
	case KIND_ADDRESSES:
		return postern_config_read_list(value, postern_config_read_address, place, error_r);
	case KIND_RESOLVER:
		return postern_config_read_resolver(value, place, error_r);
	case KIND_IPS:
		return postern_config_read_list(value, postern_config_read_ip, place, error_r);
	case KIND_DMARC_POLICY:
		return postern_config_read_dmarc_policy(value, place, error_r);
	case KIND_REPORT_ADDRESS:
		return postern_config_read_report_address(value, place, error_r);
	case KIND_FILES:
		return postern_config_read_list(value, postern_config_read_path, place, error_r);
	case KIND_OUTSIDE_ACTION:
		return postern_config_read_outside_action(value, place, error_r);
	case KIND_ENVELOPE_SENDERS:
		return postern_config_read_list(value, postern_config_read_envelope_sender, place,
						error_r);
	case KIND_UNSIGNED:
	case KIND_UNSIGNED_LONG:
		return set_number(option, place, value, error_r);
	case KIND_LOG:
		return postern_config_read_log(value, place, error_r);
	case KIND_ALLOW:
		return postern_allow_read(value, place, error_r);
	}
	abort();
}

int postern_config_set_defaults(struct postern_config *config, const char **error_r)
{
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		enum kind kind = options[i].kind;

		if (kind != KIND_USER && kind != KIND_GROUP &&
		    postern_config_option_set(config, i, options[i].value, error_r) < 0)
			return -1;
	}
	return 0;
}

void postern_config_option_set_default_id(struct postern_config *config, size_t index)
{
	const struct option *option = &options[index];
	void *place = (char *)config + option->offset;

	if (option->kind == KIND_USER)
		*(uid_t *)place = postern_config_user_or_none(option->value);
	else if (option->kind == KIND_GROUP)
		*(gid_t *)place = postern_config_group_or_none(option->value);
}

void postern_config_clear(struct postern_config *config)
{
	postern_allow_list_deinit(&config->allow_for);
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		void *place = (char *)config + options[i].offset;

		switch (options[i].kind) {
		case KIND_PATH:
		case KIND_LOG:
		case KIND_URL:
		case KIND_FILE:
		case KIND_HOST:
		case KIND_RESOLVER:
		case KIND_DMARC_POLICY:
		case KIND_REPORT_ADDRESS:
			free(*(char **)place);
			*(char **)place = NULL;
			break;
		case KIND_SCHEMES:
		case KIND_DOMAINS:
		case KIND_NETWORKS:
		case KIND_LOCAL_USERS:
		case KIND_SYSTEM_USERS:
		case KIND_SENDER_MAPS:
		case KIND_ACCOUNTS:
		case KIND_ADDRESSES:
		case KIND_IPS:
		case KIND_FILES:
		case KIND_ENVELOPE_SENDERS:
			postern_config_list_free(place);
			break;
		default:
			break;
		}
	}
}
