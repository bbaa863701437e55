#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What mail programs that cannot run here send, octet for octet, as their sources have it; the file that writes
the line is named with each. "alice" is the user name that was typed into the program.

An exchange is a table: what the program sends, and a pattern for the answer that it goes on with. None sends nothing
and waits. The pattern is looked for in the last line of the answer, the tagged one in IMAP.
"""
import base64
import re

from lib import tap
from lib.clients import Line, encode
from lib.host import PASSWORDS, MailTest
from lib.key_login import key_login_case

ALICE = b"YWxpY2U="     # base64 of "alice"
MESSAGE = """\
From: Alice <alice@example.test>\r
To: someone@example.net\r
Subject: {0}\r
Date: Mon, 23 Nov 2026 10:00:00 +0000\r
Message-ID: <{0}@example.test>\r
\r
Curiouser and curiouser!\r
"""


def password():
    """alice's, as the answer to the challenge of PLAIN."""
    return encode("\0alice\0" + PASSWORDS["alice"]).encode() + b"\r\n"


class Replay(Line):
    """A connection that says what a table has, and wants the answers to be as there."""

    def __init__(self, test, host, port, key):
        super().__init__(host, port)
        self.test, self.key = test, key
        test.addCleanup(self.close)

    def play(self, *steps):
        for octets, pattern in steps:
            if octets == "TLS":
                self.start_tls(self.key)
                continue
            if octets is not None:
                self.send(octets)
            said = []
            while not self.is_last(said, octets):
                said.append(self.line())
            self.test.assertRegex(said[-1], pattern, f"after {octets!r}: {said}")

    def is_last(self, said, octets):
        raise NotImplementedError


class ImapReplay(Replay):
    tag = "*"       # of the greeting

    def is_last(self, said, octets):
        """The greeting, the tagged answer, or a challenge. What has no blank in it is the answer to one."""
        if octets and b" " in octets:
            self.tag = octets.split(b" ")[0].decode()
        return bool(said) and said[-1].startswith((self.tag + " ", "+ "))


class SmtpReplay(Replay):
    def is_last(self, said, octets):
        return bool(said) and re.match(r"\d{3}( |$)", said[-1]) is not None


class Pop3Replay(Replay):
    def is_last(self, said, octets):
        return bool(said) and (octets != b"CAPA\r\n" or said[-1] == ".")


class ReplayTest(MailTest):
    def imap(self, key, *steps):
        """Implicit TLS."""
        return self._replay(ImapReplay, self.host.IMAPS_PORT, key, ("TLS", ""), *steps)

    def imap_starttls(self, key, *steps):
        return self._replay(ImapReplay, self.host.IMAP_PORT, key, *steps)

    def smtps(self, key, *steps):
        return self._replay(SmtpReplay, self.host.SUBMISSIONS_PORT, key, ("TLS", ""), *steps)

    def submission(self, key, *steps):
        return self._replay(SmtpReplay, self.host.SUBMISSION_PORT, key, *steps)

    def pop3s(self, key, *steps):
        return self._replay(Pop3Replay, self.host.POP3S_PORT, key, ("TLS", ""), *steps)

    def _replay(self, cls, port, key, *steps):
        cls(self, self.host, port, key).play(*steps)

    def message(self):
        """Its octets, and the word in it to find it by."""
        marker = self.unique()
        return MESSAGE.format(marker).encode(), marker


