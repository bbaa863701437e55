#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""postern-milter as a process: its options, reload, end, and whom it runs as."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import unittest

from lib import tap
from lib.host import PATIENCE, eventually
from lib.milter_client import Closed, Milter, Policy
from test_milter_protocol import FORGED, HONEST, LOGIN, ProtocolTest

RESTART = "takes effect at the next start"
FOREIGN = HONEST.replace(b"alice@example.test", b"list@example.org")


class DaemonTest(ProtocolTest):
    own_host = True

    def setUp(self):
        self.program = self.host.folder / "stage/usr/sbin/postern-milter"
        self.conf = self.host.POSTERN_CONF
        was = self.conf.read_text()
        self.addCleanup(self.restore, was)

    def restore(self, text):
        self.conf.write_text(text)
        if self.pid() is None:
            self.start()
        self.reload("reloaded")

    def pid(self):
        return self.host.milter_pid()

    def run_program(self, *args):
        return subprocess.run((self.host.ENTER, self.program, *args), text=True,
                              capture_output=True, timeout=PATIENCE)

    def start(self):
        with open(self.host.LOG, "ab") as log:
            subprocess.Popen((self.host.ENTER, "--server", self.program), stdin=subprocess.DEVNULL,
                             stdout=log, stderr=log, start_new_session=True)
        eventually(lambda: all(map(answers, (self.host.MILTER_SOCKET, self.host.POLICY_SOCKET,
                                             self.host.SASL_SOCKET))), "no postern-milter")

    def reload(self, expected):
        mark = self.host.log_mark()
        os.kill(self.pid(), signal.SIGHUP)
        return self.host.wait_for_log(mark, expected)

    def reloaded(self):
        """All that is logged of it."""
        mark = self.host.log_mark()
        self.reload("reloaded")
        return self.host.log_since(mark)

    def stop(self, pid):
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: not is_running(pid), "postern-milter does not end")


def answers(path):
    with socket.socket(socket.AF_UNIX) as s, contextlib.suppress(OSError):
        s.connect(str(path))
        return True
    return False


