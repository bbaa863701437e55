/* SPDX-License-Identifier: MIT */
#include "unit_conf.h"

#include <ctype.h>
#include <grp.h>
#include <pwd.h>

#include "config.h"
#include "config_dns.h"

static struct postern_config *load(const char *text)
{
	struct postern_config *config = NULL;
	const char *error;

	unit_write(path, text, 0644);
	if (postern_config_load(path, &config, &error) != 0)
		fail_msg("\"%s\": %s", text, error);
	return config;
}

static void defaults(void **state)
{
	struct postern_config *config = load("");
	struct group *group = getgrnam("postern");
	struct passwd *user = getpwnam("postern");

	(void)state;
	assert_string_equal(config->store, "/var/lib/postern");
	assert_string_equal(config->dkim_dir, "/var/lib/postern/dkim");
	assert_int_equal(config->store_group, group != NULL ? group->gr_gid : (gid_t)-1);
	assert_int_equal(config->verifier_group, 0);
	assert_null(config->domains[0]);
	assert_int_equal(config->recipient_delimiter, '\0');
	assert_false(config->ignore_authzid);
	assert_string_equal(config->password_schemes[0], "yescrypt");
	assert_string_equal(config->password_schemes[1], "scram-sha-256");
	assert_null(config->password_schemes[2]);
	assert_false(config->upgrade_on_login);
	assert_int_equal(config->password_min_length, 8);
	assert_int_equal(config->password_limits.max_rounds, 1000000);
	assert_int_equal(config->password_limits.max_bcrypt_cost, 14);
	assert_int_equal(config->user, user != NULL ? user->pw_uid : (uid_t)-1);
	assert_string_equal(config->milter_socket, "/var/spool/postfix/postern/milter.sock");
	assert_string_equal(config->policy_socket, "/var/spool/postfix/postern/policy.sock");
	assert_string_equal(config->sasl_socket, "/var/spool/postfix/postern/auth.sock");
	assert_string_equal(config->socketmap_socket, "/var/spool/postfix/postern/socketmap.sock");
	assert_string_equal(config->record_socket, "/var/lib/postern/logins/record.sock");
	assert_string_equal(config->dovecot_auth_socket, "/run/dovecot/auth-postern");
	assert_null(config->trusted_networks[0]);
	assert_int_equal(config->smtp_line_length_limit, 998);
	assert_null(config->log);
	assert_string_equal(config->resolver, "");
	assert_string_equal(config->mail_host, "");
	assert_null(config->outgoing_addresses[0]);
	assert_string_equal(config->dmarc_policy, "none");
	assert_int_equal(config->own_domain_from_outside, POSTERN_OUTSIDE_OFF);
	assert_string_equal(config->report_address, "");
	assert_null(config->tls_files[0]);
	assert_int_equal(config->dkim_settle_minutes, 60);
	assert_int_equal(config->dkim_retire_days, 7);
	assert_string_equal(config->page_url, "");
	assert_string_equal(config->page_ca, "");
	assert_null(config->page_admins[0]);
	assert_null(config->page_mail_to[0]);
	assert_string_equal(config->page_mail_host, "");
	assert_string_equal(config->page_sendmail, "/usr/sbin/sendmail");
	assert_string_equal(config->keeper_socket, "/run/postern-keeper/keeper.sock");
	assert_null(config->local_users[0]);
	assert_null(config->trusted_users[0]);
	assert_null(config->sender_login_maps[0]);
	assert_int_equal(config->limit_messages_per_hour, 0);
	assert_int_equal(config->limit_messages_per_day, 0);
	assert_int_equal(config->limit_recipients_per_hour, 0);
	assert_int_equal(config->limit_recipients_per_day, 0);
	assert_int_equal(config->allow, 0);
	assert_int_equal(config->allow_for.count, 0);
	assert_false(config->report_only);
	postern_config_free(&config);
	assert_null(config);
	postern_config_free(&config);
}

