#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`postern check` reads what Postfix and Dovecot are set to, and says in one sentence each what makes postern void."""
import os
import re
import stat
import subprocess

from lib import tap
from lib.host import MailTest

ADVICE = "postern: advice: Postfix: disable_mime_output_conversion"

# postconf's options and argument; what the finding says.
POSTFIX = (
    ("no milter", "-P submission/inet/smtpd_milters=", "submission/inet: smtpd_milters is without postern"),
    ("another milter behind", "-P submissions/inet/smtpd_milters=unix:postern/milter.sock,inet:127.0.0.1:8891",
     "submissions/inet: smtpd_milters: a milter behind postern's"),
    ("no_milters", "-P submission/inet/receive_override_options=no_address_mappings,no_milters", "has no_milters"),
    ("no_milters in main.cf", "-e receive_override_options=no_milters", "has no_milters"),
    ("a map of milters", "-P submission/inet/smtpd_milter_maps=inline:{127.0.0.1=DISABLE}", "smtpd_milter_maps"),
    ("accept by default", "-P submission/inet/milter_default_action=accept", "milter_default_action = accept"),
    ("a proxy in front", "-P submission/inet/smtpd_proxy_filter=127.0.0.1:10025", "smtpd_proxy_filter = 127.0.0.1:10025"),
    ("reject is delayed", "-P submission/inet/smtpd_delay_reject=yes", "smtpd_delay_reject = yes"),
    ("no question at EHLO", "-P submission/inet/smtpd_helo_restrictions=", "smtpd_helo_restrictions does not ask"),
    ("no question at CONNECT", "-P submission/inet/smtpd_client_restrictions=", "smtpd_client_restrictions does not"),
    ("keys are not asked for", "-P submissions/inet/smtpd_tls_ask_ccert=no", "no client is asked for its key"),
    ("a CA", "-P submissions/inet/smtpd_tls_CAfile=/etc/ssl/certs/ca-certificates.crt", "smtpd_tls_CAfile"),
    ("MD5", "-P submission/inet/smtpd_tls_fingerprint_digest=md5", "keys are known by SHA-256"),
    ("header checks behind", "-e smtp_header_checks=inline:{x=IGNORE}", "smtp_header_checks changes messages"),
    ("body checks behind", "-e smtp_body_checks=inline:{x=IGNORE}", "smtp_body_checks changes messages"),
    ("addresses changed behind", "-e smtp_generic_maps=inline:{a@b=c@d}", "smtp_generic_maps changes messages"),
    ("another length of lines", "-e smtp_line_length_limit=2048", "smtp_line_length_limit = 2048, but 998"),
    ("a new service without it", "-M smtps/inet=smtps inet n - y - - smtpd", "smtps/inet: smtpd_milters is without"),
)
# A setting in a file of its own, as for 2.3.
DOVECOT = (
    ("no TLS", "ssl = no\n", "Dovecot: ssl = no"),
    ("a certificate of a known CA", "auth_ssl_require_client_cert = yes\n", "auth_ssl_require_client_cert"),
    ("the user of the certificate", "auth_ssl_username_from_cert = yes\n", "auth_ssl_username_from_cert"),
    ("no EXTERNAL", "auth_mechanisms = plain login\n", "auth_mechanisms lacks external"),
    ("passwords in the log", "auth_verbose_passwords = plain\n", "passwords are written into the log"),
)


