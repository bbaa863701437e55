/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdbool.h>
#include <strings.h>
#include <sys/wait.h>

#include "password.h"
#include "secret.h"

/*
 * Verifiers made now, by the programs that people make them with, and ours given to Dovecot. A
 * program that is not installed is named as skipped.
 */

#define NOT_FOUND 127

static const char *const passwords[] = { "correct horse 1", "gr\u00fcne Gr\u00fctze \u2615" };

/* Runs a shell command with the arguments $1 and $2. The first line of its output, without the
   newline, and its exit status. */
static int run(const char *command, const char *first, const char *second, char *line_r,
	       size_t size)
{
	int ends[2], status = 0;
	size_t used = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/bin/sh", "sh", "-c", command, "sh", first, second, (char *)NULL);
		_exit(NOT_FOUND);
	}
	close(ends[1]);
	while (used + 1 < size && (got = read(ends[0], line_r + used, size - used - 1)) > 0)
		used += (size_t)got;
	close(ends[0]);
	line_r[used] = '\0';
	line_r[strcspn(line_r, "\n")] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int verify(const char *password, const char *verifier)
{
	const char *error = "";
	int ret = postern_password_verify(password, "alice", verifier, NULL, &error);

	if (ret < 0)
		fail_msg("%s: %s", verifier, error);
	return ret;
}

static void assert_only(const char *name, const char *password, const char *verifier)
{
	char wrong[64];

	snprintf(wrong, sizeof(wrong), "x%s", password);
	if (verify(password, verifier) != POSTERN_PASSWORD_OK)
		fail_msg("%s: %s does not verify \"%s\"", name, verifier, password);
	if (verify(wrong, verifier) != POSTERN_PASSWORD_MISMATCH)
		fail_msg("%s: %s does not tell \"%s\"", name, verifier, wrong);
}

#define PYTHON(method) \
	"/usr/bin/python3 -W ignore -c '\n" \
	"import sys\n" \
	"try:\n" \
	"    import crypt\n" \
	"except ImportError: # gone from Python 3.13\n" \
	"    sys.exit(127)\n" \
	"print(crypt.crypt(sys.argv[1], " method "))' \"$1\""

/* Each release leaves out other methods. */
#define MKPASSWD(method) \
	"m='" method "'; mkpasswd -m help | grep -q \"^${m%% *}\" || exit 127; " \
	"mkpasswd -m $m \"$1\""

static const struct {
	const char *name, *command;
} makers[] = {
	{ "openssl passwd -1", "openssl passwd -1 \"$1\"" },
	{ "openssl passwd -5", "openssl passwd -5 \"$1\"" },
	{ "openssl passwd -6", "openssl passwd -6 \"$1\"" },
	{ "perl crypt, DES", "perl -e 'print crypt($ARGV[0], q(Xy))' \"$1\"" },
	{ "perl crypt, MD5", "perl -e 'print crypt($ARGV[0], q($1$abcdefgh$))' \"$1\"" },
	{ "perl crypt, SHA-512", "perl -e 'print crypt($ARGV[0], q($6$abcdefgh$))' \"$1\"" },
	{ "php crypt, DES", "php -r 'echo crypt($argv[1], \"Xy\");' -- \"$1\"" },
	{ "php crypt, BSDi", "php -r 'echo crypt($argv[1], \"_J9..rasm\");' -- \"$1\"" },
	{ "php crypt, MD5", "php -r 'echo crypt($argv[1], \"\\$1\\$abcdefgh\\$\");' -- \"$1\"" },
	{ "php crypt, SHA-256", "php -r 'echo crypt($argv[1], \"\\$5\\$abcdefgh\\$\");' -- \"$1\"" },
	{ "php password_hash, bcrypt",
	  "php -r 'echo password_hash($argv[1], PASSWORD_BCRYPT, [\"cost\" => 5]);' -- \"$1\"" },
	{ "php password_hash, Argon2i",
	  "php -r 'defined(\"PASSWORD_ARGON2I\") || exit(127);"
	  "echo password_hash($argv[1], PASSWORD_ARGON2I, [\"memory_cost\" => 8192]);' -- \"$1\"" },
	{ "php password_hash, Argon2id",
	  "php -r 'defined(\"PASSWORD_ARGON2ID\") || exit(127);"
	  "echo password_hash($argv[1], PASSWORD_ARGON2ID,"
	  "[\"memory_cost\" => 8192, \"threads\" => 2]);' -- \"$1\"" },
	{ "python crypt, MD5", PYTHON("crypt.METHOD_MD5") },
	{ "python crypt, SHA-256", PYTHON("crypt.METHOD_SHA256") },
	{ "python crypt, SHA-512", PYTHON("crypt.METHOD_SHA512") },
	{ "python crypt, Blowfish", PYTHON("\"$2b$05$\" + 22 * \"a\"") },
	{ "mkpasswd, yescrypt", MKPASSWD("yescrypt") },
	{ "mkpasswd, gost-yescrypt", MKPASSWD("gost-yescrypt") },
	{ "mkpasswd, scrypt", MKPASSWD("scrypt") },
	{ "mkpasswd, bcrypt", MKPASSWD("bcrypt") },
	{ "mkpasswd, sha512crypt", MKPASSWD("sha512crypt -R 2000") },
	{ "mkpasswd, sha256crypt", MKPASSWD("sha256crypt") },
	{ "mkpasswd, sunmd5", MKPASSWD("sunmd5") },
	{ "mkpasswd, md5crypt", MKPASSWD("md5crypt") },
	{ "mkpasswd, bsdicrypt", MKPASSWD("bsdicrypt") },
	{ "mkpasswd, descrypt", MKPASSWD("descrypt") },
	{ "htpasswd, bcrypt",
	  "command -v htpasswd >/dev/null || exit 127; htpasswd -bnB '' \"$1\" | tr -d ':'" },
	{ "slappasswd, SSHA",
	  "command -v slappasswd >/dev/null || exit 127; slappasswd -h '{SSHA}' -s \"$1\"" },
};

