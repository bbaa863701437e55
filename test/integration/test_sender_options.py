#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What an admin can change about the sender rule, on the real Postfix."""
import re
import smtplib
import subprocess

from lib import tap
from lib.host import PATIENCE, eventually
from test_forgery import SenderTest
from test_milter_daemon import DaemonTest

ALICE = "alice@example.test"
SHOWN = 'From: "bob@example.test" <alice@example.test>\r\n'
TWICE = "From: alice@example.test\r\nTo: someone@example.net\r\nTo: another@example.net\r\n"
OWN = "From: alice@example.test\r\n"


class OptionTest(DaemonTest, SenderTest):
    def configure(self, *lines):
        """Adds lines to postern.conf until the end of the test."""
        with self.conf.open("a") as f:
            f.writelines(line + "\n" for line in lines)
        self.reload("reloaded")

    def send(self, sender, header):
        marker = self.unique()
        code, text = self.transaction(self.connect("password"), sender,
                                      f"{header}Subject: {marker}\r\n")
        return code, text, marker

    def assertTaken(self, sender, header, signed=True):
        code, text, marker = self.send(sender, header)
        self.assertEqual(250, code, text)
        octets = self.host.wait_for_sink(marker)
        if signed:
            self.assertSigned(octets)
        else:
            self.assertNotIn(b"DKIM-Signature", octets)
        return octets

    def assertRefused(self, sender, header, words):
        code, text, _ = self.send(sender, header)
        self.assertEqual(550, code, text)
        self.assertRegex(text, words)


@tap.with_cases
class Allow(OptionTest):
    @tap.cases(
        ("everybody", "allow = P4 P15", True),
        ("this account", "allow.alice = P4 P15", True),
        ("the domain of the envelope sender", "allow.example.test = P4 P15", True),
        ("another account", "allow.bob = P4 P15", False),
        ("another domain", "allow.example.org = P4 P15", False),
        ("nobody", "allow =", False),
    )
    def test_to(self, line, taken):
        self.configure(line)
        for header, found in ((SHOWN, "bob@example.test"), (TWICE, "To")):
            if taken:
                self.assertTaken(ALICE, header)
            else:
                self.assertRefused(ALICE, header, found)

    def test_one_of_them_alone(self):
        self.configure("allow = P4")
        self.assertTaken(ALICE, SHOWN)
        self.assertRefused(ALICE, TWICE, "To")

    def test_the_rest_always_holds(self):
        self.configure("allow = P4 P15", "allow.alice = P4 P15")
        self.assertRefused(ALICE, "From: bob@example.test\r\n", "bob@example.test")
        self.assertRefused(ALICE, OWN + OWN, "From")


class CaseSensitiveDomains(OptionTest):
    def test_case_counts_there(self):
        self.configure("case_sensitive_domains = example.test")
        self.host.postern("address", "add", "alice", "Queen@example.test")
        self.addCleanup(self.host.postern, "address", "remove", "alice", "Queen@example.test", check=False)
        for local in ("Queen", "alice", "Queen+x"):
            self.assertTaken(f"{local}@example.test", f"From: {local}@Example.TEST\r\n")
        for local in ("queen", "QUEEN", "Alice", "queen+x"):
            self.assertRefused(ALICE, f"From: {local}@example.test\r\n", re.escape(f"{local.lower()}@example.test"))
        self.assertEqual(1, self.host.postern("address", "check", "alice", "queen@example.test",
                                              check=False).returncode)
        self.host.postern("address", "check", "alice", "Queen@example.test")

    def test_and_nowhere_else(self):
        self.host.postern("address", "add", "alice", "Queen@example.test")
        self.addCleanup(self.host.postern, "address", "remove", "alice", "queen@example.test")
        self.assertTaken(ALICE, "From: qUEEN@example.test\r\n")


