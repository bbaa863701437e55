#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Submission through Postfix: with the key alone, with AUTH, and who comes next on the same smtpd."""
import smtplib
import subprocess

from lib import sessions, tap
from lib.host import PATIENCE, MailTest
from lib.key_login import key_login_case


class SubmissionTest(MailTest):
    port_names = {"465": "SUBMISSIONS_PORT", "587": "SUBMISSION_PORT"}

    def connect(self, port, key=None):
        smtp = sessions.smtp(self.host, key, getattr(self.host, self.port_names[port]))
        self.addCleanup(smtp.close)
        return smtp

    def submit(self, smtp, sender="alice@example.test"):
        """Sends to another domain and waits until it has left."""
        marker = self.unique()
        smtp.sendmail(sender, ["someone@example.net"],
                      f"From: <{sender}>\r\nSubject: {marker}\r\n\r\nHello\r\n")
        return self.host.wait_for_sink(marker)

    def assertNoRelay(self, smtp):
        """MAIL or RCPT to another domain is refused."""
        answer = smtp.docmd("MAIL FROM:<alice@example.test>")
        if answer[0] == 250:
            answer = smtp.docmd("RCPT TO:<someone@example.net>")
        self.assertIn(answer[0], (451, 454, 530, 550, 554), answer[1])


PORTS = (("465", "465"), ("587", "587"))


@tap.with_cases
class WithKey(SubmissionTest):
    @tap.cases(*PORTS)
    @key_login_case(21)
    def test_no_auth(self, port):
        self.submit(self.connect(port, self.add_key("alice")))

    @tap.cases(*PORTS)
    @key_login_case(21)
    def test_no_auth_for_an_alias_and_a_subaddress(self, port):
        smtp = self.connect(port, self.add_key("alice"))
        self.submit(smtp, "a.liddell@example.test")
        self.submit(smtp, "alice+rabbit@example.test")

    @tap.cases(*PORTS)
    @key_login_case(22)
    def test_external_is_advertised(self, port):
        smtp = self.connect(port, self.add_key("alice"))
        self.assertIn("EXTERNAL", smtp.esmtp_features["auth"].split())

    @tap.cases(*((f"{port}, {title}", port, argument) for port, _ in PORTS for title, argument in (
        ("=", "EXTERNAL ="), ("authzid alice", "EXTERNAL " + sessions.external("alice")),
        ("authzid alice@example.test", "EXTERNAL " + sessions.external("alice@example.test")))))
    @key_login_case(22)
    def test_auth_external(self, port, argument):
        smtp = self.connect(port, self.add_key("alice"))
        mark = self.host.log_mark()
        self.assertEqual(235, smtp.docmd("AUTH", argument)[0])
        self.submit(smtp)
        self.host.wait_for_log(mark, "sasl_method=EXTERNAL, sasl_username=alice")

    @tap.cases(*PORTS)
    @key_login_case(22)
    def test_auth_external_with_an_empty_step(self, port):
        smtp = self.connect(port, self.add_key("alice"))
        self.assertEqual(334, smtp.docmd("AUTH EXTERNAL")[0])
        self.assertEqual(235, smtp.docmd("")[0])
        self.submit(smtp)

    @tap.cases(*((f"{port}, {authzid}", port, authzid) for port, _ in PORTS
                 for authzid in ("bob", "bob@example.test", "nobody")))
    @key_login_case(22)
    def test_auth_external_for_another(self, port, authzid):
        smtp = self.connect(port, self.add_key("alice"))
        self.assertEqual(535, smtp.docmd("AUTH EXTERNAL", sessions.external(authzid))[0])

    @tap.cases(*PORTS)
    @key_login_case(22)
    def test_auth_at_the_wrong_time(self, port):
        """In a transaction, and a second time."""
        smtp = self.connect(port, self.add_key("alice"))
        self.assertEqual(250, smtp.docmd("MAIL FROM:<alice@example.test>")[0])
        self.assertEqual(503, smtp.docmd("AUTH EXTERNAL =")[0])
        smtp.rset()
        self.assertEqual(235, smtp.docmd("AUTH EXTERNAL =")[0])
        self.assertEqual(503, smtp.docmd("AUTH EXTERNAL =")[0])
        self.submit(smtp)

    @tap.cases(*PORTS)
    @key_login_case(23)
    def test_password_of_the_same_account(self, port):
        smtp = self.connect(port, self.add_key("alice"))
        smtp.login("alice", "alice-secret-1")
        self.submit(smtp)

    @tap.cases(*PORTS)
    @key_login_case(23)
    def test_password_of_another_account(self, port):
        smtp = self.connect(port, self.add_key("alice"))
        mark = self.host.log_mark()
        answer = smtp.docmd("AUTH PLAIN", sessions.plain("bob", "bob-secret-1"))
        self.assertEqual(535, answer[0], answer[1])
        self.host.wait_for_log(mark, "bob")
        with self.assertRaises(smtplib.SMTPResponseException):
            self.submit(smtp, "bob@example.test")

    @tap.cases(*PORTS)
    @key_login_case(23)
    def test_password_of_a_user_whom_only_dovecot_knows(self, port):
        smtp = self.connect(port, self.add_key("alice"))
        answer = smtp.docmd("AUTH PLAIN", sessions.plain("dodo", "dodo-secret-1"))
        self.assertEqual(535, answer[0], answer[1])

    @key_login_case(6)
    def test_service_not_allowed(self):
        smtp = self.connect("465", self.add_key("alice", "--services", "imap"))
        self.assertNoRelay(smtp)
        self.assertEqual(535, smtp.docmd("AUTH EXTERNAL =")[0])

    @key_login_case(29)
    def test_removed_in_the_middle_of_a_session(self):
        key = self.add_key("alice")
        smtp = self.connect("465", key)
        self.submit(smtp)
        self.host.postern("key", "remove", key.fingerprint)
        self.assertNoRelay(smtp)

    @tap.cases(("account removed", "account", "remove", "mabel"),
               ("policy password", "account", "policy", "mabel", "password"),
               ("policy both", "account", "policy", "mabel", "both"))
    @key_login_case(29)
    def test_changed_in_the_middle_of_a_session(self, *change):
        self.host.postern("account", "add", "mabel")
        self.addCleanup(self.host.postern, "account", "remove", "mabel", check=False)
        key = self.add_key("mabel")
        before_mail, after_mail = self.connect("465", key), self.connect("587", key)
        self.submit(before_mail, "mabel@example.test")
        self.assertEqual(250, after_mail.docmd("MAIL FROM:<mabel@example.test>")[0])
        self.host.postern(*change)
        answer = after_mail.docmd("RCPT TO:<someone@example.net>")
        self.assertGreaterEqual(answer[0], 400, answer[1])
        self.assertNoRelay(before_mail)

    @key_login_case(18, 29)
    def test_disabled_account(self):
        self.host.postern("account", "add", "mabel")
        self.addCleanup(self.host.postern, "account", "remove", "mabel")
        smtp = self.connect("465", self.add_key("mabel"))
        self.submit(smtp, "mabel@example.test")
        self.host.postern("account", "disable", "mabel")
        self.assertNoRelay(smtp)
        self.assertNoRelay(self.connect("465", self.add_key("mabel")))


