#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A message that cannot be signed waits: 451, never unsigned; and once the fault is gone, it is signed.
Keys, clock and OpenSSL; and a reload in the middle of a message."""
import contextlib
import os
import re
import signal
import subprocess

from lib import dkim, tap
from lib.host import TOP, eventually
from lib.milter_client import Milter
from test_milter_daemon import DaemonTest, answers
from test_milter_protocol import HONEST, LOGIN

FAILURE = "451 4.3.0 Temporary failure on our side; the message is to be sent again later"
HEADER, _, BODY = HONEST.partition(b"\r\n\r\n")


class FaultTest(DaemonTest):
    """Of a domain with a key of each kind, unless LD_PRELOAD says that something is wrong."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.faults = cls.host.folder / "faults"
        cls.faults.mkdir(mode=0o755)
        cls.preload = cls.host.folder / "faults.so"
        subprocess.run(("cc", "-shared", "-fPIC", "-O1", "-o", cls.preload,
                        TOP / "test/integration/lib/faults.c", "-ldl"), check=True)
        cls.host.postern("dkim", "add", cls.host.DOMAIN, "ed", "--algorithm", "ed25519")
        cls.host.postern("dkim", "add", cls.host.DOMAIN, "rsa")
        cls.host.postern("dkim", "activate", cls.host.DOMAIN, "rsa")
        cls.files = {name: cls.host.DKIM_DIR / cls.host.DOMAIN / f"{name}.pem" for name in ("rsa", "ed")}

    def setUp(self):
        super().setUp()
        self.logged_in()

    def assertWaits(self, reason, expected=FAILURE):
        mark = self.host.log_mark()
        reply, queued = self.milter().message(HONEST, **LOGIN)
        self.assertEqual((expected, None), (reply, queued))
        self.assertRegex(self.host.wait_for_log(mark, f"refused: {expected[:9]}"), reason)

    def assertSignedBy(self, *selectors):
        reply, queued = self.milter().message(HONEST, **LOGIN)
        self.assertEqual("250", reply)
        self.assertSelectors(queued, *selectors)

    def assertSelectors(self, octets, *selectors):
        self.assertEqual(sorted(selectors), sorted(
            name.decode() for name in re.findall(rb"[;\s]s=([^;]+);", octets)))
        self.assertEqual(["pass"] * len(selectors), dkim.dkimpy(octets, dkim.records(self.host)[0]))

    @contextlib.contextmanager
    def changed(self, path):
        """Puts the file back as it was: contents, owner and mode."""
        was, status = path.read_bytes(), path.stat()
        try:
            yield
        finally:
            if path.is_dir():
                path.rmdir()
            path.unlink(missing_ok=True)
            path.write_bytes(was)
            os.chown(path, status.st_uid, status.st_gid)
            path.chmod(status.st_mode & 0o7777)


def replaced(path, octets):
    """By another file of the same owner and mode, as an admin would."""
    status = path.stat()
    new = path.with_name("new")
    new.write_bytes(octets)
    os.chown(new, status.st_uid, status.st_gid)
    new.chmod(0o600)
    new.rename(path)


def made_by(*options):
    return subprocess.run(("openssl", "genpkey", *options), check=True, capture_output=True).stdout


def to_folder(path):
    path.unlink()
    path.mkdir()


def to_pipe(path):
    path.unlink()
    os.mkfifo(path, 0o600)


KEY_FAULTS = (
    ("missing", lambda path: path.unlink(), "cannot examine"),
    ("of another owner", lambda path: os.chown(path, 54321, -1), r"\.pem"),
    ("not the daemon's to read", lambda path: path.chmod(0o000), r"\.pem"),
    ("open to the group", lambda path: path.chmod(0o640), r"\.pem"),
    ("open to all", lambda path: path.chmod(0o604), r"\.pem"),
    ("empty", lambda path: replaced(path, b""), "no private key"),
    ("text", lambda path: replaced(path, b"key\n"), "no private key"),
    ("cut short", lambda path: replaced(path, path.read_bytes()[:80]), "no private key"),
    ("with a passphrase", lambda path: replaced(path, made_by(
        "-algorithm", "ed25519", "-aes128", "-pass", "pass:secret")), "no private key"),
    ("of a curve", lambda path: replaced(path, made_by(
        "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")), "neither RSA nor Ed25519"),
    ("RSA of 512 bits", lambda path: replaced(path, made_by(
        "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512")), "512 bits"),
    ("over 16 kB", lambda path: replaced(path, path.read_bytes() + b"\n" * 20000), r"\.pem"),
    ("a folder", to_folder, r"\.pem"),
    ("a pipe", to_pipe, r"\.pem"),
)


