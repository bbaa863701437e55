#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Messages of every kind, through Postfix to the sink, each signed with RSA and with Ed25519: four verifiers
accept both signatures. And they accept the examples of the RFCs, so that they know what they say."""
import random
import re
import subprocess

from lib import dkim, rspamd, sessions, tap
from lib.host import TOP, MailTest

DATA = TOP / "test/integration/data/dkim"
FROM = b"From: Alice <alice@example.test>\r\n"
HEAD = (FROM + b"To: someone@example.net\r\nSubject: Hello\r\n"
        b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <x@example.test>\r\n")
MIME = HEAD + b"MIME-Version: 1.0\r\n"
UTF8 = MIME + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"

MULTIPART = (MIME + b'Content-Type: multipart/mixed; boundary="outer b"\r\n\r\nThis is MIME.\r\n'
             b'--outer b\r\nContent-Type: multipart/alternative;\r\n\tboundary=inner\r\n\r\n'
             b"--inner\r\nContent-Type: text/plain; charset=utf-8\r\n"
             b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe =\r\n aus\r\n"
             b"--inner\r\nContent-Type: text/html; charset=utf-8\r\n"
             b"Content-Transfer-Encoding: 8bit\r\n\r\n<p>Gr\xc3\xbc\xc3\x9fe</p>\r\n--inner--\r\n"
             b"\r\n--outer b\r\nContent-Type: message/rfc822\r\n\r\n"
             b"DKIM-Signature: of another\r\nFrom: bob@example.org\r\n\r\n-- \r\n\r\n"
             b"--outer b\r\nContent-Type: application/octet-stream; name*0=a;\r\n name*1=b\r\n"
             b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * 19 + b"\r\n"
             b"--outer b--\r\nepilogue\r\n\r\n")


def lines(size):
    """So many octets of text in lines of all lengths, the same each time."""
    chance = random.Random(size)
    words = [bytes(chance.choices(range(33, 127), k=chance.randint(1, 12))) for _ in range(1000)]
    made = bytearray()
    while len(made) < size:
        made += b" ".join(chance.choices(words, k=chance.randint(0, 16)))
        made += chance.choice((b"", b"", b" ", b"\t")) + b"\r\n"
    return bytes(made)


# What the client says behind DATA, dots not yet doubled; or behind BDAT, as it is.
MESSAGES = (
    ("no body", "DATA", HEAD + b"\r\n"),
    ("no body and no line that ends the header", "DATA", HEAD),
    ("a body of empty lines", "DATA", HEAD + b"\r\n" * 5),
    ("a body of a line, and blanks", "DATA", HEAD + b"\r\nx \r\n \t \r\n\t\r\n"),
    ("one octet, BDAT", "BDAT", HEAD + b"\r\nx"),
    ("no CRLF at the end, BDAT", "BDAT", HEAD + b"\r\nHello\r\nbye"),
    ("blanks and no CRLF at the end, BDAT", "BDAT", HEAD + b"\r\nHello\r\nbye \t"),
    ("nothing but a header, no CRLF at its end, BDAT", "BDAT", HEAD[:-2]),
    ("CRLF at the end, BDAT", "BDAT", HEAD + b"\r\nHello\r\n"),
    ("dots at the beginning of lines", "DATA", HEAD + b"\r\n.\r\n..\r\n...a\r\n. \r\nx.\r\n.\r\n"),
    ("dots at the beginning of lines, BDAT", "BDAT", HEAD + b"\r\n.\r\n..\r\n.\r\n"),
    ("LF alone ends lines", "BDAT", (HEAD + b"\r\nHello\r\nbye \r\n").replace(b"\r\n", b"\n")),
    ("LF and CRLF end lines", "BDAT", HEAD + b"\r\none\ntwo\r\n\n\r\nthree\n"),
    ("UTF-8", "DATA", UTF8 + b"\r\nGr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln\r\n"),
    ("every octet over 127", "DATA", UTF8.replace(b"utf-8", b"iso-8859-1") + b"\r\n" +
     bytes(range(128, 256)) + b"\r\n"),
    ("8-bit text that nothing announces", "DATA", HEAD + b"\r\nGr\xfc\xdfe\r\n"),
    ("lines of 998 and 999 octets", "DATA", HEAD + b"\r\n" + b"a" * 998 + b"\r\n" + b"b" * 999 +
     b"\r\n"),
    ("a line of 50,000 octets", "DATA", HEAD + b"\r\n" + b"a" * 50_000 + b"\r\n"),
    ("a line of 200,000 octets with blanks", "DATA", HEAD + b"\r\n" + b"word  " * 33_000 + b"\r\n"),
    ("a long line of UTF-8", "DATA", UTF8 + b"\r\n" + "ü".encode() * 3000 + b"\r\n"),
    ("a header line of 900 octets", "DATA", HEAD.replace(b"Hello", b"x" * 890) + b"\r\nHello\r\n"),
    ("a header line of 5,000 octets", "DATA", HEAD.replace(b"Hello", b"word " * 1000) + b"\r\nHello\r\n"),
    ("folds of all kinds", "DATA", HEAD.replace(b"Hello", b"a\r\n b\r\n\t\tc \r\n  d ") + b"\r\nHello\r\n"),
    ("100 recipients in To", "DATA", FROM + b"To: " + b",\r\n ".join(
        b"Someone Number%d <n%d@example.net>" % (n, n) for n in range(100)) + b"\r\n\r\nHello\r\n"),
    ("1,500 fields", "DATA", HEAD + b"".join(b"X-F%d: v\r\n" % n for n in range(1500)) + b"\r\nHello\r\n"),
    ("names in other letters", "DATA", HEAD.replace(b"Subject:", b"SUBJECT:").replace(b"To:", b"tO :") +
     b"\r\nHello\r\n"),
    ("encoded words", "DATA", HEAD.replace(b"Hello", b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?b?w7xi?=") +
     b"\r\nHello\r\n"),
    ("multipart", "DATA", MULTIPART),
    ("neither Date nor Message-ID", "DATA", FROM + b"\r\nHello\r\n"),
    ("to a list", "DATA", HEAD + b"List-Unsubscribe: <https://example.test/u>\r\n"
     b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nHello\r\n"),
    ("1 MB of lines of all lengths", "DATA", HEAD + b"\r\n" + lines(1_000_000)),
)

EXAMPLES = (
    ("RFC 6376, A.2", "rfc6376.eml", ["pass"], {"brisbane._domainkey.example.com":
     "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt"
     "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi"
     "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"}),
    ("RFC 8463, A.3", "rfc8463.eml", ["pass", "pass"], {"brisbane._domainkey.football.example.com":
     "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
     "test._domainkey.football.example.com":
     "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR"
     "6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5Qj"
     "vHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"}),
)


class Both(MailTest):
    """Signs with two algorithms."""
    own_host = True
    SIZE_MAX = 80_000_000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.postern("dkim", "add", cls.host.DOMAIN, "ed", "--algorithm", "ed25519")
        cls.host.postern("dkim", "activate", cls.host.DOMAIN, "ed")
        for setting in (f"message_size_limit={cls.SIZE_MAX}", "smtpd_forbid_bare_newline=no"):
            subprocess.run((cls.host.ENTER, "postconf", "-e", setting), check=True)
        subprocess.run((cls.host.ENTER, "postfix", "reload"), check=True, capture_output=True)
        cls.records = {name.rstrip("."): text for name, text in dkim.records(cls.host)[0].items()}
        cls.rspamd = staticmethod(cls.enterClassContext(rspamd.running(cls.records)))

    def send(self, message, verb="DATA", recipient="someone@example.net", options=("BODY=8BITMIME",)):
        """Returns what comes out."""
        marker = self.unique()
        message = b"X-Marker: " + marker.encode() + b"\r\n" + message
        with sessions.smtp(self.host, self.add_key("alice")) as smtp:
            self.assertEqual(250, smtp.mail("alice@example.test", options)[0])
            self.assertEqual(250, smtp.rcpt(recipient)[0])
            if verb == "DATA":
                answer = smtp.data(message)
            else:
                smtp.sock.sendall(b"BDAT %d LAST\r\n" % len(message) + message)
                answer = smtp.getreply()
            self.assertEqual(250, answer[0], answer)
        return self.host.wait_for_sink(marker)

    def assertAccepted(self, octets, records, verify, expected):
        """The Ed25519 signature is the first one."""
        for verifier, results in dkim.all_results(octets, records, verify).items():
            if verifier == "Mail::DKIM" and results[0] == "unknown":
                results[0] = "pass"
            self.assertEqual(expected, results, verifier)

    def assertSigned(self, octets):
        self.assertAccepted(octets, self.records, self.rspamd, ["pass", "pass"])
        self.assertEqual([b"ed25519-sha256", b"rsa-sha256"],
                         re.findall(rb"^DKIM-Signature: v=1; a=([^;]+);", octets, re.M))


@tap.with_cases
class Verifiers(Both):
    @tap.cases(*MESSAGES)
    def test_accept(self, verb, message):
        self.assertSigned(self.send(message, verb))

    def test_accept_a_body_of_blanks(self):
        """It is as good as none (RFC 6376, 3.4.4), which rspamd 3.4 does not see."""
        octets = self.send(HEAD + b"\r\n \t \r\n\t\r\n")
        self.assertAccepted(octets, self.records, lambda _: ["pass", "pass"], ["pass", "pass"])
        self.assertIn(b"bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", octets)

    def test_accept_50_megabytes(self):
        octets = self.send(HEAD + b"\r\n" + lines(50_000_000))
        self.assertGreater(len(octets), 50_000_000)
        self.assertSigned(octets)

    def test_accept_utf8_addresses_and_header(self):
        message = ("From: Älice <alice@example.test>\r\nTo: jürgen@example.net\r\n"
                   "Subject: Grüße\r\n\r\nÜber\r\n").encode()
        self.assertSigned(self.send(message, recipient="jürgen@example.net",
                                    options=("SMTPUTF8", "BODY=8BITMIME")))

    @tap.cases(*EXAMPLES)
    def test_accept_example(self, name, expected, records):
        with rspamd.running(records) as verify:
            self.assertAccepted((DATA / name).read_bytes(), records, verify, expected)

    def test_refuse_what_was_changed(self):
        octets = self.send(HEAD + b"\r\nHello\r\n")
        for what, before, after in (("body", b"\r\n\r\nHello", b"\r\n\r\nHullo"),
                                    ("Subject", b"Subject: Hello", b"Subject: Hullo"),
                                    ("a second From", FROM, b"From: bob@example.test\r\n" + FROM)):
            changed = octets.replace(before, after, 1)
            self.assertNotEqual(octets, changed)
            for verifier, results in dkim.all_results(changed, self.records, self.rspamd).items():
                with self.subTest(what=what, verifier=verifier):
                    self.assertNotIn("pass", results)


if __name__ == "__main__":
    tap.main()
