#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Accounts from other places and back: shadow, CSV, SQL, passwd-file; generated passwords; which schemes there are."""
import contextlib
import re
import shutil
import sqlite3

from lib import tap
from lib.command import DATAERR, MD5_CRYPT, NOUSER, USAGE, CommandTest

SHA512_CRYPT = "$6$abcdefgh$" + "a" * 86

MYSQL = f"""\
-- MariaDB dump 10.19
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `users`;
CREATE TABLE `users` (
  `user` varchar(255) NOT NULL DEFAULT 'it''s; "odd" `text`', -- a comment; with 'one quote
  `password` varchar(255)
);
LOCK TABLES `users` WRITE;
INSERT INTO `users` VALUES ('alice','{MD5_CRYPT}'),('bob','{{PLAIN}}it''s'),
('carol',NULL);
INSERT INTO mail.users (`password`, `user`) VALUES ('{MD5_CRYPT}', 'dora@example.test');
UNLOCK TABLES;
"""


@tap.with_cases
class Import(CommandTest):
    def schemes(self):
        return {row["account"]: [s for p in self.json("password", "list", row["account"]) for s in p["schemes"]]
                for row in self.json("account", "list")}

    def test_shadow(self):
        self.ok("import", "--format", "shadow", stdin=(
            f"alice:{MD5_CRYPT}:19000:0:99999:7:::\n\n# c\nbob:!{MD5_CRYPT}:19000:0:99999:7:::\ncarol:*:\ndora:!!\n"
            f"emil:{SHA512_CRYPT}:19000::::::\n"))
        self.assertEqual(self.schemes(), {"alice": ["md5-crypt"], "bob": [], "carol": [], "dora": [],
                                          "emil": ["sha512-crypt"]})

    def test_domain(self):
        """%d/imap.shadow: the folder tells the domain."""
        self.ok("import", "--format", "shadow", "--domain", "example.test",
                stdin=f"alice:{MD5_CRYPT}:19000:0:99999:7:::\nbob@elsewhere.test:*:\n")
        self.assertEqual(list(self.schemes()), ["alice@example.test", "bob@elsewhere.test"])
        done = self.run_command("import", "--domain", "a@b", stdin="carol -\n")
        self.assertEqual(done.returncode, DATAERR)
        self.assertIn(b"cannot be an account's name", done.stderr)

    def test_csv(self):
        self.ok("import", "--format", "csv", stdin=(
            f'User,Password,Address\r\nalice,{MD5_CRYPT}\r\n"bob","{{PLAIN}}a,""b""",B@example.test,\n'
            "carol,,\ndora,-,d@example.test,@dora.test\n"))
        self.assertEqual(self.schemes(), {"alice": ["md5-crypt"], "bob": ["plain"], "carol": [], "dora": []})
        self.assertIn('bob:{PLAIN}a,"b":', self.ok("export"))
        addresses = self.json("account", "show", "dora")["addresses"]
        self.assertEqual([row["address"] for row in addresses], ["@dora.test", "d@example.test"])

    def test_sql(self):
        self.ok("import", "--format", "sql", stdin=MYSQL)
        self.assertEqual(self.schemes(), {"alice": ["md5-crypt"], "bob": ["plain"], "carol": [],
                                          "dora@example.test": ["md5-crypt"]})
        self.assertIn("bob:{PLAIN}it's:", self.ok("export"))

    def test_sqlites_own_dump(self):
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            db.execute("CREATE TABLE users (user TEXT PRIMARY KEY, password TEXT)")
            db.executemany("INSERT INTO users VALUES (?, ?)",
                           [(f"user{i}", MD5_CRYPT) for i in range(100)])
            dump = "\n".join(db.iterdump())
        self.assertEqual(self.ok("import", "--format", "sql", stdin=dump), "imported: 100\n")

    @tap.cases(
        ("shadow, expires", "shadow", 1, "expires", f"alice:{MD5_CRYPT}:1::::1:20000:\n"),
        ("shadow, ten fields", "shadow", 2, "at most 9", f"bob:*:\nalice:{MD5_CRYPT}:1:::::::\n"),
        ("shadow, no hash", "shadow", 1, "USER:HASH", "alice\n"),
        ("shadow, a password", "shadow", 1, "none that a password", "alice:secret:\n"),
        ("csv, one field", "csv", 2, "USER,HASH", f"alice,{MD5_CRYPT}\nbob\n"),
        ("csv, header further down", "csv", 2, "none that a password", f"alice,{MD5_CRYPT}\nuser,password\n"),
        ("csv, open quote", "csv", 1, "not closed", 'alice,"$1$\n'),
        ("csv, text behind a quote", "csv", 1, "behind a closing", f'"alice"x,{MD5_CRYPT}\n'),
        ("csv, quote inside", "csv", 1, "not quoted", f'al"ice,{MD5_CRYPT}\n'),
        ("csv, a password", "csv", 1, "none that a password", "alice,secret\n"),
        ("csv, no address", "csv", 1, "is no address", f"alice,{MD5_CRYPT},x@\n"),
        ("sql, three values", "sql", 2, "two values", f"\nINSERT INTO u VALUES ('a','{MD5_CRYPT}',1);"),
        ("sql, one value", "sql", 1, "two values", "INSERT INTO u VALUES ('a');"),
        ("sql, three columns", "sql", 1, "two columns", "INSERT INTO u (user, password, active) VALUES ('a','*','n');"),
        ("sql, other columns", "sql", 1, "have to be called", "INSERT INTO u (user, quota) VALUES ('a','*');"),
        ("sql, number", "sql", 1, "has to be a string", "INSERT INTO u VALUES ('a',7);"),
        ("sql, function", "sql", 1, "has to be a string", "INSERT INTO u VALUES ('a',md5('x'));"),
        ("sql, backslash", "sql", 1, "backslash", "INSERT INTO u VALUES ('a\\'','*');"),
        ("sql, open string", "sql", 1, "does not end", "INSERT INTO u VALUES ('a"),
        ("sql, cut", "sql", 1, '";" was expected', f"INSERT INTO u VALUES ('a','{MD5_CRYPT}')"),
        ("sql, select", "sql", 1, "VALUES was expected", "INSERT INTO u SELECT * FROM v;"),
        ("sql, copy", "sql", 1, "COPY", "COPY u (user, password) FROM stdin;\na\tb\n\\.\n"),
        ("sql, no name", "sql", 1, "cannot be an account's name", "INSERT INTO u VALUES (NULL,'*');"),
    )
    def test_wrong(self, form, number, words, data):
        text = self.fails(DATAERR, words, "import", "--format", form, stdin=data) if form == "sql" else \
            self.run_command("import", "--format", form, stdin=data).stderr.decode()
        self.assertRegex(text, rf"\Apostern: stdin: line {number}: .*{words}")
        self.assertNotIn(MD5_CRYPT, text)
        self.assertEqual(self.json("account", "list"), [])

    def test_sql_without_insert(self):
        self.fails(DATAERR, "no INSERT", "import", "--format", "sql", stdin="CREATE TABLE x (y);")


