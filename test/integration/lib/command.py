# SPDX-License-Identifier: MIT
"""The `postern` command, run as an admin runs it, on a store of its own: root is needed, because files are given to
another user. POSTERN_BUILD names the build folder."""
import base64
import json
import os
import pathlib
import pty
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import unittest

TOP = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD") or TOP / "build").resolve()
BINARY = BUILD / "password-tool" / "postern"
DAEMON = pwd.getpwnam("nobody")

# sysexits.h
USAGE, DATAERR, NOINPUT, NOUSER, UNAVAILABLE = 64, 65, 66, 67, 69
CANTCREAT, IOERR, TEMPFAIL, CONFIG = 73, 74, 75, 78

# openssl passwd -1 -salt abcdefgh secret-1
MD5_CRYPT = "$1$abcdefgh$f4FAhCjxUf8AsFu5Ck2gF/"


def openssl(*args, **kwargs):
    return subprocess.run(["openssl", *args], check=True, capture_output=True, **kwargs).stdout


class CommandTest(unittest.TestCase):
    """A configuration, and with makes_store a store, in self.dir."""

    makes_store = True

    def setUp(self):
        if os.geteuid() != 0:
            self.fail("run it as root: files are given to another user")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="postern-command-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.config = self.dir / "postern.conf"
        self.store = self.dir / "store"
        self.dkim_dir = self.store / "dkim"
        self.configure()
        if self.makes_store:
            self.ok("init")

    def configure(self, *lines):
        self.config.write_text("\n".join([
            f"store = {self.store}", "store_group = root", f"dkim_dir = {self.dkim_dir}",
            f"user = {DAEMON.pw_name}", f"group = {DAEMON.pw_gid}", "domains = example.test",
            "recipient_delimiter = +", *lines, ""]))
        self.config.chmod(0o644)

    def command(self, *args):
        return [str(BINARY), "--config", str(self.config), *map(str, args)]

    def run_command(self, *args, stdin=b"", **kwargs):
        if isinstance(stdin, str):
            stdin = stdin.encode()
        kwargs.setdefault("stdout", subprocess.PIPE)
        return subprocess.run(self.command(*args), input=stdin, stderr=subprocess.PIPE, timeout=120,
                              **kwargs)

    def ok(self, *args, **kwargs):
        """Runs it, wants success and silence on stderr, returns stdout."""
        done = self.run_command(*args, **kwargs)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""), args)
        return done.stdout.decode()

    def json(self, *args):
        return json.loads(self.ok("--json", *args))

    def fails(self, code, words, *args, **kwargs):
        """Runs it, wants this exit code and one line on stderr with these words in it."""
        done = self.run_command(*args, **kwargs)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, code, (args, text))
        self.assertRegex(text, r"\Apostern: [^\n]+\n\Z", args)
        self.assertRegex(text, words, args)
        self.assertEqual(done.stdout or b"", b"", args)
        return text

    def contents(self):
        """All that the store holds, to compare."""
        names = [row["account"] for row in self.json("account", "list")]
        return [self.json("account", "show", name) for name in names] + self.json("dkim", "list")

    def certificate(self, name="phone", key=("ed25519",)):
        """Makes NAME.key and NAME.crt, returns the certificate's path."""
        path = self.dir / f"{name}.crt"
        openssl("req", "-x509", "-newkey", key[0], *sum((["-pkeyopt", o] for o in key[1:]), []), "-nodes",
                "-keyout", self.dir / f"{name}.key", "-out", path, "-subj", f"/CN={name}")
        return path

    def public_key(self, name):
        return openssl("pkey", "-in", self.dir / f"{name}.key", "-pubout")

    def fingerprint(self, name):
        der = openssl("pkey", "-in", self.dir / f"{name}.key", "-pubout", "-outform", "DER")
        digest = openssl("dgst", "-sha256", "-binary", input=der)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # Whatever the tests were started by, as a job in the background, has left ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execv(command[0], command)
        self.seen = b""

    def wait_for(self, text):
        while text not in self.seen:
            if not select.select([self.fd], [], [], 20)[0]:
                raise AssertionError((text, self.seen))
            self.seen += os.read(self.fd, 4096)
        self.seen = self.seen.split(text, 1)[1]

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def type(self, data):
        os.write(self.fd, data)

    def end(self):
        """The rest of what was shown, and the wait status."""
        shown = self.seen
        try:
            while data := os.read(self.fd, 4096):
                shown += data
        except OSError:
            pass
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return shown, status