@tap.with_cases
class PastTheMilter(OptionTest):
    """What an admin may do to Postfix later must not let anything past the milter."""

    def postfix(self, *command):
        subprocess.run((self.host.ENTER, *command), check=True, capture_output=True)

    def answers(self, code, header):
        """Whether that is the answer. A reload may drop a client that comes in at that moment; and an smtpd of
        before may serve one more, while master, who counts it as free, starts no other until that one leaves."""
        marker = self.unique()
        try:
            with self.connect("password") as smtp:
                if self.transaction(smtp, ALICE, f"{header}Subject: {marker}\r\n")[0] != code:
                    return False
        except (OSError, smtplib.SMTPException):
            return False
        # Else it would be new at the sink at some later moment.
        return code != 250 or self.host.wait_for_sink(marker)

    def change(self, code, header, *command):
        self.postfix(*command)
        self.postfix("postfix", "reload")
        eventually(lambda: self.answers(code, header), f"no {code}", 3 * PATIENCE)

    @tap.cases(
        ("no_milters in main.cf", ("postconf", "-e", "receive_override_options=no_milters"),
         ("postconf", "-X", "receive_override_options")),
        ("no milter in master.cf", ("postconf", "-P", "submissions/inet/smtpd_milters="),
         ("postconf", "-P", "submissions/inet/smtpd_milters=unix:postern/milter.sock")),
        ("no milter for clients", ("postconf", "-P", "submissions/inet/smtpd_milter_maps=static:DISABLE"),
         ("postconf", "-P", "submissions/inet/smtpd_milter_maps=")),
    )
    def test(self, command, undo):
        self.addCleanup(self.change, 250, OWN, *undo)
        sink, mark = self.host.sink(), self.host.log_mark()
        self.change(451, "From: bob@example.test\r\n", *command)
        self.assertEqual(451, self.send(ALICE, OWN)[0])
        self.host.wait_for_log(mark, "no_milters")
        self.assertEqual(sink, self.host.sink())


@tap.with_cases
class ReportOnly(OptionTest):
    @tap.cases(
        ("envelope", "bob@example.test", OWN, "rule=P5 field=MAIL FROM found=bob@example.test", True),
        ("From", ALICE, "From: bob@example.test\r\n", "rule=P3 field=From found=bob@example.test", True),
        ("From at a domain without a key", ALICE, "From: ceo@example.org\r\n",
         "rule=P3 field=From found=ceo@example.org", False),
        ("name", ALICE, SHOWN, "rule=P4 field=From found=bob@example.test", True),
        ("Sender", ALICE, OWN + "Sender: bob@example.test\r\n", "rule=P7 field=Sender", True),
        ("two From fields", ALICE, OWN + OWN, "rule=P1 field=From", False),
        ("unreadable", ALICE, "From: <alice@example.test\r\n", "rule=P2 field=From", False),
        ("a field name as libopendkim must not see it", ALICE, OWN + "Q" * 2000 + ": x\r\n",
         "rule=P8 field=QQQ", False),
    )
    def test_is_let_through(self, sender, header, expected, signed):
        self.configure("report_only = yes")
        mark = self.host.log_mark()
        octets = self.assertTaken(sender, header, signed)
        self.assertLessEqual(octets.count(b"\nDate:"), 1)
        line = self.host.wait_for_log(mark, "would be refused: 550 5.")
        self.assertIn(expected, line)
        self.assertIn("account=alice", line)
        self.assertNotIn("NOQUEUE", line)
        self.assertNotIn(": refused:", self.host.log_since(mark))

    def test_one_line_a_message(self):
        self.configure("report_only = yes")
        mark = self.host.log_mark()
        self.assertTaken("bob@example.test", "From: bob@example.test\r\nSender: ceo@example.org\r\n")
        self.host.wait_for_log(mark, "accepted: account=alice")
        self.assertEqual(1, self.host.log_since(mark).count("would be refused"))

    def test_honest_ones_are_not_reported(self):
        self.configure("report_only = yes")
        mark = self.host.log_mark()
        self.assertTaken(ALICE, OWN)
        self.host.wait_for_log(mark, "accepted: account=alice")
        self.assertNotIn("would be", self.host.log_since(mark))

    def test_who_is_unknown_stays_out(self):
        self.configure("report_only = yes")
        milter = self.milter()
        self.assertTemporary(milter.message(b"From: alice@example.test\r\n\r\nHello\r\n"))


if __name__ == "__main__":
    tap.main()
