#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every client does its job with a key of every kind, its certificate valid or long expired."""
import os
import pathlib
import pty
import re
import select
import signal
import subprocess

from lib import sessions, tap
from lib.host import PATIENCE, MailTest
from lib.keys import KINDS

CERTIFICATES = [(f"{kind}, {'expired' if expired else 'valid'}", kind, expired)
                for kind in KINDS for expired in (False, True)]

MESSAGE = """\
From: Alice <alice@example.test>
To: someone@example.net
Subject: {marker}
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <{marker}@example.test>

Curiouser and curiouser!
"""


class ClientTest(MailTest):
    """Keys are made once for the class: RSA takes its time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = {}

    def key(self, kind, expired):
        if (kind, expired) not in self.keys:
            key = self.new_key(kind, expired)
            self.host.postern("key", "add", "alice", key.certificate)
            self.addClassCleanup(self.host.postern, "key", "remove", key.fingerprint)
            self.keys[kind, expired] = key
        return self.keys[kind, expired]

    def without_preauth(self, kind, expired):
        """Until the end of the test."""
        key = self.key(kind, expired)
        self.register_anew(key, "--no-preauth")
        self.addCleanup(self.register_anew, key)

    def register_anew(self, key, *options):
        self.host.postern("key", "remove", key.fingerprint)
        self.host.postern("key", "add", "alice", key.certificate, *options)

    def run_client(self, *command, stdin="", status=0):
        done = subprocess.run([str(word) for word in command], input=stdin, text=True,
                              errors="replace", capture_output=True, timeout=3 * PATIENCE)
        self.assertEqual(status, done.returncode, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def message(self):
        """A message as a file, and the word in it to find it by."""
        marker = self.unique()
        path = pathlib.Path(self.folder) / marker
        path.write_text(MESSAGE.format(marker=marker))
        return path, marker

    def deliver(self):
        """Puts a message into alice's mailbox, from outside; returns its marker."""
        marker = self.unique()
        with sessions.smtplib.SMTP(self.host.HOST, self.host.SMTP_PORT, timeout=PATIENCE) as smtp:
            smtp.sendmail("someone@example.net", ["alice@example.test"],
                          f"From: someone@example.net\r\nSubject: {marker}\r\n\r\nHello\r\n")
        self.host.wait_for_mail("alice", marker)
        return marker

    def file(self, name, text):
        path = pathlib.Path(self.folder) / name
        path.write_text(text)
        path.chmod(0o600)
        return path


@tap.with_cases
class OpensslSClient(ClientTest):
    def session(self, port, key, *steps):
        """Each step is a pattern to wait for, and the line to send then. Returns what was said."""
        command = ("openssl", "s_client", "-connect", f"{self.host.HOST}:{port}", "-quiet",
                   "-CAfile", self.host.CA_FILE, "-verify_return_error",
                   "-cert", key.certificate, "-key", key.key)
        said = ""
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL) as client:
            for pattern, line in steps:
                heard = ""
                while not re.search(pattern, heard):
                    heard = client.stdout.readline()
                    said += heard
                    self.assertTrue(heard, f"no {pattern!r} in: {said}")
                client.stdin.write(line + "\r\n")
                client.stdin.flush()
            return said + client.communicate(timeout=PATIENCE)[0]

    @tap.cases(*CERTIFICATES)
    def test_imap(self, kind, expired):
        said = self.session(self.host.IMAPS_PORT, self.key(kind, expired),
                            ("^[*] ", "1 SELECT INBOX"), ("^1 ", "2 LOGOUT"))
        self.assertRegex(said, r"^\* PREAUTH ")
        self.assertRegex(said, r"(?m)^1 OK ")

    @tap.cases(*CERTIFICATES)
    def test_submission(self, kind, expired):
        marker = self.unique()
        said = self.session(
            self.host.SUBMISSIONS_PORT, self.key(kind, expired),
            ("^220 ", "EHLO client.example"), ("^250 ", "MAIL FROM:<alice@example.test>"),
            ("^... ", "RCPT TO:<someone@example.net>"), ("^... ", "DATA"),
            ("^... ", MESSAGE.format(marker=marker).replace("\n", "\r\n") + "."),
            ("^... ", "QUIT"))
        self.assertIn("250 2.0.0 Ok: queued", said)
        self.host.wait_for_sink(marker)

    @tap.cases(("IMAPS", "IMAPS"), ("POP3S", "POP3S"), ("submissions", "SUBMISSIONS"))
    def test_no_ca_is_named(self, name):
        for version in ("-tls1_2", "-tls1_3"):
            port = getattr(self.host, name + "_PORT")
            said = self.run_client("openssl", "s_client", "-connect", f"{self.host.HOST}:{port}",
                                   "-CAfile", self.host.CA_FILE, version, stdin="")
            # That a certificate was asked for shows in the types it may have.
            self.assertRegex(said, "(?m)^(Client Certificate Types|Requested Signature Alg)",
                             version)
            self.assertIn("No client certificate CA names sent", said, version)