class Export(CommandTest):
    def test_round_trip(self):
        self.ok("import", stdin=f"alice {MD5_CRYPT}\nbob -\ncarol@example.test {{SSHA512}}" + "A" * 96 + "\n"
                f"d\u00f6ra {{PLAIN}}secret\n")
        before, text = self.contents(), self.ok("export")
        self.assertEqual(text.splitlines()[:2], [f"alice:{{CRYPT}}{MD5_CRYPT}::::::", "bob:*::::::"])
        shutil.rmtree(self.store)
        self.ok("init")
        self.ok("import", "--format", "passwd-file", stdin=text)
        self.assertEqual(self.ok("export"), text)
        after = self.contents()
        self.assertEqual([(row["account"], [p["schemes"] for p in row["passwords"]]) for row in before],
                         [(row["account"], [p["schemes"] for p in row["passwords"]]) for row in after])
        self.assertEqual(self.json("export")[1], {"account": "bob", "hash": "*"})

    def test_opens_no_door(self):
        for name in ("alice", "bob", "carol", "dora", "emil"):
            self.ok("account", "add", name)
            self.ok("password", "set", name, "--hash", stdin=MD5_CRYPT + "\n")
        self.ok("account", "disable", "alice")
        self.ok("account", "policy", "bob", "key")
        self.ok("account", "policy", "carol", "both")
        self.ok("password", "set", "dora", "--hash", "--services", "imap", stdin=MD5_CRYPT + "\n")
        self.ok("password", "set", "emil", "--hash", "--label", "x", stdin=MD5_CRYPT + "\n")
        done = self.run_command("export")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.decode(), "".join(f"{name}:*::::::\n" for name in ("alice", "bob", "carol", "dora")) +
                         f"emil:{{CRYPT}}{MD5_CRYPT}::::::\n")
        notes = done.stderr.decode().splitlines()
        for name, note in zip(("alice", "bob", "carol", "dora", "emil"), notes, strict=True):
            self.assertIn(f'"{name}"', note)


class Generate(CommandTest):
    def setUp(self):
        super().setUp()
        self.ok("account", "add", "alice")

    def test_shown_once(self):
        first = self.json("password", "generate", "alice", "--label", "phone", "--services", "imap,submission")
        self.assertEqual((first["account"], first["label"], first["services"]),
                         ("alice", "phone", ["imap", "submission"]))
        self.assertRegex(first["password"], r"\A([0-9a-hjkmnp-tv-z]{5}-){3}[0-9a-hjkmnp-tv-z]{5}\Z")
        self.assertNotIn(first["password"], str(self.contents()) + self.ok("account", "show", "alice"))
        rows = self.json("password", "list", "alice")
        self.assertEqual([(row["label"], row["schemes"]) for row in rows],
                         [("phone", ["yescrypt", "scram-sha-256"])])
        second = self.ok("password", "generate", "alice", "--label", "phone")
        self.assertRegex(second, r"(?m)^password: \S{23}$")
        self.assertNotIn(first["password"], second)
        self.assertEqual(len(self.json("password", "list", "alice")), 1)

    def test_letters(self):
        seen = "".join(self.json("password", "generate", "alice")["password"] for _ in range(12))
        self.assertGreater(len(set(seen)), 24)
        self.assertFalse(set(seen) & set("ilou"))

    def test_wrong(self):
        self.fails(NOUSER, "no account", "password", "generate", "bob")
        self.fails(USAGE, "--services", "password", "generate", "alice", "--services", "fax")


class Status(CommandTest):
    def test_counts(self):
        self.assertEqual(self.json("password", "status"), [])
        self.ok("import", stdin=f"alice {MD5_CRYPT}\nbob {MD5_CRYPT}\ncarol {{PLAIN}}x\ndora -\n")
        self.ok("password", "set", "alice", "--label", "x", "--hash", stdin=MD5_CRYPT + "\n")
        self.ok("password", "generate", "alice", "--label", "y")
        self.assertEqual([tuple(row.values()) for row in self.json("password", "status")],
                         [(0, "plain", 1, 1), (2, "md5-crypt", 2, 3), (3, "scram-sha-256", 1, 1),
                          (4, "yescrypt", 1, 1)])
        lines = self.ok("password", "status").splitlines()
        self.assertTrue(re.match("STRENGTH +SCHEME +ACCOUNTS +PASSWORDS", lines[0]), lines)


if __name__ == "__main__":
    tap.main()
