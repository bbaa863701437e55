#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sending as somebody else: refused with 550 and the address found, and nothing queued.

What the rule says about every syntax has its own unit tests; here it is shown that the servers
follow it, by each way in.
"""

from lib import sessions, tap
from lib.host import MailTest

TO = "someone@example.net"

# title, MAIL FROM, header, what the refusal names
FORGERIES = (
    ("MAIL FROM another account", "bob@example.test", "From: alice@example.test\r\n",
     "bob@example.test"),
    ("MAIL FROM another domain", "alice@example.org", "From: alice@example.test\r\n",
     "alice@example.org"),
    ("From another account", "alice@example.test", "From: Bob <bob@example.test>\r\n",
     "bob@example.test"),
    ("From another domain", "alice@example.test", "From: ceo@example.org\r\n", "ceo@example.org"),
    ("From a parent domain", "alice@example.test", "From: alice@test\r\n", "alice@test"),
    ("From a domain that ends alike", "alice@example.test",
     "From: alice@not-example.test\r\n", "alice@not-example.test"),
    ("two From fields, the first own", "alice@example.test",
     "From: alice@example.test\r\nFrom: bob@example.test\r\n", "From"),
    ("two From fields, the second own", "alice@example.test",
     "From: bob@example.test\r\nFrom: alice@example.test\r\n", "bob@example.test|From"),
    ("two mailboxes, one foreign", "alice@example.test",
     "From: alice@example.test, bob@example.test\r\nSender: alice@example.test\r\n",
     "bob@example.test"),
    ("Sender another account", "alice@example.test",
     "From: alice@example.test\r\nSender: bob@example.test\r\n", "bob@example.test"),
    ("null sender with From of another", "", "From: bob@example.test\r\n", "bob@example.test"),
    ("no From", "alice@example.test", "Subject: no\r\n", "From"),
    ("subaddress of another", "alice@example.test", "From: bob+alice@example.test\r\n",
     r"bob\+alice@example.test"),
)

# title, MAIL FROM, header
HONEST = (
    ("own", "alice@example.test", "From: Alice <alice@example.test>\r\n"),
    ("upper case", "Alice@EXAMPLE.test", "From: ALICE@Example.Test\r\n"),
    ("alias", "a.liddell@example.test", "From: a.liddell@example.test\r\n"),
    ("subaddress", "alice+tag@example.test", "From: alice+other@example.test\r\n"),
    ("null sender with own From", "", "From: alice@example.test\r\n"),
    ("foreign Reply-To", "alice@example.test",
     "From: alice@example.test\r\nReply-To: ceo@example.org\r\n"),
    ("own Sender", "alice@example.test",
     "From: a.liddell@example.test\r\nSender: alice@example.test\r\n"),
)

WAYS = ("key on 465", "key on 587", "AUTH EXTERNAL", "password")


class SenderTest(MailTest):
    def connect(self, way):
        key = self.add_key("alice") if way != "password" else None
        smtp = sessions.smtp(self.host, key,
                             self.host.SUBMISSION_PORT if way == "key on 587" else None)
        self.addCleanup(smtp.close)
        if way == "password":
            smtp.login("alice", "alice-secret-1")
        elif way == "AUTH EXTERNAL":
            self.assertEqual(235, smtp.docmd("AUTH EXTERNAL =")[0])
        return smtp

    @staticmethod
    def transaction(smtp, sender, header, body="Hello\r\n"):
        """Code and text of the last answer: that to DATA's end, or the first refusal."""
        for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{TO}>", "DATA"):
            code, text = smtp.docmd(command)
            if code >= 400:
                return code, text.decode()
        smtp.send(f"{header}\r\n{body}.\r\n")
        code, text = smtp.getreply()
        return code, text.decode()

    def assertNothingLeft(self, sink_before):
        """An honest message sent afterwards arrives, and it alone."""
        marker = self.unique()
        smtp = self.connect("password")
        code, text = self.transaction(smtp, "alice@example.test",
                                      f"From: alice@example.test\r\nSubject: {marker}\r\n")
        self.assertEqual(250, code, text)
        self.host.wait_for_sink(marker)
        self.assertEqual(1, len(self.host.sink() - sink_before))
        self.assertEqual([], self.host.queue())


