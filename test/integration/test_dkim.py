#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every message at the sink has one DKIM-Signature, valid by two independent verifiers."""
import email
import smtplib

from lib import dkim, sessions, tap
from lib.host import PATIENCE, MailTest

FROM = b"From: Alice <alice@example.test>\r\n"
REST = (b"To: someone@example.net\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <x@example.test>\r\n")
UTF8 = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" \
       b"Content-Transfer-Encoding: 8bit\r\n"

MESSAGES = (
    ("plain", FROM + REST + b"\r\nHello\r\n"),
    ("no Date", FROM + b"Message-ID: <x@example.test>\r\n\r\nHello\r\n"),
    ("no Message-ID", FROM + b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nHello\r\n"),
    ("neither Date nor Message-ID nor To", FROM + b"\r\nHello\r\n"),
    ("8-bit text", FROM + REST + UTF8 + b"\r\nGr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln\r\n"),
    ("8-bit text, no Date, no Message-ID", FROM + UTF8 + b"\r\nGr\xc3\xbc\xc3\x9fe\r\n"),
    ("no body", FROM + REST + b"\r\n"),
    ("header only", FROM + REST),
    ("empty lines at the end", FROM + REST + b"\r\nHello\r\n\r\n\r\n\r\n"),
    ("a line of one dot", FROM + REST + b"\r\n.\r\n..\r\n.hidden\r\n"),
    ("blanks at line ends", FROM + REST + b"\r\nHello  \t \r\n \r\nbye\t\r\n"),
    ("folded fields", FROM + b"Subject: a\r\n b\r\n\tc\r\n" + REST + b"\r\nHello\r\n"),
    ("blanks in fields", b"From:\t Alice   <alice@example.test>  \r\nSubject:\r\n" + REST +
     b"\r\nHello\r\n"),
    ("a line of 998 octets", FROM + REST + b"\r\n" + b"x" * 998 + b"\r\n"),
    ("a line of 5,000 octets", FROM + REST + b"\r\n" + b"x" * 5000 + b"\r\n"),
    ("1 MB", FROM + REST + b"\r\n" + b"All work and no play.\r\n" * 45000),
    ("200 fields", FROM + REST + b"".join(b"X-F%d: v\r\n" % n for n in range(200)) +
     b"\r\nHello\r\n"),
    ("two own addresses", b"From: alice@example.test, a.liddell@example.test\r\n"
     b"Sender: alice@example.test\r\n" + REST + b"\r\nHello\r\n"),
    ("a foreign signature", b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; h=from;\r\n"
     b" bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n" + FROM + REST +
     b"\r\nHello\r\n"),
    ("multipart", FROM + REST + b"MIME-Version: 1.0\r\n"
     b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n"
     b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
     b"AAECAwQ=\r\n--b--\r\n"),
)


@tap.with_cases
class Signed(MailTest):
    def send(self, message, key=None, login=None):
        marker = self.unique()
        with sessions.smtp(self.host, key) as smtp:
            if login:
                smtp.login(*login)
            smtp.sendmail("alice@example.test", ["someone@example.net"],
                          b"X-Marker: " + marker.encode() + b"\r\n" + message,
                          mail_options=["BODY=8BITMIME"])
        return self.host.wait_for_sink(marker)

    def assertSigned(self, octets, foreign=0):
        for verifier, results in dkim.results(self.host, octets).items():
            self.assertEqual(1 + foreign, len(results), f"{verifier}: {results}")
            self.assertEqual("pass", results[0], verifier)
        tags = dkim.tags(octets)
        self.assertEqual(self.host.DOMAIN, tags["d"])
        self.assertNotIn("l", tags)
        # One From more than there is: a second one, added later, breaks the signature.
        signed = tags["h"].lower().split(":")
        self.assertEqual(2, signed.count("from"), signed)

    @tap.cases(*MESSAGES)
    def test_by_key(self, message):
        octets = self.send(message, key=self.add_key("alice"))
        self.assertSigned(octets, foreign=int(b"d=example.org" in message))

    @tap.cases(*MESSAGES[:6])
    def test_by_password(self, message):
        self.assertSigned(self.send(message, login=("alice", "alice-secret-1")))

    @tap.cases(*MESSAGES[:6])
    def test_through_dovecot(self, message):
        """The submission service of Dovecot stands in front of Postfix."""
        marker = self.unique()
        with sessions.smtp(self.host, self.add_key("alice"),
                           self.host.DOVECOT_SUBMISSION_PORT) as smtp:
            self.assertEqual(235, smtp.docmd("AUTH EXTERNAL =")[0])
            smtp.sendmail("alice@example.test", ["someone@example.net"],
                          b"X-Marker: " + marker.encode() + b"\r\n" + message,
                          mail_options=["BODY=8BITMIME"])
        self.assertSigned(self.host.wait_for_sink(marker))

    def test_date_and_message_id_are_added(self):
        octets = self.send(FROM + b"\r\nHello\r\n", key=self.add_key("alice"))
        message = email.message_from_bytes(octets)
        self.assertEqual(1, len(message.get_all("Date", [])))
        self.assertEqual(1, len(message.get_all("Message-ID", [])))

    def test_utf8_addresses_and_header(self):
        marker = self.unique()
        message = ("From: Älice <alice@example.test>\r\nTo: jürgen@example.net\r\n"
                   f"Subject: Grüße {marker}\r\n\r\nHello\r\n").encode()
        with sessions.smtp(self.host, self.add_key("alice")) as smtp:
            smtp.sendmail("alice@example.test", ["jürgen@example.net"], message,
                          mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        self.assertSigned(self.host.wait_for_sink(marker))

    def test_two_messages_in_one_session(self):
        with sessions.smtp(self.host, self.add_key("alice")) as smtp:
            for _ in range(2):
                marker = self.unique()
                smtp.sendmail("alice@example.test", ["someone@example.net"],
                              FROM + f"Subject: {marker}\r\n\r\nHello\r\n".encode())
                self.assertSigned(self.host.wait_for_sink(marker))

    def test_within_the_domain_too(self):
        marker = self.unique()
        with sessions.smtp(self.host, self.add_key("alice")) as smtp:
            smtp.sendmail("alice@example.test", ["bob@example.test"],
                          FROM + f"Subject: {marker}\r\n\r\nHello\r\n".encode())
        delivered = self.host.wait_for_mail("bob", marker)
        # Maildir has LF; the signature is over CRLF.
        self.assertSigned(delivered.replace(b"\n", b"\r\n"))

    def test_verifiers_can_say_no(self):
        """So that the others here mean something."""
        octets = self.send(FROM + REST + b"\r\nHello\r\n", key=self.add_key("alice"))
        changed = octets.replace(b"\r\n\r\nHello", b"\r\n\r\nHullo")
        self.assertNotEqual(octets, changed)
        for verifier, results in dkim.results(self.host, changed).items():
            self.assertNotEqual(["pass"], results, verifier)
        forged = b"From: bob@example.test\r\n" + octets
        for verifier, results in dkim.results(self.host, forged).items():
            self.assertNotEqual(["pass"], results, verifier)


class NotSigned(MailTest):
    def test_incoming_mail_is_not_touched(self):
        marker = self.unique()
        with smtplib.SMTP(self.host.HOST, self.host.SMTP_PORT, timeout=PATIENCE) as smtp:
            smtp.sendmail("someone@example.net", ["alice@example.test"],
                          f"From: alice@example.test\r\nSubject: {marker}\r\n\r\nHello\r\n")
        self.assertNotIn(b"DKIM-Signature", self.host.wait_for_mail("alice", marker))


if __name__ == "__main__":
    tap.main()
