/* SPDX-License-Identifier: MIT */
/* What there is to type: data alone. postern(1) says the same at length; a test compares them. */
#include "args.h"

#include "command.h"
#include "store.h"

#define OPTION(name) (1u << POSTERN_OPTION_##name)

#define READS .opens_store = true, .store_flags = POSTERN_STORE_READ
#define WRITES .opens_store = true, .store_flags = POSTERN_STORE_WRITE
#define READS_PASSWORDS .opens_store = true, .store_flags = POSTERN_STORE_VERIFIERS
#define WRITES_PASSWORDS \
	.opens_store = true, .store_flags = POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS

const struct postern_option_spec postern_option_specs[POSTERN_OPTION_COUNT] = {
	[POSTERN_OPTION_CONFIG] = { "config", "FILE", "read FILE, not the usual postern.conf" },
	[POSTERN_OPTION_JSON] = { "json", NULL, "print JSON instead of text" },
	[POSTERN_OPTION_HELP] = { "help", NULL, "print help and exit" },
	[POSTERN_OPTION_VERSION] = { "version", NULL, "print the version and exit" },
	[POSTERN_OPTION_ADDRESS] = { "address", "ADDRESS", "an address; may be repeated" },
	[POSTERN_OPTION_ALGORITHM] = { "algorithm", "ALGORITHM",
				       "rsa2048 (default), rsa3072, rsa4096 or ed25519" },
	[POSTERN_OPTION_CHECK] = { "check", NULL, "ask the resolver, and say what is wrong" },
	[POSTERN_OPTION_DOMAIN] = { "domain", "DOMAIN", "what to put behind a name without \"@\"" },
	[POSTERN_OPTION_FORMAT] = { "format", "FORMAT",
				    "postern (default), passwd-file, shadow, csv or sql" },
	[POSTERN_OPTION_FROM] = { "from", "KEYFILE", "take this private key, do not make one" },
	[POSTERN_OPTION_HASH] = { "hash", NULL, "take a finished hash instead of a password" },
	[POSTERN_OPTION_LABEL] = { "label", "TEXT", "what its owner calls it" },
	[POSTERN_OPTION_NAME] = { "name", "NAME", "name in the certificate (default: last part of STEM)" },
	[POSTERN_OPTION_NO_PREAUTH] = { "no-preauth", NULL,
					"IMAP greets this key like any other client" },
	[POSTERN_OPTION_P12_PASSWORD_STDIN] = { "p12-password-stdin", NULL,
						"read the passphrase, one line, from stdin" },
	[POSTERN_OPTION_POLICY] = { "policy", "POLICY", "any (default), key, password or both" },
	[POSTERN_OPTION_RESOLVER] = { "resolver", "ADDRESS[:PORT]",
				      "ask this resolver, not that of postern.conf" },
	[POSTERN_OPTION_SENDER] = { "sender", "ADDRESS", "the message's envelope sender" },
	[POSTERN_OPTION_SERVICES] = { "services", "LIST",
				      "imap, pop3, submission, sieve, web, or all (default)" },
	[POSTERN_OPTION_TYPE] = { "type", "TYPE",
				  "ed25519 (default), p256, rsa2048 or rsa3072" },
	[POSTERN_OPTION_WAIT] = { "wait", "TIME",
				  "stay until the new key signs, at most so long: 30m, 2h" },
};

