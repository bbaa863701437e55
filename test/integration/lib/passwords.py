# SPDX-License-Identifier: MIT
"""Logins by password to a host with more mechanisms than PLAIN; GNU SASL as a client."""
import concurrent.futures
import imaplib
import poplib
import smtplib
import subprocess

from . import sessions
from .host import PATIENCE, MailTest, eventually

PASSWORD = "jabberwock-7"
OFFERED = ("scram-sha-1", "scram-sha-256", "cram-md5", "apop")
# gsasl has but one address to come from, which Dovecot would let wait longer with each failure.
PATIENT = """\
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""


class LoginTest(MailTest):
    def assertLogin(self, name, password, works):
        """By IMAP, POP3 and submission, which all ask the same; at once, since a failure takes two
        seconds."""
        ways = ((self.imap, imaplib.IMAP4.error), (self.pop3, poplib.error_proto),
                (self.smtp, smtplib.SMTPAuthenticationError))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            begun = [(login, refusal, pool.submit(login, name, password)) for login, refusal in ways]
        for login, refusal, future in begun:
            if works:
                future.result()
            else:
                with self.assertRaises(refusal, msg=f"{login.__name__}, {name}"):
                    future.result()

    def imap(self, name, password):
        with sessions.imap(self.host) as imap:
            imap.authenticate("PLAIN", lambda _: f"\0{name}\0{password}".encode())

    def pop3(self, name, password):
        pop = sessions.pop3(self.host)
        pop.encoding = "UTF-8"
        try:
            pop.user(name)
            pop.pass_(password)
        finally:
            pop.close()

    def smtp(self, name, password):
        with sessions.smtp(self.host) as smtp:
            code, text = smtp.docmd("AUTH PLAIN", sessions.plain(name, password))
            if code != 235:
                raise smtplib.SMTPAuthenticationError(code, text)


class PasswordTest(LoginTest):
    """On a host of its own: mechanisms are offered besides PLAIN; settings is put behind
    everything else of dovecot.conf, postern_settings behind that of postern.conf."""
    own_host = True
    mechanisms = OFFERED
    settings = ""
    postern_settings = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.host.POSTERN_CONF.open("a") as conf:
            conf.write(cls.postern_settings)
        cls.configure()

    @classmethod
    def configure(cls):
        offered = f"auth_mechanisms = $auth_mechanisms {' '.join(cls.mechanisms)}\n"
        cls.host.configure_dovecot("99-test.conf", offered + cls.settings + PATIENT)
        # Who is connected to the old auth process goes on with it, as an smtpd does for as long as it lives.
        for command in (("doveadm", "stop"), ("dovecot",), ("postfix", "reload")):
            subprocess.run((cls.host.ENTER, "--server", *command), check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(cls._answers, "Dovecot does not start")

    @classmethod
    def _answers(cls):
        try:
            sessions.imap(cls.host).logout()
        except (OSError, imaplib.IMAP4.error):
            return False
        return True

    def setUp(self):
        self.add_account("hatta")

    def add_account(self, name, *options, password=PASSWORD):
        self.host.postern("account", "add", name, *options)
        self.addCleanup(self.host.postern, "account", "remove", name)
        if password is not None:
            self.host.postern("password", "set", name, stdin=password + "\n")

    def gsasl(self, protocol, mechanism, name, password):
        """GNU SASL's client; STARTTLS. Returns whether it was let in, and what it saw. --no-cb: it gives up by itself
        when it could bind the channel and the server has no -PLUS mechanism, as Dovecot 2.3 has none."""
        port = self.host.IMAP_PORT if protocol == "imap" else self.host.SUBMISSION_PORT
        done = subprocess.run(
            ("gsasl", "--client", f"--{protocol}", f"--connect=127.0.0.1:{port}", "--starttls", *(() if mechanism.endswith("-PLUS") else ("--no-cb",)), "--verbose",
             f"--x509-ca-file={self.host.CA_FILE}", "--hostname=localhost", f"--mechanism={mechanism}",
             f"--authentication-id={name}", f"--password={password}"),
            input="", text=True, capture_output=True, timeout=3 * PATIENCE)
        return done.returncode == 0, done.stdout + done.stderr

    def assertLetIn(self, protocol, mechanism, name="hatta", password=PASSWORD):
        let_in, text = self.gsasl(protocol, mechanism, name, password)
        self.assertTrue(let_in, text)

    def assertRefused(self, protocol, mechanism, name="hatta", password=PASSWORD):
        let_in, text = self.gsasl(protocol, mechanism, name, password)
        self.assertFalse(let_in, text)
        self.assertIn(mechanism, text)