@tap.with_cases
class Python(ClientTest):
    @tap.cases(*CERTIFICATES)
    def test_imaplib(self, kind, expired):
        marker = self.deliver()
        with sessions.imap(self.host, self.key(kind, expired)) as imap:
            self.assertTrue(imap.welcome.startswith(b"* PREAUTH "), imap.welcome)
            imap.select("INBOX")
            self.assertEqual("OK", imap.search(None, "SUBJECT", marker)[0])

    @tap.cases(*CERTIFICATES)
    def test_poplib(self, kind, expired):
        self.deliver()
        pop = sessions.pop3(self.host, self.key(kind, expired))
        self.assertTrue(pop._shortcmd("AUTH EXTERNAL =").startswith(b"+OK"))
        self.assertGreater(pop.stat()[0], 0)
        pop.quit()

    @tap.cases(*CERTIFICATES)
    def test_smtplib(self, kind, expired):
        path, marker = self.message()
        with sessions.smtp(self.host, self.key(kind, expired)) as smtp:
            smtp.sendmail("alice@example.test", ["someone@example.net"], path.read_bytes())
        self.host.wait_for_sink(marker)

    @tap.cases(*CERTIFICATES)
    def test_smtplib_starttls(self, kind, expired):
        path, marker = self.message()
        with sessions.smtp(self.host, self.key(kind, expired), self.host.SUBMISSION_PORT) as smtp:
            smtp.sendmail("alice@example.test", ["someone@example.net"], path.read_bytes())
        self.host.wait_for_sink(marker)


@tap.with_cases
class Curl(ClientTest):
    def curl(self, key, *options):
        return self.run_client("curl", "-sS", "--max-time", PATIENCE, "--cacert",
                               self.host.CA_FILE, "--cert", key.certificate, "--key", key.key,
                               *options)

    @tap.cases(*CERTIFICATES)
    def test_imap(self, kind, expired):
        marker = self.deliver()
        said = self.curl(self.key(kind, expired),
                         f"imaps://{self.host.HOST}:{self.host.IMAPS_PORT}/INBOX?SUBJECT {marker}"
                         .replace(" ", "%20"))
        self.assertRegex(said, r"\* SEARCH \d+")

    @tap.cases(*CERTIFICATES)
    def test_pop3(self, kind, expired):
        self.deliver()
        said = self.curl(self.key(kind, expired), "--login-options", "AUTH=EXTERNAL",
                         "--user", "alice:", f"pop3s://{self.host.HOST}:{self.host.POP3S_PORT}/")
        self.assertRegex(said, r"(?m)^1 \d+")

    @tap.cases(*CERTIFICATES)
    def test_smtp_without_auth(self, kind, expired):
        path, marker = self.message()
        self.curl(self.key(kind, expired), "--mail-from", "alice@example.test", "--mail-rcpt",
                  "someone@example.net", "--upload-file", path, "--crlf",
                  f"smtps://{self.host.HOST}:{self.host.SUBMISSIONS_PORT}/client.example")
        self.host.wait_for_sink(marker)

    @tap.cases(*CERTIFICATES)
    def test_smtp_external(self, kind, expired):
        path, marker = self.message()
        mark = self.host.log_mark()
        self.curl(self.key(kind, expired), "--login-options", "AUTH=EXTERNAL", "--user", "alice:",
                  "--mail-from", "alice@example.test", "--mail-rcpt", "someone@example.net",
                  "--upload-file", path, "--crlf",
                  f"smtps://{self.host.HOST}:{self.host.SUBMISSIONS_PORT}/client.example")
        self.host.wait_for_sink(marker)
        self.host.wait_for_log(mark, "sasl_method=EXTERNAL, sasl_username=alice")


