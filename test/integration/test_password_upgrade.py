#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""upgrade_on_login: an old hash is replaced by a good login, and never in the way of one."""
import contextlib
import imaplib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

from lib import sessions, tap
from lib.host import TOP, eventually
from lib.passwords import PASSWORD, PasswordTest

sys.path.append(str(TOP / "test/lib"))
from mailhost import processes  # noqa: E402
from mailhost.layout import Layout  # noqa: E402

# openssl passwd -1 -salt abcdefgh jabberwock-7
MD5_CRYPT = "$1$abcdefgh$Fb0Q18ZNPu73.oXUnPSVP.\n"
NEW = ["yescrypt", "scram-sha-256"]
# And not "not stored anew, and let in all the same".
STORED = "stored anew as"


class UpgradeTest(PasswordTest):
    postern_settings = "upgrade_on_login = yes\n"

    def setUp(self):
        self.add_account("hatta", password=None)
        self.host.postern("password", "set", "hatta", "--hash", stdin=MD5_CRYPT)

    def schemes(self, label="main"):
        rows = json.loads(self.host.postern("--json", "password", "list", "hatta").stdout)
        return next(row["schemes"] for row in rows if row["label"] == label)

    def login(self, password=PASSWORD):
        with sessions.imap(self.host) as imap:
            imap.login("hatta", password)


