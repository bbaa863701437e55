#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Accounts in bulk: the two formats, wrong lines, and what is left when it is killed."""
import random
import shutil
import signal
import subprocess
import time

from lib import tap
from lib.command import DATAERR, MD5_CRYPT, NOINPUT, USAGE, CommandTest


# What stands around the rows, as each of the three writes it.
MARIADB_DUMP = f"""\
/*M!999999\\- enable the sandbox mode */
-- MariaDB dump 10.19-11.8.3-MariaDB, for debian-linux-gnu (x86_64)
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */;
USE `mail`;
DROP TABLE IF EXISTS `users`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
CREATE TABLE `users` (
  `user` varchar(255) NOT NULL,
  `password` varchar(255) DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*!50100 PARTITION BY KEY (`user`) */;
LOCK TABLES `users` WRITE;
/*!40000 ALTER TABLE `users` DISABLE KEYS */;
INSERT INTO `users` VALUES
('alice','{MD5_CRYPT}');
/*!40000 ALTER TABLE `users` ENABLE KEYS */;
UNLOCK TABLES;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */
/*!50001 VIEW `v` AS select `users`.`user` AS `user` from `users` */;
-- Dump completed on 2026-11-29 12:00:00
"""
PG_DUMP = f"""\
--
-- PostgreSQL database dump
--

\\restrict rVcMS5mNfYhB2BUS

-- Dumped by pg_dump version 17.6
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.users (
    "user" text NOT NULL,
    password text
);
ALTER TABLE public.users OWNER TO postgres;
COMMENT ON TABLE public.users IS 'It''s; theirs';
INSERT INTO public.users VALUES ('alice', '{MD5_CRYPT}');
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY ("user");
REVOKE ALL ON TABLE public.users FROM postgres;
GRANT SELECT ON TABLE public.users TO dovecot;
--
-- PostgreSQL database dump complete
--

\\unrestrict rVcMS5mNfYhB2BUS
"""
SQLITE_DUMP = f"""\
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE users (user TEXT PRIMARY KEY, password TEXT) /*/ one comment; /*/;
ANALYZE sqlite_schema;
INSERT INTO users VALUES('alice','{MD5_CRYPT}');
CREATE INDEX i ON users (password);
COMMIT;
"""
INSERTED = f"INSERT INTO u VALUES ('alice','{MD5_CRYPT}');\n"


