#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The command and DKIM keys: the files, the records, which of them signs."""
import base64
import os
import random
import re
import stat
import subprocess

from lib import tap
from lib.command import (CANTCREAT, CONFIG, DAEMON, DATAERR, NOUSER, UNAVAILABLE, USAGE,
                         CommandTest, openssl)


class Dkim(CommandTest):
    def states(self):
        return {row["selector"]: row["state"] for row in self.json("dkim", "list", "example.test")}

    def file(self, selector, domain="example.test"):
        return self.dkim_dir / domain / f"{selector}.pem"

    def record_of(self, selector):
        """The record that belongs to the file, made by openssl."""
        pem = self.file(selector)
        der = openssl("pkey", "-in", pem, "-pubout", "-outform", "DER")
        if "ED25519" in openssl("pkey", "-in", pem, "-noout", "-text").decode():
            return "v=DKIM1; k=ed25519; p=" + base64.b64encode(der[-32:]).decode()
        return "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()

    def test_add(self):
        added = self.json("dkim", "add", "Example.TEST")
        self.assertRegex(added["selector"], r"\A20\d{6}-rsa\Z")
        self.assertEqual((added["domain"], added["algorithm"], added["state"]),
                         ("example.test", "rsa2048", "active"))
        path = self.file(added["selector"])
        for p, mode in ((path, 0o600), (path.parent, 0o700), (self.dkim_dir, 0o700)):
            self.assertEqual((stat.S_IMODE(p.stat().st_mode), p.stat().st_uid, p.stat().st_gid),
                             (mode, DAEMON.pw_uid, DAEMON.pw_gid), p)
        self.assertEqual([p.name for p in path.parent.iterdir()], [path.name])
        self.assertIn("(2048 bit", openssl("pkey", "-in", path, "-noout", "-text").decode())
        self.ok("check")

    def test_records(self):
        for selector, algorithm in (("a", "rsa2048"), ("b", "rsa3072"), ("c", "rsa4096"), ("d", "ed25519")):
            self.ok("dkim", "add", "example.test", selector, "--algorithm", algorithm)
        self.ok("dkim", "add", "other.test", "a")
        rows = self.json("dkim", "record", "example.test")
        self.assertEqual([(r["name"], r["record"]) for r in rows],
                         [(f"{s}._domainkey.example.test", self.record_of(s)) for s in "abcd"])
        lines = self.ok("dkim", "record", "example.test").splitlines()
        for line, row in zip(lines, rows, strict=True):
            owner, text = re.fullmatch(r'(\S+) IN TXT (?:\( )?((?:"[^"]*" ?)+)(?:\))?', line).groups()
            strings = re.findall(r'"([^"]*)"', text)
            self.assertEqual((owner, "".join(strings)), (row["name"] + ".", row["record"]))
            self.assertLessEqual(max(map(len, strings)), 255)

    def test_one_of_a_kind_signs(self):
        self.ok("dkim", "add", "example.test", "a")
        self.ok("dkim", "add", "example.test", "b", "--algorithm", "rsa3072")
        self.ok("dkim", "add", "example.test", "e", "--algorithm", "ed25519")
        self.assertEqual(self.states(), {"a": "active", "b": "published", "e": "active"})
        self.ok("dkim", "activate", "example.test", "b")
        self.assertEqual(self.states(), {"a": "retired", "b": "active", "e": "active"})
        self.assertIn("; a is retired", self.ok("dkim", "record", "example.test"))
        self.fails(CANTCREAT, "first: postern dkim retire", "dkim", "remove", "example.test", "b")
        self.ok("dkim", "retire", "example.test", "b")
        self.ok("dkim", "activate", "example.test", "b")
        self.ok("dkim", "remove", "example.test", "a")
        self.assertEqual(self.states(), {"b": "active", "e": "active"})
        self.assertFalse(self.file("a").exists())

    def test_wrong(self):
        self.ok("dkim", "add", "example.test", "a")
        self.file("left").write_text("left over")
        before = self.contents()
        for code, words, *args in [
                (CANTCREAT, "has a selector \"a\" already", "add", "example.test", "A"),
                (CANTCREAT, "left.pem is there already", "add", "example.test", "left"),
                (USAGE, "\"dsa\" is no algorithm", "add", "example.test", "b", "--algorithm", "dsa"),
                (DATAERR, "is no domain", "add", "exa mple.test"),
                (DATAERR, "is no domain", "add", "../etc"),
                (DATAERR, "is no domain", "add", ""),
                (DATAERR, "is no selector", "add", "example.test", "../x"),
                (DATAERR, "is no selector", "add", "example.test", ".."),
                (DATAERR, "is no selector", "add", "example.test", "a/b"),
                (DATAERR, "is no selector", "add", "example.test", ""),
                (DATAERR, "is no selector", "add", "example.test", "b-"),
                (DATAERR, "is no selector", "add", "example.test", "x" * 64),
                (NOUSER, "no selector \"z\"", "activate", "example.test", "z"),
                (NOUSER, "no selector \"z\"", "retire", "example.test", "z"),
                (NOUSER, "no selector \"z\"", "remove", "example.test", "z"),
                (NOUSER, "has no DKIM key", "record", "other.test")]:
            with self.subTest(args=args):
                self.fails(code, words, "dkim", *args)
        self.assertEqual(self.contents(), before)
        self.assertEqual(self.file("left").read_text(), "left over")

    def test_links_are_not_followed(self):
        outside = self.dir / "outside"
        outside.mkdir(mode=0o700)
        (self.dkim_dir / "example.test").symlink_to(outside)
        self.fails(CANTCREAT, "example.test", "dkim", "add", "example.test", "a")
        self.assertEqual(list(outside.iterdir()), [])
        self.assertEqual(self.json("dkim", "list"), [])

    def test_key_file_that_went_wrong(self):
        self.ok("dkim", "add", "example.test", "a")
        path = self.file("a")
        key = path.read_bytes()
        path.chmod(0o644)
        self.fails(CONFIG, "mode 0600", "check")
        self.fails(CONFIG, "mode 0600", "dkim", "record", "example.test")
        path.chmod(0o600)
        path.write_bytes(b"no key")
        self.fails(CONFIG, "selector \"a\"", "check")
        path.unlink()
        self.fails(CONFIG, "a.pem", "check")
        path.write_bytes(key)
        path.chmod(0o600)
        self.fails(CONFIG, "a.pem cannot be read by user", "check")
        os.chown(path, DAEMON.pw_uid, DAEMON.pw_gid)
        self.ok("check")

    def test_upgrade(self):
        """A store from before selectors had a rotation is refused, and upgraded by nothing but "upgrade"."""
        self.ok("dkim", "add", "example.test", "a")
        subprocess.run(("/usr/bin/sqlite3", self.store / "postern.db", "ALTER TABLE dkim DROP COLUMN rotation;"
                        "ALTER TABLE dkim DROP COLUMN changed; PRAGMA user_version = 1"), check=True)
        for args in (("dkim", "list"), ("dkim", "add", "example.test", "b"), ("check",)):
            self.fails(CONFIG if args == ("check",) else UNAVAILABLE, 'run "postern upgrade"', *args)
        for _ in range(2):
            self.assertEqual("", self.ok("upgrade"))
        row, = self.json("dkim", "list")
        self.assertEqual(("active", "", row["created"]), (row["state"], row["rotation"], row["changed"]))
        self.ok("check")

    def test_killed(self):
        """Whenever "add" is killed, a key in the store has its file, and the next "add" works."""
        seed = random.randrange(1 << 32)
        points = random.Random(seed)
        for i in range(15):
            process = subprocess.Popen(self.command("dkim", "add", "example.test", f"k{i}", "--algorithm",
                                                    "ed25519"), stdout=subprocess.DEVNULL)
            try:
                process.wait(points.uniform(0, 0.03))
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()
            self.assertEqual(self.ok("check"), "ok: yes\n", f"seed {seed}")
        self.ok("dkim", "add", "example.test", "last", "--algorithm", "ed25519")


if __name__ == "__main__":
    tap.main()