static void check_sender_options(const struct postern_config *config)
{
	assert_string_equal(config->local_users[0], "alice=");
	assert_string_equal(config->local_users[1], "cron=robot");
	assert_string_equal(config->local_users[2], "uid:7=bob");
	assert_string_equal(config->local_users[3], "www=@example.org");
	assert_string_equal(config->local_users[4], "*=");
	assert_null(config->local_users[5]);
	assert_string_equal(config->trusted_users[1], "uid:0");
	assert_string_equal(config->sender_login_maps[1], "socketmap:unix:/b:c");
	assert_int_equal(config->limit_messages_per_hour, 1);
	assert_int_equal(config->limit_messages_per_day, 2);
	assert_int_equal(config->limit_recipients_per_hour, 3);
	assert_int_equal(config->limit_recipients_per_day, 4);
	assert_int_equal(config->allow, POSTERN_ALLOW_P15);
	assert_true(config->report_only);
}

static void everything_can_be_set(void **state)
{
	struct postern_config *config = load(
		"# A comment, and an empty line\n"
		"\n"
		"  # another\n"
		"store=/srv/postern\n"
		"store_group = 1234\n"
		"verifier_group\t=\troot\n"
		"dkim_dir =   /srv/dkim with blanks  \n"
		"domains = Example.ORG,bücher.example\texample.net\r\n"
		"recipient_delimiter = +\n"
		"ignore_authzid = yes\n"
		"password_schemes = SHA512-CRYPT\n"
		"password_min_length = 15\n"
		"password_max_rounds = 5000\n"
		"password_max_bcrypt_cost = 12\n"
		"user = root\n"
		"group = 0\n"
		"milter_socket = /run/a=b\n"
		"policy_socket = /run/p\n"
		"sasl_socket = /run/s\n"
		"socket_group = 77\n"
		"socketmap_socket = /run/m\n"
		"record_socket = /run/r\n"
		"dovecot_auth_socket = /run/d\n"
		"trusted_networks = 192.0.2.0/24 2001:DB8::/32 127.0.0.1\n"
		"smtp_line_length_limit = 0\n"
		"local_users = alice cron=Robot,uid:7=bob www=@Example.ORG *\n"
		"trusted_users = root uid:0\n"
		"sender_login_maps = texthash:/a socketmap:unix:/b:c\n"
		"limit_messages_per_hour = 1\nlimit_messages_per_day = 2\n"
		"limit_recipients_per_hour = 3\nlimit_recipients_per_day = 4\n"
		"allow = P15\n"
		"report_only = yes\n"
		"log = stderr");

	(void)state;
	assert_string_equal(config->store, "/srv/postern");
	assert_int_equal(config->store_group, 1234);
	assert_int_equal(config->verifier_group, 0);
	assert_string_equal(config->dkim_dir, "/srv/dkim with blanks");
	assert_string_equal(config->domains[0], "example.org");
	assert_string_equal(config->domains[1], "xn--bcher-kva.example");
	assert_string_equal(config->domains[2], "example.net");
	assert_null(config->domains[3]);
	assert_int_equal(config->recipient_delimiter, '+');
	assert_true(config->ignore_authzid);
	assert_string_equal(config->password_schemes[0], "sha512-crypt");
	assert_null(config->password_schemes[1]);
	assert_int_equal(config->password_min_length, 15);
	assert_int_equal(config->password_limits.max_rounds, 5000);
	assert_int_equal(config->password_limits.max_bcrypt_cost, 12);
	assert_int_equal(config->user, 0);
	assert_int_equal(config->group, 0);
	assert_string_equal(config->milter_socket, "/run/a=b");
	assert_string_equal(config->policy_socket, "/run/p");
	assert_string_equal(config->sasl_socket, "/run/s");
	assert_int_equal(config->socket_group, 77);
	assert_string_equal(config->socketmap_socket, "/run/m");
	assert_string_equal(config->record_socket, "/run/r");
	assert_string_equal(config->dovecot_auth_socket, "/run/d");
	assert_string_equal(config->trusted_networks[0], "192.0.2.0/24");
	assert_string_equal(config->trusted_networks[1], "2001:db8::/32");
	assert_string_equal(config->trusted_networks[2], "127.0.0.1/32");
	assert_null(config->trusted_networks[3]);
	assert_int_equal(config->smtp_line_length_limit, 0);
	assert_string_equal(config->log, "stderr");
	check_sender_options(config);
	postern_config_free(&config);
}

