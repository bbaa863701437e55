#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mechanisms in which the password never comes: SCRAM, CRAM-MD5 and APOP from stored verifiers, by GNU SASL and Python's clients."""
import base64
import imaplib
import poplib
import re
import subprocess
import unittest

from lib import sessions, tap
from lib.clients import Imap, ImapStartTls, Pop3, Pop3StartTls, Sieve, Submission
from lib.passwords import PASSWORD, PasswordTest

SCHEMES = "password_schemes = yescrypt scram-sha-256 scram-sha-1 cram-md5 plain\n"


class MechanismTest(PasswordTest):
    postern_settings = SCHEMES

    def scram_salt(self, name, mechanism="SCRAM-SHA-256"):
        """The salt and the count that the server answers the first message with; None when it ends the
        login instead."""
        imap = Imap(self.host)
        self.addCleanup(imap.close)
        first = base64.b64encode(f"n,,n={name},r=fyko+d2lbbFgONRv9qkxdawL".encode()).decode()
        imap.send(f"a AUTHENTICATE {mechanism} {first}\r\n")
        line = imap.line()
        if not line.startswith("+ "):
            return None
        fields = base64.b64decode(line[2:]).decode().split(",")
        return dict(field.split("=", 1) for field in fields)["s"], fields[2]


@tap.with_cases
class ByMechanism(MechanismTest):
    WAYS = [(f"{mechanism}, {protocol}", protocol, mechanism) for protocol in ("imap", "smtp")
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5")]

    @tap.cases(*WAYS)
    def test_right_and_wrong(self, protocol, mechanism):
        self.assertLetIn(protocol, mechanism)
        self.assertRefused(protocol, mechanism, password=PASSWORD + "x")
        self.assertRefused(protocol, mechanism, name="nobody")

    def test_logged_in_as_the_account(self):
        """However the name was written."""
        mark = self.host.log_mark()
        self.assertLetIn("imap", "SCRAM-SHA-256", name="HATTA")
        self.host.wait_for_log(mark, f"{self.host.logged_in}: user=<hatta>")

    def test_apop(self):
        for password, works in ((PASSWORD, True), ("wrong", False)):
            pop = sessions.pop3(self.host)
            self.addCleanup(pop.close)
            if works:
                pop.apop("hatta", password)
            else:
                with self.assertRaises(poplib.error_proto):
                    pop.apop("hatta", password)

    def test_pythons_cram_md5(self):
        with sessions.imap(self.host) as imap:
            imap.login_cram_md5("hatta", PASSWORD)
        with self.assertRaises(imaplib.IMAP4.error), sessions.imap(self.host) as imap:
            imap.login_cram_md5("hatta", "wrong")

    def test_services(self):
        """One password for submission alone, another one for the rest."""
        self.host.postern("password", "set", "hatta", "--services", "imap,pop3", stdin=PASSWORD + "\n")
        self.host.postern("password", "set", "hatta", "--label", "send", "--services", "submission",
                          stdin="borogoves-8\n")
        for mechanism in ("SCRAM-SHA-256", "CRAM-MD5"):
            self.assertLetIn("imap", mechanism)
            self.assertRefused("imap", mechanism, password="borogoves-8")
            self.assertLetIn("smtp", mechanism, password="borogoves-8")
            self.assertRefused("smtp", mechanism)

    def test_imported_verifier(self):
        """Made by Dovecot, with a count of its own."""
        made = subprocess.run(("doveadm", "pw", "-s", "SCRAM-SHA-256", "-p", PASSWORD), text=True,
                              check=True, capture_output=True).stdout
        self.host.postern("password", "set", "hatta", "--hash", stdin=made)
        self.assertLetIn("imap", "SCRAM-SHA-256")
        self.assertRefused("imap", "SCRAM-SHA-1")
        self.assertRefused("imap", "CRAM-MD5")


class ChannelBinding(MechanismTest):
    """Which Dovecot has from 2.4 on."""

    mechanisms = ("scram-sha-256", "scram-sha-256-plus", "scram-sha-1", "scram-sha-1-plus")

    @classmethod
    def configure(cls):
        if not cls.host.is_dovecot_2_4:
            raise unittest.SkipTest("Dovecot 2.3 cannot bind channels")
        super().configure()

    def test_plus(self):
        for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"):
            self.assertLetIn("imap", mechanism)
            self.assertRefused("imap", mechanism, password=PASSWORD + "x")


class Policy(MechanismTest):
    def test_disabled(self):
        self.host.postern("account", "disable", "hatta")
        self.assertRefused("imap", "SCRAM-SHA-256")

    def test_key_alone(self):
        self.host.postern("account", "policy", "hatta", "key")
        for mechanism in ("SCRAM-SHA-256", "CRAM-MD5"):
            self.assertRefused("imap", mechanism)

    def test_both(self):
        self.host.postern("account", "policy", "hatta", "both")
        self.assertRefused("imap", "SCRAM-SHA-256")
        key = self.add_key("hatta", "--no-preauth")
        with sessions.imap(self.host, key) as imap:
            imap.login_cram_md5("hatta", PASSWORD)

    def test_key_of_another(self):
        key = self.add_key("alice", "--no-preauth")
        with self.assertRaises(imaplib.IMAP4.error), sessions.imap(self.host, key) as imap:
            imap.login_cram_md5("hatta", PASSWORD)


class Unknown(MechanismTest):
    """What a stranger learns from the server's first message. The admin's own passdb, which would be asked next,
    is taken away."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        host_conf = cls.host.DOVECOT_CONF.parent / "conf.d/50-host.conf"
        host_conf.write_text(re.sub(r"(?ms)^passdb .*?^}\n", "", host_conf.read_text()))
        cls.configure()

    def test_salt(self):
        self.add_account("bare", password=None)
        self.add_account("old", password=None)
        self.host.postern("password", "set", "old", "--hash",
                          stdin="$1$abcdefgh$f4FAhCjxUf8AsFu5Ck2gF/\n")
        salts = {}
        for name in ("hatta", "bare", "old", "nobody", "nobody@example.test"):
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1"):
                salt, count = self.scram_salt(name, mechanism)
                self.assertEqual((salt, count), self.scram_salt(name, mechanism), name)
                self.assertEqual(24, len(salt), name)
                self.assertEqual("i=15000", count, name)
                salts[name, mechanism] = salt
        self.assertEqual(10, len(set(salts.values())))
        self.assertEqual(self.scram_salt("NOBODY"), self.scram_salt("nobody"))

    def test_nothing_matches(self):
        self.add_account("bare", password=None)
        for name in ("bare", "nobody"):
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"):
                self.assertRefused("imap", mechanism, name=name)
                self.assertRefused("imap", mechanism, name=name, password="")


class Offered(MechanismTest):
    mechanisms = ()
    postern_settings = ""

    def test_not_unless_enabled(self):
        for protocol in (Imap, Pop3, Submission):
            client = protocol(self.host)
            self.addCleanup(client.close)
            self.assertEqual({"PLAIN"}, client.mechanisms)
        self.assertNotIn("@", sessions.pop3(self.host).getwelcome().decode())
        with sessions.smtp(self.host) as smtp:
            self.assertEqual({"PLAIN", "EXTERNAL"}, set(smtp.esmtp_features["auth"].split()))


class InClear:
    """A client that goes on without STARTTLS, from another address than the server's own, which Dovecot takes for a
    safe way."""
    implicit = False

    def switch(self):
        pass

    def start_tls(self, *_):
        pass

    def hello_again(self):
        # ManageSieve greets once more only after STARTTLS.
        if not isinstance(self, Sieve):
            super().hello_again()


def in_clear(protocol):
    return type("InClear", (InClear, protocol), {})


class PostfixSubmission(Submission):
    port = "SUBMISSION_PORT"


class PostfixPort25(Submission):
    port = "SMTP_PORT"


IR = sessions.plain("hatta", PASSWORD)
# What a client begins with; what an answer begins with that asks for more, or lets it in.
IMAP_LINES = {"PLAIN": f"x AUTHENTICATE PLAIN {IR}", "LOGIN": "x AUTHENTICATE LOGIN",
              "the command": f"x LOGIN hatta {PASSWORD}"}
POP3_LINES = {"PLAIN": f"AUTH PLAIN {IR}", "LOGIN": "AUTH LOGIN", "the command": "USER hatta"}
SIEVE_LINES = {"PLAIN": f'AUTHENTICATE "PLAIN" "{IR}"', "LOGIN": 'AUTHENTICATE "LOGIN"'}
SMTP_LINES = {"PLAIN": f"AUTH PLAIN {IR}", "LOGIN": "AUTH LOGIN"}
SERVICES = (
    ("IMAP", ImapStartTls, IMAP_LINES, r"\+ |x OK"),
    ("POP3", Pop3StartTls, POP3_LINES, r"\+"),
    ("ManageSieve", Sieve, SIEVE_LINES, r'["{]|OK'),
    ("Dovecot's submission", Submission, SMTP_LINES, "334|235"),
    ("Postfix, 587", PostfixSubmission, SMTP_LINES, "334|235"),
)


@tap.with_cases
class OutsideTls(MechanismTest):
    mechanisms = ("login",)

    WAYS = [(f"{service}, {way}", protocol, line, goes_on)
            for service, protocol, lines, goes_on in SERVICES for way, line in lines.items()]

    def connect(self, protocol):
        client = protocol(self.host)
        self.addCleanup(client.close)
        return client

    def answer(self, protocol, line):
        client = self.connect(protocol)
        client.send(line + "\r\n")
        return client.line()

    @tap.cases(*WAYS)
    def test_refused(self, protocol, line, goes_on):
        """Where the same is welcome in TLS; and the password is not even looked at."""
        mark = self.host.log_mark()
        self.assertNotRegex(self.answer(in_clear(protocol), line), rf"\A(?:{goes_on})")
        self.assertNotIn("postern login:", self.host.log_since(mark))
        self.assertRegex(self.answer(protocol, line), rf"\A(?:{goes_on})")

    def test_not_offered(self):
        capability = self.connect(in_clear(ImapStartTls)).command("CAPABILITY")[1][0]
        self.assertIn("LOGINDISABLED", capability)
        self.assertNotIn("AUTH=", capability)
        for protocol in (Submission, PostfixSubmission):
            self.assertNotIn("AUTH", " ".join(self.connect(in_clear(protocol)).capabilities))
        self.assertIn('"SASL" ""', self.connect(in_clear(Sieve)).capabilities)

    @tap.cases(*SMTP_LINES.items())
    def test_port_25(self, line):
        """Where nobody logs in, with or without TLS."""
        for protocol in (PostfixPort25, in_clear(PostfixPort25)):
            self.assertRegex(self.answer(protocol, line), r"\A50[0-9] ")


if __name__ == "__main__":
    tap.main()
