#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""sendmail(1) on the host itself: who may send as whom, with the lines that postern-milter(8) gives for master.cf."""
import os
import re
import subprocess

from lib import tap
from lib.host import TOP, eventually
from lib.milter_client import Milter
from test_sender_options import OptionTest

LINE = re.compile(r"^# (postconf .*|postfix reload)$", re.M)


class SendmailTest(OptionTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        page = (TOP / "milter/postern-milter.8").read_text()
        on, off = page.split(".Ss Mail of the host itself")[1].split("to undo it")[:2]
        cls.off = LINE.findall(off.split(".Sh ")[0])
        for line in LINE.findall(on):
            cls.admin(line.replace("/usr/share", f"{cls.host.folder}/stage/usr/share"))
        # The users of the mail host, with numbers that the machine may not have.
        with open(cls.host.folder / "etc/passwd", "a") as f:
            f.write("carol:x:7001:7001::/:/bin/sh\nalice:x:7002:7002::/:/bin/sh\n")

    @classmethod
    def admin(cls, line):
        done = subprocess.run((cls.host.ENTER, "--server", "sh", "-c", line), capture_output=True,
                              text=True)
        if done.returncode != 0:
            raise AssertionError(f"{line}: {done.stderr}")
        return done.stdout

    def sendmail(self, uid, header, *options):
        """Gives the message to sendmail as this user; returns a word that is in it, and where the log was."""
        marker, mark = self.unique(), self.host.log_mark()
        done = subprocess.run(
            (self.host.ENTER, "--server", "setpriv", f"--reuid={uid}", f"--regid={uid}",
             "--clear-groups", "sendmail", *options,
             "someone@example.net"),
            input=f"{header}Subject: {marker}\n\nHello\n", text=True, capture_output=True)
        self.assertEqual(0, done.returncode, done.stderr)
        return marker, mark

    def assertSent(self, uid, header, *options, signed=True):
        marker, mark = self.sendmail(uid, header, *options)
        octets = self.host.wait_for_sink(marker)
        self.assertNotIn(b"X-Postern-Local-User", octets)
        if signed:
            self.assertSigned(octets)
        else:
            self.assertNotIn(b"DKIM-Signature", octets)
        return octets, mark

    def assertWaits(self, uid, header, reason, *options):
        """It stays in the maildrop, and goes out once it may."""
        _, mark = self.sendmail(uid, header, *options)
        line = self.host.wait_for_log(mark, "refused: 451 4.7.1")
        self.assertIn(reason, line)
        maildrop = self.host.folder / "spool/maildrop"
        self.assertEqual(1, len(os.listdir(maildrop)))
        for name in os.listdir(maildrop):
            os.unlink(maildrop / name)

    def assertReturned(self, uid, header, rule, *options):
        """Postfix bounces it to its envelope sender."""
        marker, mark = self.sendmail(uid, header, *options)
        self.assertIn(rule, self.host.wait_for_log(mark, "refused: 550"))
        self.host.wait_for_log(mark, "removed")
        eventually(lambda: not self.host.queue(), "something stays in the queue")
        for name in self.host.sink():
            self.assertNotIn(marker.encode(), (self.host.SINK_DIR / name).read_bytes())


ALICE = "From: alice@example.test\n"


@tap.with_cases
class Sendmail(SendmailTest):
    @tap.cases(
        ("own name", "local_users = alice", 7002, ALICE),
        ("anybody is the account of his name", "local_users = *", 7002, ALICE),
        ("another account", "local_users = carol=alice", 7001, ALICE),
        ("a name before anybody", "local_users = *=bob carol=alice", 7001, ALICE),
        ("a number without a name", "local_users = uid:7003=alice", 7003, ALICE),
        ("Postfix adds From", "local_users = alice", 7002, ""),
    )
    def test_is_sent(self, line, uid, header):
        self.configure(line)
        octets, mark = self.assertSent(uid, header, "-f", "alice@example.test")
        self.host.wait_for_log(mark, "accepted: account=alice by=\"local user ")
        self.assertIn(b"From: ", octets)

    @tap.cases(
        ("nobody is listed", "report_only = yes", 7001, "user carol of the system is in neither"),
        ("another is listed", "local_users = alice\ntrusted_users = root", 7001,
         "user carol of the system is in neither"),
        ("no account", "local_users = *", 7001, "account carol, which does not exist"),
        ("a number without a name", "local_users = *", 7003, "account uid:7003, which does not"),
    )
    def test_waits(self, line, uid, reason):
        self.configure(line)
        self.assertWaits(uid, ALICE, reason, "-f", "alice@example.test")

    @tap.cases(
        ("From", "From: bob@example.test\n", "alice@example.test", "rule=P3"),
        ("envelope", ALICE, "bob@example.test", "rule=P5"),
        ("a number of his own", "X-Postern-Local-User: 0\nFrom: bob@example.test\n",
         "alice@example.test", "rule=P3"),
        ("the line of pickup", "Received: by mail.example.test (Postfix, from userid 0)\n"
         "From: bob@example.test\n", "alice@example.test", "rule=P3"),
    )
    def test_forged(self, header, sender, rule):
        self.configure("local_users = alice", "trusted_users = root")
        self.assertReturned(7002, header, rule, "-f", sender)

    def test_a_line_of_pickup_of_ones_own(self):
        """What is his own is sent, whatever number he writes down."""
        self.configure("local_users = alice", "trusted_users = root")
        _, mark = self.sendmail(7002, "Received: by x (Postfix, from userid 0)\n" + ALICE, "-f",
                                "alice@example.test")
        self.host.wait_for_log(mark, "accepted: account=alice")

    def test_trusted(self):
        self.configure("trusted_users = root")
        _, mark = self.assertSent(0, "From: cron@example.test\n")
        self.host.wait_for_log(mark, "accepted: account=(trusted) by=\"local user root\"")
        self.assertSent(0, "From: cron@example.org\n", signed=False)
        self.assertWaits(7002, ALICE, "user alice of the system is in neither")

    def test_disabled(self):
        self.configure("local_users = alice")
        self.host.postern("account", "disable", "alice")
        self.addCleanup(self.host.postern, "account", "enable", "alice")
        self.assertReturned(7002, ALICE, "disabled", "-f", "alice@example.test")

    def test_the_number_counts_nowhere_else(self):
        """Over SMTP, and on a cleanup service without our name, it is a field like any other."""
        self.configure("trusted_users = root")
        self.assertRefused("alice@example.test", "X-Postern-Local-User: 0\r\n"
                           "From: bob@example.test\r\n", "bob@example.test")
        field = b"X-Postern-Local-User: 0\r\nFrom: bob@example.test\r\n\r\nHello\r\n"
        for address, macros in ((("127.0.0.1", 0), {}),
                                (("127.0.0.1", 0), {"daemon_name": "mail"}),
                                (("127.0.0.1", 50000), {"daemon_name": "postern-local"})):
            milter = self.opened_at(*address)
            self.assertTemporary(milter.message(field, **macros))
        milter = self.opened_at("127.0.0.1", 0)
        reply, _ = milter.message(field, daemon_name="postern-local")
        self.assertEqual("250", reply)
        self.assertEqual([(1, "X-Postern-Local-User")], milter.removed)

    def test_without(self):
        """Last, by its name: without the lines pickup is as before."""
        for line in self.off:
            self.admin(line)
        self.assertNotIn("postern", self.admin("postconf -M pickup/unix; postconf -Px '*/unix/*'; "
                                               "postconf -M | grep postern- || true"))

    def opened_at(self, address, port):
        milter = self.opened(Milter(self.host.MILTER_SOCKET))
        self.assertEqual("250", milter.connect(address, port))
        return milter


if __name__ == "__main__":
    tap.main()
