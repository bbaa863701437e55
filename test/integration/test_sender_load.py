#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One session after another and a thousand at once get the right answers; a message of any size takes the same memory."""
import concurrent.futures
import multiprocessing
import pathlib

from lib import sessions, tap
from lib.host import eventually
from lib.milter_client import Milter, Policy
from test_forgery import SenderTest
from test_milter_daemon import DaemonTest

TO = "someone@example.net"
PROCESSES, CONNECTIONS = 20, 50     # 1,000 at once
CLIENTS = 40
LARGE, SMALL = 50_000_000, 500_000  # octets


def header(account):
    return f"From: {account}@example.test\r\n"


@tap.with_cases
class OneSession(SenderTest):
    def begin(self, smtp, sender="alice@example.test"):
        for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{TO}>", "DATA"):
            code, text = smtp.docmd(command)
            self.assertLess(code, 400, text)

    @tap.cases(*((f"{way}, aborted by {how}", way, how)
                 for way in ("key on 465", "key on 587", "password") for how in ("RSET", "EHLO", "MAIL refused")))
    def test(self, way, how):
        """Good, refused, good, aborted, refused."""
        smtp = self.connect(way)
        before = self.host.sink()
        marker = self.unique()
        good, bad = header("alice") + f"Subject: {marker}\r\n", header("bob")
        for text, expected in ((good, 250), (bad, 550), (good, 250), (None, None), (bad, 550), (good, 250)):
            if text is not None:
                code, answer = self.transaction(smtp, "alice@example.test", text)
                self.assertEqual(expected, code, answer)
            elif how == "MAIL refused":
                self.assertEqual(550, smtp.docmd("MAIL FROM:<bob@example.test>")[0])
            else:
                self.assertEqual(250, smtp.docmd("MAIL FROM:<alice@example.test>")[0])
                self.assertEqual(250, smtp.docmd(f"RCPT TO:<{TO}>")[0])
                self.assertEqual(250, smtp.docmd("RSET" if how == "RSET" else "EHLO again.example")[0])
        eventually(lambda: len(self.arrived(before)) >= 3, "the good ones do not arrive")
        self.assertEqual([], self.host.queue())
        self.assertEqual([True] * 3, [marker.encode() in x for x in self.arrived(before)])

    def arrived(self, before):
        return [(self.host.SINK_DIR / name).read_bytes() for name in self.host.sink() - before]

    def test_cut_off_in_the_middle(self):
        """A client that goes away in its message leaves nothing to the next one of the same smtpd."""
        before = self.host.sink()
        for _ in range(3):
            smtp = self.connect("key on 465")
            self.begin(smtp)
            smtp.send("From: alice@example.test\r\n")
            smtp.close()
            smtp = self.connect("password")
            self.assertEqual(550, self.transaction(smtp, "alice@example.test", header("bob"))[0])
        self.assertNothingLeft(before)


def be_smtpd(paths, number, barrier, results):
    """A process is an smtpd to the daemon: it has one session, here with many connections to the milter."""
    try:
        results.put((number, converse(paths, number, barrier)))
    except BaseException as e:  # whatever it is, it belongs to the parent
        barrier.abort()
        results.put((number, [f"{type(e).__name__}: {e}"]))


def converse(paths, number, barrier):
    """What went otherwise than it should have."""
    account, other = ("alice", "bob") if number % 2 else ("bob", "alice")
    port = str(30000 + number)
    login = {"sasl_username": account, "sasl_method": "PLAIN", "client_port": port}
    policy = Policy(paths["policy"])
    policy.ask("CONNECT", client_port=port)
    policy.ask("EHLO", client_port=port)
    policy.ask("MAIL", **login)
    milters = [Milter(paths["milter"]) for _ in range(CONNECTIONS)]
    wrong = []
    for milter in milters:
        milter.connect(port=int(port))
    barrier.wait()
    for _ in range(2):
        for milter in milters:
            milter.mail(f"{account}@example.test", auth_authen=account, auth_type="PLAIN")
            milter.rcpt()
        # In another order than they began in, and every third one is a forgery.
        for i, milter in reversed(list(enumerate(milters))):
            milter.header(header(other if i % 3 == 0 else account).encode())
        for i, milter in enumerate(milters):
            milter.body(b"Hello\r\n")
            reply, added = milter.end()
            expected = ("550 ", 0) if i % 3 == 0 else ("250", 3)
            if (reply[:4], len(added)) != expected:
                wrong.append(f"connection {i} of {account}: {reply} at the end, {len(added)} fields")
        barrier.wait()
    for milter in milters:
        milter.close()
    return wrong


class AtOnce(SenderTest):
    def test_a_thousand_connections(self):
        paths = {"milter": str(self.host.MILTER_SOCKET), "policy": str(self.host.POLICY_SOCKET)}
        context = multiprocessing.get_context("spawn")
        barrier, results = context.Barrier(PROCESSES, timeout=120), context.Queue()
        processes = [context.Process(target=be_smtpd, args=(paths, i, barrier, results))
                     for i in range(PROCESSES)]
        for process in processes:
            process.start()
        wrong = dict(results.get(timeout=180) for _ in processes)
        for process in processes:
            process.join()
        self.assertEqual({i: [] for i in range(PROCESSES)}, wrong)

    def test_clients_of_postfix(self):
        """As many as its smtpd processes take, two accounts in turn."""
        def client(number):
            account, other = ("alice", "bob") if number % 2 else ("bob", "alice")
            smtp = sessions.smtp(self.host, None, self.host.SUBMISSION_PORT if number % 4 < 2 else None)
            smtp.login(account, f"{account}-secret-1")
            codes = [self.transaction(smtp, f"{account}@example.test", header(name))[0]
                     for name in (account, other, account, other, account)]
            smtp.close()
            return codes
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for codes in pool.map(client, range(CLIENTS)):
                self.assertEqual([250, 550, 250, 550, 250], codes)


class Size(DaemonTest):
    def peak(self, octets):
        """kB that the daemon had at most while a message of this size went through."""
        pid = self.pid()
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
        policy = self.logged_in()
        milter = self.milter()
        self.assertEqual("250", milter.mail("alice@example.test", auth_authen="alice",
                                            auth_type="PLAIN"))
        milter.rcpt()
        self.assertEqual("250", milter.header(header("alice").encode()))
        self.assertEqual("250", milter.body((b"x" * 76 + b"\r\n") * (octets // 78)))
        self.assertEqual("250", milter.end()[0])
        milter.close()
        policy.close()
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    def test_memory(self):
        self.peak(SMALL)
        small, large = self.peak(SMALL), self.peak(LARGE)
        self.assertLess(large - small, 1024, f"{small} kB for {SMALL} octets, {large} for {LARGE}")


if __name__ == "__main__":
    tap.main()