const struct postern_verb postern_verbs[] = {
	{ "init", NULL, "", 0, 0, 0, .run = postern_cmd_init,
	  .summary = "make the store and the folder of DKIM keys",
	  .help = "Nothing else ever makes a store. One that is there already is left alone." },

	{ "upgrade", NULL, "", 0, 0, 0, .run = postern_cmd_upgrade,
	  .summary = "bring the store of an older postern to this one's schema",
	  .help = "After an update; then restart postern-milter and Dovecot. A store that needs no\n"
		  "change is left alone." },

	{ "account", "add", "NAME", 1, 1, OPTION(ADDRESS) | OPTION(POLICY), WRITES,
	  .run = postern_cmd_account_add, .summary = "add an account",
	  .help = "An ADDRESS is local@domain, or @domain for somebody who owns a whole domain." },
	{ "account", "list", "", 0, 0, 0, READS, .run = postern_cmd_account_list,
	  .summary = "list the accounts" },
	{ "account", "show", "NAME", 1, 1, 0, READS_PASSWORDS, .run = postern_cmd_account_show,
	  .summary = "show an account and all it has" },
	{ "account", "disable", "NAME", 1, 1, 0, WRITES, .run = postern_cmd_account_disable,
	  .summary = "let an account log in nowhere, until it is enabled" },
	{ "account", "enable", "NAME", 1, 1, 0, WRITES, .run = postern_cmd_account_enable,
	  .summary = "undo \"disable\"" },
	{ "account", "remove", "NAME", 1, 1, 0, WRITES_PASSWORDS, .run = postern_cmd_account_remove,
	  .summary = "remove an account and all it has",
	  .help = "That is its keys, passwords and addresses; its mail is not touched." },
	{ "account", "policy", "NAME POLICY", 2, 2, 0, WRITES, .run = postern_cmd_account_policy,
	  .summary = "say what an account needs to log in",
	  .help = "POLICY is any (a key or a password), key, password, or both (the password, on\n"
		  "a connection that has the key)." },

	{ "key", "new", "STEM", 1, 1,
	  OPTION(TYPE) | OPTION(NAME) | OPTION(FROM) | OPTION(P12_PASSWORD_STDIN),
	  .needs_no_config = true, .run = postern_cmd_key_new,
	  .summary = "make a key and a certificate for a device",
	  .help = "Makes STEM.key, STEM.crt for \"key add\", and STEM.p12 for mail programs, with a\n"
		  "passphrase that is asked for. Anybody can do that, anywhere; the key belongs on\n"
		  "the device and nowhere else." },
	{ "key", "add", "ACCOUNT FILE|-", 2, 2,
	  OPTION(LABEL) | OPTION(SERVICES) | OPTION(NO_PREAUTH), WRITES,
	  .run = postern_cmd_key_add, .summary = "let a TLS key log in to an account",
	  .help = "FILE holds one certificate (PEM or DER) or one public key (PEM); - is stdin." },
	{ "key", "add-mail", "ACCOUNT ADDRESS", 2, 2,
	  OPTION(LABEL) | OPTION(SERVICES) | OPTION(NO_PREAUTH), WRITES,
	  .run = postern_cmd_key_add_mail,
	  .summary = "take a certificate of your CA with an address in it for a key",
	  .help = "For Dovecot's listeners with ssl_ca and a CRL. The address has to be the account's\n"
		  "own, then and at each login." },
	{ "key", "list", "[ACCOUNT]", 0, 1, 0, READS, .run = postern_cmd_key_list,
	  .summary = "list the keys" },
	{ "key", "show", "FINGERPRINT", 1, 1, 0, READS, .run = postern_cmd_key_show,
	  .summary = "show whose key it is",
	  .help = "FINGERPRINT is the SHA-256 of the SubjectPublicKeyInfo, in base64url or hex." },
	{ "key", "remove", "FINGERPRINT", 1, 1, 0, WRITES, .run = postern_cmd_key_remove,
	  .summary = "remove a key; it logs in nowhere from then on" },

	{ "password", "set", "ACCOUNT", 1, 1, OPTION(HASH) | OPTION(LABEL) | OPTION(SERVICES),
	  WRITES_PASSWORDS, .run = postern_cmd_password_set,
	  .summary = "set a password",
	  .help = "It is asked for on the terminal, or is the one line that stdin holds. The\n"
		  "password with the same label is replaced; without --label that is \"main\"." },
	{ "password", "generate", "ACCOUNT", 1, 1, OPTION(LABEL) | OPTION(SERVICES),
	  WRITES_PASSWORDS, .run = postern_cmd_password_generate,
	  .summary = "make a password, store it, and show it once",
	  .help = "For one device or program. The password with the same label is replaced; without\n"
		  "--label that is \"main\"." },
	{ "password", "list", "ACCOUNT", 1, 1, 0, READS_PASSWORDS, .run = postern_cmd_password_list,
	  .summary = "list the passwords of an account, not what they are" },
	{ "password", "remove", "ACCOUNT [LABEL]", 1, 2, 0, WRITES_PASSWORDS,
	  .run = postern_cmd_password_remove,
	  .summary = "remove a password; without LABEL the one called \"main\"" },
	{ "password", "status", "", 0, 0, 0, READS_PASSWORDS, .run = postern_cmd_password_status,
	  .summary = "count accounts by how their passwords are stored, the weakest first" },

	{ "address", "add", "ACCOUNT ADDRESS", 2, 2, 0, WRITES, .run = postern_cmd_address_add,
	  .summary = "let an account send as an address, or as all of @domain" },
	{ "address", "remove", "ACCOUNT ADDRESS", 2, 2, 0, WRITES,
	  .run = postern_cmd_address_remove, .summary = "undo \"add\"" },
	{ "address", "list", "[ACCOUNT]", 0, 1, 0, READS, .run = postern_cmd_address_list,
	  .summary = "list the addresses" },
	{ "address", "check", "ACCOUNT WHAT", 2, 2, OPTION(SENDER), READS,
	  .run = postern_cmd_address_check,
	  .summary = "say whether an account may send as an address, or a message",
	  .help = "WHAT is an address, or a file with a message (- is stdin), of which without --sender\n"
		  "the header alone is judged. Exits with 0 if it may, with 1 if not." },

	{ "reset", "list", "", 0, 0, 0, READS, .run = postern_cmd_reset_list,
	  .summary = "list the users who have asked for a new way in" },
	{ "reset", "approve", "ID", 1, 1, 0, WRITES_PASSWORDS, .run = postern_cmd_reset_approve,
	  .summary = "let one in: make a link, or set the hash that came along",
	  .help = "Make sure first, in another way, that it is the account's owner. The link is good\n"
		  "once, for half an hour; what is set or made is shown this once." },
	{ "reset", "refuse", "ID", 1, 1, 0, READS, .run = postern_cmd_reset_refuse,
	  .summary = "close a request without doing anything" },

	{ "page", NULL, "PATH [NAME=VALUE]...", 1, 16, 0, READS_PASSWORDS, .run = postern_cmd_page,
	  .summary = "print a page of password.cgi, for looking at",
	  .help = "PATH is one as in /keys/new. account=NAME says whose it is, way=key, certificate,\n"
		  "password or link how that one came in, language=de its language; any other NAME is\n"
		  "a field of the page." },

	{ "login", "list", "ACCOUNT", 1, 1, 0, READS, .run = postern_cmd_login_list,
	  .summary = "list the last logins and refusals of an account",
	  .help = "The newest first, 50 at most. postern-milter keeps them." },

	{ "dkim", "add", "DOMAIN [SELECTOR]", 1, 2, OPTION(ALGORITHM), WRITES,
	  .run = postern_cmd_dkim_add, .summary = "make a key that signs the mail of a domain",
	  .help = "It signs at once, unless another of its kind does; then see \"dkim activate\"." },
	{ "dkim", "list", "[DOMAIN]", 0, 1, 0, READS, .run = postern_cmd_dkim_list,
	  .summary = "list the DKIM keys" },
	{ "dkim", "record", "DOMAIN", 1, 1, 0, READS, .run = postern_cmd_dkim_record,
	  .summary = "print the TXT records to publish" },
	{ "dkim", "activate", "DOMAIN SELECTOR", 2, 2, 0, WRITES, .run = postern_cmd_dkim_activate,
	  .summary = "sign with this key from now on",
	  .help = "The key of its kind that did before retires." },
	{ "dkim", "retire", "DOMAIN SELECTOR", 2, 2, 0, WRITES, .run = postern_cmd_dkim_retire,
	  .summary = "stop signing with this key",
	  .help = "Leave its record in the DNS until the mail that it signed has arrived." },
	{ "dkim", "remove", "DOMAIN SELECTOR", 2, 2, 0, WRITES, .run = postern_cmd_dkim_remove,
	  .summary = "remove a key that does not sign, with its file" },

	{ "dkim", "rotate", "[DOMAIN]", 0, 1,
	  OPTION(ALGORITHM) | OPTION(RESOLVER) | OPTION(WAIT), WRITES,
	  .run = postern_cmd_dkim_rotate,
	  .summary = "put a new key in the place of the one that signs",
	  .help = "Makes the key, and once its record is in the DNS, switches; the old one's file goes\n"
		  "when its record is not needed any more. Each run takes the steps that are due.\n"
		  "Without DOMAIN it goes on with every rotation under way and begins none, which a\n"
		  "timer does each hour." },

	{ "dns", NULL, "DOMAIN", 1, 1, OPTION(CHECK) | OPTION(RESOLVER), READS,
	  .run = postern_cmd_dns,
	  .summary = "print the DNS records of a domain, or check those that are there",
	  .help = "With --check exits with 0 when all is well, with 1 when something could be better,\n"
		  "with 75 when something could not be found out, with 78 when something is wrong." },

	{ "export", NULL, "", 0, 0, 0, READS_PASSWORDS, .run = postern_cmd_export,
	  .summary = "print the accounts as a passwd-file for Dovecot" },
	{ "import", NULL, "[FILE|-]", 0, 1, OPTION(DOMAIN) | OPTION(FORMAT), WRITES_PASSWORDS,
	  .run = postern_cmd_import, .summary = "add many accounts, all or none",
	  .help = "Format postern: NAME HASH|- [ADDRESS]... on a line; \"#\" begins a comment.\n"
		  "Format passwd-file: user:{SCHEME}hash:uid:gid:gecos:home:shell:extra, as Dovecot\n"
		  "reads it. Format shadow: user:hash:... as shadow(5) has it. Format csv:\n"
		  "user,hash[,address]... Format sql: INSERT statements of a table (user, password)." },

	{ "check", NULL, "", 0, 0, 0, .store_flags = POSTERN_STORE_VERIFIERS,
	  .run = postern_cmd_check,
	  .summary = "check postern.conf, the store, the DKIM keys, and how the servers are configured" },

	{ 0 },
};
