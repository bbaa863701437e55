#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The command itself: its line, its configuration, its store; every wrong one of them gets one line."""
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import time

from lib import tap
from lib.command import (CANTCREAT, CONFIG, DAEMON, IOERR, TEMPFAIL, TOP, UNAVAILABLE, USAGE,
                         CommandTest)


class CommandLine(CommandTest):
    makes_store = False

    WRONG = [
        # words, then the command line
        ("nothing to do",),
        ("\"acount\" is no command", "acount"),
        ("\"account\" needs a verb: add, list, show", "account"),
        ("\"account ad\" is no command", "account", "ad"),
        ("unknown option \"--nope\"", "--nope"),
        ("unknown option \"--nope\"", "account", "--nope", "list"),
        ("unknown option \"--nope=1\"", "account", "list", "--nope=1"),
        ("unknown option \"-x\"", "account", "list", "-x"),
        ("unknown option \"--policy\"", "account", "list", "--policy", "any"),
        ("unknown option \"--label\"", "--label", "x", "key", "add", "alice", "-"),
        ("unknown option \"--polic\"", "account", "add", "alice", "--polic", "any"),
        ("--label needs a value", "key", "add", "alice", "-", "--label"),
        ("--hash takes no value", "password", "set", "alice", "--hash=x"),
        ("--json takes no value", "--json=yes", "account", "list"),
        ("--label is given twice", "key", "add", "alice", "-", "--label=a", "--label=b"),
        ("--config is given twice", "--config", "x", "account", "list"),
        ("it wants NAME", "account", "add"),
        ("it wants NAME POLICY", "account", "policy", "alice"),
        ("it wants ACCOUNT FILE", "key", "add", "alice"),
        ("it wants FINGERPRINT", "key", "remove"),
        ("it wants DOMAIN SELECTOR", "dkim", "activate", "example.test"),
        ("\"bob\" is one word too many", "account", "add", "alice", "bob"),
        ("\"x\" is one word too many", "init", "x"),
        ("\"--json\" is one word too many", "account", "list", "--", "--json"),
        ("\"b\" is one word too many", "import", "a", "b"),
        (r"unknown option \"--no\\x0Ape\"", "account", "list", "--no\npe"),
    ]

    def test_wrong(self):
        for words, *args in self.WRONG:
            with self.subTest(args=args):
                self.fails(USAGE, words, *args)

    def test_options_anywhere(self):
        for args in (["--version"], ["account", "--version"], ["key", "add", "--version"]):
            self.assertRegex(self.ok(*args), r"\Apostern [0-9.]+\n\Z")
        self.ok("init")
        for args in (["--json", "account", "list"], ["account", "--json", "list"],
                     ["account", "list", "--json"], ["account", "list", "--json", "--"]):
            self.assertEqual(json.loads(self.ok(*args)), [])

    def usage_lines(self):
        lines = [line[2:42].strip() for line in self.ok("--help").splitlines() if line[:2] == "  "]
        self.assertIn("init", lines)
        return [line for line in lines if not line.startswith("--")]

    def test_help_of_each_verb(self):
        nouns = set()
        for line in self.usage_lines():
            words = re.match(r"[a-z]+( [a-z-]+)?", line).group().split()
            nouns.add(words[0])
            text = self.ok(*words, "--help")
            self.assertIn(f"postern [--config FILE] [--json] {line}\n", text)
            # With operands missing and unknown accounts, help is help.
            self.assertEqual(text, self.ok("--help", *words))
        for noun in nouns - {"init", "upgrade", "dns", "import", "export", "check", "page"}:
            self.assertIn(f"  {noun} ", self.ok(noun, "--help"))

    def test_manual_says_the_same(self):
        man = (TOP / "password-tool" / "postern.1").read_text()
        items = [re.sub(r" Ns | Oc| Oo|^\.It Nm ", " ", line) for line in man.splitlines()
                 if line.startswith(".It Nm Cm ")]
        described = {}
        for item in items:
            words = re.match(r" *Cm ([a-z]+(?: (?:new|add-mail|add|list|show|set|check|remove|record|activate|retire|rotate|"
                             r"disable|enable|policy|generate|status|approve|refuse))?)", item).group(1)
            described[words] = set(re.findall(r"Fl -([a-z0-9-]+)", item))
        typed = {}
        for line in self.usage_lines():
            words = re.match(r"[a-z]+( [a-z-]+)?", line).group()
            text = self.ok(*words.split(), "--help")
            typed[words] = set(re.findall(r"^  --([a-z0-9-]+)", text, re.M))
        self.assertEqual(described, typed)
        names = set(re.findall(r'{ "([a-z0-9_]+)", POSTERN_COLUMN_', "".join(
            path.read_text() for path in (TOP / "password-tool").glob("*.c"))))
        self.assertGreater(len(names), 15)
        section = man.partition(".Sh JSON")[2].partition(".Sh FILES")[0]
        for name in names:
            self.assertRegex(section, rf"\b{name}\b")
        for option in re.findall(r"^  --([a-z0-9-]+)", self.ok("--help"), re.M):
            self.assertIn(f".It Fl -{option}", man)

    def test_answer_that_cannot_be_written(self):
        self.ok("init")
        for args in (["--help"], ["account", "list", "--json"], ["--version"]):
            with open("/dev/full", "wb") as full:
                self.fails(IOERR, "cannot write the answer", *args, stdout=full)

    def test_standard_descriptors_closed(self):
        """The answer never goes into a file of the store, even when nobody wants it."""
        self.ok("init")
        self.ok("account", "add", "alice")
        for close in (">&-", "<&- >&-", "<&- >&- 2>&-"):
            for words in ("account list", "key list --json", "account disable alice", "nonsense"):
                line = " ".join(self.command()) + f" {words} {close}"
                done = subprocess.run(["sh", "-c", line], capture_output=True, timeout=60)
                self.assertEqual(done.returncode, {"account list": IOERR, "key list --json": IOERR,
                                                   "nonsense": USAGE}.get(words, 0), line)
        self.assertEqual(self.json("check"), {"ok": True})