static void the_page_can_be_set(void **state)
{
	struct postern_config *config = load(
		"page_url = HTTPS://Mail.Example.ORG:8443/Password.cgi/\n"
		"page_ca = /etc/ca.pem\n"
		"page_admins = Daniel dan@example.org\n"
		"page_mail_to = Daniel@Example.ORG\n"
		"page_mail_host = IMAP.example.org\n"
		"page_sendmail = /bin/true\n"
		"keeper_socket = /run/k\n"
		"keeper_group = 77\n");

	(void)state;
	assert_string_equal(config->page_url, "https://mail.example.org:8443/Password.cgi");
	assert_string_equal(config->page_ca, "/etc/ca.pem");
	assert_string_equal(config->page_admins[0], "daniel");
	assert_string_equal(config->page_admins[1], "dan@example.org");
	assert_null(config->page_admins[2]);
	assert_string_equal(config->page_mail_to[0], "daniel@example.org");
	assert_null(config->page_mail_to[1]);
	assert_string_equal(config->page_mail_host, "imap.example.org");
	assert_string_equal(config->page_sendmail, "/bin/true");
	assert_string_equal(config->keeper_socket, "/run/k");
	assert_int_equal(config->keeper_group, 77);
	postern_config_free(&config);
}

static void urls_are_brought_into_one_form(void **state)
{
	static const struct {
		const char *text, *url;
	} cases[] = {
		{ "page_url = https://a.example", "https://a.example" },
		{ "page_url = https://a.example/", "https://a.example" },
		{ "page_url = https://a.example:443/b", "https://a.example/b" },
		{ "page_url = https://bücher.example:0443/b", "https://xn--bcher-kva.example/b" },
		{ "page_url =", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_config *config = load(cases[i].text);

		check_row(cases[i].text, strcmp(config->page_url, cases[i].url) == 0);
		postern_config_free(&config);
	}
}

static void the_dns_options_are_read(void **state)
{
	struct postern_config *config = load(
		"resolver = [2001:db8::53]:5353\nmail_host = Mail.Bücher.example\n"
		"outgoing_addresses = 192.0.2.1, 2001:DB8:0::1\ndmarc_policy = reject\n"
		"own_domain_from_outside = mark\nauthserv_id = MX.Example.test\n"
		"outside_exempt_senders = Owner@Lists.Example, @B\xc3\xbc" "cher.example\n"
		"report_address = Dmarc@Example.org\ntls_files = /etc/a.pem /etc/b.pem\n"
		"dkim_settle_minutes = 0\ndkim_retire_days = 1\n");

	(void)state;
	assert_string_equal(config->resolver, "[2001:db8::53]:5353");
	assert_string_equal(config->mail_host, "mail.xn--bcher-kva.example");
	assert_string_equal(config->outgoing_addresses[0], "192.0.2.1");
	assert_string_equal(config->outgoing_addresses[1], "2001:db8::1");
	assert_null(config->outgoing_addresses[2]);
	assert_string_equal(config->dmarc_policy, "reject");
	assert_int_equal(config->own_domain_from_outside, POSTERN_OUTSIDE_MARK);
	assert_string_equal(config->authserv_id, "mx.example.test");
	assert_string_equal(config->outside_exempt_senders[0], "owner@lists.example");
	assert_string_equal(config->outside_exempt_senders[1], "@xn--bcher-kva.example");
	assert_null(config->outside_exempt_senders[2]);
	assert_string_equal(config->report_address, "dmarc@example.org");
	assert_string_equal(config->tls_files[1], "/etc/b.pem");
	assert_int_equal(config->dkim_settle_minutes, 0);
	assert_int_equal(config->dkim_retire_days, 1);
	postern_config_free(&config);
}

static void addresses_of_resolvers(void **state)
{
	static const struct {
		const char *text, *address;
		unsigned port;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", 53 },
		{ "192.0.2.1:5353", "192.0.2.1", 5353 },
		{ "2001:db8::1", "2001:db8::1", 53 },
		{ "[2001:db8::1]", "2001:db8::1", 53 },
		{ "[2001:db8::1]:5353", "2001:db8::1", 5353 },
		{ "", NULL, 0 }, { "[]", NULL, 0 }, { "ns.example", NULL, 0 },
		{ "192.0.2.1:", NULL, 0 }, { "192.0.2.1:0", NULL, 0 },
		{ "192.0.2.1:65536", NULL, 0 }, { "192.0.2.1:5x", NULL, 0 },
		{ "[2001:db8::1", NULL, 0 }, { "[2001:db8::1]5353", NULL, 0 },
		{ "[192.0.2.1]:53", NULL, 0 }, { "192.0.2", NULL, 0 }, { ":53", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_resolver_address address;
		const char *error;
		int ret = postern_resolver_address_parse(cases[i].text, &address, &error);

		check_row(cases[i].text, (ret == 0) == (cases[i].address != NULL));
		if (ret == 0) {
			check_row(cases[i].text, strcmp(address.address, cases[i].address) == 0);
			check_row(cases[i].text, address.port == cases[i].port);
		}
	}
}

static void lists_and_the_delimiter_can_be_empty(void **state)
{
	struct postern_config *config = load("domains =\ntrusted_networks =  \n"
					     "recipient_delimiter =\nlog = syslog\n");

	(void)state;
	assert_null(config->domains[0]);
	assert_null(config->trusted_networks[0]);
	assert_int_equal(config->recipient_delimiter, '\0');
	assert_null(config->log);
	postern_config_free(&config);
}

static void rules_are_allowed_to_accounts_and_domains(void **state)
{
	static const struct {
		const char *account, *domain;
		unsigned rules;
	} cases[] = {
		{ "alice", "", POSTERN_ALLOW_P4 },
		{ "alice", "example.net", POSTERN_ALLOW_P4 },
		{ "alice", "xn--bcher-kva.example", POSTERN_ALLOW_P4 | POSTERN_ALLOW_P15 },
		{ "bob", "xn--bcher-kva.example", POSTERN_ALLOW_P4 | POSTERN_ALLOW_P15 },
		{ "bob", "sub.xn--bcher-kva.example", 0 },
		{ "carol@example.org", "", POSTERN_ALLOW_P15 },
		{ "carol", "example.org", 0 },
		{ "", "", 0 },
	};
	struct postern_config *config = load("allow.Alice = P4\n"
					     "allow.bücher.example = P15, P4\n"
					     "allow.carol@Example.org = P15\n"
					     "allow.nobody =\n");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_row(cases[i].account,
			  postern_allow_list_find(&config->allow_for, cases[i].account,
						  cases[i].domain) == cases[i].rules);
	postern_config_free(&config);
}

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "stor = /x", ":1: unknown option \"stor\"" },
	{ "\n\nSTORE = /x", ":3: unknown option \"STORE\"" },
	{ "store", ":1: expected \"name = value\"" },
	{ "= /x", ":1: expected \"name = value\"" },
	{ "store /x", ":1: expected \"name = value\"" },
	{ "[store]", ":1: expected \"name = value\"" },
	{ "store = /x\n# c\nstore = /x", ":3: store was given in line 1 already" },
	{ "store = x", ":1: store: expected an absolute path" },
	{ "store =", ":1: store: expected an absolute path" },
	{ "store = /x/../y", ":1: store: expected an absolute path" },
	{ "store = /x/..", ":1: store: expected an absolute path" },
	{ "store = /x\x01", ":1: control character" },
	{ "st\x1b[2Jre = /x", ":1: control character" },
	{ "store_group = no such group", ":1: store_group: expected a group" },
	{ "store_group = -1", ":1: store_group: expected a group" },
	{ "resolver = ns.example.org", ":1: resolver: expected an address like" },
	{ "outgoing_addresses = 192.0.2.0/24", ":1: outgoing_addresses: expected an address" },
	{ "own_domain_from_outside = yes",
	  ":1: own_domain_from_outside: expected off, mark, defer or reject" },
	{ "outside_exempt_networks = 10.0.0.1/24",
	  ":1: outside_exempt_networks: expected a network" },
	{ "outside_exempt_senders = list", ":1: outside_exempt_senders: the address has no" },
	{ "outside_exempt_senders = @", ":1: outside_exempt_senders: the domain is empty" },
	{ "authserv_id = a b", ":1: authserv_id: " },
	{ "dmarc_policy = maybe", ":1: dmarc_policy: expected none, quarantine or reject" },
	{ "report_address = a,b@example.org", ":1: report_address: " },
	{ "report_address = a!b@example.org", ":1: report_address: expected an address with" },
	{ "tls_files = cert.pem", ":1: tls_files: expected an absolute path" },
	{ "dkim_retire_days = 0", ":1: dkim_retire_days: expected a number" },
	{ "store_group = 4294967295", ":1: store_group: expected a group" },
	{ "store_group =", ":1: store_group: expected a group" },
	{ "user = nosuchuser", ":1: user: expected a user" },
	{ "domains = example.org -x-.example", ":1: domains: " },
	{ "domains = a..b", ":1: domains: " },
	{ "recipient_delimiter = +-", ":1: recipient_delimiter: expected one mark" },
	{ "recipient_delimiter = a", ":1: recipient_delimiter: expected one mark" },
	{ "recipient_delimiter = @", ":1: recipient_delimiter: expected one mark" },
	{ "ignore_authzid = maybe", ":1: ignore_authzid: expected yes or no" },
	{ "ignore_authzid = YES", ":1: ignore_authzid: expected yes or no" },
	{ "ignore_authzid =", ":1: ignore_authzid: expected yes or no" },
	{ "password_schemes = sha512-crypt $1$",
	  ":1: password_schemes: no password scheme \"$1$\" to make: use one of yescrypt" },
	{ "password_schemes = yescript", ":1: password_schemes: no password scheme" },
	{ "upgrade_on_login = maybe", ":1: upgrade_on_login: expected yes or no" },
	{ "password_schemes =", ":1: password_schemes: expected at least one" },
	{ "password_min_length = 0", ":1: password_min_length: expected a number" },
	{ "password_min_length = 1025", ":1: password_min_length: expected a number" },
	{ "password_min_length = 8x", ":1: password_min_length: expected a number" },
	{ "password_min_length = -8", ":1: password_min_length: expected a number" },
	{ "password_min_length = +8", ":1: password_min_length: expected a number" },
	{ "password_max_rounds = 99999999999999999999", ":1: password_max_rounds: " },
	{ "password_max_rounds = 999", ":1: password_max_rounds: " },
	{ "password_max_bcrypt_cost = 32", ":1: password_max_bcrypt_cost: " },
	{ "trusted_networks = 10.0.0.0/33", ":1: trusted_networks: expected a network" },
	{ "trusted_networks = 10.0.0.1/24", ":1: trusted_networks: expected a network" },
	{ "trusted_networks = 10.0.0.0/", ":1: trusted_networks: expected a network" },
	{ "trusted_networks = 10.0.0", ":1: trusted_networks: expected a network" },
	{ "trusted_networks = 2001:db8::/129", ":1: trusted_networks: expected a net" },
	{ "trusted_networks = all", ":1: trusted_networks: expected a network" },
	{ "local_users = =alice", ":1: local_users: expected USER" },
	{ "local_users = a*", ":1: local_users: expected USER" },
	{ "local_users = uid:x=alice", ":1: local_users: expected USER" },
	{ "local_users = alice=", ":1: local_users: expected an account" },
	{ "local_users = alice=a=b@c@d", ":1: local_users: " },
	{ "local_users = alice=@-", ":1: local_users: " },
	{ "trusted_users = *", ":1: trusted_users: expected a user" },
	{ "trusted_users = root=alice/", ":1: trusted_users: expected a user" },
	{ "sender_login_maps = /a", ":1: sender_login_maps: expected texthash:/FILE" },
	{ "sender_login_maps = hash:a", ":1: sender_login_maps: expected texthash:/FILE" },
	{ "sender_login_maps = socketmap:unix:/b", ":1: sender_login_maps: expected" },
	{ "sender_login_maps = socketmap:inet:h:1:t", ":1: sender_login_maps: expected" },
	{ "allow = P3", ":1: allow: expected P4 or P15" },
	{ "allow = p4", ":1: allow: expected P4 or P15" },
	{ "allow.alice = P4 P5", ":1: allow.alice: expected P4 or P15" },
	{ "allow. = P4", ":1: allow.: expected the login name" },
	{ "allow.a b = P4", ":1: allow.a b: expected the login name" },
	{ "allow.alice = P4\nallow.Alice = P15", ":2: allow.Alice: this was given already" },
	{ "allow.a.example = P4\nallow.A.example =", ":2: allow.A.example: this was given" },
	{ "report_only = maybe", ":1: report_only: expected yes or no" },
	{ "page_url = http://a.example/b", ":1: page_url: expected a URL" },
	{ "page_url = https://a.example:0/b", ":1: page_url: expected a URL" },
	{ "page_url = https://a.example:x/b", ":1: page_url: expected a URL" },
	{ "page_url = https://a.example:/b", ":1: page_url: expected a URL" },
	{ "page_url = https://a.example:123456/b", ":1: page_url: expected a URL" },
	{ "page_url = https://a@b.example/b", ":1: page_url: expected a URL" },
	{ "page_url = https://a.example/b?c", ":1: page_url: expected a URL" },
	{ "page_url = https://a.example/b\"c", ":1: page_url: expected a URL" },
	{ "page_url = https://a.example/../c", ":1: page_url: expected a URL" },
	{ "page_url = https://a.example//c", ":1: page_url: expected a URL" },
	{ "page_url = https:///c", ":1: page_url: expected a URL" },
	{ "page_ca = ca.pem", ":1: page_ca: expected an absolute path" },
	{ "page_admins = daniel a@b@c", ":1: page_admins: " },
	{ "page_mail_to = daniel", ":1: page_mail_to: " },
	{ "page_mail_host = -", ":1: page_mail_host: " },
	{ "keeper_socket = k", ":1: keeper_socket: expected an absolute path" },
	{ "log = /var/log/postern", ":1: log: expected syslog or stderr" },
};

