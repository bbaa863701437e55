/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CONFIG_H
#define POSTERN_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config_allow.h"
#include "config_outside.h"
#include "error.h"
#include "password.h"

/*
 * postern.conf(5): one file for every part, `name = value` a line, "#" starts a comment
 * line. An unknown name, a name given twice or a value that does not parse is a failure
 * with file and line; there is no half-read configuration. The file holds no secret
 * and may be readable by all, but must not be writable by others than its owner.
 *
 * A user or group that only the default names and this machine does not have is -1: the part that
 * needs it has to refuse, the others do without.
 */
struct postern_config {
	/* Folder of the store: postern.db and verifiers.db. */
	char *store;
	/* Who may read postern.db: the group it is given by `postern init`. */
	gid_t store_group;
	/* Who may read verifiers.db: root alone by default (gid 0). */
	gid_t verifier_group;
	/* DOMAIN/SELECTOR.pem below this folder, 0700, owned by the daemon's user. */
	char *dkim_dir;

	/* Domains at which a login name without "@" owns the address of that name;
	   A-labels in lower case (RFC 5890). NULL-terminated. */
	char **domains;
	/* Domains where the case of a local-part counts; the same form. */
	char **case_sensitive_domains;
	/* Between local-part and subaddress (RFC 5233), or NUL for none. */
	char recipient_delimiter;

	/* Sessions under way end when what let them in does. */
	bool end_sessions;
	/* An authzid that is not the account's is ignored instead of refused. */
	bool ignore_authzid;
	/* Schemes of a new password, NULL-terminated. */
	char **password_schemes;
	unsigned password_min_length;
	/* A good login by password puts verifiers of these schemes in place of weaker ones. */
	bool upgrade_on_login;
	/* password_max_rounds, password_max_bcrypt_cost */
	struct postern_password_limits password_limits;

	/* The sender rule: a set of enum postern_allow for everybody, and what is added to it
	   for single accounts and domains. */
	unsigned allow;
	struct postern_allow_list allow_for;
	/* Tables that are asked besides the store (sender_maps.h), NULL-terminated. */
	char **sender_login_maps;
	/* What the rule would refuse is logged, and let through. */
	bool report_only;

	/* What is done with a message from outside (outside.h) that says it is from one of our
	   domains without a signature of ours; the networks and envelope senders that may, of
	   which "@domain" is all of that domain; and by which name the result is told: NULL or ""
	   for that of the host. */
	enum postern_outside_action own_domain_from_outside;
	char **outside_exempt_networks;
	char **outside_exempt_senders;
	char *authserv_id;

	/* How much an account may send; 0 for any number. */
	unsigned limit_messages_per_hour, limit_messages_per_day;
	unsigned limit_recipients_per_hour, limit_recipients_per_day;

	/* postern-milter */
	uid_t user;
	gid_t group;
	char *milter_socket;
	char *policy_socket;
	char *sasl_socket;
	char *socketmap_socket;
	/* Who may connect to the four sockets: Postfix's group. */
	gid_t socket_group;
	/* Where who decides about a login sends the record of it; for the store's group. */
	char *record_socket;
	char *sessions_socket;
	/* Dovecot's auth client socket, behind the SASL relay. */
	char *dovecot_auth_socket;
	/* Networks whose messages are passed without an identity, unsigned domains
	   excepted; NULL-terminated, "192.0.2.0/24". Empty by default. */
	char **trusted_networks;
	/* Who may send by sendmail(1) on this host, and as which account: "USER=ACCOUNT", USER
	   "*" for everybody else, ACCOUNT "" or "@domain" for the user's own name, with that
	   behind it. */
	char **local_users;
	/* Users of the system whose messages are passed like those of trusted networks. */
	char **trusted_users;
	/* What Postfix has under this name: its smtp client breaks longer lines, and what
	   is signed has to be what it sends. 0 for never. */
	unsigned smtp_line_length_limit;
	/* The users' page. Where it is, without a slash behind; "" for no page. */
	char *page_url;
	/* PEM file of the CAs whose certificates name an address of their owner; "" for none. */
	char *page_ca;
	/* Login names of those who may approve a reset on the page. */
	char **page_admins;
	/* Who is told by mail of a request for one: addresses. */
	char **page_mail_to;
	char *page_sendmail;
	/* The host that mail programs connect to; "" for that of page_url. */
	char *page_mail_host;
	/* PEM files that Apple's profiles are signed with; "" for no signature. */
	char *page_profile_certificate;
	char *page_profile_key;
	/* Where password.cgi finds postern-keeper, and who may connect there. */
	char *keeper_socket;
	gid_t keeper_group;
	/* NULL ("syslog" in the file) logs to syslog's mail facility, "stderr" to stderr. */
	char *log;

	/* What the command asks in the DNS, and what it says there should be. "" or an empty
	   list is what it finds out by itself. */
	char *resolver;  /* as postern_resolver_address_parse reads it */
	char *mail_host; /* A-labels */
	/* From which mail leaves for the world, those of proxies among them. */
	char **outgoing_addresses;
	char *dmarc_policy;   /* "none", "quarantine", "reject" */
	char *report_address; /* for DMARC and TLS reports */
	/* Certificates and revocation lists whose expiry is watched. */
	char **tls_files;
	/* How long a new selector's record is seen before it signs, and how long an old one's
	   record stays. */
	unsigned dkim_settle_minutes, dkim_retire_days;
};

/* Reads a file. path NULL means the built-in POSTERN_CONFIG_FILE. A missing file is a failure.
   *config_r is the caller's. */
int postern_config_load(const char *path, struct postern_config **config_r,
			const char **error_r) POSTERN_WARN_UNUSED;
void postern_config_free(struct postern_config **config);

/* Names of the options from index 0 on, in the order of postern.conf(5); NULL behind the last. */
const char *postern_config_option_name(size_t index);

#endif
