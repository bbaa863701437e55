#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""end_sessions: sessions under way end with the key, account or policy that let them in, and no others do."""
import contextlib
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time

from lib import sessions, tap
from lib.clients import Imap, ImapStartTls, Pop3, Pop3StartTls, Submission
from lib.host import PASSWORDS, PATIENCE, TOP, MailTest, eventually
from lib.key_login import key_login_case

sys.path.append(str(TOP / "test/lib"))
from mailhost import processes  # noqa: E402
from mailhost.layout import Layout  # noqa: E402

# What postern.conf(5) promises.
SECONDS = 5


class EndTest(MailTest):
    own_host = True
    option = "yes"
    settings = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.layout = Layout.of_host(cls.host.folder)
        with cls.host.POSTERN_CONF.open("a") as conf:
            conf.write(f"end_sessions = {cls.option}\n")
        cls.stop_daemon()
        cls.start_daemon()
        cls.reload(cls.settings)

    @classmethod
    def reload(cls, settings):
        cls.host.configure_dovecot("99-test.conf", settings)
        mark = cls.host.log_mark()
        subprocess.run((cls.host.ENTER, "--server", "doveadm", "reload"), check=True)
        cls.host.wait_for_log(mark, "SIGHUP received - reloading configuration")

    @classmethod
    def daemon(cls):
        for pid in processes.of_host(cls.layout):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/exe").endswith("/postern-milter"):
                    return pid
        return None

    @classmethod
    def stop_daemon(cls):
        os.kill(cls.daemon(), signal.SIGTERM)
        eventually(lambda: cls.daemon() is None, "postern-milter does not end")

    @classmethod
    def start_daemon(cls):
        with open(cls.host.LOG, "ab") as log:
            subprocess.Popen((cls.host.ENTER, "--server", cls.host.folder / "stage/usr/sbin/postern-milter"),
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        processes.wait_for_socket(cls.host.SASL_SOCKET)

    def connect(self, cls, key=None):
        client = cls(self.host, key)
        self.addCleanup(client.close)
        return client

    def by_key(self, cls, key):
        client = self.connect(cls, key)
        self.assertTrue(getattr(client, "is_preauth", False) or client.external().ok)
        self.assertAlive(client)
        return client

    def by_password(self, cls, name="alice", key=None):
        client = self.connect(cls, key)
        self.assertTrue(client.plain(name, PASSWORDS[name]).ok)
        self.assertAlive(client)
        return client

    def assertEnds(self, *clients):
        """Within SECONDS, all of them together; returns the last line of each."""
        deadline = time.monotonic() + SECONDS
        return [self._last_line(client, deadline) for client in clients]

    @staticmethod
    def _last_line(client, deadline):
        last = ""
        with contextlib.suppress(EOFError, ConnectionResetError):
            while True:
                client.socket.settimeout(max(deadline - time.monotonic(), 0.01))
                last = client.line()
        return last

    def assertAlive(self, *clients):
        for client in clients:
            answer = client.command("NOOP")
            self.assertTrue(answer[0].ok if isinstance(client, Imap) else answer.ok)

    def assertNothingBroke(self, mark):
        self.assertNotRegex(self.host.log_since(mark), "(?i)panic|killed with signal|Fatal:")

    def policy(self, policy, account="alice"):
        self.host.postern("account", "policy", account, policy)
        self.addCleanup(self.host.postern, "account", "policy", account, "any")


@tap.with_cases
@key_login_case("29 live")
class Ends(EndTest):
    @tap.cases(("IMAPS", Imap, "BYE"), ("IMAP STARTTLS", ImapStartTls, "BYE"), ("POP3S", Pop3, ""),
               ("POP3 STLS", Pop3StartTls, ""), ("submission", Submission, "421 4.7.0 "))
    def test_key_removed(self, cls, word):
        mark = self.host.log_mark()
        key, other = self.add_key("alice"), self.add_key("alice")
        gone = self.by_key(cls, key)
        stays = [self.by_key(cls, other), self.by_password(cls), self.by_password(cls, "bob"),
                 # The password let this one in, whatever key is there as well.
                 self.by_password(cls, key=self.add_key("alice", "--no-preauth"))]
        self.host.postern("key", "remove", key.fingerprint)
        last, = self.assertEnds(gone)
        self.assertIn(word, last)
        self.assertAlive(*stays)
        self.assertNothingBroke(mark)

    def test_log(self):
        key = self.add_key("alice")
        imap = self.by_key(Imap, key)
        mark = self.host.log_mark()
        self.host.postern("key", "remove", key.fingerprint)
        self.assertEnds(imap)
        self.host.wait_for_log(mark, "Your key or account was changed")

    def test_disabled(self):
        key = self.add_key("alice")
        gone = [self.by_key(Imap, key), self.by_password(Pop3), self.by_password(Submission)]
        stays = self.by_password(Imap, "bob")
        self.host.postern("account", "disable", "alice")
        self.addCleanup(self.host.postern, "account", "enable", "alice")
        self.assertEnds(*gone)
        self.assertAlive(stays)

    def test_account_removed(self):
        self.host.postern("account", "add", "carol")
        self.host.postern("password", "set", "carol", stdin=PASSWORDS["alice"] + "\n")
        imap = self.connect(Imap)
        self.assertTrue(imap.plain("carol", PASSWORDS["alice"]).ok)
        self.host.postern("account", "remove", "carol")
        self.assertEnds(imap)

    def test_account_made_anew(self):
        """One of the same name is another."""
        self.host.postern("account", "add", "carol")
        self.addCleanup(self.host.postern, "account", "remove", "carol")
        self.host.postern("password", "set", "carol", stdin=PASSWORDS["alice"] + "\n")
        imap = self.connect(Imap)
        self.assertTrue(imap.plain("carol", PASSWORDS["alice"]).ok)
        daemon = self.daemon()
        os.kill(daemon, signal.SIGSTOP)
        self.host.postern("account", "remove", "carol")
        self.host.postern("account", "add", "carol")
        os.kill(daemon, signal.SIGCONT)
        self.assertEnds(imap)

    @tap.cases(("key", "key", True, False, False), ("password", "password", False, True, True),
               ("both", "both", False, False, True))
    def test_policy(self, policy, by_key, by_password, by_both):
        key = self.add_key("alice")
        clients = {self.by_key(Imap, key): by_key, self.by_password(Imap): by_password,
                   self.by_password(ImapStartTls, key=key): by_both}
        self.policy(policy)
        self.assertEnds(*(client for client, stays in clients.items() if not stays))
        self.assertAlive(*(client for client, stays in clients.items() if stays))

    def test_user_of_another_passdb(self):
        dodo = self.by_password(Imap, "dodo")
        key = self.add_key("alice")
        gone = self.by_key(Imap, key)
        self.host.postern("key", "remove", key.fingerprint)
        self.assertEnds(gone)
        self.assertAlive(dodo)

    def test_idle(self):
        key = self.add_key("alice")
        imap = self.by_key(Imap, key)
        imap.command("SELECT INBOX")
        imap.send("i1 IDLE\r\n")
        self.assertTrue(imap.line().startswith("+ "))
        self.host.postern("key", "remove", key.fingerprint)
        last, = self.assertEnds(imap)
        self.assertIn("BYE", last)

    def test_daemon_away(self):
        """Sessions do not notice, and what has changed meanwhile counts when it is back."""
        mark = self.host.log_mark()
        key = self.add_key("alice")
        gone, stays = self.by_key(Imap, key), self.by_password(Imap)
        self.stop_daemon()
        try:
            late = self.by_key(Imap, key)
            self.host.postern("key", "remove", key.fingerprint)
            self.assertAlive(gone, stays, late)
        finally:
            self.start_daemon()
        self.assertEnds(gone, late)
        self.assertAlive(stays)
        self.assertNothingBroke(mark)

    def test_store_away(self):
        """Nobody's session ends for it."""
        path = self.host.STORE / "postern.db"
        away = path.with_name("postern.db.away")
        key = self.add_key("alice")
        gone, stays = self.by_key(Imap, key), self.by_password(Imap)
        mark = self.host.log_mark()
        path.rename(away)
        try:
            self.host.wait_for_log(mark, "sessions go on until the store can be read")
            self.assertAlive(gone, stays)
        finally:
            away.rename(path)
        self.host.postern("key", "remove", key.fingerprint)
        self.assertEnds(gone)
        self.assertAlive(stays)

    def test_socket_tells_nothing(self):
        """Everybody may ask; without the account's id the answer is the same for all, and nobody keeps a place."""
        for line in ("imap password 1 - alice", "imap password 1 - nobody", "imap key 1 " + 43 * "A" + " alice"):
            with socket.socket(socket.AF_UNIX) as asked:
                asked.settimeout(SECONDS)
                asked.connect(str(self.layout.run / "postern-sessions.sock"))
                asked.sendall(line.encode() + b"\n")
                self.assertEqual(asked.recv(100), b"END\n", line)
                asked.settimeout(PATIENCE)
                asked.sendall(line.encode() + b"\n")
                self.assertEqual(asked.recv(100), b"", line)
        with socket.socket(socket.AF_UNIX) as silent:
            silent.settimeout(PATIENCE)
            silent.connect(str(self.layout.run / "postern-sessions.sock"))
            self.assertEqual(silent.recv(100), b"")
        for line in ("", "imap", "imap password x - alice", "imap key 1 - alice", 600 * "x"):
            with socket.socket(socket.AF_UNIX) as asked:
                asked.settimeout(SECONDS)
                asked.connect(str(self.layout.run / "postern-sessions.sock"))
                asked.sendall(line.encode() + b"\n")
                with contextlib.suppress(ConnectionResetError):  # not all of it was read
                    self.assertEqual(asked.recv(100), b"", line)


@key_login_case("29 live")
class NotHibernated(EndTest):
    settings = "imap_hibernate_timeout = 1 secs\nlog_debug = event=imap_client_hibernated\n"

    def test_idle(self):
        key = self.add_key("alice")
        imap = self.by_key(Imap, key)
        imap.command("SELECT INBOX")
        mark = self.host.log_mark()
        imap.send("i1 IDLE\r\n")
        self.assertTrue(imap.line().startswith("+ "))
        self.host.wait_for_log(mark, "Couldn't export state: postern")
        self.host.postern("key", "remove", key.fingerprint)
        self.assertEnds(imap)


@key_login_case("29 live")
class Postfix(EndTest):
    """It asks nobody until its client speaks: the next MAIL or RCPT is the end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Dovecot ends its workers at a reload, with the login that one of them has begun.
        eventually(cls.takes_password, "nobody gets in after the reload")

    @classmethod
    def takes_password(cls):
        with sessions.smtp(cls.host) as smtp:
            return smtp.docmd("AUTH PLAIN", sessions.plain("alice", PASSWORDS["alice"]))[0] == 235

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Dovecot's auth service is a new one after the reload.
        eventually(cls.takes_auth, "no AUTH after a reload of Dovecot")

    @classmethod
    def takes_auth(cls):
        with sessions.smtp(cls.host) as smtp:
            return smtp.docmd("AUTH PLAIN", sessions.plain("alice", PASSWORDS["alice"]))[0] == 235

    def assertHangsUp(self, smtp, command):
        code, text = smtp.docmd(command)
        self.assertEqual(code, 421, text)
        with self.assertRaises(smtplib.SMTPServerDisconnected):
            smtp.docmd("NOOP")

    def test_key_removed(self):
        key, other = self.add_key("alice"), self.add_key("alice")
        gone, stays = sessions.smtp(self.host, key), sessions.smtp(self.host, other)
        for smtp in (gone, stays):
            self.assertEqual(smtp.docmd("MAIL FROM:<alice@example.test>")[0], 250)
        self.host.postern("key", "remove", key.fingerprint)
        self.assertHangsUp(gone, "RCPT TO:<someone@example.net>")
        self.assertEqual(stays.docmd("RCPT TO:<someone@example.net>")[0], 250)
        stays.quit()

    def test_disabled(self):
        smtp = sessions.smtp(self.host)
        self.assertEqual(smtp.docmd("AUTH PLAIN", sessions.plain("alice", PASSWORDS["alice"]))[0], 235)
        self.host.postern("account", "disable", "alice")
        self.addCleanup(self.host.postern, "account", "enable", "alice")
        self.assertHangsUp(smtp, "MAIL FROM:<alice@example.test>")

    def test_never_let_in(self):
        """A client without a way in is told so, and may go on to find one."""
        with sessions.smtp(self.host, self.new_key()) as smtp:
            smtp.docmd("MAIL FROM:<alice@example.test>")
            code, text = smtp.docmd("RCPT TO:<someone@example.net>")
            self.assertNotIn(code, (250, 421), text)
            self.assertEqual(smtp.docmd("NOOP")[0], 250)


class Off(EndTest):
    """As it is without the option."""
    option = "no"

    def test_goes_on(self):
        key = self.add_key("alice")
        imap = self.by_key(Imap, key)
        self.host.postern("key", "remove", key.fingerprint)
        self.assertFalse(self.connect(Imap, key).is_preauth)
        self.assertAlive(imap)
        self.assertFalse((self.layout.run / "postern-sessions.sock").exists())


if __name__ == "__main__":
    tap.main()
