#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mail from outside that says it is from here: own_domain_from_outside, at port 25 of the real Postfix."""
import email
import os
import re
import smtplib
import subprocess

from lib import milter_client, sessions, tap
from lib.host import PATIENCE, eventually
from test_milter_daemon import DaemonTest

OWN = "From: Alice <alice@example.test>\r\n"
FOREIGN = "From: Carol <carol@example.org>\r\n"
ELSEWHERE = "carol@example.org"
SOURCE = "127.99.1.2"

# Each is from here to some reader of mail, whatever else it is.
FROM_HERE = (
    ("plain", OWN),
    ("bare", "From: alice@example.test\r\n"),
    ("nobody's address", "From: no-such-user@example.test\r\n"),
    ("any case", "FROM: Alice <ALICE@Example.TEST>\r\n"),
    ("folded", "From:\r\n Alice\r\n <alice@example.test>\r\n"),
    ("in a list", "From: carol@example.org, alice@example.test\r\n"),
    ("a comment in the address", "From: alice@(x)example.test\r\n"),
    ("a comment and a fold in it", "From: alice@(x)\r\n example.test\r\n"),
    ("a route", "From: <@example.org,@example.net:alice@example.test>\r\n"),
    ("a group", "From: us: alice@example.test;\r\n"),
    ("no closing bracket", "From: <alice@example.test\r\n"),
    ("two brackets", "From: <carol@example.org> <alice@example.test>\r\n"),
    ("a dot at the end", "From: alice@example.test.\r\n"),
    ("a quoted local-part", "From: \"a b\"@example.test\r\n"),
    ("a second field", FOREIGN + OWN),
    ("a second field before", OWN + FOREIGN),
    ("a blank before the colon", "X: y\r\nFrom : alice@example.test\r\n"),
    ("more than anybody reads", "From: " + "a@example.org, " * 600 + "\r\n alice@example.test\r\n"),
    ("more domains than anybody looks up",
     "From: " + "".join(f"a@d{n}.example, \r\n " for n in range(80)) + "alice@example.test\r\n"),
    ("somebody else's signature", "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; h=from;\r\n"
     " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n" + OWN),
    ("a signature in our name by a key that is not ours", "DKIM-Signature: v=1; a=rsa-sha256;"
     " d=example.test; s=nosuch; h=from;\r\n bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;"
     " b=AAAA\r\n" + OWN),
    ("a selector that is a path", "DKIM-Signature: v=1; a=rsa-sha256; d=example.test; s=../x; h=from;\r\n"
     " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n" + OWN),
    ("twenty broken signatures", "DKIM-Signature: v=1; d=example.test\r\n" * 20 + OWN),
    ("a field name of 2,000 octets", "Q" * 2000 + ": x\r\n" + OWN),
)
FROM_ELSEWHERE = (
    ("plain", FOREIGN),
    ("a list that says so", "From: \"Alice via List\" <list@lists.example.org>\r\nReply-To: alice@example.test\r\n"),
    ("our address as a name", "From: \"alice@example.test\" <carol@example.org>\r\n"),
    ("a subdomain", "From: alice@mail.example.test\r\n"),
    ("a domain that ends in ours", "From: alice@notexample.test\r\n"),
    ("a domain that begins with ours", "From: alice@example.test.example.org\r\n"),
    ("a group of nobody", "From: undisclosed:;\r\n"),
    ("nobody", ""),
    ("not readable", "From: \"Carol <carol@example.org>\r\n"),
    ("Sender is ours", FOREIGN + "Sender: alice@example.test\r\n"),
    ("our address in To", FOREIGN + "To: alice@example.test\r\n"),
)


