#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""README.md's way in and out, on a Debian 12 that had Dovecot, Postfix and users before.

One story on one host, so the tests run in the order of their numbers. The host is the folder of
test/chroot; where that was never made, only test/run --full makes it.
"""
import ctypes
import fcntl
import os
import pathlib
import re
import shutil
import smtplib
import stat
import subprocess
import tempfile
import types
import unittest

from lib import sessions, tap
from lib.host import PATIENCE, TOP, eventually
from lib.install_host import InstallHost, Missing
from lib.keys import Key

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD") or TOP / "build").resolve()
FULL = bool(os.environ.get("POSTERN_TEST_FULL"))
SINK_PORT = 2525
USERS = {"carol@example.org": "carol-secret-1", "dave": "dave-secret-1"}
# What adduser leaves behind by itself.
ADDUSERS_OWN = {f"/etc/{name}-" for name in ("passwd", "group", "shadow", "gshadow")}
# A real host has systemd for these; what they would do is read from the unit and from tmpfiles.d.
OF_SYSTEMD = "systemd-tmpfiles --create && systemctl enable --now postern-milter postern-rotate.timer"


def unindented_lines():
    """What README.md gives to be typed."""
    return [line[4:] for line in (TOP / "README.md").read_text().splitlines()
            if line.startswith("    ")]


def enter_network(pid):
    """This program's connections are made over there from now on."""
    with open(f"/proc/{pid}/ns/net", "rb") as namespace:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(namespace.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if "bookworm" not in pathlib.Path("/etc/os-release").read_text():
            raise unittest.SkipTest("what is built here does not run on Debian 12")
        try:
            cls.host = InstallHost("bookworm", make=FULL)
        except Missing as e:
            raise unittest.SkipTest(str(e))
        cls.addClassCleanup(cls.host.close)
        cls.addClassCleanup(cls.keep_log)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        enter_network(cls.host.pid)
        cls.start_sink()
        cls.run_script(HERE / "data/existing-host")
        # Lines of an admin that go their own way are to survive too.
        cls.host.run("printf '\\n# Mine.\\nsmtps-test unix - - y - - smtp\\n' >>/etc/postfix/master.cf")
        # Postfix waits a minute before it starts a service again that failed; that is not the matter here.
        cls.host.run("postconf -e service_throttle_time=1s")
        cls.before = cls.etc()
        cls.host.run("dovecot && /usr/lib/postfix/configure-instance.sh - && postfix start")
        shutil.copy(cls.host.path("/etc/mail-tls/cert.pem"), cls.folder)
        cls.mail = types.SimpleNamespace(
            HOST="127.0.0.1", IMAPS_PORT=993, SUBMISSIONS_PORT=465, SUBMISSION_PORT=587, SMTP_PORT=25,
            CA_FILE=cls.folder / "cert.pem")
        cls.phone = Key(cls.folder, "phone")

    @classmethod
    def keep_log(cls):
        kept = os.environ.get("POSTERN_TEST_LOGS")
        if kept:
            shutil.copy(cls.host.path("/var/log/mail.log"), f"{kept}/test_install.mail.log")

    @classmethod
    def start_sink(cls):
        cls.messages = cls.folder / "messages"
        envelopes = cls.folder / "envelopes"
        for folder in (cls.messages, envelopes):
            folder.mkdir()
        sink = subprocess.Popen(("/usr/bin/python3", "-B", TOP / "test/lib/sink.py", str(SINK_PORT),
                                 cls.messages, envelopes))
        cls.addClassCleanup(sink.wait)
        cls.addClassCleanup(sink.terminate)

    @classmethod
    def run_script(cls, path):
        shutil.copy(path, cls.host.path("/tmp/script"))
        cls.host.run("/tmp/script")

    @classmethod
    def etc(cls):
        """All of /etc: owner, mode and contents."""
        found = {}
        top = cls.host.path("/etc")
        for path in top.rglob("*"):
            about = path.lstat()
            name = f"/etc/{path.relative_to(top)}"
            if stat.S_ISREG(about.st_mode):
                what = path.read_bytes()
            else:
                what = os.readlink(path) if path.is_symlink() else None
            found[name] = (about.st_mode, about.st_uid, about.st_gid, what)
        return found

    def changed(self):
        """Names below /etc that are not as they were, of this program's own doing."""
        now = self.etc()
        return {name for name in now.keys() | self.before.keys()
                if now.get(name) != self.before.get(name)} - ADDUSERS_OWN

    def as_told(self, *commands):
        """Types what README.md says, in these words."""
        told = unindented_lines() + re.findall(r"`([^`]+)`", (TOP / "README.md").read_text())
        for command in commands:
            self.assertIn(command, told)
            self.host.run(f"cd /usr/src/postern && {command}")

    def start_daemon(self):
        """What systemd would do by postern.tmpfiles and postern-milter.service."""
        for line in (TOP / "milter/postern.tmpfiles").read_text().splitlines():
            if line.startswith("#"):
                continue
            kind, path, mode, user, group, _ = line.split()
            self.assertEqual("d", kind)
            self.host.run(f"install -d -m {mode} -o {user} -g {group} {path}")
        start = re.search("(?m)^ExecStart=(.*)", (TOP / "milter/postern-milter.service").read_text())
        daemon = self.host.start(start[1])
        self.addClassCleanup(daemon.wait)
        type(self).daemon = daemon
        eventually(lambda: re.search(r"postern-milter\[\d+\]: started", self.log()),
                   "postern-milter did not start")

    def log(self):
        return self.host.path("/var/log/mail.log").read_text(errors="replace")

    def imap_login(self, user, password):
        with sessions.imap(self.mail) as imap:
            imap.login(user, password)

    def smtp(self, user=None, key=None, port=465):
        """A session that is ready to send."""
        client = sessions.smtp(self.mail, key, port)
        self.addCleanup(client.close)
        if user:
            client.login(user, USERS[user])
        return client

    def send(self, client, sender, header=None):
        """Sends a message, and returns its octets as they have left the host."""
        marker = f"{self._testMethodName}-{os.urandom(6).hex()}"
        client.sendmail(sender, ["someone@example.net"],
                        f"From: {header or sender}\r\nSubject: {marker}\r\n\r\nHello\r\n")
        return eventually(lambda: next((octets for path in self.messages.iterdir()
                                        if marker.encode() in (octets := path.read_bytes())), None),
                          f"{marker} did not leave the host:\n{self.log()[-2000:]}")

    def assertTemporary(self, action):
        """The client is told to try later, or hung up on: an smtpd that starts while the SASL server
        is away ends at once."""
        with self.assertRaises((smtplib.SMTPException, ConnectionError)) as caught:
            action()
        error = caught.exception
        if isinstance(error, (smtplib.SMTPServerDisconnected, ConnectionError)):
            return
        codes = [c for c, _ in getattr(error, "recipients", {}).values()] or [
            getattr(error, "smtp_code", 0)]
        self.assertTrue(all(400 <= code < 500 for code in codes), error)

    def assertAsWithoutPostern(self):
        """What the host could do before."""
        for user, password in USERS.items():
            with self.subTest(user=user):
                self.imap_login(user, password)
                for port in (465, 587):
                    self.assertNotIn(b"DKIM-Signature", self.send(self.smtp(user, port=port),
                                                                  "dave@example.org"))

    def test_1_the_host_of_before(self):
        self.assertAsWithoutPostern()

    def same_dovecot(self):
        """A module fits the Dovecot that it was built for, to the last digit of the package's version."""
        versions = [subprocess.run((*where, "dpkg-query", "-W", "dovecot-dev"), check=True,
                                   capture_output=True).stdout for where in ((), self.host.inside())]
        return versions[0] == versions[1]

    def test_2_install(self):
        if FULL or not self.same_dovecot():
            listed = subprocess.run(("git", "-C", TOP, "-c", f"safe.directory={TOP}", "ls-files", "-z"),
                                    check=True, capture_output=True).stdout
            subprocess.run(("tar", "-C", TOP, "--null", "-T-", "-cf", self.host.path("/tmp/source.tar")),
                           input=listed, check=True)
            self.host.run("tar xf /tmp/source.tar -C /usr/src/postern")
            self.as_told("meson setup build -Dtests=false && meson install -C build")
        else:
            with open(BUILD / ".mailhost-lock", "w", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                # As into any system; it only happens to have another root.
                subprocess.run(("meson", "install", "-C", BUILD, "--quiet", "--no-rebuild",
                                "--destdir", self.host.root), check=True, capture_output=True)
        self.assertEqual("postern", self.host.run("postern --version").stdout.split()[0])
        self.assertEqual(set(), self.changed())
        self.as_told("adduser --system --group --no-create-home --home /nonexistent postern",
                     "install -D -m 644 /usr/share/postern/postern.conf /etc/postern/postern.conf")

    def test_3_too_early(self):
        """Without a store nobody could log in, so Dovecot is not plugged in; Postfix says what is missing."""
        done = self.host.run("/usr/share/postern/dovecot-on", check=False)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("postern init", done.stdout)
        self.assertFalse(any("dovecot" in name for name in self.changed()), self.changed())

    def test_4_plug_in(self):
        self.as_told("postern init", "postern dkim add example.org", "postern dns example.org")
        self.assertIn(OF_SYSTEMD, unindented_lines())
        self.start_daemon()
        self.as_told(
            """getent passwd | awk -F: '$3 >= 1000 && $3 < 60000 { print $1, "-" }' | postern import -""",
            """awk -F: '/^[^#:]+:/ { print $1, "-" }' /etc/dovecot/users | postern import -""",
            "/usr/share/postern/dovecot-on && doveadm reload",
            "/usr/share/postern/postfix-on && postfix reload")
        self.host.run("postern address add carol@example.org info@example.org")
        self.assertEqual(
            {"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/postern",
             "/etc/postern/postern.conf", "/etc/dovecot/conf.d/00-postern.conf",
             "/etc/dovecot/conf.d/99-postern.conf", "/etc/postfix/master.cf",
             "/etc/postfix/postern-undo", "/etc/postfix/postern-undo/master.cf",
             "/etc/postfix/postern-undo/services", "/etc/postfix/postern-undo/sum"}, self.changed())

    def test_5_users_of_before(self):
        """They log in as ever; what they send is their own, and signed."""
        for user, password in USERS.items():
            self.imap_login(user, password)
            own = user if "@" in user else f"{user}@example.org"
            for port in (465, 587):
                self.assertIn(b"DKIM-Signature", self.send(self.smtp(user, port=port), own))
            with self.assertRaises(smtplib.SMTPSenderRefused) as caught:
                self.smtp(user).sendmail("erin@example.org", ["someone@example.net"], "x")
            self.assertEqual(550, caught.exception.smtp_code)
        self.send(self.smtp("carol@example.org"), "info@example.org")
        with self.assertRaises(smtplib.SMTPDataError) as caught:
            self.send(self.smtp("dave"), "dave@example.org", header="carol@example.org")
        self.assertEqual(550, caught.exception.smtp_code)
        self.assertIn(b"dave@example.org", caught.exception.smtp_error)

    def test_6_a_key(self):
        shutil.copy(self.phone.certificate, self.host.path("/tmp/phone.crt"))
        self.host.run("postern key add carol@example.org /tmp/phone.crt")
        with sessions.imap(self.mail, self.phone) as imap:
            self.assertTrue(imap.welcome.startswith(b"* PREAUTH "), imap.welcome)
        for port in (465, 587):
            self.assertIn(b"DKIM-Signature", self.send(self.smtp(key=self.phone, port=port),
                                                       "carol@example.org"))
        self.host.run(f"postern key remove {self.phone.fingerprint}")
        with sessions.imap(self.mail, self.phone) as imap:
            self.assertTrue(imap.welcome.startswith(b"* OK "), imap.welcome)
        self.assertTemporary(lambda: self.smtp(key=self.phone).sendmail(
            "carol@example.org", ["someone@example.net"], "x"))

    def test_7_the_daemon_away(self):
        self.end_daemon()
        self.assertTemporary(lambda: self.smtp("dave").sendmail(
            "dave@example.org", ["someone@example.net"], "x"))
        self.imap_login("dave", USERS["dave"])
        with smtplib.SMTP("127.0.0.1", 25, timeout=PATIENCE) as client:
            client.sendmail("someone@example.net", ["carol@example.org"], "Subject: x\r\n\r\nx\r\n")

    def test_8_uninstalled_too_early(self):
        """The files in conf.d and master.cf are still there, and what they name is not."""
        self.host.run("find /usr -name '*postern*' -not -path '/usr/src/*' -print0 | xargs -0 rm -rf &&"
                      " rmdir --ignore-fail-on-non-empty /usr/lib/dovecot/modules/login")
        self.host.run("doveadm stop")
        eventually(lambda: self.host.run("doveadm who", check=False).returncode != 0,
                   "Dovecot did not end")
        self.host.run("dovecot && postfix reload")
        for user, password in USERS.items():
            self.imap_login(user, password)
        self.assertTemporary(lambda: self.smtp("dave").sendmail(
            "dave@example.org", ["someone@example.net"], "x"))
        for name in ("dovecot-on", "dovecot-off", "postfix-on", "postfix-off", "dovecot-2.3"):
            source, target = TOP / "config" / name, self.host.path(f"/usr/share/postern/{name}")
            target.parent.mkdir(exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

    def test_9_undo(self):
        self.as_told("/usr/share/postern/postfix-off && postfix reload",
                     "/usr/share/postern/dovecot-off && doveadm reload")
        self.host.run("rm -r /etc/postern /var/lib/postern && deluser --quiet --system postern")
        self.assertEqual(set(), self.changed())
        self.host.run("doveadm stop; postfix stop")
        eventually(lambda: self.host.run("doveadm who", check=False).returncode != 0,
                   "Dovecot did not end")
        self.host.run("dovecot && postfix start")
        self.assertAsWithoutPostern()

    def end_daemon(self):
        pid = self.host.run("cat /proc/[0-9]*/stat | awk '$2 == \"(postern-milter)\" { print $1 }'").stdout
        self.host.run(f"kill {pid}")
        self.daemon.wait(PATIENCE)


if __name__ == "__main__":
    tap.main()
