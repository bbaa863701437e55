#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""With a part of it gone a submission waits: 4xx, nothing relayed, nothing sent unsigned.

Each test takes something away from a running host, and shows afterwards that it is the only thing that was wrong:
put back, the same submission goes through.
"""
import contextlib
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import time

from lib import sessions, tap
from lib.host import PATIENCE, MailTest, eventually
from lib.key_login import key_login_case


class Broken(MailTest):
    own_host = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Postfix waits a minute before it starts a service again that failed; that is not the matter here.
        subprocess.run((cls.host.ENTER, "postconf", "-e", "service_throttle_time=1s"), check=True)
        subprocess.run((cls.host.ENTER, "postfix", "reload"), check=True, capture_output=True)

    def submit(self, marker, key=None, login=None):
        """Code of the answer that decided; 0 when the connection or TLS ended before there was one."""
        try:
            with sessions.smtp(self.host, key, ehlo=False) as smtp:
                code = smtp.ehlo()[0]
                if code < 400 and login:
                    code = smtp.docmd("AUTH PLAIN", sessions.plain(*login))[0]
                for command in ("MAIL FROM:<alice@example.test>",
                                "RCPT TO:<someone@example.net>", "DATA"):
                    if code >= 400:
                        return code
                    code = smtp.docmd(command)[0]
                if code == 354:
                    smtp.send(f"From: alice@example.test\r\nSubject: {marker}\r\n\r\nHello\r\n.\r\n")
                    code = smtp.getreply()[0]
                return code
        except smtplib.SMTPResponseException as e:
            return e.smtp_code
        except (smtplib.SMTPServerDisconnected, ssl.SSLError, ConnectionError, socket.timeout):
            return 0

    def assertWaits(self, key=None, login=None):
        marker = self.unique()
        begin = time.monotonic()
        code = self.submit(marker, key, login)
        self.assertTrue(code == 0 or 400 <= code < 500, code)
        self.assertLess(time.monotonic() - begin, 15)
        self.assertEqual([], self.host.queue())
        self.assertIsNone(self.host._find(self.host.SINK_DIR.iterdir(), marker))
        return code

    def assertWorks(self, key=None, login=None):
        """Perhaps not at the first time: Postfix waits before it starts a failed service again."""
        marker = self.unique()
        eventually(lambda: self.submit(marker, key, login) == 250, "submission does not work",
                   seconds=90)
        self.assertIn(b"DKIM-Signature", self.host.wait_for_sink(marker))

    def reload_postfix(self):
        """Returns when the last smtpd of before is gone, and with it what it knew and was connected to."""
        before = self.host.pids("smtpd")
        subprocess.run((self.host.ENTER, "postfix", "reload"), check=True, capture_output=True)
        eventually(lambda: not before & self.host.pids("smtpd"), "smtpd does not end after a reload")

    def kill_milter(self):
        pid = self.host.milter_pid()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not os.path.exists(f"/proc/{pid}") or self.host.milter_pid() is None,
                   "postern-milter does not die")
        self.addCleanup(self.start_milter)

    def start_milter(self):
        if self.host.milter_pid() is None:
            with open(self.host.LOG, "ab") as log:
                subprocess.Popen((self.host.ENTER, "--server",
                                  self.host.folder / "stage/usr/sbin/postern-milter"),
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True)
        eventually(lambda: all(map(self.answers, (self.host.MILTER_SOCKET, self.host.POLICY_SOCKET,
                                                  self.host.SASL_SOCKET))), "no postern-milter")

    @staticmethod
    def answers(path):
        with socket.socket(socket.AF_UNIX) as s:
            with contextlib.suppress(OSError):
                s.connect(str(path))
                return True
        return False

    @contextlib.contextmanager
    def moved_away(self, path):
        away = path.with_name(path.name + ".away")
        path.rename(away)
        try:
            yield
        finally:
            away.rename(path)


LOGINS = (("key", True, None), ("password", False, ("alice", "alice-secret-1")))


@tap.with_cases
class Submission(Broken):

    def key(self, wanted):
        return self.add_key("alice") if wanted else None

    @tap.cases(*LOGINS)
    @key_login_case(26)
    def test_daemon_killed(self, with_key, login):
        key = self.key(with_key)
        self.assertWorks(key, login)
        self.kill_milter()
        self.assertWaits(key, login)
        self.start_milter()
        self.assertWorks(key, login)

    @tap.cases(*((f"{name}, {title}", name, *rest) for name in ("MILTER", "POLICY", "SASL")
                 for title, *rest in LOGINS))
    @key_login_case(26)
    def test_socket_gone(self, name, with_key, login):
        key = self.key(with_key)
        with self.moved_away(getattr(self.host, name + "_SOCKET")):
            # An smtpd that has a connection goes on with it, rightly.
            self.reload_postfix()
            self.assertWaits(key, login)
        self.assertWorks(key, login)

    @tap.cases(*LOGINS)
    def test_daemon_hangs(self, with_key, login):
        key = self.key(with_key)
        self.assertWorks(key, login)
        pid = self.host.milter_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            self.assertWaits(key, login)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertWorks(key, login)

    @tap.cases(*LOGINS)
    @key_login_case(26)
    def test_store_gone(self, with_key, login):
        key = self.key(with_key)
        with self.moved_away(self.host.STORE / "postern.db"):
            self.assertWaits(key, login)
            self.assertFalse((self.host.STORE / "postern.db").exists())
        self.assertWorks(key, login)

    @tap.cases(*LOGINS)
    def test_store_damaged(self, with_key, login):
        key = self.key(with_key)
        path = self.host.STORE / "postern.db"
        was = path.stat()
        with self.moved_away(path):
            path.write_bytes(b"not a database, but of some length\n" * 1000)
            os.chown(path, was.st_uid, was.st_gid)
            path.chmod(was.st_mode & 0o777)
            self.assertWaits(key, login)
            path.unlink()
        self.assertWorks(key, login)

    @tap.cases(*LOGINS)
    def test_dkim_key_gone(self, with_key, login):
        key = self.key(with_key)
        pem = next(self.host.DKIM_DIR.rglob("*.pem"))
        self.assertWorks(key, login)
        with self.moved_away(pem):
            self.assertWaits(key, login)
        self.assertWorks(key, login)

    def test_port_25_goes_on(self):
        self.kill_milter()
        marker = self.unique()
        with smtplib.SMTP(self.host.HOST, self.host.SMTP_PORT, timeout=PATIENCE) as smtp:
            smtp.sendmail("someone@example.net", ["alice@example.test"],
                          f"From: someone@example.net\r\nSubject: {marker}\r\n\r\nHello\r\n")
        self.host.wait_for_mail("alice", marker)


class Configuration(Broken):
    def test_gone(self):
        """With the defaults in its place mail would be refused for good: no domain would be ours."""
        login = ("alice", "alice-secret-1")
        mark = self.host.log_mark()
        with self.moved_away(self.host.POSTERN_CONF):
            os.kill(self.host.milter_pid(), signal.SIGHUP)
            line = self.host.wait_for_log(mark, "the configuration before stays in force")
            self.assertIn("there is no /etc/postern/postern.conf", line)
            self.kill_milter()
            daemon = subprocess.run((self.host.ENTER, self.host.folder / "stage/usr/sbin/postern-milter"),
                                    capture_output=True, text=True)
            for done in (daemon, self.host.postern("check", check=False)):
                self.assertEqual(78, done.returncode, done)
                self.assertIn("install -D -m 644 /usr/share/postern/postern.conf /etc/postern/postern.conf",
                              done.stderr)
            self.assertWaits(login=login)
            self.host.postern("--help")
        self.start_milter()
        self.assertWorks(login=login)


class Mailboxes(Broken):
    def test_store_gone(self):
        """A login waits, by key and by password; nobody is let in by another passdb."""
        key = self.add_key("alice")
        with self.moved_away(self.host.STORE / "postern.db"):
            with sessions.imap(self.host, key) as imap:
                self.assertTrue(imap.welcome.startswith(b"* OK "), imap.welcome)
                for name, password in (("alice", "alice-secret-1"), ("dodo", "dodo-secret-1")):
                    answer = imap._simple_command("AUTHENTICATE", "PLAIN",
                                                  sessions.plain(name, password))
                    self.assertEqual("NO", answer[0])
                    self.assertIn(b"UNAVAILABLE", answer[1][0])
        with sessions.imap(self.host, key) as imap:
            self.assertTrue(imap.welcome.startswith(b"* PREAUTH "), imap.welcome)

    def test_postern_milter_gone(self):
        """Reading mail does not need it."""
        key = self.add_key("alice")
        self.kill_milter()
        with sessions.imap(self.host, key) as imap:
            self.assertTrue(imap.welcome.startswith(b"* PREAUTH "), imap.welcome)


if __name__ == "__main__":
    tap.main()