static void mistakes_are_named_with_file_and_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		struct postern_config *config = NULL;
		const char *error = "";
		char expected[PATH_MAX + 256];

		snprintf(expected, sizeof(expected), "%s%s", path, mistakes[i].error);
		unit_write(path, mistakes[i].text, 0644);
		check_row(mistakes[i].text, postern_config_load(path, &config, &error) == -1);
		if (strncmp(error, expected, strlen(expected)) != 0)
			fail_msg("\"%s\": %s", mistakes[i].text, error);
		assert_null(config);
	}
}

static void files_that_are_no_configuration(void **state)
{
	static const char with_nul[] = "store = /x\0\n";
	static char large[300 * 1024];
	struct postern_config *config = NULL;
	const char *error;

	(void)state;
	assert_int_equal(postern_config_load(path, &config, &error), -1);
	assert_non_null(strstr(error, path));
	unit_write_sized(path, with_nul, sizeof(with_nul) - 1, 0644);
	assert_int_equal(postern_config_load(path, &config, &error), -1);
	assert_non_null(strstr(error, "NUL"));
	unit_write(path, "", 0664);
	assert_int_equal(postern_config_load(path, &config, &error), -1);
	assert_non_null(strstr(error, "writable by others"));
	memset(large, '#', sizeof(large));
	unit_write_sized(path, large, sizeof(large), 0644);
	assert_int_equal(postern_config_load(path, &config, &error), -1);
	assert_non_null(strstr(error, "larger than"));
	assert_int_equal(postern_config_load(folder, &config, &error), -1);
	assert_null(config);
}