@key_login_case(24)
@tap.with_cases
class WithoutKey(SubmissionTest):
    @tap.cases(*PORTS)
    def test_nothing_is_relayed(self, port):
        self.assertNoRelay(self.connect(port))
        self.assertNoRelay(self.connect(port, self.new_key()))

    @tap.cases(*PORTS)
    def test_auth_external_fails(self, port):
        for key in (None, self.new_key()):
            smtp = self.connect(port, key)
            self.assertEqual(535, smtp.docmd("AUTH EXTERNAL =")[0])

    @tap.cases(*PORTS)
    def test_password(self, port):
        for key in (None, self.new_key()):
            smtp = self.connect(port, key)
            smtp.login("alice", "alice-secret-1")
            self.submit(smtp)

    @tap.cases(*PORTS)
    def test_wrong_password(self, port):
        smtp = self.connect(port)
        self.assertEqual(535, smtp.docmd("AUTH PLAIN", sessions.plain("alice", "wrong"))[0])
        self.assertNoRelay(smtp)

    @key_login_case(22)
    def test_auth_before_tls(self):
        with smtplib.SMTP(self.host.HOST, self.host.SUBMISSION_PORT, timeout=PATIENCE) as smtp:
            smtp.ehlo()
            self.assertNotIn("auth", smtp.esmtp_features)
            answer = smtp.docmd("AUTH PLAIN", sessions.plain("alice", "alice-secret-1"))
            self.assertIn(answer[0], (503, 530, 538), answer[1])


@key_login_case(27)
class Port25(SubmissionTest):
    def test_no_auth_and_no_question_for_a_certificate(self):
        with smtplib.SMTP(self.host.HOST, self.host.SMTP_PORT, timeout=PATIENCE) as smtp:
            smtp.starttls(context=sessions.context(self.host, self.add_key("alice")))
            smtp.ehlo()
            self.assertNotIn("auth", smtp.esmtp_features)
            self.assertNoRelay(smtp)
        said = subprocess.run(
            ("openssl", "s_client", "-connect", f"{self.host.HOST}:{self.host.SMTP_PORT}",
             "-starttls", "smtp", "-tls1_2"), input="", text=True, capture_output=True).stdout
        self.assertNotIn("Client Certificate Types", said)

    def test_mail_from_outside_arrives(self):
        marker = self.unique()
        with smtplib.SMTP(self.host.HOST, self.host.SMTP_PORT, timeout=PATIENCE) as smtp:
            smtp.sendmail("someone@example.net", ["a.liddell@example.test", "bob+x@example.test"],
                          f"From: someone@example.net\r\nSubject: {marker}\r\n\r\nHello\r\n")
        for account in ("alice", "bob"):
            self.assertNotIn(b"DKIM-Signature", self.host.wait_for_mail(account, marker))


