#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The command and passwords, from stdin and from a terminal."""
import os
import signal
import termios

from lib import tap
from lib.command import DATAERR, MD5_CRYPT, NOUSER, USAGE, CommandTest, Terminal


class Passwords(CommandTest):
    def setUp(self):
        super().setUp()
        self.ok("account", "add", "alice")

    def terminal(self, *args):
        return Terminal(self.command("password", "set", "alice", *args))

    def labels(self):
        return [row["label"] for row in self.json("password", "list", "alice")]

    def test_life(self):
        self.ok("password", "set", "alice", stdin="alice-secret-1\n")
        self.ok("password", "set", "alice", "--label", "printer", "--services", "submission", "--hash",
                stdin=MD5_CRYPT)
        main, printer = self.json("password", "list", "alice")
        self.assertEqual((main["label"], main["schemes"]), ("main", ["yescrypt", "scram-sha-256"]))
        self.assertEqual((printer["label"], printer["schemes"], printer["services"]),
                         ("printer", ["md5-crypt"], ["submission"]))
        self.ok("password", "set", "alice", "--hash", stdin=MD5_CRYPT + "\n")
        self.assertEqual(self.json("password", "list", "alice")[0]["schemes"], ["md5-crypt"])
        self.assertNotIn("$1$", self.ok("account", "show", "alice"))
        self.ok("password", "remove", "alice")
        self.assertEqual(self.labels(), ["printer"])
        self.ok("password", "remove", "alice", "printer")
        self.assertEqual(self.labels(), [])

    def test_schemes_of_the_configuration(self):
        self.configure("password_schemes = sha512-crypt")
        self.ok("password", "set", "alice", stdin="alice-secret-1")
        self.assertEqual(self.json("password", "list", "alice")[0]["schemes"], ["sha512-crypt"])

    def test_wrong(self):
        self.ok("password", "set", "alice", stdin="alice-secret-1\n")
        before = self.contents()
        expensive = "$6$rounds=999999999$abcdefgh$" + "x" * 86
        wrong = [
            (DATAERR, "empty", b"", []), (DATAERR, "empty", b"\n", []),
            (DATAERR, "more than one line", b"correct horse\nbattery\n", []),
            (DATAERR, "NUL", b"correct\0horse\n", []),
            (DATAERR, "longer than 1024", b"x" * 1025, []),
            (DATAERR, "too long", b"x" * 70000, []),
            (DATAERR, ".", b"short\n", []),
            (DATAERR, ".", b"alice\n", []),
            (DATAERR, ".", b"\xff\xfe\xfd1234567\n", []),
            (DATAERR, ".", "with a\ttab inside\n".encode(), []),
            (DATAERR, ".", "caf\u00e9 so\u00adft hyphen\n".encode(), []),
            (DATAERR, "no hash", b"alice-secret-1\n", ["--hash"]),
            (DATAERR, "no hash", b"{NOPE}abc\n", ["--hash"]),
            (DATAERR, "no hash", b"!\n", ["--hash"]),
            (DATAERR, "more work", expensive.encode(), ["--hash"]),
            (USAGE, "--label", b"alice-secret-2\n", ["--label", ""]),
            (USAGE, "--services.*fax", b"alice-secret-2\n", ["--services", "fax"]),
        ]
        for code, words, stdin, options in wrong:
            with self.subTest(stdin=stdin[:20], options=options):
                text = self.fails(code, words, "password", "set", "alice", *options, stdin=stdin)
                self.assertNotIn("secret", text)
        self.fails(NOUSER, "no account \"bob\"", "password", "set", "bob", stdin="bob-secret-1\n")
        self.fails(NOUSER, "no account \"bob\"", "password", "list", "bob")
        self.fails(NOUSER, "no password called \"main2\"", "password", "remove", "alice", "main2")
        self.assertEqual(self.contents(), before)

    def test_terminal(self):
        terminal = self.terminal()
        for prompt in (b"New password: ", b"The same again: "):
            terminal.wait_for(prompt)
            self.assertFalse(terminal.echoes())
            terminal.type(b"alice-secret-1\n")
        shown, status = terminal.end()
        self.assertEqual((status, shown.strip()), (0, b""))
        self.assertEqual(self.labels(), ["main"])

    def test_terminal_hash(self):
        terminal = self.terminal("--hash")
        terminal.wait_for(b"Hash: ")
        self.assertFalse(terminal.echoes())
        terminal.type(MD5_CRYPT.encode() + b"\n")
        self.assertEqual(terminal.end()[1], 0)
        self.assertEqual(self.labels(), ["main"])

    def test_terminal_mismatch(self):
        terminal = self.terminal()
        terminal.wait_for(b"New password: ")
        terminal.type(b"alice-secret-1\n")
        terminal.wait_for(b"The same again: ")
        terminal.type(b"alice-secret-2\n")
        shown, status = terminal.end()
        self.assertEqual(os.waitstatus_to_exitcode(status), DATAERR)
        self.assertIn(b"not the same", shown)
        self.assertEqual(self.labels(), [])

    def test_terminal_interrupt(self):
        for number, key in ((signal.SIGINT, b"\x03"), (signal.SIGTERM, None)):
            terminal = self.terminal()
            terminal.wait_for(b"New password: ")
            slave = os.open(f"/proc/{terminal.pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
            terminal.type(b"alice-sec")
            if key is not None:
                terminal.type(key)
            else:
                os.kill(terminal.pid, number)
            status = os.waitpid(terminal.pid, 0)[1]
            self.assertEqual(os.WTERMSIG(status), number)
            self.assertTrue(termios.tcgetattr(slave)[3] & termios.ECHO)
            os.close(slave)
            os.close(terminal.fd)
        self.assertEqual(self.labels(), [])


if __name__ == "__main__":
    tap.main()
