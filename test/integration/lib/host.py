# SPDX-License-Identifier: MIT
"""A mail host to test against, and a base class for tests on it."""
import atexit
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from . import dovecot
from .keys import Key

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.append(str(TOP / "test/lib"))
from mailhost import processes  # noqa: E402
from mailhost.layout import Layout  # noqa: E402

# Long enough for a slow machine; a test that works never waits that long.
PATIENCE = 20

PASSWORDS = {"alice": "alice-secret-1", "bob": "bob-secret-1", "dodo": "dodo-secret-1"}


class Host:
    """DIR/env as attributes: host.IMAPS_PORT (an int), host.SINK_DIR (a Path), host.DOMAIN."""

    _shared = None

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        for line in (self.folder / "env").read_text().splitlines():
            name, _, value = line.partition("=")
            setattr(self, name, self._typed(name, value.strip("'")))

    @staticmethod
    def _typed(name, value):
        if name.endswith("_PORT"):
            return int(value)
        return pathlib.Path(value) if value.startswith("/") and name != "POSTERN" else value

    @classmethod
    def shared(cls):
        """The host of this test program."""
        if cls._shared is None:
            given = os.environ.get("POSTERN_HOST_DIR")
            cls._shared = cls(given) if given else cls.start()
        return cls._shared

    @classmethod
    def start(cls):
        """A host of one's own, stopped and removed when the program ends."""
        folder = tempfile.mkdtemp(prefix="postern-test-")
        atexit.register(cls._end, folder)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
        mailhost("start", folder)
        return cls(folder)

    @staticmethod
    def _end(folder):
        mailhost("stop", folder)
        kept = os.environ.get("POSTERN_TEST_LOGS")
        if kept:
            # Behind those of the program's other hosts.
            name = pathlib.Path(sys.argv[0]).stem
            if "POSTERN_RELEASE" in os.environ:
                name += "@" + os.environ["POSTERN_RELEASE"]
            with open(f"{kept}/{name}.mail.log", "ab") as log:
                log.write(pathlib.Path(folder, "log/mail.log").read_bytes())
        shutil.rmtree(folder)

    @property
    def is_dovecot_2_4(self):
        return "dovecot_config_version" in self.DOVECOT_CONF.read_text()

    @property
    def logged_in(self):
        """How the login process's line of a login begins."""
        return "Logged in" if self.is_dovecot_2_4 else "Login"

    def configure_dovecot(self, name, settings):
        """Writes a file of conf.d; settings as for 2.3."""
        if self.is_dovecot_2_4:
            settings = dovecot.in_2_4(settings)
        (self.DOVECOT_CONF.parent / "conf.d" / name).write_text(settings)

    def postern(self, *args, stdin="", check=True):
        """Runs the admin's command; returns the CompletedProcess, output as text."""
        done = subprocess.run((*self.POSTERN.split(), *map(str, args)), input=stdin, text=True,
                              capture_output=True)
        if check and done.returncode != 0:
            raise AssertionError(f"postern {' '.join(map(str, args))}: exit status "
                                 f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def pids(self, program):
        """The set of this host's processes that run a program of that name."""
        found = set()
        for pid in processes.of_host(Layout.of_host(self.folder)):
            with contextlib.suppress(OSError):
                if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == program:
                    found.add(pid)
        return found

    def milter_pid(self):
        """None when postern-milter does not run."""
        return next(iter(self.pids("postern-milter")), None)

    def queue(self):
        """What is in Postfix's queue."""
        done = subprocess.run((self.ENTER, "postqueue", "-j"), text=True, capture_output=True,
                              check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def sink(self):
        """Names of the messages that have left the host."""
        return set(os.listdir(self.SINK_DIR))

    def wait_for_sink(self, marker):
        """Octets of the message that has marker somewhere, once it has left the host."""
        return eventually(lambda: self._find(self.SINK_DIR.iterdir(), marker),
                          f"no message with {marker} at the sink")

    def wait_for_mail(self, account, marker):
        """Octets of the message that has marker somewhere, once it is in account's mailbox."""
        return eventually(lambda: self._find((self.MAIL_ROOT / account).rglob("new/*"), marker) or
                          self._find((self.MAIL_ROOT / account).rglob("cur/*"), marker),
                          f"no message with {marker} in the mailbox of {account}")

    @staticmethod
    def _find(paths, marker):
        for path in paths:
            try:
                octets = path.read_bytes()
            except FileNotFoundError:  # moved from new to cur
                continue
            if marker.encode() in octets:
                return octets
        return None

    def log_mark(self):
        """Where the log ends now, for log_since."""
        return self.LOG.stat().st_size

    def log_since(self, mark):
        return self.LOG.read_bytes()[mark:].decode(errors="replace")

    def wait_for_log(self, mark, text):
        """The line with text, once it was logged."""
        def find():
            return next((line for line in self.log_since(mark).splitlines() if text in line), None)
        return eventually(find, f"no log line with {text!r}")


def mailhost(*args):
    done = subprocess.run((TOP / "test/mailhost", *args), text=True, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f"mailhost {' '.join(args)}: {done.stdout}{done.stderr}")


def eventually(probe, complaint, seconds=PATIENCE):
    """The first true value that probe returns; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(complaint() if callable(complaint) else complaint)
        time.sleep(0.02)
    return value


class MailTest(unittest.TestCase):
    """Gives self.host, and keys that are taken out again after the test."""

    # Set where the tests change the host's configuration or end its servers.
    own_host = False

    @classmethod
    def setUpClass(cls):
        cls.host = Host.start() if cls.own_host else Host.shared()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-test-keys-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls._keys = 0

    def new_key(self, kind="Ed25519", expired=False):
        """A key that nobody has registered."""
        type(self)._keys += 1
        return Key(self.folder, f"key{self._keys}", kind, expired)

    def add_key(self, account, *options, kind="Ed25519", expired=False):
        """A new key, registered for account until the end of the test."""
        key = self.new_key(kind, expired)
        self.host.postern("key", "add", account, key.certificate, *options)
        self.addCleanup(self.host.postern, "key", "remove", key.fingerprint, check=False)
        return key

    def unique(self):
        """A word that is in no message yet."""
        return f"{self._testMethodName.split(' ')[0]}-{time.monotonic_ns()}"