@key_login_case(25)
class OneSmtpd(SubmissionTest):
    """All clients meet the same smtpd process, one after the other."""
    own_host = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for service in ("submission", "submissions"):
            cls._postconf("-F", f"{service}/inet/process_limit=1")
            cls._postconf("-P", f"{service}/inet/smtpd_helo_required=no")
        subprocess.run((cls.host.ENTER, "postfix", "reload"), check=True, capture_output=True)

    @classmethod
    def _postconf(cls, *args):
        subprocess.run(("postconf", "-c", cls.host.POSTFIX_CONFIG_DIR, *args), check=True)

    def last_pid(self, mark):
        """Process id of the smtpd that took the last connection."""
        line = self.host.wait_for_log(mark, "smtpd[")
        return line.partition("smtpd[")[2].partition("]")[0]

    def session(self, key, *commands):
        """One connection to 465; answers to the commands. Waits until smtpd is free again."""
        mark = self.host.log_mark()
        answers = []
        with sessions.connect(self.host, self.host.SUBMISSIONS_PORT) as s, \
                sessions.context(self.host, key).wrap_socket(s, server_hostname="localhost") as t:
            with t.makefile("rb") as lines:
                self.assertTrue(lines.readline().startswith(b"220"))
                for command in commands:
                    t.sendall(command.encode() + b"\r\n")
                    while (line := lines.readline())[3:4] == b"-":
                        pass
                    answers.append(int(line[:3]))
                    if line[:3] == b"354":
                        t.sendall(b"From: alice@example.test\r\n\r\nHello\r\n.\r\n")
                        answers.append(int(lines.readline()[:3]))
        self.host.wait_for_log(mark, "disconnect from")
        return answers, self.last_pid(mark)

    MAIL = ("MAIL FROM:<alice@example.test>", "RCPT TO:<someone@example.net>", "DATA")

    def test_next_client_has_nothing_of_the_one_before(self):
        key = self.add_key("alice")
        own, pid = self.session(key, "EHLO client.example", *self.MAIL)
        self.assertEqual([250, 250, 250, 354, 250], own)
        for name, first in (("nothing", ()), ("EHLO", ("EHLO x",)), ("HELO", ("HELO x",)),
                            ("RSET", ("RSET",)), ("NOOP", ("NOOP",))):
            for who, other in (("no key", None), ("unknown key", self.new_key())):
                answers, next_pid = self.session(other, *first, *self.MAIL[:2])
                self.assertEqual(pid, next_pid, "not the same smtpd; the test shows nothing")
                self.assertGreaterEqual(answers[-1], 400, f"{who}, {name}: {answers}")
                answers, next_pid = self.session(other, *first, "AUTH EXTERNAL =")
                self.assertGreaterEqual(answers[-1], 500, f"{who}, {name}: {answers}")
                # The key's own client in between, so that each of them follows it.
                own, next_pid = self.session(key, "EHLO client.example", *self.MAIL)
                self.assertEqual([250, 250, 250, 354, 250], own)
                self.assertEqual(pid, next_pid)

    def test_next_client_has_nothing_of_a_login_before(self):
        login = "AUTH PLAIN " + sessions.plain("alice", "alice-secret-1")
        own, pid = self.session(None, "EHLO client.example", login, *self.MAIL)
        self.assertEqual([250, 235, 250, 250, 354, 250], own)
        answers, next_pid = self.session(None, *self.MAIL[:2])
        self.assertEqual(pid, next_pid)
        self.assertGreaterEqual(answers[-1], 400, answers)

    def test_other_account_next(self):
        alice, bob = self.add_key("alice"), self.add_key("bob")
        self.assertEqual(250, self.session(alice, *("EHLO x", *self.MAIL))[0][-1])
        answers, _ = self.session(bob, *("EHLO x", *self.MAIL))
        self.assertIn(550, answers)

    def test_without_ehlo_the_own_key_is_enough(self):
        """Not needed by any client, but what happens should be known: the key counts, or a refusal."""
        answers, _ = self.session(self.add_key("alice"), *self.MAIL)
        self.assertIn(answers[-1], (250, 451, 550, 554), answers)

    def test_ehlo_before_starttls_counts_for_nothing(self):
        key = self.add_key("alice")
        with smtplib.SMTP(self.host.HOST, self.host.SUBMISSION_PORT, timeout=PATIENCE) as smtp:
            smtp.ehlo()
            smtp.starttls(context=sessions.context(self.host, key))
            smtp.ehlo()
            self.submit(smtp)
        with smtplib.SMTP(self.host.HOST, self.host.SUBMISSION_PORT, timeout=PATIENCE) as smtp:
            smtp.ehlo()
            smtp.starttls(context=sessions.context(self.host))
            self.assertNoRelay(smtp)


if __name__ == "__main__":
    tap.main()