@tap.with_cases
class Msmtp(ClientTest):
    """GnuTLS, and not OpenSSL."""

    def send(self, key, *auth):
        path, marker = self.message()
        conf = self.file("msmtprc", "\n".join((
            "defaults", "account default", f"host {self.host.HOST}",
            f"port {self.host.SUBMISSIONS_PORT}", "tls on", "tls_starttls off",
            f"tls_trust_file {self.host.CA_FILE}", f"tls_cert_file {key.certificate}",
            f"tls_key_file {key.key}", "from alice@example.test", *auth, "")))
        self.run_client("msmtp", "-C", conf, "someone@example.net", stdin=path.read_text())
        self.host.wait_for_sink(marker)

    @tap.cases(*CERTIFICATES)
    def test_without_auth(self, kind, expired):
        self.send(self.key(kind, expired), "auth off")

    @tap.cases(*CERTIFICATES)
    def test_external(self, kind, expired):
        mark = self.host.log_mark()
        self.send(self.key(kind, expired), "auth external", "user alice")
        self.host.wait_for_log(mark, "sasl_method=EXTERNAL, sasl_username=alice")


@tap.with_cases
class Fetchmail(ClientTest):
    @tap.cases(*CERTIFICATES)
    def test_imap_preauth(self, kind, expired):
        marker = self.deliver()
        key = self.key(kind, expired)
        got = pathlib.Path(self.folder) / self.unique()
        conf = self.file("fetchmailrc", f"""
            poll {self.host.HOST} protocol IMAP port {self.host.IMAPS_PORT}
              user "alice" password "not-this-one" is "root" here
              ssl sslcertck sslcertfile "{self.host.CA_FILE}" sslcommonname "localhost"
              sslcert "{key.certificate}" sslkey "{key.key}"
              keep fetchall mda "cat >>{got}"
            """)
        self.run_client("fetchmail", "--nodetach", "--pidfile", f"{self.folder}/fetchmail.pid",
                        "--idfile", f"{self.folder}/fetchids", "--nosyslog", "-f", conf)
        self.assertIn(marker, got.read_text())


@tap.with_cases
class Mbsync(ClientTest):
    """SASL by Cyrus; its EXTERNAL names the user, in a response of its own."""

    def pull(self, kind, expired, *auth):
        key, marker = self.key(kind, expired), self.deliver()
        local = pathlib.Path(self.folder) / self.unique()
        local.mkdir()
        conf = self.file("mbsyncrc", "\n".join((
            "IMAPAccount host", "Host localhost", f"Port {self.host.IMAPS_PORT}", "SSLType IMAPS",
            f"CertificateFile {self.host.CA_FILE}", "SystemCertificates no", f"ClientCertificate {key.certificate}",
            f"ClientKey {key.key}", *auth, "", "IMAPStore far", "Account host", "", "MaildirStore near",
            f"Path {local}/", f"Inbox {local}/inbox", "", "Channel all", "Far :far:", "Near :near:", "Patterns INBOX",
            "Create Near", "SyncState *", "Sync Pull", "")))
        said = self.run_client("mbsync", "-V", "-c", conf, "all")
        self.assertTrue(any(marker.encode() in path.read_bytes() for path in (local / "inbox/new").iterdir()), said)
        return said

    @tap.cases(*CERTIFICATES)
    def test_preauth(self, kind, expired):
        self.pull(kind, expired)

    @tap.cases(*CERTIFICATES)
    def test_external(self, kind, expired):
        self.without_preauth(kind, expired)
        mark = self.host.log_mark()
        self.pull(kind, expired, "User alice", "AuthMechs EXTERNAL")
        self.host.wait_for_log(mark, f"{self.host.logged_in}: user=<alice>, method=EXTERNAL")