class OutsideTest(DaemonTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.postfix("postconf", "-P", "smtp/inet/smtpd_milters=unix:postern/milter.sock",
                    "smtp/inet/milter_macro_daemon_name=postern-outside",
                    "smtp/inet/milter_default_action=tempfail")
        cls.postfix("postfix", "reload")

    @classmethod
    def postfix(cls, *command):
        subprocess.run((cls.host.ENTER, *command), check=True, capture_output=True)

    def configure(self, *lines):
        """Adds lines to postern.conf until the end of the test."""
        with self.conf.open("a") as f:
            f.writelines(line + "\n" for line in lines)
        self.reload("reloaded")

    def connect(self, source=SOURCE):
        smtp = smtplib.SMTP(self.host.HOST, self.host.SMTP_PORT, "elsewhere.example", PATIENCE,
                            source_address=(source, 0))
        smtp.ehlo()
        return smtp

    def transaction(self, smtp, octets, sender=ELSEWHERE):
        """Code and text of the last answer; octets with CRLF."""
        code, text = smtp.docmd(f"MAIL FROM:<{sender}>")
        for command in ("RCPT TO:<bob@example.test>", "DATA"):
            if code < 400:
                code, text = smtp.docmd(command)
        if code == 354:
            smtp.send(re.sub(rb"(?m)^\.", b"..", octets) + b".\r\n")
            code, text = smtp.getreply()
        smtp.docmd("RSET")
        return code, text.decode()

    def send(self, header, sender=ELSEWHERE, source=SOURCE):
        marker = self.unique()
        with self.connect(source) as smtp:
            code, text = self.transaction(
                smtp, f"{header}Subject: {marker}\r\n\r\nHello\r\n".encode(), sender)
        return code, text, marker

    def signed(self):
        """What leaves the host when alice sends a message, and its marker."""
        marker = self.unique()
        with sessions.smtp(self.host) as smtp:
            smtp.login("alice", "alice-secret-1")
            smtp.sendmail("alice@example.test", ["someone@example.net"],
                          f"{OWN}Subject: {marker}\r\n\r\nHello\r\n.\r\n".encode())
        return self.host.wait_for_sink(marker), marker

    def return_to(self, octets, **options):
        with self.connect() as smtp:
            return self.transaction(smtp, octets, **options)

    def delivered(self, marker):
        return email.message_from_bytes(self.host.wait_for_mail("bob", marker))


@tap.with_cases
class Refused(OutsideTest):
    @tap.cases(*FROM_HERE)
    def test_from_here(self, header):
        self.configure("own_domain_from_outside = reject")
        mark = self.host.log_mark()
        code, text, _ = self.send(header)
        self.assertEqual(550, code, text)
        self.assertRegex(text, r"^5\.7\.22 From is in a domain of this host \(.+\)")
        line = self.host.wait_for_log(mark, "from outside: refused: 550 5.7.22")
        self.assertIn(f"client=[{SOURCE}]", line)
        self.assertNotIn("NOQUEUE", line)

    @tap.cases(*FROM_ELSEWHERE)
    def test_from_elsewhere(self, header):
        self.configure("own_domain_from_outside = reject")
        mark = self.host.log_mark()
        code, text, marker = self.send(header)
        self.assertEqual(250, code, text)
        self.delivered(marker)
        self.assertNotIn("from outside", self.host.log_since(mark))

    def test_deferred(self):
        self.configure("own_domain_from_outside = defer")
        code, text, _ = self.send(OWN)
        self.assertEqual(451, code, text)
        self.assertRegex(text, r"^4\.7\.22 ")

    def test_off_is_the_default(self):
        code, text, marker = self.send(OWN)
        self.assertEqual(250, code, text)
        self.delivered(marker)

    def test_session_of_many(self):
        """What one message was says nothing of the next."""
        self.configure("own_domain_from_outside = reject")
        signed, _ = self.signed()
        with self.connect() as smtp:
            for octets, expected in ((OWN.encode() + b"\r\n", 550), (FOREIGN.encode() + b"\r\n", 250),
                                     (signed, 250), (OWN.encode() + b"\r\n", 550), (signed, 250)):
                self.assertEqual(expected, self.transaction(smtp, octets)[0])

    def test_domain_that_only_has_a_key(self):
        self.host.postern("dkim", "add", "keyed.example")
        self.addCleanup(self.host.postern, "dkim", "remove", "keyed.example", check=False)
        self.configure("own_domain_from_outside = reject")
        self.assertEqual(550, self.send("From: x@keyed.example\r\n")[0])
        self.assertEqual(250, self.send("From: x@unkeyed.example\r\n")[0])


@tap.with_cases
class Signed(OutsideTest):
    def test_comes_back(self):
        self.configure("own_domain_from_outside = reject")
        octets, marker = self.signed()
        code, text = self.return_to(octets)
        self.assertEqual(250, code, text)
        self.delivered(marker)

    @tap.cases(
        ("the body", lambda m: m.replace(b"Hello", b"Bye")),
        ("more body", lambda m: m + b"-- \r\nthe list\r\n"),
        ("the subject", lambda m: m.replace(b"Subject: ", b"Subject: [list] ")),
        ("From", lambda m: m.replace(b"From: Alice", b"From: Alicia")),
        ("a second From", lambda m: b"From: bob@example.test\r\n" + m),
        ("a field that was not there", lambda m: b"Reply-To: carol@example.org\r\n" + m),
        ("no signature", lambda m: re.sub(rb"(?s)DKIM-Signature:.*?\r\n(?![ \t])", b"", m)),
        ("the signature", lambda m: re.sub(rb"(\tb=|; b=)(...)", rb"\1AAA", m)),
        ("a length", lambda m: m.replace(b"\ts=", b"\tl=5; s=")),
    )
    def test_changed(self, change):
        self.configure("own_domain_from_outside = reject")
        octets, _ = self.signed()
        self.assertNotEqual(octets, change(octets))
        code, text = self.return_to(change(octets))
        self.assertEqual(550, code, text)

    @tap.cases(
        ("nothing", b"", "250"),
        ("a word without an end", b"-" * 70000 + b"\r\n", "550 5.7.22"),
        ("a CR alone", b"\rHello\r\n", "550 5.7.22"),
        ("a CR at the end", b"\r", "550 5.7.22"),
    )
    def test_behind_what_was_signed(self, rest, expected):
        """In a chunk of its own: what goes before it is octet for octet what was signed."""
        self.configure("own_domain_from_outside = reject")
        octets, _ = self.signed()
        header, _, body = octets.partition(b"\r\n\r\n")
        milter = milter_client.Milter(self.host.MILTER_SOCKET)
        self.addCleanup(milter.close)
        milter.connect(SOURCE)
        self.assertEqual("250", milter.mail(ELSEWHERE, daemon_name="postern-outside"))
        milter.rcpt()
        self.assertEqual("250", milter.header(header + b"\r\n"))
        milter.body(body)
        milter.body(rest)
        reply, _ = milter.end()
        self.assertTrue(reply.startswith(expected), reply)

    def test_other_signatures_do_not_matter(self):
        self.configure("own_domain_from_outside = reject")
        octets, _ = self.signed()
        other = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; h=from; bh=AAAA; b=AAAA\r\n"
        broken = b"DKIM-Signature: nonsense\r\n"
        code, text = self.return_to(broken + other + octets)
        self.assertEqual(250, code, text)

    def test_a_list_that_is_exempt(self):
        self.configure("own_domain_from_outside = reject",
                       "outside_exempt_senders = @lists.example.org owner@example.net")
        octets, _ = self.signed()
        octets = octets.replace(b"Subject: ", b"Subject: [list] ")
        for sender, expected in (("list-bounces@lists.example.org", 250), ("owner@example.net", 250),
                                 ("other@example.net", 550), ("x@sub.lists.example.org", 550), ("", 550)):
            code, text = self.return_to(octets, sender=sender)
            self.assertEqual(expected, code, f"{sender}: {text}")

    def test_a_forwarder_that_is_exempt(self):
        self.configure("own_domain_from_outside = reject", "outside_exempt_networks = 127.99.7.0/24")
        self.assertEqual(250, self.send(OWN, source="127.99.7.7")[0])
        self.assertEqual(550, self.send(OWN, source="127.99.8.7")[0])

    def test_a_key_that_cannot_be_read(self):
        self.configure("own_domain_from_outside = reject")
        octets, _ = self.signed()
        key = next((self.host.DKIM_DIR / self.host.DOMAIN).glob("*.pem"))
        mode = key.stat().st_mode
        key.chmod(0o644)
        self.addCleanup(key.chmod, mode)
        mark = self.host.log_mark()
        self.assertEqual(451, self.return_to(octets)[0])
        self.host.wait_for_log(mark, ".pem")

    def test_a_retired_key_that_is_gone(self):
        """Its signatures are as good as none, and no failure of ours."""
        self.configure("own_domain_from_outside = reject")
        octets, _ = self.signed()
        folder = self.host.DKIM_DIR / self.host.DOMAIN
        before = set(folder.iterdir())
        self.host.postern("dkim", "add", self.host.DOMAIN, "later")
        added, = set(folder.iterdir()) - before
        old, = before
        self.host.postern("dkim", "activate", self.host.DOMAIN, "later")
        self.host.postern("dkim", "retire", self.host.DOMAIN, old.stem)
        kept = old.read_bytes(), old.stat()
        old.unlink()
        try:
            code, text = self.return_to(octets)
        finally:
            old.touch(0o600)
            os.chown(old, kept[1].st_uid, kept[1].st_gid)
            old.write_bytes(kept[0])
            self.host.postern("dkim", "activate", self.host.DOMAIN, old.stem)
            self.host.postern("dkim", "retire", self.host.DOMAIN, "later")
            self.host.postern("dkim", "remove", self.host.DOMAIN, "later")
        self.assertEqual(550, code, text)


@tap.with_cases
class Marked(OutsideTest):
    NAME = "Authentication-Results"

    def marked(self, octets, marker):
        code, text = self.return_to(octets)
        self.assertEqual(250, code, text)
        return [" ".join(value.split()) for value in self.delivered(marker).get_all(self.NAME, [])]

    def message(self, header):
        marker = self.unique()
        return f"{header}Subject: {marker}\r\n\r\nHello\r\n".encode(), marker

    def test_pass(self):
        self.configure("own_domain_from_outside = mark")
        value, = self.marked(*self.signed())
        self.assertRegex(value, r"^mail.example.test; dkim=pass header\.d=example\.test header\.s=\S+$")

    def test_none(self):
        self.configure("own_domain_from_outside = mark")
        mark = self.host.log_mark()
        value, = self.marked(*self.message(OWN))
        self.assertEqual('mail.example.test; dkim=none reason="From is in example.test, which has not signed this"',
                         value)
        self.host.wait_for_log(mark, "from outside: marked")

    def test_fail(self):
        self.configure("own_domain_from_outside = mark")
        octets, marker = self.signed()
        value, = self.marked(octets.replace(b"Hello", b"Bye"), marker)
        self.assertRegex(value, r"^mail.example.test; dkim=fail reason=")

    def test_nothing_is_said_of_others(self):
        self.configure("own_domain_from_outside = mark")
        self.assertEqual([], self.marked(*self.message(FOREIGN)))

    @tap.cases(
        ("plain", "mail.example.test; dkim=pass header.d=example.test"),
        ("case", "Mail.Example.TEST; dkim=pass"),
        ("comments", "(x) (y(z)) mail.example.test (x); dkim=pass"),
        ("quoted", '"mail.example.test"; dkim=pass'),
        ("version", "mail.example.test 1; dkim=pass"),
        ("folded", "\r\n mail.example.test\r\n ; dkim=pass"),
        ("nothing behind", "mail.example.test"),
        ("dot", "mail.example.test.; dkim=pass"),
        ("behind a control", "\x0bmail.example.test; dkim=pass"),
        ("in a comment", "mail.example.org (mail.example.test); dkim=pass"),
    )
    def test_forged_results_go(self, value):
        self.configure("own_domain_from_outside = mark")
        other = f"{self.NAME}: mail.example.org; dkim=pass\r\n"
        forged = f"{self.NAME}: {value}\r\n"
        found = self.marked(*self.message(forged + other + forged + other + forged + FOREIGN))
        self.assertEqual(["mail.example.org; dkim=pass"] * 2, found)

    @tap.cases(("longer", "mail.example.test.example.org; dkim=pass"), ("shorter", "mail.example; dkim=pass"),
               ("a value", "mail.example.org; smtp.helo=mail.example.test"))
    def test_results_of_others_stay(self, value):
        self.configure("own_domain_from_outside = mark")
        self.assertEqual([value], self.marked(*self.message(f"{self.NAME}: {value}\r\n{FOREIGN}")))

    def test_name_of_the_admin(self):
        self.configure("own_domain_from_outside = mark", "authserv_id = mx.example.test")
        header = f"{self.NAME}: mx.example.test; dkim=pass\r\n{self.NAME}: mail.example.test; dkim=pass\r\n"
        found = self.marked(*self.message(header + OWN))
        self.assertEqual(2, len(found), found)
        self.assertTrue(found[0].startswith("mx.example.test; dkim=none"), found)
        self.assertEqual("mail.example.test; dkim=pass", found[1])


class Submission(OutsideTest):
    def test_the_name_alone_switches_nothing_off(self):
        """A submission listener that bears the name of port 25's by mistake."""
        self.configure("own_domain_from_outside = mark")
        self.postfix("postconf", "-e", "milter_macro_daemon_name=postern-outside")
        self.postfix("postfix", "reload")
        self.addCleanup(self.postfix, "postconf", "-X", "milter_macro_daemon_name")

        def refused():
            with sessions.smtp(self.host) as smtp:
                smtp.login("alice", "alice-secret-1")
                smtp.mail("alice@example.test")
                smtp.rcpt("someone@example.net")
                return smtp.data(b"From: bob@example.test\r\n\r\nHello\r\n")[0] == 550
        eventually(refused, "a forgery was not refused")
        octets, _ = self.signed()
        self.assertIn(b"DKIM-Signature", octets)


if __name__ == "__main__":
    tap.main()
