#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The SASL relay with a Dovecot that does what a test says: late, gone, broken, or mistaken."""
import base64
import contextlib
import os
import signal
import socket
import threading
import time

from lib import tap
from lib.host import PATIENCE, eventually
from lib.milter_client import Closed, Sasl
from test_milter_protocol import HONEST, LOGIN, ProtocolTest, fingerprint

GREETING = ("VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tEXTERNAL\nMECH\tX-{}\nSPID\t1\nCUID\t1\n"
            "COOKIE\t00\nDONE\n")


class Dovecot:
    """Listens where the relay looks for Dovecot. Each request that comes in is in requests; what
    answer(fields of the request) returns goes out, and None closes."""

    def __init__(self, path, greeting=GREETING, answer=lambda fields: ""):
        self.greeting, self.answer, self.requests, self.open = greeting, answer, [], []
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        path.chmod(0o666)
        self.listener.listen(50)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """Once or twice. Closing a socket alone would leave accept() or a reader where it is."""
        for stream in (self.listener, *self.open):
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()

    def _accept(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(stream)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream):
        try:
            stream.sendall(self.greeting.encode())
            for line in stream.makefile("r", encoding="utf-8", newline="\n"):
                fields = line[:-1].split("\t")
                if fields[0] not in ("AUTH", "CONT"):
                    continue
                self.requests.append(fields)
                answer = self.answer(fields)
                if answer is None:
                    return stream.shutdown(socket.SHUT_RDWR)
                stream.sendall(answer.encode())
        except OSError:
            pass


def ok(name):
    return lambda fields: f"OK\t{fields[1]}\tuser={name}\textra=field\n"


