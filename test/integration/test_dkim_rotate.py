#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A DKIM key takes over from another while mail flows: no message is unsigned, or has a selector without a record.

NSD has the zone, and each message is verified by what it answers when the message arrives.
"""
import json
import random
import re
import smtplib
import subprocess
import threading
import time

import dkim

from lib import nameserver, sessions, tap
from lib.command import CANTCREAT, CONFIG, NOUSER, TEMPFAIL, USAGE, CommandTest
from lib.host import MailTest, eventually
from lib.milter_client import Milter, Policy

DOMAIN = "example.test"
CLIENTS = 6
ROTATIONS = 3
# Messages that have to get through before the test goes on to its next step.
MESSAGES = 25
DAY = 24 * 60 * 60


def public_part(lines):
    """Records of a zone file, without its comments."""
    return "".join(line + "\n" for line in lines.splitlines() if not line.startswith(";"))


class Load:
    """Clients that send all the time, and one thread that verifies what arrives."""

    def __init__(self, host, server):
        self.host, self.server = host, server
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.sent = {}       # marker: when it was begun, and when accepted
        self.refused = []
        self.arrived = {}    # marker: selectors
        self.wrong = []
        self.seen = set(host.sink())
        self.threads = [threading.Thread(target=self._send, args=(number,)) for number in range(CLIENTS)]
        self.threads.append(threading.Thread(target=self._verify))
        for thread in self.threads:
            thread.start()

    def _send(self, client):
        count = 0
        while not self.ended.is_set():
            with sessions.smtp(self.host) as smtp:
                smtp.login("alice", "alice-secret-1")
                for _ in range(10):
                    if self.ended.is_set():
                        break
                    count += 1
                    marker = f"load-{client}-{count}-{time.monotonic_ns()}"
                    begun = time.monotonic()
                    try:
                        smtp.sendmail("alice@example.test", ["someone@example.net"],
                                      f"From: alice@example.test\r\nSubject: {marker}\r\n\r\n"
                                      .encode() + b"All work and no play.\r\n" * (200 * (client % 3)))
                    except smtplib.SMTPException as e:
                        self.refused.append((marker, e))
                    else:
                        with self.lock:
                            self.sent[marker] = begun, time.monotonic()

    def _verify(self):
        """Until all that was sent has arrived, or for a minute nothing has; to verify it takes longer than to send."""
        last = time.monotonic()
        while not self.ended.is_set() or (self.missing() and time.monotonic() < last + 60):
            new = set(self.host.sink()) - self.seen
            for name in new:
                self._verify_one((self.host.SINK_DIR / name).read_bytes())
            self.seen |= new
            if new or not self.ended.is_set():
                last = time.monotonic()
            time.sleep(0.01)

    def _verify_one(self, octets):
        marker = re.search(rb"^Subject: (load-\S+)", octets, re.M)[1].decode()
        verifier = dkim.DKIM(octets)
        count = sum(name.lower() == b"dkim-signature" for name, _ in verifier.headers)
        selectors = []
        for index in range(count):
            try:
                good = verifier.verify(index, dnsfunc=self._txt)
            except dkim.DKIMException as e:
                good = e
            selectors.append(verifier.selector.decode() if verifier.selector else None)
            if good is not True:
                self.wrong.append((marker, selectors[-1], good))
        # One for RSA and one for Ed25519.
        if count != 2:
            self.wrong.append((marker, f"{count} signatures"))
        self.arrived[marker] = selectors

    def _txt(self, name, timeout=5):
        del timeout
        name = name.decode() if isinstance(name, bytes) else name
        texts = self.server.texts(name)
        if len(texts) != 1 and name in self.server.published:
            # A process of NSD's that is from before the last reload still answers on a busy machine.
            texts = eventually(lambda: self.server.texts(name), f"NSD does not have {name}")
        return texts[0] if len(texts) == 1 else None

    def missing(self):
        with self.lock:
            return set(self.sent) - set(self.arrived)

    def wait_for(self, count):
        """Until so many messages were begun and accepted from now on."""
        begin = time.monotonic()

        def done():
            with self.lock:
                return sum(begun > begin for begun, _ in self.sent.values()) >= count
        eventually(done, "no mail flows", 60)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


class Live(MailTest):
    own_host = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = nameserver.NameServer()
        cls.addClassCleanup(cls.server.stop)
        cls.host.postern("dkim", "add", DOMAIN, "--algorithm", "ed25519")
        with cls.host.POSTERN_CONF.open("a") as f:
            f.write(f"resolver = {cls.server.address}\ndkim_settle_minutes = 0\ndkim_retire_days = 1\n")

    def setUp(self):
        """No rotation is under way, and nothing is left of those before."""
        for _ in range(2):
            self.publish()
            self.rotate()
            self.let_time_pass(DAY)
        self.rotate()
        for selector in self.having(rotation="gone"):
            self.host.postern("dkim", "remove", DOMAIN, selector)
        self.assertEqual((2, 2), (len(self.having(state="active")), len(self.rows())))

    def rows(self):
        return json.loads(self.host.postern("--json", "dkim", "list", DOMAIN).stdout)

    def having(self, **values):
        return {row["selector"] for row in self.rows()
                if all(row[name] == value for name, value in values.items())}

    def records(self):
        return public_part(self.host.postern("dkim", "record", DOMAIN).stdout)

    def publish(self):
        self.server.publish(self.records())

    def rotate(self, *args):
        return self.host.postern("dkim", "rotate", *args)

    def let_time_pass(self, seconds):
        subprocess.run(("/usr/bin/sqlite3", "-cmd", ".timeout 5000", self.host.STORE / "postern.db",
                        f"UPDATE dkim SET changed = changed - {seconds}"), check=True)

    def key_file(self, selector):
        return self.host.DKIM_DIR / DOMAIN / f"{selector}.pem"

    def one_rotation(self, load):
        old = self.having(state="active")
        self.assertEqual(2, len(old))
        self.rotate(DOMAIN)
        new = self.having(state="published", rotation="waits")
        self.assertEqual(2, len(new))
        # Without the records nothing switches, as often as it may be run.
        load.wait_for(MESSAGES)
        self.rotate()
        self.assertEqual((old, new), (self.having(state="active"), self.having(state="published")))
        published = time.monotonic()
        self.publish()
        load.wait_for(MESSAGES)
        self.assertEqual(old, self.having(state="active"))
        self.rotate()
        switched = time.monotonic()
        self.assertEqual((new, old), (self.having(state="active"), self.having(rotation="fades")))
        load.wait_for(MESSAGES)
        # Not a day yet: the keys stay, and so does the advice to leave the records.
        self.rotate()
        self.assertEqual(old, self.having(rotation="fades"))
        self.assertTrue(all(self.key_file(selector).exists() for selector in old))
        self.let_time_pass(DAY)
        self.rotate()
        self.assertLessEqual(old, self.having(state="retired", rotation="gone"))
        self.assertFalse(any(self.key_file(selector).exists() for selector in old))
        for row in self.rows():
            if row["selector"] in old:
                self.assertRegex(row["next"], "remove its record from the DNS, then: postern dkim remove")
        self.host.postern("check")
        # All that was signed with them has arrived, or the record may not go.
        eventually(lambda: not any(begun < switched for begun, _ in map(load.sent.get, load.missing())),
                   "mail does not arrive", 60)
        self.publish()
        load.wait_for(MESSAGES)
        return old, new, published, switched

    def test_under_load(self):
        self.publish()
        load = Load(self.host, self.server)
        self.addCleanup(load.end)
        load.wait_for(MESSAGES)
        history = [self.one_rotation(load) for _ in range(ROTATIONS)]
        load.end()
        self.assertEqual([], load.refused)
        self.assertEqual(set(), load.missing())
        self.assertEqual([], load.wrong)
        self.assertEqual([], self.host.queue())
        self.assertGreater(len(load.sent), ROTATIONS * 4 * MESSAGES)
        # A selector is used only after its record was there, and only to its switch.
        for old, new, published, switched in history:
            used = set()
            for marker, (begun, accepted) in load.sent.items():
                selectors = set(load.arrived[marker])
                used |= selectors
                if selectors & new:
                    self.assertGreater(accepted, published)
                if begun > switched:
                    self.assertFalse(selectors & old, (marker, selectors))
            self.assertLessEqual(old | new, used)
        print(f"# {len(load.sent)} messages, {len(history)} rotations")

    def test_killed_under_load(self):
        """Whenever a run of "rotate" is killed, mail goes on, and the next run goes on too."""
        # As a day passes in no time here, no record may go: mail that it is for is still on its way.
        self.publish()
        records = set(self.records().splitlines())
        load = Load(self.host, self.server)
        self.addCleanup(load.end)
        seed = random.randrange(1 << 32)
        points = random.Random(seed)
        for _ in range(12):
            process = subprocess.Popen((*self.host.POSTERN.split(), "dkim", "rotate", DOMAIN),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(points.uniform(0, 0.5))
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()
            self.host.postern("check")
            records |= set(self.records().splitlines())
            self.server.publish("\n".join(records))
            self.let_time_pass(DAY)
        load.wait_for(MESSAGES)
        load.end()
        self.assertEqual(([], [], set()), (load.refused, load.wrong, load.missing()), f"seed {seed}")
        self.rotate(DOMAIN)
        self.assertEqual(2, len(self.having(state="active")), f"seed {seed}")

    def test_a_message_ends_with_its_key(self):
        """The switch, and even the end of the old key, come between its header and its body."""
        self.publish()
        old = self.having(state="active")
        login = {"sasl_username": "alice", "sasl_method": "PLAIN", "client_port": "50000"}
        policy = Policy(self.host.POLICY_SOCKET)
        self.addCleanup(policy.close)
        policy.ask("CONNECT", client_port="50000")
        policy.ask("EHLO", client_port="50000")
        policy.ask("MAIL", **login)
        milter = Milter(self.host.MILTER_SOCKET)
        self.addCleanup(milter.close)
        milter.connect()
        milter.mail("alice@example.test", auth_authen="alice", auth_type="PLAIN")
        milter.rcpt()
        header = (b"From: alice@example.test\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
                  b"Message-ID: <x@example.test>\r\n")
        self.assertEqual("250", milter.header(header))
        self.rotate(DOMAIN)
        self.publish()
        self.rotate()
        self.let_time_pass(DAY)
        zone = {selector: self.server.texts(f"{selector}._domainkey.{DOMAIN}") for selector in old}
        self.rotate()
        self.assertEqual(old, self.having(rotation="gone"))
        milter.body(b"Hello\r\n")
        reply, added = milter.end()
        self.assertEqual("250", reply)
        signatures = [value for _, name, value in added if name == b"DKIM-Signature"]
        self.assertEqual(2, len(signatures))
        message = b"".join(b"DKIM-Signature:" + value.replace(b"\r", b"").replace(b"\n", b"\r\n") + b"\r\n"
                           for value in signatures) + header + b"\r\nHello\r\n"
        for index in range(2):
            verifier = dkim.DKIM(message)
            self.assertTrue(verifier.verify(index, dnsfunc=lambda name, timeout=5:
                                            zone[name.decode().partition(".")[0]][0]))
            self.assertIn(verifier.selector.decode(), old)


class Steps(CommandTest):
    """Without a mail host: what each run of "rotate" does, and says."""

    @classmethod
    def setUpClass(cls):
        cls.server = nameserver.NameServer()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        super().setUp()
        self.settle(0)
        self.server.publish("")

    def settle(self, minutes):
        self.configure(f"resolver = {self.server.address}", f"dkim_settle_minutes = {minutes}")

    def states(self, domain=DOMAIN):
        return {row["selector"]: " ".join(filter(None, (row["state"], row["rotation"])))
                for row in self.json("dkim", "list", domain)}

    def publish(self):
        self.server.publish(public_part(self.ok("dkim", "record", DOMAIN)))

    def rotate(self, *args):
        """Exit status 0; returns what is noted on stderr."""
        done = self.run_command("dkim", "rotate", *args)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stderr.decode()

    def let_time_pass(self, seconds):
        subprocess.run(("/usr/bin/sqlite3", self.store / "postern.db",
                        f"UPDATE dkim SET changed = changed - {seconds}"), check=True)

    def begin(self):
        self.ok("dkim", "add", DOMAIN, "old")
        self.assertIn("no such record", self.rotate(DOMAIN))
        return next(name for name in self.states() if name != "old")

    def test_settles(self):
        self.settle(60)
        new = self.begin()
        self.assertEqual({"old": "active", new: "published waits"}, self.states())
        self.publish()
        self.assertEqual("", self.rotate())
        self.assertEqual({"old": "active", new: "published seen"}, self.states())
        self.let_time_pass(3500)
        self.rotate()
        self.assertEqual({"old": "active", new: "published seen"}, self.states())
        # It was taken out again: the hour begins anew.
        self.server.publish("")
        self.let_time_pass(3600)
        self.assertIn("no such record", self.rotate())
        self.assertEqual({"old": "active", new: "published waits"}, self.states())
        self.publish()
        self.rotate()
        self.assertEqual({"old": "active", new: "published seen"}, self.states())
        self.let_time_pass(3600)
        self.rotate()
        self.assertEqual({"old": "retired fades", new: "active"}, self.states())

    def test_one_at_a_time(self):
        new = self.begin()
        self.rotate(DOMAIN)
        self.assertEqual({"old": "active", new: "published waits"}, self.states())
        self.publish()
        self.rotate(DOMAIN)
        self.rotate(DOMAIN)
        self.assertEqual({"old": "retired fades", new: "active"}, self.states())
        self.let_time_pass(7 * DAY)
        self.rotate()
        self.assertEqual({"old": "retired gone", new: "active"}, self.states())
        # Without a DOMAIN none begins; and of a name that is taken there is a second.
        self.rotate()
        self.assertEqual(2, len(self.states()))
        self.rotate(DOMAIN)
        self.assertEqual("published waits", self.states()[f"{new}-2"])

    def test_another_record_does_not_count(self):
        new = self.begin()
        self.ok("dkim", "add", "other.test", "x")
        other = re.search(r'TXT (.*)', self.ok("dkim", "record", "other.test"))[1]
        self.server.publish(f"{new}._domainkey.{DOMAIN}. IN TXT {other}\n")
        self.assertIn("another key", self.rotate())
        self.assertEqual("published waits", self.states()[new])

    def test_resolver_that_cannot_tell(self):
        new = self.begin()
        silent = nameserver.SilentServer()
        self.addCleanup(silent.stop)
        self.assertIn("no answer", self.rotate("--resolver", silent.address))
        self.ok("dkim", "add", nameserver.BROKEN, "old")
        self.assertIn("SERVFAIL", self.rotate(nameserver.BROKEN))
        self.publish()
        self.rotate()
        self.assertEqual({"old": "retired fades", new: "active"}, self.states())

    def test_wait(self):
        new = self.begin()
        self.fails_with_note(TEMPFAIL, "the time is over, and .*no such record", "--wait", "2s")
        process = subprocess.Popen(self.command("dkim", "rotate", "--wait", "60s", DOMAIN), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.assertIn(b"waiting until the new key signs", process.stderr.readline())
        self.publish()
        out, error = process.communicate(timeout=60)
        self.assertEqual((0, b""), (process.returncode, error))
        self.assertIn(new.encode(), out)
        self.assertEqual({"old": "retired fades", new: "active"}, self.states())

    def fails_with_note(self, code, words, *args):
        done = self.run_command("dkim", "rotate", *args)
        self.assertEqual(code, done.returncode, done.stderr)
        self.assertRegex(done.stderr.decode(), words)

    def test_by_hand(self):
        """activate and retire end a rotation, or leave it be."""
        new = self.begin()
        self.ok("dkim", "activate", DOMAIN, new)
        self.assertEqual({"old": "retired fades", new: "active"}, self.states())
        # Back again: its key is there until the delay is over.
        self.ok("dkim", "activate", DOMAIN, "old")
        self.assertEqual({"old": "active", new: "retired"}, self.states())
        self.let_time_pass(100 * DAY)
        self.rotate()
        self.assertEqual({"old": "active", new: "retired"}, self.states())

    def test_gone(self):
        """A key that is gone has no record, cannot sign, and is nothing that check misses."""
        new = self.begin()
        self.publish()
        self.rotate()
        self.let_time_pass(7 * DAY)
        self.rotate()
        self.assertFalse((self.dkim_dir / DOMAIN / "old.pem").exists())
        self.assertEqual([new], [row["selector"] for row in self.json("dkim", "record", DOMAIN)])
        self.ok("check")
        self.fails(CANTCREAT, "was removed when its time was over", "dkim", "activate", DOMAIN, "old")
        # A run that was killed between the row and the file: the next one removes it.
        left = self.dkim_dir / DOMAIN / "old.pem"
        left.write_bytes((self.dkim_dir / DOMAIN / f"{new}.pem").read_bytes())
        self.rotate()
        self.assertFalse(left.exists())
        self.ok("dkim", "remove", DOMAIN, "old")
        self.assertEqual({new: "active"}, self.states())

    def test_file_that_a_killed_run_left(self):
        self.ok("dkim", "add", DOMAIN, "old")
        name = time.strftime("%Y%m%d-rsa", time.gmtime())
        left = self.dkim_dir / DOMAIN / f"{name}.pem"
        left.write_text("left over")
        self.rotate(DOMAIN)
        self.assertEqual({"old": "active", f"{name}-2": "published waits"}, self.states())
        self.assertEqual("left over", left.read_text())

    def test_kinds(self):
        self.ok("dkim", "add", DOMAIN, "r")
        self.ok("dkim", "add", DOMAIN, "e", "--algorithm", "ed25519")
        self.rotate(DOMAIN, "--algorithm", "rsa3072")
        rows = {row["algorithm"]: row["rotation"] for row in self.json("dkim", "list")}
        self.assertEqual({"rsa2048": "", "ed25519": "", "rsa3072": "waits"}, rows)
        self.rotate(DOMAIN)
        rows = [(row["algorithm"], row["rotation"]) for row in self.json("dkim", "list")]
        self.assertEqual(4, len(rows))
        self.assertIn(("ed25519", "waits"), rows)

    def test_wrong(self):
        self.ok("dkim", "add", DOMAIN, "old")
        for code, words, *args in [
                (NOUSER, "no key that could be rotated", "other.test"),
                (NOUSER, "no such key that could be rotated", DOMAIN, "--algorithm", "ed25519"),
                (USAGE, "\"dsa\" is no algorithm", DOMAIN, "--algorithm", "dsa"),
                (USAGE, "name the DOMAIN", "--algorithm", "ed25519"),
                (USAGE, "no time to wait", "--wait", "long"),
                (USAGE, "no time to wait", "--wait", "31d")]:
            with self.subTest(args=args):
                self.fails(code, words, "dkim", "rotate", *args)
        self.assertEqual({"old": "active"}, self.states())
        self.rotate(DOMAIN)
        self.fails(CONFIG, "expected an address", "dkim", "rotate", "--resolver", "ns.example")


if __name__ == "__main__":
    tap.main()