def is_running(pid):
    """A dead one whose threads are not gone yet still has its sockets."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return (f.read().rpartition(")")[2].split()[0] != "Z" or
                len(os.listdir(f"/proc/{pid}/task")) > 1)
    return False


@tap.with_cases
class Options(DaemonTest):
    @tap.cases(("unknown option", "smtp_socket = /x\n"),
               ("wrong network", "trusted_networks = 192.0.2.1/24\n"),
               ("no network", "trusted_networks = example.test\n"), ("nonsense", "nonsense\n"))
    def test_wrong_configuration(self, line):
        self.conf.write_text(self.conf.read_text() + line)
        for args in (("-n",), ("--check",), ()):
            done = self.run_program(*args)
            self.assertEqual(78, done.returncode, done)
            self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
            self.assertEqual("", done.stdout)

    def test_check(self):
        done = self.run_program("-n")
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_other_file(self):
        path = self.host.folder / "etc/postern/other.conf"
        path.write_text("nonsense\n")
        self.addCleanup(path.unlink)
        for args in (("-c", "/etc/postern/other.conf", "-n"), ("--config=/etc/postern/other.conf", "-n"),
                     ("-c", "/etc/postern/missing.conf", "-n")):
            self.assertEqual(78, self.run_program(*args).returncode, args)

    @tap.cases(("unknown", ("-x",)), ("argument", ("x",)), ("no file", ("-c",)))
    def test_usage(self, args):
        done = self.run_program(*args)
        self.assertEqual(64, done.returncode)
        self.assertIn("usage: ", done.stderr)

    def test_help(self):
        for option in ("--help", "--version"):
            done = self.run_program(option)
            self.assertEqual(0, done.returncode)
            self.assertIn("postern-milter", done.stdout)

    def test_root_is_refused(self):
        self.stop(self.pid())
        self.conf.write_text(self.conf.read_text().replace("user = postern", "user = root"))
        done = self.run_program()
        self.assertEqual(69, done.returncode)
        self.assertIn("does not run as root", done.stderr)


@tap.with_cases
class Running(DaemonTest):
    def test_gave_up_root(self):
        with open(f"/proc/{self.pid()}/status", encoding="ascii") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        uid = os.stat(self.host.MILTER_SOCKET).st_uid
        self.assertNotEqual(0, uid)
        self.assertEqual({str(uid)}, set(status["Uid"].split()))
        self.assertNotIn("0", status["Gid"].split() + status["Groups"].split())
        for name in ("CapEff", "CapPrm", "CapInh"):
            self.assertEqual(0, int(status[name], 16))

    def test_sockets_are_postfixs_alone(self):
        # As the servers see it: another release has other numbers.
        group = next(int(line.split(":")[2]) for line in
                     (self.host.folder / "etc/group").read_text().splitlines()
                     if line.startswith("postfix:"))
        for path in (self.host.MILTER_SOCKET, self.host.POLICY_SOCKET, self.host.SASL_SOCKET):
            status = path.stat()
            self.assertEqual(0o660, status.st_mode & 0o777, path)
            self.assertEqual(group, status.st_gid, path)

    def test_second_one(self):
        done = self.run_program()
        self.assertEqual(69, done.returncode)
        self.assertIn("somebody listens", done.stderr)
        self.logged_in()
        self.assertAccepted(self.milter(), **LOGIN)

    def test_one_thread_waits_for_signals(self):
        """libmilter's, which ends the process at a SIGHUP, would be a second one. Who gets the signal of two is the
        kernel's choice, so a reload that goes well shows nothing."""
        def waits(task):
            with open(f"/proc/{self.pid()}/task/{task}/status", encoding="ascii") as f:
                blocked = next(line.split()[1] for line in f if line.startswith("SigBlk:"))
            return not int(blocked, 16) >> (signal.SIGHUP - 1) & 1
        tasks = os.listdir(f"/proc/{self.pid()}/task")
        self.assertGreater(len(tasks), 3)
        self.assertEqual(1, len([task for task in tasks if waits(task)]))

    def test_reload(self):
        pid = self.pid()
        for _ in range(20):
            self.reload("reloaded")
        self.assertEqual(pid, self.pid())
        self.logged_in()
        self.assertAccepted(self.milter(), **LOGIN)

    def test_reload_takes_effect(self):
        milter = self.opened(Milter(self.host.MILTER_SOCKET))
        milter.connect("192.0.2.7", 50000)
        self.assertTemporary(milter.message(FOREIGN, sender="list@example.org"))
        self.conf.write_text(self.conf.read_text() + "trusted_networks = 192.0.2.0/24\n")
        self.reload("reloaded")
        reply, queued = milter.message(FOREIGN, sender="list@example.org")
        self.assertEqual(("250", FOREIGN), (reply, queued), "passed as it is: the domain has no key")
        reply, queued = milter.message(HONEST)
        self.assertEqual("250", reply)
        self.assertSigned(queued)

    def test_trusted_network_is_no_excuse_for_a_login(self):
        self.conf.write_text(self.conf.read_text() + "trusted_networks = 127.0.0.0/8\n")
        self.reload("reloaded")
        self.logged_in()
        milter = self.milter()
        self.assertRegex(milter.message(FORGED, **LOGIN)[0], "^550 ")
        self.assertAccepted(milter, **LOGIN)

    def test_wrong_configuration_is_not_taken(self):
        self.conf.write_text(self.conf.read_text() + "nonsense\n")
        self.reload("the configuration before stays in force")
        self.logged_in()
        self.assertEqual("250", self.milter().message(HONEST, **LOGIN)[0])

    def test_reload_in_the_middle_of_a_message(self):
        self.logged_in()
        milter = self.milter()
        self.assertEqual("250", milter.mail("alice@example.test", **LOGIN))
        self.conf.write_text(self.conf.read_text().replace("domains = example.test",
                                                           "domains = example.org"))
        self.reload("reloaded")
        # The old one finishes it, the next has the new one: alice@example.test is not hers then.
        self.assertEqual("250", milter.rcpt())
        self.assertEqual("250", milter.header(b"From: alice@example.test\r\n"))
        self.assertEqual("250", milter.body(b"Hello\r\n"))
        self.assertEqual("250", milter.end()[0])
        self.assertRegex(milter.message(HONEST, **LOGIN)[0], "^550 ")

    def test_reload_with_other_sockets(self):
        """Those of the start stay open, get the records, and are what goes away in the end."""
        was = self.conf.read_text()
        foreign = self.host.POLICY_SOCKET.with_name("foreign.sock")
        elsewhere = re.sub(r"(?m)^((policy|record)_socket = .*/).*$", r"\1foreign.sock", was)
        self.conf.write_text(elsewhere)
        for _ in range(2):
            self.assertIn(RESTART, self.reloaded())
        client = "192.0.2.77"
        _, attribute = self.with_key()
        policy = self.policy()
        for state in ("CONNECT", "EHLO", "MAIL"):
            policy.ask(state, client_address=client, **attribute)
        milter = self.milter()
        milter.mail("alice@example.test")
        policy.ask("RCPT", client_address=client, **attribute)
        milter.abort()
        eventually(lambda: client in self.host.postern("login", "list", "alice").stdout,
                   "the login was not recorded")
        self.conf.write_text(was)
        self.assertNotIn(RESTART, self.reloaded())
        self.conf.write_text(elsewhere)
        self.reload("reloaded")
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(foreign))
            self.addCleanup(foreign.unlink)
            self.stop(self.pid())
            self.assertTrue(foreign.exists())
        self.assertFalse(self.host.POLICY_SOCKET.exists())

    def test_end_waits_for_messages(self):
        self.logged_in()
        milter, pid = self.milter(), self.pid()
        self.assertEqual("250", milter.mail("alice@example.test", **LOGIN))
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: not answers(self.host.MILTER_SOCKET), "new connections still come in")
        self.assertEqual("250", milter.rcpt())
        self.assertEqual("250", milter.header(b"From: alice@example.test\r\n"))
        self.assertEqual("250", milter.body(b"Hello\r\n"))
        reply, added = milter.end()
        self.assertEqual(("250", 3), (reply, len(added)))
        eventually(lambda: not is_running(pid), "postern-milter does not end")

    def test_end_without_messages_is_at_once(self):
        milter, policy, pid = self.milter(), self.policy(), self.pid()
        policy.ask("CONNECT")
        self.stop(pid)
        with self.assertRaises((Closed, ConnectionError)):
            milter.mail("alice@example.test")

    def test_sockets_left_behind(self):
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not is_running(pid), "postern-milter does not die")
        self.assertTrue(self.host.MILTER_SOCKET.exists())
        self.start()
        self.logged_in()
        self.assertAccepted(self.milter(), **LOGIN)

    def test_something_else_in_its_place(self):
        self.stop(self.pid())
        self.host.POLICY_SOCKET.write_text("a file\n")
        done = self.run_program()
        self.assertEqual(69, done.returncode)
        self.assertIn("is no socket", done.stderr)
        self.host.POLICY_SOCKET.unlink()

    @unittest.skipIf("POSTERN_TEST_SANITIZED" in os.environ, "AddressSanitizer keeps what was freed")
    def test_memory_does_not_grow(self):
        """Not by a single object for each message: 3,000 of them would show."""
        self.logged_in()
        milter = self.milter()
        for _ in range(300):
            milter.message(HONEST, **LOGIN)
        before = resident(self.pid())
        for number in range(3000):
            milter.message(FORGED if number % 3 == 0 else HONEST, **LOGIN)
        self.assertLess(resident(self.pid()) - before, 1024, "kilobytes")


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


if __name__ == "__main__":
    tap.main()