class Thunderbird(ReplayTest):
    """releases-comm-central. The tag is a number that grows by one, from a random one up to 100."""

    # mailnews/imap/src/nsImapProtocol.cpp: ProcessAfterAuthenticated, Namespace, ID, SelectMailbox, Logout.
    AFTER = ((b'9 namespace\r\n', "^9 OK"),
             (b'10 ID ("name" "Thunderbird" "version" "140.3.0")\r\n', "^10 OK"),
             (b'11 select "INBOX"\r\n', "^11 OK"),
             (b"12 UID fetch 1:* (FLAGS)\r\n", "^12 OK"),
             (b"13 logout\r\n", "^13 OK"))

    @key_login_case(12)
    def test_imap_preauth(self):
        # EstablishServerConnection: a PREAUTH is taken, and its capabilities are asked for once more.
        self.imap(self.add_key("alice"),
                  (None, r"^\* PREAUTH "),
                  (b"8 capability\r\n", "^8 OK"),
                  *self.AFTER)

    @key_login_case(14, 15)
    def test_imap_external(self):
        # nsImapProtocol.cpp: AuthLogin, kHasAuthExternalCapability. The user name is the authorization identity and
        # goes with the command whether SASL-IR is offered or not; "authenticate" is in small letters.
        self.imap(self.add_key("alice", "--no-preauth"),
                  (None, r"^\* OK \[CAPABILITY [^]]*AUTH=EXTERNAL"),
                  (b"7 authenticate EXTERNAL " + ALICE + b"\r\n", "^7 OK"),
                  (b"8 capability\r\n", "^8 OK"),
                  *self.AFTER)

    @key_login_case(14, 15)
    def test_imap_starttls(self):
        # nsImapProtocol.cpp: StartTLS. After it the program drops a server that greets with PREAUTH; none may.
        self.imap_starttls(self.add_key("alice"),
                           (None, r"^\* OK "),
                           (b"5 STARTTLS\r\n", "^5 OK"),
                           ("TLS", ""),
                           (b"6 capability\r\n", "^6 OK"),
                           (b"7 authenticate EXTERNAL " + ALICE + b"\r\n", "^7 OK"),
                           (b"8 capability\r\n", "^8 OK"),
                           *self.AFTER)

    @key_login_case(15)
    def test_imap_external_by_address(self):
        # Who typed his address as the user name.
        self.imap(self.add_key("alice", "--no-preauth"),
                  (None, r"^\* OK "),
                  (b"7 authenticate EXTERNAL " + base64.b64encode(b"alice@example.test") + b"\r\n", "^7 OK"),
                  *self.AFTER)

    @key_login_case(9)
    def test_imap_external_with_an_unknown_key(self):
        # AuthLogin: what fails is marked so, and "Normal password" goes on over the same connection.
        self.imap(self.new_key(),
                  (None, r"^\* OK "),
                  (b"7 authenticate EXTERNAL " + ALICE + b"\r\n", "^7 NO"),
                  (b"8 authenticate PLAIN\r\n", r"^\+ "),
                  (password(), "^8 OK"))

    def steps_of_mail(self):
        # mailnews/compose/src/SmtpClient.sys.mjs: _actionEHLO, then at once useEnvelope, as with "No authentication".
        message, marker = self.message()
        size = str(len(message)).encode()
        return marker, ((b"EHLO [127.0.0.1]\r\n", "^250 "),
                        (b"MAIL FROM:<alice@example.test> BODY=8BITMIME SIZE=" + size + b"\r\n", "^250 "),
                        (b"RCPT TO:<someone@example.net>\r\n", "^250 "),
                        (b"DATA\r\n", "^354 "),
                        (message + b".\r\n", "^250 "),
                        (b"QUIT\r\n", "^221 "))

    @key_login_case(21)
    def test_smtp_without_auth(self):
        marker, steps = self.steps_of_mail()
        self.smtps(self.add_key("alice"), (None, "^220 "), *steps)
        self.host.wait_for_sink(marker)

    @key_login_case(21)
    def test_smtp_starttls_without_auth(self):
        marker, steps = self.steps_of_mail()
        self.submission(self.add_key("alice"),
                        (None, "^220 "),
                        (b"EHLO [127.0.0.1]\r\n", "^250 "),
                        (b"STARTTLS\r\n", "^220 "),
                        ("TLS", ""), *steps)
        self.host.wait_for_sink(marker)