@tap.with_cases
class Keys(FaultTest):
    @tap.cases(*((f"{title}, {name}", name, *rest) for title, *rest in KEY_FAULTS
                 for name in ("rsa", "ed")))
    def test_key(self, name, break_it, reason):
        """One of two is enough: with the other alone it would not be what the admin wants."""
        self.assertSignedBy("rsa", "ed")
        with self.changed(self.files[name]):
            break_it(self.files[name])
            self.assertWaits(reason)
        self.assertSignedBy("rsa", "ed")

    @tap.cases(("rsa", "rsa", "ed"), ("ed", "ed", "rsa"))
    def test_key_of_the_other_kind(self, name, other):
        with self.changed(self.files[name]):
            replaced(self.files[name], self.files[other].read_bytes())
            self.assertWaits("of another kind than its record")
        self.assertSignedBy("rsa", "ed")

    def test_folder_closed(self):
        self.assertSignedBy("rsa", "ed")
        mode = self.host.DKIM_DIR.stat().st_mode & 0o7777
        self.addCleanup(self.host.DKIM_DIR.chmod, mode)
        self.host.DKIM_DIR.chmod(0)
        self.assertWaits("cannot examine")
        self.host.DKIM_DIR.chmod(mode)
        self.assertSignedBy("rsa", "ed")

    def test_no_active_selector(self):
        for name in ("rsa", "ed"):
            self.host.postern("dkim", "retire", self.host.DOMAIN, name)
        self.assertWaits("no active DKIM key: postern dkim add example.test",
                         "451 4.3.5 Mail from example.test cannot be signed yet; ask the administrator "
                         "to add a DKIM key for it")
        for name in ("rsa", "ed"):
            self.host.postern("dkim", "activate", self.host.DOMAIN, name)
        self.assertSignedBy("rsa", "ed")


@tap.with_cases
class Library(FaultTest):
    """The daemon runs on a clock and an OpenSSL that the test can break."""

    def setUp(self):
        super().setUp()
        if not any(self.faults.name in entry for entry in self.environment()):
            self.stop(self.pid())
            with open(self.host.LOG, "ab") as log:
                subprocess.Popen((self.host.ENTER, "--server", "env", f"LD_PRELOAD={self.preload}",
                                  f"POSTERN_FAULTS={self.faults}", self.program),
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True)
            eventually(lambda: all(map(answers, (self.host.MILTER_SOCKET, self.host.POLICY_SOCKET))),
                       "no postern-milter")
            self.logged_in()

    def environment(self):
        with open(f"/proc/{self.pid()}/environ", encoding="utf-8") as f:
            return f.read().split("\0")

    @contextlib.contextmanager
    def fault(self, name, value=""):
        path = self.faults / name
        path.write_text(str(value))
        try:
            yield
        finally:
            path.unlink()

    @tap.cases(("1970", 1), ("2000", 946684800), ("2100", 4102444800), ("before 1970", -86400))
    def test_clock_that_cannot_be(self, second):
        # No connection of before is held open here: libmilter would take it for one that idles
        # since the last century, and its end is that of the session.
        with self.fault("clock", second):
            self.assertWaits("the clock says second")
        self.assertSignedBy("rsa", "ed")

    def test_clock_that_jumps_within_a_message(self):
        milter = self.milter()
        self.assertEqual("250", milter.mail("alice@example.test", **LOGIN))
        self.assertEqual("250", milter.rcpt())
        self.assertEqual("250", milter.header(HEADER + b"\r\n"))
        self.assertEqual("250", milter.body(BODY))
        with self.fault("clock", 1):
            self.assertEqual((FAILURE, []), milter.end())

    def test_openssl_does_not_sign(self):
        self.assertSignedBy("rsa", "ed")
        with self.fault("sign"):
            # Each time a key that is kept goes through the hands of libopendkim.
            for _ in range(5):
                self.assertWaits("cannot sign for example.test")
        for _ in range(5):
            self.assertSignedBy("rsa", "ed")


class Reload(FaultTest):
    def begun(self):
        milter = self.milter()
        self.assertEqual("250", milter.mail("alice@example.test", **LOGIN))
        self.assertEqual("250", milter.rcpt())
        self.assertEqual("250", milter.header(HEADER + b"\r\n"))
        return milter

    def finished(self, milter):
        self.assertEqual("250", milter.body(BODY))
        reply, added = milter.end()
        self.assertEqual("250", reply)
        return milter.queued(HEADER + b"\r\n", BODY, added)

    def test_in_the_middle_of_a_message(self):
        """The keys that it began with finish it, even when they are gone."""
        milter = self.begun()
        old = dict(dkim.records(self.host)[0])
        self.host.postern("dkim", "add", self.host.DOMAIN, "next")
        self.host.postern("dkim", "activate", self.host.DOMAIN, "next")
        with self.changed(self.files["rsa"]):
            self.files["rsa"].unlink()
            self.reload("reloaded")
            self.assertEqual(["pass", "pass"], dkim.dkimpy(self.finished(milter), old))
        self.assertSignedBy("next", "ed")
        self.host.postern("dkim", "activate", self.host.DOMAIN, "rsa")
        self.assertSignedBy("rsa", "ed")

    def test_key_replaced_in_the_middle_of_a_message(self):
        milter = self.begun()
        old = dict(dkim.records(self.host)[0])
        with self.changed(self.files["ed"]):
            replaced(self.files["ed"], made_by("-algorithm", "ed25519"))
            self.assertEqual(["pass", "pass"], dkim.dkimpy(self.finished(milter), old))
            new = dkim.records(self.host)[0]
            self.assertNotEqual(old, new)
            self.assertSignedBy("rsa", "ed")


if __name__ == "__main__":
    tap.main()