static void test_makers(void **state)
{
	char verifier[POSTERN_VERIFIER_MAX];
	unsigned made = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(makers); i++) {
		for (size_t p = 0; p < COUNT(passwords); p++) {
			int code = run(makers[i].command, passwords[p], NULL, verifier,
				       sizeof(verifier));

			if (code == NOT_FOUND) {
				print_message("# skipped: there is no \"%s\" here\n",
					      makers[i].name);
				break;
			}
			if (code != 0)
				fail_msg("\"%s\" ended with %d", makers[i].name, code);
			assert_only(makers[i].name, passwords[p], verifier);
			made++;
		}
	}
	/* openssl comes with the library that this is linked with. */
	assert_true(made > 0);
}

/* Those that only Dovecot compares, which is not here. */
static bool is_dovecots(const char *scheme)
{
	static const char *const names[] = { "DIGEST-MD5", "OTP", "PLAIN-MD4", "PLAIN-TRUNC" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(names[i], scheme) == 0)
			return true;
	}
	return false;
}

#define DOVEADM_MAKE "doveadm -O pw -u alice@example.org -s \"$1\" -p \"$2\""

static void test_dovecot_makes(void **state)
{
	static const char *const encodings[] = { "", ".HEX", ".B64" };
	char list[1024], verifier[POSTERN_VERIFIER_MAX], name[64];
	char *rest = list, *scheme;
	unsigned made = 0;

	(void)state;
	if (run("doveadm -O pw -l", NULL, NULL, list, sizeof(list)) != 0) {
		print_message("# skipped: doveadm is not installed\n");
		skip();
	}
	while ((scheme = strsep(&rest, " ")) != NULL) {
		for (size_t e = 0; *scheme != '\0' && e < COUNT(encodings); e++) {
			snprintf(name, sizeof(name), "%s%s", scheme, encodings[e]);
			assert_int_equal(run(DOVEADM_MAKE, name, passwords[e % 2], verifier,
					     sizeof(verifier)), 0);
			made++;
			if (is_dovecots(scheme))
				assert_int_not_equal(verify(passwords[e % 2], verifier),
						     POSTERN_PASSWORD_OK);
			else
				assert_only(name, passwords[e % 2], verifier);
		}
	}
	/* It lists about thirty; what comes new there fails above, to be decided about. */
	assert_true(made > 40);
}

/* Dovecot itself takes what postern makes, where it may read it: SCRAM and CRAM-MD5. */
static void test_dovecot_takes(void **state)
{
	static const char *const schemes[] = {
		"scram-sha-256", "scram-sha-1", "cram-md5", "argon2id", "plain",
	};
	static const char *const crypts[] = {
		"yescrypt", "bcrypt", "sha512-crypt", "sha256-crypt", "md5-crypt",
	};
	static const char command[] = "doveadm -O pw -t \"$1\" -p \"$2\" 2>&1";
	char verifier[POSTERN_VERIFIER_MAX + 16], line[1024];

	(void)state;
	if (run("doveadm -O pw -l", NULL, NULL, line, sizeof(line)) != 0) {
		print_message("# skipped: doveadm is not installed\n");
		skip();
	}
	for (size_t i = 0; i < COUNT(schemes) + COUNT(crypts); i++) {
		bool bare = i >= COUNT(schemes);
		const char *scheme = bare ? crypts[i - COUNT(schemes)] : schemes[i];
		const char *password = passwords[i % 2], *error = "";
		char *made = NULL;

		assert_int_equal(postern_password_make(password, scheme, &made, &error), 0);
		snprintf(verifier, sizeof(verifier), "%s%s", bare ? "{CRYPT}" : "", made);
		if (run(command, verifier, password, line, sizeof(line)) != 0)
			fail_msg("%s: Dovecot says \"%s\" to %s", scheme, line, verifier);
		assert_int_not_equal(run(command, verifier, "wrong", line, sizeof(line)), 0);
		postern_secret_free(&made);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_makers),
		cmocka_unit_test(test_dovecot_makes),
		cmocka_unit_test(test_dovecot_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