static void names_are_listed(void **state)
{
	size_t count = 0;
	const char *name;

	(void)state;
	for (; (name = postern_config_option_name(count)) != NULL; count++) {
		char text[128];
		struct postern_config *config = NULL;
		const char *error;

		for (const char *p = name; *p != '\0'; p++)
			assert_true(islower(*p) || *p == '_');
		/* Each of them is known, whatever it thinks of this value. */
		snprintf(text, sizeof(text), "%s = ?!@@\n", name);
		unit_write(path, text, 0644);
		assert_int_equal(postern_config_load(path, &config, &error), -1);
		assert_null(strstr(error, "unknown"));
	}
	assert_true(count >= 20);
	assert_null(postern_config_option_name(count + 1));
}

/* Every option has its paragraph in the man page, in the order of the table, and nothing
   else has. */
static void the_man_page_has_the_same_names(void **state)
{
	static const char item[] = ".It Ic ";
	const char *page = getenv("POSTERN_CONF_5");
	char line[512];
	size_t index = 0;
	FILE *file;

	(void)state;
	if (page == NULL)
		skip();
	file = fopen(page, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *name = postern_config_option_name(index);

		if (strncmp(line, item, strlen(item)) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		check_row(line, name != NULL && strcmp(line + strlen(item), name) == 0);
		index++;
	}
	fclose(file);
	assert_null(postern_config_option_name(index));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults),
		TEST(everything_can_be_set),
		TEST(the_page_can_be_set),
		TEST(urls_are_brought_into_one_form),
		TEST(the_dns_options_are_read),
		TEST(addresses_of_resolvers),
		TEST(lists_and_the_delimiter_can_be_empty),
		TEST(rules_are_allowed_to_accounts_and_domains),
		TEST(mistakes_are_named_with_file_and_line),
		TEST(files_that_are_no_configuration),
		TEST(names_are_listed),
		TEST(the_man_page_has_the_same_names),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