class Configuration(CommandTest):
    makes_store = False

    def test_wrong_files(self):
        wrong = [
            ("unknown option \"colour\"", "colour = red"),
            ("given in line 1", f"store = {self.store}"),
            ("name = value", "hello"),
            ("password_min_length", "password_min_length = many"),
        ]
        for words, line in wrong:
            with self.subTest(line=line):
                self.configure(line)
                text = self.fails(CONFIG, words, "account", "list")
                self.assertIn(f"{self.config}:8:", text)
                self.fails(CONFIG, words, "init")
        self.assertFalse(self.store.exists())

    def test_missing_or_untrusted(self):
        self.config.unlink()
        self.fails(CONFIG, str(self.config), "account", "list")
        self.configure()
        self.config.chmod(0o666)
        self.fails(CONFIG, str(self.config), "init")
        self.assertFalse(self.store.exists())


class Store(CommandTest):
    def test_init_again(self):
        self.ok("account", "add", "alice")
        before = self.contents()
        self.fails(CANTCREAT, "is there already", "init")
        self.assertEqual(self.contents(), before)

    def test_files_and_folders(self):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in self.store.iterdir()}
        self.assertEqual(modes["verifiers.db"] & 0o077, 0)
        self.assertEqual(modes["postern.db"] & 0o007, 0)
        self.assertEqual(modes["dkim"], 0o700)
        self.assertEqual(self.dkim_dir.stat().st_uid, DAEMON.pw_uid)

    def test_missing(self):
        shutil.rmtree(self.store)
        self.fails(UNAVAILABLE, "postern init", "account", "list")
        self.fails(UNAVAILABLE, "postern init", "account", "add", "alice")
        self.assertFalse(self.store.exists())

    def test_not_to_be_trusted(self):
        (self.store / "postern.db").chmod(0o666)
        self.fails(UNAVAILABLE, "postern.db", "account", "list")
        (self.store / "postern.db").chmod(0o600)
        (self.store / "verifiers.db").chmod(0o644)
        self.ok("account", "list")
        self.fails(UNAVAILABLE, "verifiers.db", "import", stdin="alice -\n")

    def test_closed_to_the_servers(self):
        """Root can read it all the same, so only check finds it."""
        self.config.write_text(self.config.read_text().replace("= root", f"= {DAEMON.pw_gid}"))
        for path, mode in ((self.store, 0o750), (self.store / "postern.db", 0o640)):
            os.chown(path, 0, DAEMON.pw_gid)
            path.chmod(mode)
        self.ok("check")
        for path in (self.store, self.store / "postern.db"):
            for group, mode in ((DAEMON.pw_gid, 0o700), (0, 0o700)):
                with self.subTest(path=path.name, group=group):
                    before = path.stat()
                    os.chown(path, 0, group)
                    path.chmod(mode)
                    self.ok("account", "list")
                    self.fails(CONFIG, "store_group", "check")
                    os.chown(path, 0, before.st_gid)
                    path.chmod(before.st_mode & 0o7777)
        self.ok("check")

    def test_damaged(self):
        for name in ("postern.db", "verifiers.db"):
            path = self.store / name
            whole = path.read_bytes()
            for data in (b"", b"this is no database\n" * 500):
                with self.subTest(name=name, size=len(data)):
                    path.write_bytes(data)
                    self.fails(CONFIG, name, "check")
                    self.fails(UNAVAILABLE, name, "password", "list", "alice")
            path.write_bytes(whole)
        self.ok("check")

    def test_locked(self):
        db = sqlite3.connect(self.store / "postern.db", isolation_level=None)
        self.addCleanup(db.close)
        db.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        self.fails(TEMPFAIL, "try again", "account", "add", "alice")
        self.assertLess(time.monotonic() - begun, 6)
        self.assertEqual(self.json("account", "list"), [])
        db.execute("ROLLBACK")
        self.ok("account", "add", "alice")


if __name__ == "__main__":
    tap.main()
