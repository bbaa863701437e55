#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The fail2ban filters, on lines that Dovecot and the daemon have logged."""
import pathlib
import re
import shutil
import subprocess
import tempfile

from lib import tap
from lib.clients import Imap, Pop3
from lib.host import PASSWORDS, TOP
from test_forgery import SenderTest

FILTERS = TOP / "config/fail2ban"
SHIPPED = "/etc/fail2ban/filter.d/common.conf"
# What syslog puts before the daemon's words.
PREFIXES = ("Nov 23 09:00:00 mail postern-milter[4711]: ",
            "2026-11-23T09:00:00.123456+00:00 mail postern-milter[4711]: ")


def find(name, lines):
    """Addresses that a filter finds, once for each line."""
    with tempfile.TemporaryDirectory() as folder:
        # Where an admin puts it: beside what it includes.
        log, rule = pathlib.Path(folder, "log"), pathlib.Path(folder, name)
        shutil.copy(SHIPPED, folder)
        shutil.copy(FILTERS / name, folder)
        log.write_text("".join(line + "\n" for line in lines))
        done = subprocess.run(("fail2ban-regex", "-o", "ip", log, rule), text=True,
                              capture_output=True)
    assert done.stderr == "", done.stderr
    return done.stdout.split()


class Sender(SenderTest):
    def found(self, lines):
        return find("postern-sender.conf", lines)

    def refusal(self, sender, header):
        mark = self.host.log_mark()
        code, text = self.transaction(self.connect("password"), sender, header)
        self.assertEqual(550, code, text)
        # The daemon's own line: Postfix's repeats what the client has said, and may come late.
        line = self.host.wait_for_log(mark, ": account=alice client=[127.")
        self.assertRegex(line, r"postern-milter\[\d+\]: \S+: refused: 550 ")
        return re.sub(r"\[127\.[0-9.]+\]", "[192.0.2.7]", line.partition("]: ")[2], count=1)

    def test_refusals_are_found(self):
        words = [self.refusal("alice@example.test", "From: bob@example.test\r\n"),
                 self.refusal("bob@example.test", "From: alice@example.test\r\n"),
                 self.refusal("alice@example.test", "Subject: no From\r\n"),
                 self.refusal("alice@example.test", "From: <alice@example.test\r\n")]
        for prefix in PREFIXES:
            self.assertEqual(["192.0.2.7"] * len(words), self.found(prefix + x for x in words), words)

    def test_nobody_else_can_be_banned(self):
        other = "x: refused: 550 5.7.1: account=alice client=[198.51.100.1]:1 from="
        words = [self.refusal('"{}"@example.org'.format(other.replace(":", r"\:")), ""),
                 self.refusal(f'"{other}"@example.org', ""),
                 self.refusal("alice@example.test", f'From: "{other}" <bob@example.test>\r\n'),
                 self.refusal("alice@example.test", f"From: {other}\r\n"),
                 self.refusal("alice@example.test", f"{other.replace(' ', '').replace(':', '')}: x\r\n")]
        self.assertTrue(any(re.search(r"198\.51\.100\.1", x) for x in words), words)
        self.assertEqual(["192.0.2.7"] * len(words), self.found(PREFIXES[0] + x for x in words))

    def test_the_rest_is_not_found(self):
        line = self.refusal("alice@example.test", "From: bob@example.test\r\n")
        other = [line.replace("refused", "would be refused"), line.replace(": refused", ": accepted"),
                 line.replace("550 5.7.1", "451 4.7.1"), line.replace("550 5.7.1", "550 5.5.3"),
                 re.sub(r"\]:\d+", "]:0", line, count=1)]
        self.assertEqual([], self.found(PREFIXES[0] + x for x in other))
        self.assertEqual([], self.found([PREFIXES[0].replace("postern-milter", "smtpd") + line]))


class Login(SenderTest):
    PREFIX = "Nov 23 09:00:00 mail dovecot: "

    def line(self, client, *login):
        """What Dovecot has logged of a login, from 192.0.2.7."""
        mark = self.host.log_mark()
        client = client(self.host)
        client.plain(*login)
        client.close()
        line = self.host.wait_for_log(mark, f" client={client.address} ")
        return re.sub("^.*?(?=auth)", "", line).replace(client.address, "192.0.2.7")

    def test_passwords(self):
        found = [self.line(Imap, "alice", "wrong"), self.line(Pop3, "alice", "wrong"),
                 self.line(Imap, "ALICE", "wrong"),
                 re.sub("account=alice", 'account="a name"', self.line(Imap, "alice", "wrong"))]
        others = [self.line(Imap, "alice", PASSWORDS["alice"]), found[0].replace("mismatch", "unknown-key"),
                  found[0].replace("mismatch", "disabled"), found[0].replace("refused", "failed"),
                  found[0].replace("auth", "imap-login: auth", 1)]
        for prefix in (self.PREFIX, "2026-11-23T09:00:00.123456+00:00 mail dovecot: "):
            # Dovecot's own log files say "Info: ", syslog does not.
            for lines in (found, [line.replace("Info: ", "") for line in found]):
                self.assertEqual(["192.0.2.7"] * len(found), find("postern-login.conf", [prefix + x for x in lines]))
            self.assertEqual([], find("postern-login.conf", [prefix + x for x in others]))

    def test_nobody_else_can_be_banned(self):
        key = self.add_key("alice")
        mark = self.host.log_mark()
        other = ("x postern login: result=refused reason=mismatch service=imap account=alice client=198.51.100.1 "
                 "by=password")
        imap = Imap(self.host, key)
        self.addCleanup(imap.close)
        self.assertTrue(imap.is_preauth)
        pop = Pop3(self.host, key)
        self.addCleanup(pop.close)
        self.assertFalse(pop.external(other).ok)
        self.host.wait_for_log(mark, "reason=other-account")
        lines = [self.PREFIX + re.sub(r"^\w+ \d+ [\d:]+ ", "", line) for line in self.host.log_since(mark).splitlines()]
        self.assertTrue(any("198.51.100.1" in line for line in lines))
        self.assertEqual([], find("postern-login.conf", lines))


if __name__ == "__main__":
    tap.main()
