#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What dovecot-plugin/postern-wire.h promises to a SASL relay: EXTERNAL and PLAIN by Dovecot's auth
protocol, with the client's key in forward_fields."""
import base64
import os
import socket
import time

from lib import tap
from lib.clients import encode, new_address
from lib.host import PASSWORDS, PATIENCE, MailTest

# Dovecot lets who is refused wait for 2 seconds.
AT_ONCE = 1.5


class AuthClient:
    """One connection to an auth client socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")
        self.socket.sendall(f"VERSION\t1\t2\nCPID\t{os.getpid()}\n".encode())
        self.mechanisms = set()
        while (line := self.line())[0] != "DONE":
            if line[0] == "MECH":
                self.mechanisms.add(line[1])

    def line(self):
        return self.file.readline().decode().rstrip("\n").split("\t")

    def auth(self, mechanism, response, *parameters, service="smtp", secured=True):
        """"OK" or "FAIL", and the parameters of the answer as a dictionary."""
        words = ["AUTH", "1", mechanism, f"service={service}", "nologin", "lip=127.0.0.1",
                 f"rip={new_address()}", *(["secured"] if secured else []), *parameters]
        if response is not None:
            words.append(f"resp={response}")
        self.socket.sendall(("\t".join(words) + "\n").encode())
        verb, _, *answer = self.line()
        return verb, dict(word.partition("=")[::2] for word in answer)

    def close(self):
        self.file.close()
        self.socket.close()


def wire(key):
    """The key as the wire has it."""
    text = base64.urlsafe_b64encode(bytes.fromhex(key.fingerprint)).decode().rstrip("=")
    return f"forward_fields=postern_key={text}"


def plain(name):
    return encode(f"\0{name}\0{PASSWORDS[name]}")


@tap.with_cases
class AuthSocket(MailTest):
    def ask(self, *args, **kwargs):
        client = AuthClient(self.host.folder / "run/auth-postern")
        self.addCleanup(client.close)
        return client.auth(*args, **kwargs)

    @tap.cases(("empty", ""), ("=", "="), ("login name", encode("alice")),
               ("an address", encode("a.liddell@example.test")))
    def test_external(self, response):
        verb, answer = self.ask("EXTERNAL", response, wire(self.add_key("alice")))
        self.assertEqual((verb, answer.get("user")), ("OK", "alice"))

    def test_external_without_initial_response(self):
        client = AuthClient(self.host.folder / "run/auth-postern")
        self.addCleanup(client.close)
        self.assertEqual(client.auth("EXTERNAL", None, wire(self.add_key("alice")))[0], "CONT")
        client.socket.sendall(b"CONT\t1\t\n")
        verb, _, *answer = client.line()
        self.assertEqual(verb, "OK")
        self.assertIn("user=alice", answer)

    def test_another_account(self):
        key = wire(self.add_key("alice"))
        for mechanism, response in (("EXTERNAL", encode("bob")), ("PLAIN", plain("bob")),
                                    ("PLAIN", plain("dodo"))):
            verb, answer = self.ask(mechanism, response, key)
            self.assertEqual((verb, "code" in answer), ("FAIL", True))
            self.assertNotEqual(answer["code"], "temp_fail")
            self.assertIn("another account", answer["reason"])
        self.assertEqual(self.ask("PLAIN", plain("alice"), key)[0], "OK")

    def test_no_key(self):
        for fields in ((), ("forward_fields=postern_key=",), ("forward_fields=",)):
            self.assertEqual(self.ask("EXTERNAL", "", *fields)[0], "FAIL", fields)
            self.assertEqual(self.ask("PLAIN", plain("bob"), *fields)[0], "OK", fields)

    def test_unknown_key(self):
        key = wire(self.new_key())
        self.assertEqual(self.ask("EXTERNAL", "", key)[0], "FAIL")
        self.assertEqual(self.ask("PLAIN", plain("bob"), key)[0], "OK")

    @tap.cases(("unreadable", "unreadable"), ("short", "tKu"), ("two", "A" * 43 + "," + "A" * 43),
               ("blank", " "))
    def test_malformed_key_is_a_temporary_failure(self, text):
        for mechanism, response in (("EXTERNAL", ""), ("PLAIN", plain("bob"))):
            verb, answer = self.ask(mechanism, response, f"forward_fields=postern_key={text}")
            self.assertEqual((verb, answer.get("code")), ("FAIL", "temp_fail"), answer)

    def test_outside_tls(self):
        key = wire(self.add_key("alice"))
        self.assertEqual(self.ask("EXTERNAL", "", key, secured=False)[0], "FAIL")

    def test_services(self):
        key = wire(self.add_key("alice", "--services", "submission"))
        self.assertEqual(self.ask("EXTERNAL", "", key)[0], "OK")
        self.assertEqual(self.ask("EXTERNAL", "", key, service="submission")[0], "OK")
        self.assertEqual(self.ask("EXTERNAL", "", key, service="imap")[0], "FAIL")
        self.assertEqual(self.ask("EXTERNAL", "", key, service="xmpp")[0], "FAIL")

    def test_look_before_a_greeting(self):
        loud, quiet = self.add_key("alice"), self.add_key("alice", "--no-preauth")
        greeting = "\001tpostern_greeting=1"
        self.assertEqual(self.ask("EXTERNAL", "", wire(loud) + greeting, service="imap")[0], "OK")
        began = time.monotonic()
        verb, answer = self.ask("EXTERNAL", "", wire(quiet) + greeting, service="imap")
        self.assertLess(time.monotonic() - began, AT_ONCE)
        self.assertEqual(verb, "FAIL")
        self.assertNotIn("reason", answer)


if __name__ == "__main__":
    tap.main()
