#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Dovecot's auth, auth-worker, imap-login and imap, with postern's modules in them, under valgrind: no wrong use of
memory in any way of logging in, and nothing lost when they end. Nothing is suppressed: Dovecot's own code is clean."""
import imaplib
import os
import subprocess
import unittest

from lib import sessions, tap
from lib.host import eventually
from lib.passwords import PASSWORD, PasswordTest

PROGRAMS = {"auth": "auth", "auth-worker": "auth -w", "imap-login": "imap-login", "imap": "imap"}
VALGRIND = ("/usr/bin/valgrind --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite"
            " --num-callers=30 --keep-debuginfo=yes")


class Valgrind(PasswordTest):
    mechanisms = ("scram-sha-256", "cram-md5", "apop")
    postern_settings = "upgrade_on_login = yes\npassword_schemes = yescrypt scram-sha-256 cram-md5 plain\n"

    @classmethod
    def configure(cls):
        if str(cls.host.ROOT) != "/" or "POSTERN_TEST_SANITIZED" in os.environ:
            raise unittest.SkipTest("valgrind takes the machine's own Dovecot, and no sanitizer beside it")
        cls.reports = cls.host.folder / "valgrind"
        cls.reports.mkdir(mode=0o777)
        cls.reports.chmod(0o777)
        libexec = "/usr/lib/dovecot"
        services = "".join(
            f"service {name} {{\n  executable = {VALGRIND} --log-file={cls.reports}/{name}.%p {libexec}/{command}\n}}\n"
            for name, command in PROGRAMS.items())
        # Each ends only with Dovecot, and so has many clients; valgrind wants memory of its own.
        cls.settings = services + "service imap-login {\n  service_count = 0\n}\ndefault_vsz_limit = 0\n"
        super().configure()

    def test_all_ways(self):
        self.log_in()
        self.log_in()
        subprocess.run((self.host.ENTER, "--server", "doveadm", "stop"), check=True)
        for name in PROGRAMS:
            reports = [self.finished(path) for path in self.reports.glob(f"{name}.*")]
            self.assertTrue(reports, name)
            for report in reports:
                self.assertIn("ERROR SUMMARY: 0 errors", report, report)

    def log_in(self):
        """By key and by password, let in and refused."""
        key, other, unknown = self.add_key("hatta"), self.add_key("alice", "--no-preauth"), self.new_key()
        self.host.postern("password", "set", "hatta", "--hash", "--label", "old",
                          stdin="$1$abcdefgh$f4FAhCjxUf8AsFu5Ck2gF/\n")
        with sessions.imap(self.host, key) as imap:
            self.assertIn(b"PREAUTH", imap.welcome)
            # Which Python's client would not send, but K-9 does.
            imap.send(b"x AUTHENTICATE EXTERNAL =\r\n")
            self.assertTrue(imap.readline().startswith(b"x OK"))
        with sessions.imap(self.host, key, starttls=True) as imap:
            imap.authenticate("EXTERNAL", lambda _: b"hatta")
        with sessions.imap(self.host, other) as imap:
            for name, password in (("hatta", PASSWORD), ("nobody", "x")):
                with self.assertRaises(imaplib.IMAP4.error):
                    imap.login(name, password)
            imap.authenticate("EXTERNAL", lambda _: b"")
        with sessions.imap(self.host, unknown) as imap:
            with self.assertRaises(imaplib.IMAP4.error):
                imap.authenticate("EXTERNAL", lambda _: b"hatta")
            imap.login("dodo", "dodo-secret-1")
        for password in ("secret-1", PASSWORD):
            with sessions.imap(self.host) as imap:
                with self.assertRaises(imaplib.IMAP4.error):
                    imap.login("hatta", "wrong")
                imap.login("hatta", password)
        for mechanism in ("SCRAM-SHA-256", "CRAM-MD5"):
            self.assertLetIn("imap", mechanism)
            self.assertRefused("imap", mechanism, password="wrong")
        with sessions.imap(self.host) as imap:
            with self.assertRaises(imaplib.IMAP4.error):
                imap.login("hatta", "x" * 2000)

    @staticmethod
    def finished(path):
        return eventually(lambda: "ERROR SUMMARY" in path.read_text() and path.read_text(),
                          f"{path.name} does not end")


if __name__ == "__main__":
    tap.main()