@tap.with_cases
class Refused(SenderTest):
    @tap.cases(*((f"{way}: {title}", way, *rest) for way in WAYS for title, *rest in FORGERIES))
    def test(self, way, sender, header, named):
        before = self.host.sink()
        mark = self.host.log_mark()
        code, text = self.transaction(self.connect(way), sender, header)
        self.assertEqual(550, code, text)
        self.assertRegex(text, r"^5\.(7\.1|6\.0) ")
        self.assertRegex(text, named)
        self.assertEqual([], self.host.queue())
        self.assertEqual(before, self.host.sink())
        # The admin can see who it was.
        self.host.wait_for_log(mark, "alice")

    def test_nothing_leaves_later(self):
        before = self.host.sink()
        smtp = self.connect("key on 465")
        for _, sender, header, _ in FORGERIES:
            self.assertEqual(550, self.transaction(smtp, sender, header)[0])
            smtp.docmd("RSET")
        self.assertNothingLeft(before)

    def test_pipelined_after_an_honest_one(self):
        """The verdict on one message says nothing about the next in the session."""
        smtp = self.connect("key on 465")
        for _ in range(3):
            self.assertEqual(250, self.transaction(smtp, "alice@example.test",
                                                   "From: alice@example.test\r\n")[0])
            code, text = self.transaction(smtp, "alice@example.test", "From: bob@example.test\r\n")
            self.assertEqual(550, code, text)

    def test_authenticated_sender_of_mail_from_is_not_believed(self):
        smtp = self.connect("key on 465")
        smtp.docmd("MAIL FROM:<alice@example.test> AUTH=bob@example.test")
        smtp.docmd(f"RCPT TO:<{TO}>")
        self.assertEqual(354, smtp.docmd("DATA")[0])
        smtp.send("From: bob@example.test\r\n\r\nHello\r\n.\r\n")
        self.assertEqual(550, smtp.getreply()[0])


@tap.with_cases
class ThroughDovecot(SenderTest):
    """Dovecot's own submission service, with Postfix behind it."""

    def connect(self, way):
        smtp = sessions.smtp(self.host, self.add_key("alice"), self.host.DOVECOT_SUBMISSION_PORT)
        self.addCleanup(smtp.close)
        self.assertEqual(235, smtp.docmd("AUTH EXTERNAL =")[0])
        return smtp

    @tap.cases(*FORGERIES)
    def test_refused(self, sender, header, named):
        before = self.host.sink()
        code, text = self.transaction(self.connect(None), sender, header)
        self.assertEqual(550, code, text)
        self.assertRegex(text, named)
        self.assertEqual([], self.host.queue())
        self.assertEqual(before, self.host.sink())

    @tap.cases(*HONEST)
    def test_taken(self, sender, header):
        marker = self.unique()
        code, text = self.transaction(self.connect(None), sender,
                                      f"{header}Subject: {marker}\r\n")
        self.assertEqual(250, code, text)
        self.host.wait_for_sink(marker)


@tap.with_cases
class Taken(SenderTest):
    @tap.cases(*((f"{way}: {title}", way, *rest) for way in WAYS for title, *rest in HONEST))
    def test(self, way, sender, header):
        marker = self.unique()
        code, text = self.transaction(self.connect(way), sender, f"{header}Subject: {marker}\r\n")
        self.assertEqual(250, code, text)
        self.host.wait_for_sink(marker)

    def test_a_domain_of_ones_own(self):
        """@example.org given to alice: she may send as anybody there. bob may not."""
        self.host.postern("address", "add", "alice", "@example.org")
        self.addCleanup(self.host.postern, "address", "remove", "alice", "@example.org")
        code, text = self.transaction(self.connect("key on 465"), "ceo@example.org",
                                      "From: ceo@example.org\r\n")
        self.assertNotEqual(550, code, text)


if __name__ == "__main__":
    tap.main()