class K9(ReplayTest):
    """thunderbird-android. It looks at the capabilities of a greeting, not at whether it says PREAUTH, and always
    authenticates; EXTERNAL has to be offered everywhere, and has the user name as its initial response."""

    # mail/protocols/imap/src/main/java/com/fsck/k9/mail/store/imap/RealImapConnection.kt: open, saslAuthExternal,
    # sendClientInfoIfSupported, enableCapabilitiesIfSupported, handleNamespace; the tag counts from 1.
    @staticmethod
    def after(first):
        lines = (b'ID ("name" "K-9 Mail" "version" "6.904")', b"ENABLE UTF8=ACCEPT", b"NAMESPACE", b'SELECT "INBOX"',
                 b"UID SEARCH 1:* NOT DELETED")
        return tuple((b"%d %s\r\n" % (number, line), "^%d OK" % number) for number, line in enumerate(lines, first))

    @key_login_case(13)
    def test_imap_preauth(self):
        self.imap(self.add_key("alice"),
                  (None, r"^\* PREAUTH \[CAPABILITY "),
                  (b"1 AUTHENTICATE EXTERNAL " + ALICE + b"\r\n", "^1 OK"),
                  # No capabilities in the answer.
                  (b"2 CAPABILITY\r\n", "^2 OK"),
                  *self.after(3))

    @key_login_case(14, 15)
    def test_imap_external(self):
        self.imap(self.add_key("alice", "--no-preauth"),
                  (None, r"^\* OK \[CAPABILITY [^]]*AUTH=EXTERNAL"),
                  (b"1 AUTHENTICATE EXTERNAL " + ALICE + b"\r\n", r"^1 OK \[CAPABILITY "),
                  *self.after(2))

    @key_login_case(14, 15)
    def test_imap_starttls(self):
        self.imap_starttls(self.add_key("alice"),
                           (None, r"^\* OK \[CAPABILITY "),
                           (b"1 STARTTLS\r\n", "^1 OK"),
                           ("TLS", ""),
                           (b"2 CAPABILITY\r\n", "^2 OK"),
                           (b"3 AUTHENTICATE EXTERNAL " + ALICE + b"\r\n", r"^3 OK \[CAPABILITY "),
                           *self.after(4))

    @key_login_case(20)
    def test_pop3_external(self):
        # mail/protocols/pop3/src/main/java/com/fsck/k9/mail/store/pop3/Pop3Connection.java: getCapabilities,
        # authExternal.
        self.pop3s(self.add_key("alice"),
                   (None, r"^\+OK"),
                   (b"CAPA\r\n", r"^\.$"),
                   (b"AUTH EXTERNAL " + ALICE + b"\r\n", r"^\+OK"),
                   (b"STAT\r\n", r"^\+OK \d+ \d+"),
                   (b"QUIT\r\n", r"^\+OK"))

    @key_login_case(22)
    def test_smtp_external(self):
        # mail/protocols/smtp/src/main/java/com/fsck/k9/mail/transport/smtp/SmtpTransport.kt: open, saslAuthExternal,
        # executePipelinedCommands: MAIL and RCPT in one write.
        message, marker = self.message()
        self.smtps(self.add_key("alice"),
                   (None, "^220 "),
                   (b"EHLO ehlo.thunderbird.net\r\n", "^250 "),
                   (b"AUTH EXTERNAL " + ALICE + b"\r\n", "^235 "),
                   (b"MAIL FROM:<alice@example.test> BODY=8BITMIME\r\nRCPT TO:<someone@example.net>\r\n",
                    "^250 "),
                   (None, "^250 "),
                   (b"DATA\r\n", "^354 "),
                   (message + b".\r\n", "^250 "),
                   (b"QUIT\r\n", "^221 "))
        self.host.wait_for_sink(marker)


class FairEmail(ReplayTest):
    """FairEmail, by its copy of JavaMail. The tag is a letter for the connection, and counts from 0. EXTERNAL is tried
    whenever it is advertised, before the password, and a challenge to it is taken for a failure."""

    # app/src/main/java/com/sun/mail/iap/Protocol.java: writeCommand;
    # app/src/main/java/com/sun/mail/imap/protocol/IMAPSaslAuthenticator.java: "EXTERNAL =".
    EXTERNAL = b"A0 AUTHENTICATE EXTERNAL =\r\n"
    @key_login_case(12)
    def test_preauth(self):
        # .../imap/protocol/IMAPProtocol.java: processGreeting.
        self.imap(self.add_key("alice"),
                  (None, r"^\* PREAUTH \[CAPABILITY "),
                  (b'A0 SELECT INBOX\r\n', "^A0 OK"),
                  (b"A1 LOGOUT\r\n", "^A1 OK"))

    @key_login_case(15)
    def test_external(self):
        self.imap(self.add_key("alice", "--no-preauth"),
                  (None, r"^\* OK \[CAPABILITY [^]]*AUTH=EXTERNAL"),
                  (self.EXTERNAL, "^A0 OK"),
                  (b'A1 SELECT INBOX\r\n', "^A1 OK"))

    @key_login_case(8)
    def test_password_user(self):
        """Without a certificate EXTERNAL is not offered, so it is not tried: no failure, and no delay."""
        # .../imap/protocol/IMAPProtocol.java: authplain.
        self.imap(None,
                  (None, r"^\* OK \[CAPABILITY (?!.*AUTH=EXTERNAL)"),
                  (b"A0 AUTHENTICATE PLAIN\r\n", r"^\+ "),
                  (password(), "^A0 OK"))

    @key_login_case(9)
    def test_unknown_key(self):
        """EXTERNAL fails, and the password follows on the same connection."""
        self.imap(self.new_key(),
                  (None, r"^\* OK "),
                  (self.EXTERNAL, "^A0 NO"),
                  (b"A1 AUTHENTICATE PLAIN\r\n", r"^\+ "),
                  (password(), "^A1 OK"))


if __name__ == "__main__":
    tap.main()