@tap.with_cases
class Check(MailTest):
    own_host = True

    def setUp(self):
        conf = self.host.POSTFIX_CONFIG_DIR
        for path in (conf / "main.cf", conf / "master.cf"):
            self.addCleanup(path.write_bytes, path.read_bytes())

    def postconf(self, option, argument):
        subprocess.run((self.host.ENTER, "postconf", option, argument), check=True)

    def findings(self, code):
        done = self.host.postern("check", check=False)
        self.assertEqual(code, done.returncode, done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), len(set(lines)), lines)
        return [line for line in lines if not line.startswith(ADVICE)]

    def test_as_postfix_on_leaves_it(self):
        done = self.host.postern("check")
        self.assertEqual("ok: yes\n", done.stdout)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertIn(ADVICE, done.stderr)
        self.postconf("-e", "disable_mime_output_conversion=yes")
        self.assertEqual("", self.host.postern("check").stderr)

    def test_nobody_answers(self):
        socket = self.host.POLICY_SOCKET
        moved = socket.with_name("moved.sock")
        socket.rename(moved)
        self.addCleanup(moved.rename, socket)
        self.assertEqual([f"postern: nobody answers at {socket}, so that submission waits: start postern-milter"],
                         self.findings(78))

    def moved(self, path):
        away = path.with_name("moved.sock")
        path.rename(away)
        self.addCleanup(away.rename, path)

    @tap.cases(("milter", "MILTER_SOCKET"), ("sasl", "SASL_SOCKET"))
    def test_one_socket_is_dead(self, name):
        path = getattr(self.host, name)
        self.moved(path)
        self.assertEqual([f"postern: nobody answers at {path}, so that submission waits: start postern-milter"],
                         self.findings(78))

    def test_dovecot_is_not_asked(self):
        path = self.host.folder / "run/auth-postern"
        self.moved(path)
        found = self.findings(78)
        self.assertEqual(1, len(found), found)
        self.assertIn(f"nobody answers at {path}, so that every login by password", found[0])

    def test_closed_to_postfix(self):
        for path, mode in ((self.host.MILTER_SOCKET, 0o600), (self.host.MILTER_SOCKET.parent, 0o2700)):
            before = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode)
            self.addCleanup(path.chmod, before)
            found = self.findings(78)
            self.assertTrue(any(f"Postfix: {path} is closed to group" in line for line in found), found)
            path.chmod(before)
        self.assertEqual([], self.findings(0))

    def test_key_of_root(self):
        """Root can read it, and the daemon cannot."""
        pem = next(self.host.DKIM_DIR.rglob("*.pem"))
        owner = pem.stat()
        self.addCleanup(os.chown, pem, owner.st_uid, owner.st_gid)
        os.chown(pem, 0, 0)
        found = self.findings(78)
        self.assertEqual(1, len(found), found)
        self.assertIn(f"{pem} cannot be read by user {owner.st_uid}", found[0])

    def test_domain_without_a_key(self):
        conf = self.host.POSTERN_CONF
        self.addCleanup(conf.write_bytes, conf.read_bytes())
        conf.write_text(re.sub("(?m)^domains = .*", r"\g<0> other.test", conf.read_text()))
        self.assertEqual(["postern: advice: other.test has no DKIM key that signs, so that its mail waits:"
                          " postern dkim add other.test"], self.findings(0))

    @tap.cases(*POSTFIX)
    def test_postfix(self, command, words):
        self.postconf(*command.split(" ", 1))
        found = self.findings(78)
        self.assertTrue(any(words in line for line in found), found)
        # It is about what was changed and nothing else.
        name = command.split("=")[0].rpartition("/")[2].split()[-1]
        if not command.startswith("-M"):
            self.assertTrue(all(name in line or words in line for line in found), found)

    @tap.cases(("a parameter of main.cf", "-e smtpd_milters=inet:127.0.0.1:11332"),
               ("another milter in front", "-P submission/inet/smtpd_milters="
                                           "inet:127.0.0.1:11332,unix:postern/milter.sock"),
               ("shutdown", "-P submission/inet/milter_default_action=shutdown"),
               ("other overrides", "-P submission/inet/receive_override_options=no_address_mappings"))
    def test_nothing_wrong(self, command):
        self.postconf(*command.split(" ", 1))
        self.assertEqual([], self.findings(0))

    @tap.cases(("of a service", "-P submissions/inet/content_filter=smtp:[127.0.0.1]:10025", 1),
               ("of main.cf", "-e content_filter=smtp:[127.0.0.1]:10025", 3))
    def test_filter_behind(self, command, services):
        """Some change nothing, so that this is advice; of main.cf it is that of the relay listener too."""
        self.postconf(*command.split(" ", 1))
        found = self.findings(0)
        self.assertEqual(services, len(found), found)
        for line in found:
            self.assertIn("content_filter = smtp:[127.0.0.1]:10025 has the mail after it was signed", line)

    def test_postfix_without_postern(self):
        subprocess.run((self.host.ENTER, "postconf", "-MX", "submission/inet", "submissions/inet"), check=True)
        for line in subprocess.run((self.host.ENTER, "postconf", "-M"), check=True, text=True,
                                   capture_output=True).stdout.splitlines():
            if line.split()[1] == "inet" and line.split()[0] != "smtp":
                subprocess.run((self.host.ENTER, "postconf", "-MX", line.split()[0] + "/inet"), check=True)
        self.assertEqual([], self.findings(0))

    def test_broken_main_cf(self):
        main = self.host.POSTFIX_CONFIG_DIR / "main.cf"
        main.write_text("this is = no\n = configuration\n{\n")
        self.assertIn("postconf fails", " ".join(self.findings(78)))

    @tap.cases(*DOVECOT)
    def test_dovecot(self, settings, words):
        path = self.host.DOVECOT_CONF.parent / "conf.d/99-wrong.conf"
        self.addCleanup(path.unlink)
        self.host.configure_dovecot(path.name, settings)
        found = self.findings(78)
        self.assertEqual(1, len(found), found)
        self.assertIn(words, found[0])


if __name__ == "__main__":
    tap.main()