@tap.with_cases
class Import(CommandTest):
    def test_own_format(self):
        self.assertEqual(self.ok("import", stdin=f"# comment\n\n\t \nalice {MD5_CRYPT} A@example.test\t@A.test\r\n"
                                 "B\u00f6b -"), "imported: 2\n")
        alice = self.json("account", "show", "alice")
        self.assertEqual([row["address"] for row in alice["addresses"]], ["@a.test", "a@example.test"])
        self.assertEqual([(row["label"], row["schemes"]) for row in alice["passwords"]],
                         [("main", ["md5-crypt"])])
        self.assertEqual(self.json("account", "show", "b\u00f6b")["passwords"], [])

    def test_passwd_file(self):
        lines = [f"alice:{{MD5-CRYPT}}{MD5_CRYPT}:1000:1000:Alice:/home/alice:/bin/sh:userdb_mail=maildir:~/x "
                 "userdb_quota_rule=*:storage=1G", f"bob@example.test:{MD5_CRYPT}", "carol:!:::", "# c", ":x",
                 "dora:{PLAIN}two words", f"emil:{MD5_CRYPT}:1:1::/home/e:/bin/sh::maildir:/x"]
        path = self.dir / "users"
        path.write_text("\n".join(lines))
        self.ok("import", "--format", "passwd-file", path)
        schemes = {row["account"]: [s for p in self.json("password", "list", row["account"]) for s in p["schemes"]]
                   for row in self.json("account", "list")}
        self.assertEqual(schemes, {"alice": ["md5-crypt"], "bob@example.test": ["md5-crypt"], "carol": [],
                                   "dora": ["plain"], "emil": ["md5-crypt"]})

    def test_wrong_lines(self):
        self.ok("account", "add", "alice")
        before = self.contents()
        good = f"good {MD5_CRYPT} good@example.test\n"
        passwd = ["--format", "passwd-file"]
        wrong = [
            (3, "NAME HASH", "\n" + good + "bob\n", []),
            (2, "none that a password", good + "bob $1$short\n", []),
            (2, "none that a password", good + "bob *\n", []),
            (1, "longer than", "bob {PLAIN}" + "x" * 2000 + "\n" + good, []),
            (2, "\"b@\" is no address", good + "bob - b@\n", []),
            (2, "stands here twice", good + "bob - b@example.test B@example.test\n", []),
            (2, "cannot be an account's name", good + "a@b@c -\n", []),
            (2, "cannot be an account's name", good.encode() + b"b\xffb -\n", []),
            (2, "NUL", good + "bob\0 -\n", []),
            (2, "\"alice\" exists already", good + "Alice -", []),
            (2, "\"good\" exists already", good + "GOOD -", []),
            (1, "\"allow_nets\"", "bob:*::::::allow_nets=192.0.2.0/24\n", passwd),
            (1, "\"nologin\"", "bob:*::::::userdb_x=y nologin\n", passwd),
            (2, "none that a password", f"bob:{MD5_CRYPT}\ncarol:!{MD5_CRYPT}\n", passwd),
            (1, "cannot be an account's name", f"bob smith:{MD5_CRYPT}\n", passwd),
        ]
        for number, words, data, options in wrong:
            with self.subTest(words=words, data=data[:60]):
                done = self.run_command("import", *options, stdin=data)
                first = done.stderr.decode().splitlines()[0]
                self.assertEqual(done.returncode, DATAERR)
                self.assertRegex(first, rf"\Apostern: stdin: line {number}: .*{words}")
                self.assertNotIn(MD5_CRYPT, first)
                self.assertEqual(self.contents(), before)

    def test_every_wrong_line_is_named(self):
        text = self.run_command("import", stdin="x\n" * 30).stderr.decode()
        for number in range(1, 21):
            self.assertIn(f"line {number}: ", text)
        self.assertTrue(text.endswith("30 lines are wrong; nothing was imported\n"))

    def test_wrong_files(self):
        self.fails(NOINPUT, "No such file", "import", self.dir / "none")
        self.fails(NOINPUT, "is a folder", "import", self.dir)
        self.fails(USAGE, "is no format", "import", "--format", "ldif")

    @tap.cases(("mariadb-dump", MARIADB_DUMP), ("pg_dump", PG_DUMP), ("sqlite3", SQLITE_DUMP),
               ("in a comment", f"/*!50000 {INSERTED} */"))
    def test_sql(self, dump):
        self.assertEqual(self.ok("import", "--format", "sql", stdin=dump), "imported: 1\n")
        self.assertEqual([row["account"] for row in self.json("account", "list")], ["alice"])

    @tap.cases(
        ("replace", 1, "REPLACE", f"REPLACE INTO u VALUES ('alice','{MD5_CRYPT}');\n" + INSERTED),
        ("update", 3, "UPDATE", INSERTED + "\nUPDATE u SET password = '*';\n"),
        ("delete, not ended", 2, "delete", INSERTED + "delete from u"),
        ("truncate", 2, "TRUNCATE", INSERTED + "TRUNCATE TABLE u;\n"),
        ("rolled back", 2, "ROLLBACK", INSERTED + "ROLLBACK; -- due to errors\n"),
        ("in a comment of MySQL", 2, "REPLACE", INSERTED + "/*!50000 REPLACE INTO u VALUES ('a','b') */;\n"),
        ("in one of MariaDB", 2, "DELETE", INSERTED + "/*M!100100 DELETE FROM u */;\n"),
        ("behind another in one", 2, "UPDATE", INSERTED + "/*! SET @a = 1; UPDATE u SET user = '' */;\n"),
        ("a trigger", 3, "END", INSERTED + "CREATE TRIGGER t AFTER INSERT ON u BEGIN DELETE FROM u;\nEND;\n"),
        ("harmless by its beginning", 2, "SETTLE", INSERTED + "SETTLE x;\n"),
        ("psql's", 2, "a statement was expected", INSERTED + "\\i other.sql\n"),
        ("no word", 2, "a statement was expected", INSERTED + "# DELETE\n"),
    )
    def test_sql_statement_that_may_change_rows(self, number, words, dump):
        text = self.fails(DATAERR, words, "import", "--format", "sql", stdin=dump)
        self.assertRegex(text, rf"\Apostern: stdin: line {number}: {words}")
        self.assertEqual(self.json("account", "list"), [])

    def lines(self, count):
        return "".join(f"user{i} {MD5_CRYPT} u{i}@example.test\n" for i in range(count))

    def test_killed(self):
        """Whenever it is killed, all accounts are there or none, and the next import works."""
        count = 4000
        path = self.dir / "accounts"
        path.write_text(self.lines(count))
        self.ok("account", "add", "alice")
        begun = time.monotonic()
        self.ok("import", path)
        whole = time.monotonic() - begun
        seed = random.randrange(1 << 32)
        points = random.Random(seed)
        killed = 0
        for _ in range(25):
            shutil.rmtree(self.store)
            self.ok("init")
            self.ok("account", "add", "alice")
            process = subprocess.Popen(self.command("import", path), stdout=subprocess.DEVNULL)
            try:
                process.wait(points.uniform(0, 1.1 * whole))
            except subprocess.TimeoutExpired:
                process.kill()
            killed += process.wait() == -signal.SIGKILL
            names = [row["account"] for row in self.json("account", "list")]
            self.assertIn(len(names), (1, count + 1), f"seed {seed}")
            self.assertEqual(names[0], "alice")
            if len(names) == 1:
                self.assertEqual(self.json("address", "list"), [])
                self.ok("import", path)
            self.ok("check")
        self.assertGreater(killed, 5, "the import was too fast to be killed")

    def test_many(self):
        """100,000 accounts with a password and an address: aimed at under 10 s on an idle machine."""
        begun = time.monotonic()
        self.assertEqual(self.ok("import", stdin=self.lines(100000)), "imported: 100000\n")
        took = time.monotonic() - begun
        print(f"# import of 100,000 accounts: {took:.1f} s")
        self.assertLess(took, 60)
        self.assertEqual(len(self.json("account", "list")), 100000)


if __name__ == "__main__":
    tap.main()