class Upgrade(UpgradeTest):
    def test_good_login(self):
        self.assertRefused("imap", "SCRAM-SHA-256")
        mark = self.host.log_mark()
        self.login()
        line = self.host.wait_for_log(mark, STORED)
        self.assertIn("<main>", line)
        self.assertEqual(NEW, self.schemes())
        self.assertLetIn("imap", "SCRAM-SHA-256")
        self.login()
        self.assertEqual(1, self.host.log_since(mark).count(STORED))

    def test_wrong_password(self):
        with self.assertRaises(Exception):
            self.login("wrong")
        self.assertEqual(["md5-crypt"], self.schemes())

    def test_only_the_one_that_matched(self):
        self.host.postern("password", "set", "hatta", "--hash", "--label", "phone", "--services",
                          "imap", stdin="$1$abcdefgh$f4FAhCjxUf8AsFu5Ck2gF/\n")
        mark = self.host.log_mark()
        self.login("secret-1")
        self.assertIn("<phone>", self.host.wait_for_log(mark, STORED))
        rows = json.loads(self.host.postern("--json", "password", "list", "hatta").stdout)
        self.assertEqual([("main", ["md5-crypt"], 5), ("phone", NEW, 1)],
                         [(row["label"], row["schemes"], len(row["services"])) for row in rows])

    def test_store_locked(self):
        """The login is let in while somebody else holds the lock, and the next one upgrades."""
        mark = self.host.log_mark()
        with contextlib.closing(sqlite3.connect(self.host.STORE / "verifiers.db",
                                                isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            # One alone: what it has tried to store is over with its line in the log.
            self.login()
            self.host.wait_for_log(mark, "let in all the same")
            db.execute("ROLLBACK")
        self.assertEqual(["md5-crypt"], self.schemes())
        self.login()
        self.host.wait_for_log(mark, STORED)
        self.assertEqual(NEW, self.schemes())


class WorkerTest(UpgradeTest):
    """With a hand on the auth-worker."""

    def worker(self):
        """Process id of the one that compares passwords; there after a login that has nothing to upgrade."""
        with sessions.imap(self.host) as imap:
            imap.login("alice", "alice-secret-1")
        found = [pid for pid in processes.of_host(Layout.of_host(self.host.folder)) if self.has_verifiers_open(pid)]
        self.assertEqual(1, len(found))
        return found[0]

    def has_verifiers_open(self, pid):
        with contextlib.suppress(OSError):
            return any(os.path.samefile(fd, self.host.STORE / "verifiers.db")
                       for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir() if fd.exists())
        return False

    @contextlib.contextmanager
    def injected(self, pid, calls, what):
        """strace at that process, with something done to these of its system calls."""
        with subprocess.Popen(("strace", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                               f"inject={calls}:{what}", "-p", str(pid))) as strace:
            status = pathlib.Path(f"/proc/{pid}/status")
            eventually(lambda: f"TracerPid:\t{strace.pid}\n" in status.read_text(),
                       "strace does not attach")
            try:
                yield
            finally:
                strace.terminate()


@tap.with_cases
class Killed(WorkerTest):
    """kill -9 before each system call that writes: the password is the old one or the new one, whole, and works."""

    OLD, NEW = ["$1$"], ["$y$", "{SC"]
    # The locks as well in the long form; some of them are taken before the answer goes out.
    CALLS = ["pwrite64", "fdatasync", "ftruncate", "fchown"] + \
        (["fcntl"] if os.environ.get("POSTERN_TEST_FULL") else [])

    def stored(self):
        """What the verifiers begin with. Of a copy: who looks into the store itself may mend it."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("verifiers.db", "verifiers.db-wal"):
                shutil.copy(self.host.STORE / name, folder)
            with contextlib.closing(sqlite3.connect(f"{folder}/verifiers.db")) as db:
                return [text[:3] for text, in db.execute("SELECT verifier FROM verifier WHERE password_id ="
                        " (SELECT max(id) FROM password) ORDER BY position")]

    def dies(self, call, number):
        """Whether the auth-worker of an upgrade dies at this one of its calls."""
        self.host.postern("password", "set", "hatta", "--hash", stdin=MD5_CRYPT)
        pid, mark = self.worker(), self.host.log_mark()
        with self.injected(pid, call, f"signal=KILL:when={number}"):
            with contextlib.suppress(*[imaplib.IMAP4.error] if call == "fcntl" else []):
                self.login()
            # Which it says when the store is closed again.
            eventually(lambda: not os.path.exists(f"/proc/{pid}") or
                       STORED in self.host.log_since(mark), "neither dead nor done")
        return not os.path.exists(f"/proc/{pid}")

    @tap.cases(*((call, call) for call in CALLS))
    def test_before(self, call):
        number = 1
        while self.dies(call, number):
            self.assertIn(self.stored(), (self.OLD, self.NEW))
            self.login()
            eventually(lambda: self.schemes() == NEW, "not upgraded by the next login")
            number += 1
        print(f"# died before {number - 1} calls of {call}")
        self.assertEqual(self.NEW, self.stored())
        self.assertGreater(number, 1)


class Unwritable(WorkerTest):
    def assertLetIn(self, mark):
        self.login()
        self.host.wait_for_log(mark, "let in all the same")
        self.assertEqual(["md5-crypt"], self.schemes())

    def assertUpgraded(self, mark):
        self.login()
        self.host.wait_for_log(mark, STORED)
        self.assertEqual(NEW, self.schemes())

    def test_disk_full(self):
        mark = self.host.log_mark()
        with self.injected(self.worker(), "pwrite64,fallocate", "error=ENOSPC"):
            self.assertLetIn(mark)
        self.assertUpgraded(mark)

    def end_worker(self):
        pid = self.worker()
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: not os.path.exists(f"/proc/{pid}"), "the auth-worker does not end")

    def test_read_only(self):
        """As Dovecot sees it: for an auth-worker that has the store open already, and for a new one. One that has
        opened it so goes on with it so."""
        master = (self.host.folder / "run/master.pid").read_text().strip()
        inside = ("nsenter", f"--mount=/proc/{master}/ns/mnt", f"--root=/proc/{master}/root")
        store = str(self.host.STORE)
        self.worker()
        subprocess.run((*inside, "mount", "--bind", "-o", "ro", store, store), check=True)
        try:
            self.assertLetIn(self.host.log_mark())
            self.end_worker()
            self.assertLetIn(self.host.log_mark())
        finally:
            subprocess.run((*inside, "umount", "--lazy", store), check=True)
        self.end_worker()
        self.assertUpgraded(self.host.log_mark())


class NotAsked(UpgradeTest):
    postern_settings = ""

    def test_stays(self):
        self.login()
        self.login()
        self.assertEqual(["md5-crypt"], self.schemes())


if __name__ == "__main__":
    tap.main()