@tap.with_cases
class Relay(ProtocolTest):
    own_host = True

    def setUp(self):
        self.path = self.host.folder / "run/auth-of-the-test"
        text = self.host.POSTERN_CONF.read_text()
        if "auth-of-the-test" not in text:
            self.host.POSTERN_CONF.write_text("".join(
                f"dovecot_auth_socket = {self.path}\n" if "dovecot_auth_socket" in line else line
                for line in text.splitlines(True)))
            mark = self.host.log_mark()
            os.kill(self.host.milter_pid(), signal.SIGHUP)
            self.host.wait_for_log(mark, "reloaded")
        self.path.unlink(missing_ok=True)
        self.policy_connection = self.policy()
        self.policy_connection.ask("CONNECT")

    def dovecot(self, **options):
        dovecot = Dovecot(self.path, **options)
        self.addCleanup(dovecot.close)
        return dovecot

    def sasl(self):
        return self.opened(Sasl(self.host.SASL_SOCKET))

    def told(self, key=None):
        """Tells the policy service of a session; with this key."""
        self.policy_connection.ask("EHLO", **({"ccert_pubkey_fingerprint": fingerprint(key)} if key else {}))

    def assertOthersGoOn(self):
        begin = time.monotonic()
        self.assertEqual("DUNNO", self.policy_connection.ask("CONNECT"))
        self.assertLess(time.monotonic() - begin, 1)

    def test_request_as_dovecot_gets_it(self):
        key = self.add_key("alice")
        dovecot = self.dovecot(answer=ok("alice"))
        self.told(key)
        self.assertEqual(["OK", "user=alice"], self.sasl().auth(
            "EXTERNAL", "forward_fields=postern_key=x", "rport=1", "cert_username=bob", "secured", "resp=="))
        own = base64.urlsafe_b64encode(bytes.fromhex(key.fingerprint)).decode().rstrip("=")
        self.assertEqual([["AUTH", "1", "EXTERNAL", "service=smtp", "nologin", "lip=127.0.0.1",
                           "rip=127.0.0.1", "secured=tls", "no-penalty",
                           f"forward_fields=postern_key={own}\x01tpostern_tls=TLSv1.3",
                           "resp=="]], dovecot.requests)

    def test_mechanisms_are_dovecots(self):
        self.dovecot(greeting=GREETING.format("NEW"))
        self.assertIn("MECH\tX-NEW", self.sasl().greeting)

    def test_gone(self):
        self.dovecot(greeting=GREETING.format("BEFORE")).close()
        self.sasl()  # may or may not have seen it
        self.path.unlink(missing_ok=True)
        sasl = self.sasl()
        self.assertTrue(any(line.startswith("MECH\tPLAIN") for line in sasl.greeting))
        with self.assertRaises(Closed):
            sasl.auth("PLAIN", "secured", "resp=AA==")
        self.assertOthersGoOn()
        dovecot = self.dovecot(answer=ok("alice"))
        self.assertEqual("OK", self.sasl().auth("PLAIN", "secured", "resp=AA==")[0])
        self.assertEqual(1, len(dovecot.requests))

    def test_last_greeting_is_kept(self):
        dovecot = self.dovecot(greeting=GREETING.format("KEPT"))
        self.sasl()
        dovecot.close()
        self.path.unlink()
        self.assertIn("MECH\tX-KEPT", self.sasl().greeting)

    def test_comes_back(self):
        """smtpd keeps its connection for as long as it lives, also over a restart of Dovecot."""
        dovecot = self.dovecot()
        sasl = self.sasl()
        dovecot.close()
        self.dovecot(answer=ok("alice"))
        self.assertEqual(["OK", "user=alice"], sasl.auth("PLAIN", "secured", "resp=AA=="))

    @tap.cases(
        ("says nothing", ""),
        ("another protocol", GREETING.replace("VERSION\t1", "VERSION\t2")),
        ("never ends", "MECH\tX\n" * 2000),
        ("a line without end", "x" * 100000),
    )
    def test_greeting(self, greeting):
        """smtpd is greeted all the same, before it gives up and dies."""
        self.dovecot(greeting=greeting)
        begin = time.monotonic()
        sasl = self.sasl()
        self.assertLess(time.monotonic() - begin, 9)
        self.assertOthersGoOn()
        begin = time.monotonic()
        with self.assertRaises(Closed):
            sasl.auth("PLAIN", "secured", "resp=AA==")
        self.assertLess(time.monotonic() - begin, 9)

    @tap.cases(
        ("hangs up", lambda fields: None),
        ("temporary failure", lambda fields: f"FAIL\t{fields[1]}\tuser=alice\tcode=temp_fail\n"),
        ("temporary failure, short", lambda fields: f"FAIL\t{fields[1]}\ttemp\n"),
        ("OK to nobody", lambda fields: f"OK\t{fields[1]}\n"),
        ("OK to a strange name", lambda fields: f"OK\t{fields[1]}\tuser=a\x01tb\n"),
        ("nonsense", lambda fields: "OK\tx\n"),
        ("a line without end", lambda fields: "x" * 100000),
    )
    def test_answers_that_are_none(self, answer):
        """Nothing that could be said of the user: 454."""
        self.dovecot(answer=answer)
        with self.assertRaises(Closed):
            self.sasl().auth("PLAIN", "secured", "resp=AA==")
        self.assertOthersGoOn()

    def test_refusal_is_passed_on(self):
        self.dovecot(answer=lambda fields: f"FAIL\t{fields[1]}\tuser=alice\treason=no\n")
        sasl = self.sasl()
        for _ in range(3):
            self.assertEqual(["FAIL", "user=alice", "reason=no"],
                             sasl.auth("PLAIN", "secured", "resp=AA=="))

    @tap.cases(("PLAIN as bob", "PLAIN", "bob"), ("EXTERNAL as bob", "EXTERNAL", "bob"),
               ("PLAIN as nobody of ours", "PLAIN", "dodo"))
    def test_dovecot_is_mistaken(self, mechanism, name):
        """Even when it says OK: a connection with alice's key is hers and nobody else's."""
        self.told(self.add_key("alice"))
        self.dovecot(answer=ok(name))
        self.assertEqual("FAIL", self.sasl().auth(mechanism, "secured", "resp=AA==")[0])

    def test_late_answer(self):
        """smtpd gives up after 10 seconds and may ask again on the same connection."""
        def answer(fields):
            if fields[1] == "1":
                return ""
            return f"OK\t1\tuser=bob\nOK\t{fields[1]}\tuser=alice\n"
        dovecot = self.dovecot(answer=answer)
        sasl = self.sasl()
        sasl.send("AUTH\t1\tPLAIN\tservice=smtp\tlip=127.0.0.1\trip=127.0.0.1\tsecured\tresp=AA==\n")
        eventually(lambda: dovecot.requests, "no request at Dovecot")
        self.assertOthersGoOn()
        self.told()
        sasl.ids = 1
        self.assertEqual(["OK", "user=alice"], sasl.auth("PLAIN", "secured", "resp=AA=="))

    def test_next_client_while_dovecot_looks(self):
        """The answer must not be taken for the client who is there by now."""
        asked, go_on = threading.Event(), threading.Event()

        def answer(fields):
            asked.set()
            go_on.wait(PATIENCE)
            return ok("alice")(fields)
        self.dovecot(answer=answer)
        sasl = self.sasl()
        sasl.send("AUTH\t1\tPLAIN\tservice=smtp\tlip=127.0.0.1\trip=127.0.0.1\tsecured\tresp=AA==\n")
        self.assertTrue(asked.wait(PATIENCE))
        self.policy_connection.ask("CONNECT", client_port="50009")
        go_on.set()
        with self.assertRaises(Closed):
            sasl.line()

    def test_mail_goes_on_without_dovecot(self):
        self.logged_in()
        self.assertAccepted(self.milter(), HONEST, **LOGIN)


if __name__ == "__main__":
    tap.main()
