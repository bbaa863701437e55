#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""200 clients that log in and out at once, half of them by key and half by password, while keys are added and
removed: no wrong answer, no crash, and the processes that let them in stay as large as they were."""
import collections
import concurrent.futures
import contextlib
import imaplib
import itertools
import os
import pathlib
import random
import re
import sys
import time
import unittest.mock

from lib import sessions, tap
from lib.host import TOP
from lib.passwords import PASSWORD, PasswordTest

sys.path.append(str(TOP / "test/lib"))
from mailhost import processes  # noqa: E402
from mailhost.layout import Layout  # noqa: E402

# The first part fills pools and caches; behind it everything stays as it is, but for how full the heap is.
PARTS = 3
SECONDS = 60 if os.environ.get("POSTERN_TEST_FULL") else 5
ACCOUNTS = 8
# Clients at the same time, and by the way the same number by key and by password.
CLIENTS = {"imap": 140, "pop3": 40, "submission": 20}
# Of one process from part to part: kilobytes of resident memory, and open files.
SLACK_KB, SLACK_FILES = 1024, 8
WATCHED = ("imap-login", "auth", "postern-milter")
# Of those whose smtpd has waited long enough (submission_by_password).
GAVE_UP = re.compile(r".* sasl: temporary failure for smtpd process \d+: cannot read: Connection reset by peer")
CRASH = re.compile(r".*(Panic:|Fatal:|killed with signal|ERROR: \w+Sanitizer|postern.*(cannot|failed)).*")


class Soak(PasswordTest):
    mechanisms = ()
    # One imap-login serves all and stays; pop3-login's processes end with their client, as is Dovecot's default.
    settings = """
