#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The mail host itself: several side by side, nothing of the machine touched, nothing left running."""
import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from lib import sessions, tap
from lib.host import TOP, Host

sys.path.append(str(TOP / "test/lib"))
from mailhost import processes, release  # noqa: E402
from mailhost.layout import Layout  # noqa: E402
from mailhost.ports import claim_name  # noqa: E402

NAMES = """HOST DOMAIN IMAP_PORT IMAPS_PORT POP3_PORT POP3S_PORT SIEVE_PORT SUBMISSION_PORT
    SUBMISSIONS_PORT DOVECOT_SUBMISSION_PORT SMTP_PORT HTTPS_PORT PAGE_URL CA_FILE POSTERN STORE
    MILTER_SOCKET DKIM_DIR USERS_CA_FILE USERS_CA_KEY
    SINK_DIR MAIL_ROOT LOG POSTFIX_CONFIG_DIR DOVECOT_CONF""".split()
if release.default() != release.own():  # no web server is put into a chroot
    NAMES = [name for name in NAMES if name not in ("HTTPS_PORT", "PAGE_URL")]


def of_etc():
    """Names, modes and contents below /etc, as one number."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk("/etc"):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            digest.update(f"{path} {os.lstat(path).st_mode}".encode())
            if os.path.isfile(path):
                digest.update(pathlib.Path(path).read_bytes())
    return digest.hexdigest()


class MailHost(unittest.TestCase):
    def setUp(self):
        # As tempfile makes it: others may not pass. The servers have to cope with that.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-test-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_mailhost(self, *args):
        return subprocess.run((TOP / "test/mailhost", *args), text=True, capture_output=True)

    def start(self, name):
        done = self.run_mailhost("start", self.folder / name)
        self.addCleanup(self.run_mailhost, "stop", self.folder / name)
        self.assertEqual(0, done.returncode, done.stderr)
        return Host(self.folder / name)

    def stop(self, name):
        done = self.run_mailhost("stop", self.folder / name)
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))

    def running(self, name):
        return processes.of_host(Layout.of_host(self.folder / name))

    @staticmethod
    def is_reserved(host):
        return f"@{claim_name(host.SMTP_PORT)}\n" in pathlib.Path("/proc/net/unix").read_text()

    def assertAnswers(self, host):
        with sessions.imap(host) as imap:
            imap.login("alice", "alice-secret-1")
        with sessions.smtp(host) as smtp:
            smtp.login("bob", "bob-secret-1")

    def test_side_by_side(self):
        before = of_etc()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            one, two = pool.map(self.start, ("one", "two"))
        for host in (one, two):
            self.assertAnswers(host)
            said = (host.folder / "env").read_text()
            for name in NAMES:
                self.assertRegex(said, f"(?m)^{name}='[^']+'$")
            self.assertTrue(self.is_reserved(host), "its ports are not reserved any more")
        ports = [value for host in (one, two) for name, value in vars(host).items()
                 if name.endswith("_PORT")]
        self.assertEqual(len(ports), len(set(ports)))
        one.postern("account", "add", "mabel")
        self.assertNotIn("mabel", two.postern("account", "list").stdout)
        self.stop("one")
        self.assertEqual([], self.running("one"))
        self.assertAnswers(two)
        self.stop("one")
        self.stop("two")
        self.assertEqual([], self.running("two"))
        self.assertEqual(before, of_etc())

    def test_start_again(self):
        host = self.start("host")
        done = self.run_mailhost("start", self.folder / "host")
        self.assertNotEqual(0, done.returncode)
        self.assertIn("is running", done.stderr)
        self.assertAnswers(host)
        host.postern("account", "add", "mabel")
        self.stop("host")
        self.assertFalse((self.folder / "host/env").exists())
        self.assertIn("mabel", self.start("host").postern("account", "list").stdout)

    def test_failed_start(self):
        """Postfix starts last, and finds a file where its folder was."""
        self.start("host")
        self.stop("host")
        shutil.rmtree(self.folder / "host/spool/pid")
        (self.folder / "host/spool/pid").touch()
        done = self.run_mailhost("start", self.folder / "host")
        self.assertNotEqual(0, done.returncode)
        self.assertIn("---- the end of", done.stderr)
        self.assertEqual([], self.running("host"))
        self.assertFalse((self.folder / "host/env").exists())

    def test_stop_what_never_was(self):
        self.stop("nothing")
        (self.folder / "other").mkdir()
        self.stop("other")

    def test_folder_of_somebody_else(self):
        (self.folder / "file").write_text("mine")
        done = self.run_mailhost("start", self.folder)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("not empty", done.stderr)
        self.assertEqual(["file"], os.listdir(self.folder))

    def test_sink_keeps_what_came(self):
        host = self.start("host")
        body = b"From: alice@example.test\r\nX-Odd:  \t blanks \r\n\r\n.\r\n..dots\r\nGr\xc3\xbc\xc3\x9fe \r\n"
        with sessions.smtp(host) as smtp:
            smtp.login("alice", "alice-secret-1")
            smtp.sendmail("alice@example.test", ["someone@example.net"], body,
                          mail_options=["BODY=8BITMIME"])
        kept = host.wait_for_sink("X-Odd")
        self.assertTrue(kept.endswith(body.partition(b"\r\n\r\n")[2]), kept)
        self.assertNotIn(b"\n", kept.replace(b"\r\n", b""))
        self.assertEqual(1, len(host.sink()))


if __name__ == "__main__":
    tap.main()