@tap.with_cases
class Mutt(ClientTest):
    """GnuTLS and GNU SASL. To read mail it wants a terminal."""

    def settings(self, key, *more):
        return self.file("muttrc", "\n".join((
            f"set certificate_file = {self.host.CA_FILE}", f"set ssl_client_cert = {key.pem}",
            "set from = alice@example.test", "set use_envelope_from = yes", "set copy = no",
            f"set folder = {self.folder}", "set quit = yes", *more, "")))

    def on_a_terminal(self, *command):
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM="vt100", HOME=str(self.folder), LC_ALL="C.UTF-8")
            os.execvp(command[0], [str(word) for word in command])
        shown, ended = b"", False
        while not ended and select.select([fd], [], [], PATIENCE)[0]:
            try:
                shown += os.read(fd, 65536)
            except OSError:     # EIO
                ended = True
        if not ended:
            os.kill(pid, signal.SIGKILL)
        os.close(fd)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.assertEqual(0, status, shown)
        return shown

    def read(self, kind, expired, *more):
        key, marker = self.key(kind, expired), self.deliver()
        shown = self.on_a_terminal(
            "mutt", "-n", "-F", self.settings(key, *more), "-f", f"imaps://alice@localhost:{self.host.IMAPS_PORT}/INBOX",
            "-e", "push <last-entry><exit>")
        self.assertIn(marker.encode(), shown)

    @tap.cases(*CERTIFICATES)
    def test_imap_preauth(self, kind, expired):
        self.read(kind, expired)

    @tap.cases(*CERTIFICATES)
    def test_imap_external(self, kind, expired):
        self.without_preauth(kind, expired)
        mark = self.host.log_mark()
        self.read(kind, expired, "set imap_authenticators = external")
        self.host.wait_for_log(mark, f"{self.host.logged_in}: user=<alice>, method=EXTERNAL")

    @tap.cases(*CERTIFICATES)
    def test_smtp_external(self, kind, expired):
        marker, mark = self.unique(), self.host.log_mark()
        conf = self.settings(
            self.key(kind, expired), f"set smtp_url = smtps://alice@localhost:{self.host.SUBMISSIONS_PORT}/",
            "set smtp_authenticators = external")
        self.run_client("mutt", "-n", "-F", conf, "-s", marker, "--", "someone@example.net", stdin="Hello\n")
        self.host.wait_for_sink(marker)
        self.host.wait_for_log(mark, "sasl_method=EXTERNAL, sasl_username=alice")


@tap.with_cases
class Swaks(ClientTest):
    def send(self, key, *options):
        path, marker = self.message()
        self.run_client("swaks", "--server", f"{self.host.HOST}:{self.host.SUBMISSIONS_PORT}",
                        "--tls-on-connect", "--tls-verify", "--tls-ca-path", self.host.CA_FILE,
                        "--tls-cert", key.certificate, "--tls-key", key.key,
                        "--helo", "client.example", "--from", "alice@example.test",
                        "--to", "someone@example.net", "--data", f"@{path}", *options)
        self.host.wait_for_sink(marker)

    @tap.cases(*CERTIFICATES)
    def test_without_auth(self, kind, expired):
        self.send(self.key(kind, expired))

    @tap.cases(*CERTIFICATES)
    def test_password_of_the_same_account(self, kind, expired):
        self.send(self.key(kind, expired), "--auth", "PLAIN", "--auth-user", "alice",
                  "--auth-password", "alice-secret-1")


class NoCa(ClientTest):
    """No CA is configured anywhere: not in the servers, not for any listener."""

    def test_dovecot(self):
        said = self.run_client(self.host.ENTER, "doveconf", "-n")
        self.assertNotIn("ssl_ca ", said)
        self.assertNotIn("ssl_verify_client_cert = yes", said)

    def test_postfix(self):
        for name in ("smtpd_tls_CAfile", "smtpd_tls_CApath"):
            said = self.run_client("postconf", "-c", self.host.POSTFIX_CONFIG_DIR, "-h", name)
            self.assertEqual("", said.strip(), name)
        said = self.run_client("postconf", "-c", self.host.POSTFIX_CONFIG_DIR, "-P")
        for line in said.splitlines():
            if "_CAfile" in line or "_CApath" in line:
                self.assertRegex(line, r"= *$")


if __name__ == "__main__":
    tap.main()