service imap-login {
  service_count = 0
  process_limit = 1
}
service pop3-login {
  process_limit = 400
}
service auth {
  client_limit = 2000
}
service anvil {
  client_limit = 2000
}
"""

    @classmethod
    def setUpClass(cls):
        # So many at once have to wait for each other.
        cls.enterClassContext(unittest.mock.patch.object(sessions, "PATIENCE", 120))
        super().setUpClass()

    def setUp(self):
        self.users = [f"u{number}" for number in range(ACCOUNTS)]
        self.keys = {}
        for name in self.users:
            self.add_account(name)
            self.keys[name] = self.add_key(name)
            with sessions.imap(self.host, self.keys[name]) as imap:
                imap.create("is-" + name)
        self.spare = {name: self.new_key() for name in ("alice", "bob")}
        self.done, self.wrong = collections.Counter(), []
        self.layout = Layout.of_host(self.host.folder)

    def test_soak(self):
        mark, sizes = self.host.log_mark(), []
        for _ in range(PARTS):
            self.part(SECONDS)
            self.assertEqual([], self.wrong[:3])
            sizes.append(self.sizes())
        print("#", ", ".join(f"{count} {what}" for what, count in sorted(self.done.items())))
        self.assertEqual(len(CLIENTS) * 2 + 3, len(self.done), "not all has been done")
        self.assertEqual([], [line for line in self.host.log_since(mark).splitlines()
                              if CRASH.match(line) and not GAVE_UP.match(line)])
        self.assertNoGrowth(sizes)

    def part(self, seconds):
        """All clients at once, each again and again."""
        self.connect_all()
        end = time.monotonic() + seconds
        with concurrent.futures.ThreadPoolExecutor(sum(CLIENTS.values()) + 2) as pool:
            for protocol, count in CLIENTS.items():
                for number in range(count):
                    by = "key" if number % 2 else "password"
                    pool.submit(self.repeat, end, f"{protocol} by {by}", getattr(self, f"{protocol}_by_{by}"),
                                itertools.cycle(self.users[number % ACCOUNTS:] + self.users[:number % ACCOUNTS]))
            for name in ("alice", "bob"):
                pool.submit(self.repeat, end, "keys added and removed", self.key_comes_and_goes,
                            itertools.repeat(name))

    def connect_all(self):
        """imap-login serves as many as it will ever do: how many there are by chance says nothing after that."""
        with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(20) as pool:
            for begun in [pool.submit(sessions.imap, self.host) for _ in range(CLIENTS["imap"])]:
                stack.callback(begun.result().shutdown)

    def repeat(self, end, what, act, names):
        while time.monotonic() < end and not self.wrong:
            name = next(names)
            try:
                act(name)
                self.done[what] += 1
            except Exception as e:
                self.wrong.append(f"{what}, {name}: {e!r}")

    def assertAccount(self, imap, name):
        """In that account's mailbox and no other's."""
        answer, found = imap.list('""', '"is-*"')
        self.assertEqual(("OK", 1), (answer, len(found)))
        self.assertEqual(f"is-{name}", found[0].decode().split()[-1])

    def imap_by_key(self, name):
        with sessions.imap(self.host, self.keys[name]) as imap:
            self.assertIn(b"PREAUTH", imap.welcome)
            self.assertAccount(imap, name)

    def imap_by_password(self, name):
        with sessions.imap(self.host) as imap:
            if random.random() < 0.1:
                with self.assertRaisesRegex(imaplib.IMAP4.error, "AUTHENTICATIONFAILED"):
                    imap.login(name, PASSWORD + "x")
                self.done["wrong passwords refused"] += 1
            imap.login(name, PASSWORD)
            self.assertAccount(imap, name)

    def pop3_by_key(self, name):
        pop = sessions.pop3(self.host, self.keys[name])
        try:
            self.assertTrue(pop._shortcmd("AUTH EXTERNAL =").startswith(b"+OK"))
        finally:
            pop.close()

    def pop3_by_password(self, name):
        pop = sessions.pop3(self.host)
        try:
            pop.user(name)
            pop.pass_(PASSWORD)
        finally:
            pop.close()

    def submission_by_key(self, name):
        with sessions.smtp(self.host, self.keys[name]) as smtp:
            self.assertSender(smtp, name)

    def submission_by_password(self, name):
        """Postfix waits 10 seconds for who knows the passwords (AUTH_TIMEOUT in xsasl_dovecot_server.c): with 200
        hashes to compute at once on a slow machine that is "try again", and no wrong answer."""
        code, deadline = 454, time.monotonic() + sessions.PATIENCE
        while code == 454 and time.monotonic() < deadline:
            with sessions.smtp(self.host) as smtp:
                code = smtp.docmd("AUTH PLAIN", sessions.plain(name, PASSWORD))[0]
                if code == 235:
                    self.assertSender(smtp, name)
        self.assertEqual(235, code)

    def assertSender(self, smtp, name):
        """Who may send as that account and as no other."""
        other = self.users[self.users.index(name) - 1]
        for sender, good in ((other, False), (name, True)):
            codes = (smtp.mail(f"{sender}@{self.host.DOMAIN}")[0], smtp.rcpt("someone@example.net")[0])
            self.assertEqual((True, good), (codes[0] in (250, 550, 553), codes == (250, 250)), codes)
            smtp.rset()

    def key_comes_and_goes(self, name):
        """From the moment on at which the command has ended."""
        key = self.spare[name]
        self.host.postern("key", "add", name, key.certificate)
        with sessions.imap(self.host, key) as imap:
            self.assertIn(b"PREAUTH", imap.welcome)
        self.host.postern("key", "remove", key.fingerprint)
        with sessions.imap(self.host, key) as imap:
            self.assertNotIn(b"PREAUTH", imap.welcome)
            with self.assertRaises(imaplib.IMAP4.error):
                imap.authenticate("EXTERNAL", lambda _: b"")
        self.done["removed keys refused"] += 1

    def sizes(self):
        """Resident kilobytes and open files of each process that is watched."""
        found = {}
        for pid in processes.of_host(self.layout):
            folder = pathlib.Path(f"/proc/{pid}")
            try:
                program = os.path.basename(os.readlink(folder / "exe"))
                status = (folder / "status").read_text()
                files = len(os.listdir(folder / "fd"))
            except OSError:     # it ended meanwhile
                continue
            if program in WATCHED:
                found[program, pid] = int(re.search(r"VmRSS:\s*(\d+)", status)[1]), files
        return found

    def assertNoGrowth(self, sizes):
        stayed = set.intersection(*map(set, sizes))
        for program in WATCHED:
            grown = [[part[key] for part in sizes] for key in stayed if key[0] == program]
            self.assertTrue(grown, f"no {program} lives from part to part")
            rows = max(grown, key=lambda rows: rows[-1][0] - rows[0][0])
            print(f"# {program}: of {len(grown)} the one that has grown most:",
                  ", ".join(f"{kb} kB {files} files" for kb, files in rows))
            if "POSTERN_TEST_SANITIZED" not in os.environ:
                self.assertLessEqual(rows[-1][0] - rows[0][0], SLACK_KB, program)
            self.assertLessEqual(max(rows[-1][1] - rows[0][1] for rows in grown), SLACK_FILES, program)


if __name__ == "__main__":
    tap.main()
