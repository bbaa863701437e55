#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""postern-milter as an smtpd sees it, on its three sockets: what Postfix would not do, or not so soon."""
import os
import unittest

from lib import dkim, sessions, tap
from lib.host import MailTest
from lib.milter_client import (CHANGE_HEADER, LEADING_BLANK, NO_REPLY_BODY, NO_REPLY_END_OF_HEADER,
                               NO_REPLY_HEADER, SET_MACROS, ACTIONS, STEPS, Closed, Milter, Policy, Sasl)

HONEST = (b"From: Alice <alice@example.test>\r\nTo: someone@example.net\r\nSubject: hello\r\n"
          b"\r\nHello\r\n")
FORGED = HONEST.replace(b"alice@", b"bob@")
LOGIN = {"auth_authen": "alice", "auth_type": "PLAIN"}


class ProtocolTest(MailTest):
    """The session that is told to the policy service is the one below, unless a test says otherwise."""

    def opened(self, client):
        self.addCleanup(client.close)
        return client

    def policy(self):
        return self.opened(Policy(self.host.POLICY_SOCKET))

    def milter(self, **options):
        milter = self.opened(Milter(self.host.MILTER_SOCKET, **options))
        self.assertEqual("250", milter.connect())
        return milter

    def logged_in(self, name="alice", method="PLAIN"):
        """A policy connection that has told of a session by password."""
        policy = self.policy()
        self.assertEqual("DUNNO", policy.ask("CONNECT"))
        self.assertEqual("DUNNO", policy.ask("EHLO"))
        self.assertEqual("DUNNO", policy.ask("MAIL", sasl_username=name, sasl_method=method))
        return policy

    def rcpt(self, policy, milter=None, **attributes):
        """What the policy service answers at RCPT, after MAIL at both as smtpd asks."""
        policy.ask("MAIL", **attributes)
        milter = milter or self.milter()
        milter.mail("alice@example.test", auth_authen=attributes.get("sasl_username"),
                    auth_type=attributes.get("sasl_method"))
        answer = policy.ask("RCPT", **attributes)
        milter.abort()
        return answer

    def with_key(self, account="alice", *options):
        """The same by TLS key; returns the connection and the attribute."""
        key = self.add_key(account, *options)
        attribute = {"ccert_pubkey_fingerprint": fingerprint(key)}
        policy = self.policy()
        policy.ask("CONNECT", **attribute)
        policy.ask("EHLO", **attribute)
        return policy, attribute

    def assertSigned(self, octets):
        for verifier, results in dkim.results(self.host, octets).items():
            self.assertEqual(["pass"], results, f"{verifier}: {octets!r}")

    def assertAccepted(self, milter, octets=HONEST, **options):
        reply, queued = milter.message(octets, **options)
        self.assertEqual("250", reply)
        self.assertSigned(queued)
        return queued

    def assertTemporary(self, reply):
        self.assertRegex(reply[0] if isinstance(reply, tuple) else reply, r"^451 4\.7\.1 ")


def fingerprint(key):
    """As smtpd writes it: upper-case hexadecimal with colons."""
    return ":".join(key.fingerprint[at:at + 2] for at in range(0, 64, 2)).upper()


@tap.with_cases
class Message(ProtocolTest):
    def test_negotiation(self):
        milter = self.milter()
        self.assertEqual(0x1 | CHANGE_HEADER | SET_MACROS, milter.actions)
        for step in (NO_REPLY_HEADER, NO_REPLY_END_OF_HEADER, NO_REPLY_BODY):
            self.assertTrue(milter.steps & step)
        self.assertIn("{auth_authen}", sum(milter.wanted.values(), []))

    @tap.cases(
        ("all that Postfix 3.7 offers", ACTIONS, STEPS),
        ("no macros by name", ACTIONS & ~SET_MACROS, STEPS),
        ("blank behind the colon is eaten", ACTIONS, STEPS & ~LEADING_BLANK),
        ("each step is answered", ACTIONS, STEPS & ~(NO_REPLY_HEADER | NO_REPLY_END_OF_HEADER |
                                                      NO_REPLY_BODY)),
    )
    def test_accepted(self, actions, steps):
        self.logged_in()
        milter = self.milter(actions=actions, steps=steps)
        queued = self.assertAccepted(milter, **LOGIN)
        self.assertTrue(queued.startswith(b"DKIM-Signature: v=1;"), queued)
        self.assertIn(b"\r\nDate: ", queued)
        self.assertIn(b"\r\nMessage-ID: <", queued)

    def test_by_key(self):
        self.with_key()
        self.assertAccepted(self.milter())

    @tap.cases(
        ("no body", b"\r\n\r\n", 65535),
        ("no end of the last line", b"\r\n\r\nHello", 65535),
        ("empty lines at the end", b"\r\n\r\nHello\r\n\r\n\r\n", 65535),
        ("a chunk for each octet", b"\r\n\r\nHello \t \r\n\r\n w\xf6rld\r\n", 1),
        ("a line of 2,000 octets", b"\r\n\r\n" + b"x" * 2000 + b"\r\n", 7),
        ("NUL", b"\r\n\r\na\0b\r\n", 65535),
        ("200 kB", b"\r\n\r\n" + b"Hello world\r\n" * 16000, 65535),
    )
    def test_bodies(self, rest, chunk):
        self.logged_in()
        octets = HONEST.partition(b"\r\n\r\n")[0] + rest
        reply, queued = self.milter().message(octets, chunk=chunk, **LOGIN)
        self.assertEqual("250", reply)
        self.assertSigned(as_sent(queued))

    @tap.cases(
        ("folded", b"Subject: a\r\n b\r\n\t c  \r\n"),
        ("no blank behind the colon", b"Subject:hello\r\n"),
        ("empty", b"Subject:\r\nCc:\r\n"),
        ("8 bit", b"Subject: gr\xc3\xbc\xc3\x9fe\r\n"),
        ("a line of 3,000 octets", b"To: " + b", ".join([b"someone@example.net"] * 150) + b"\r\n"),
        ("1,500 fields", b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(1500))),
        ("with Date and Message-ID", b"Date: Mon, 02 Jan 2006 15:04:05 +0000\r\n"
                                     b"Message-ID: <1@example.test>\r\n"),
    )
    def test_headers(self, fields):
        self.logged_in()
        octets = b"From: alice@example.test\r\n" + fields + b"\r\nHello\r\n"
        reply, queued = self.milter().message(octets, **LOGIN)
        self.assertEqual("250", reply)
        self.assertSigned(as_sent(queued))
        self.assertEqual(1, queued.count(b"\nDate:"))
        self.assertEqual(1, queued.count(b"\nMessage-ID:"))

    @tap.cases(
        ("From", "alice@example.test", FORGED, "bob@example.test"),
        ("second From", "alice@example.test", b"From: bob@example.test\r\n" + HONEST, "bob@example.test"),
        ("null sender", "", FORGED, "bob@example.test"),
        ("envelope", "bob@example.test", HONEST, "bob@example.test"),
        ("percent sign", "a%s%n@example.net", HONEST, "a%%s%%n@example.net"),
        ("octets in From", "alice@example.test", b"From: b\xf6b <b\x01@x.test>\r\n\r\n", "From"),
        ("bare CR in the body", "alice@example.test", HONEST + b"a\rb\r\n", "carriage return"),
        ("bare CR at its end", "alice@example.test", HONEST + b"a\r", "carriage return"),
    )
    def test_refused(self, sender, octets, named):
        self.logged_in()
        milter = self.milter()
        reply, _ = milter.message(octets, sender=sender, **LOGIN)
        self.assertRegex(reply, r"^550 5\.[67]\.[01] ")
        self.assertIn(named, reply)
        self.assertTrue(reply.isascii() and reply.isprintable(), reply)
        self.assertLess(len(reply), 510)
        # Nothing of it is left.
        self.assertAccepted(milter, **LOGIN)

    def test_refusal_names_own_addresses(self):
        self.logged_in()
        reply, _ = self.milter().message(FORGED, **LOGIN)
        self.assertIn("yours, alice, are: alice@example.test, a.liddell@example.test", reply)

    def test_one_after_the_other(self):
        self.logged_in()
        milter = self.milter()
        for _ in range(3):
            self.assertAccepted(milter, **LOGIN)
            self.assertRegex(milter.message(FORGED, **LOGIN)[0], "^550 ")

    @tap.cases(("MAIL", 1), ("RCPT", 2), ("header", 3), ("body", 4))
    def test_abort(self, steps):
        self.logged_in()
        milter = self.milter()
        for step in (lambda: milter.mail("alice@example.test", **LOGIN), milter.rcpt,
                     lambda: milter.header(b"From: alice@example.test\r\nSubject: one\r\n"),
                     lambda: milter.body(b"One\r\n"))[:steps]:
            self.assertEqual("250", step())
        milter.abort()
        self.assertRegex(milter.message(FORGED, **LOGIN)[0], "^550 ")
        self.assertAccepted(milter, **LOGIN)

    def test_end_without_mail(self):
        self.logged_in()
        milter = self.milter()
        self.assertAccepted(milter, **LOGIN)
        with self.assertRaises((Closed, AssertionError, TimeoutError)):
            milter.stream.settimeout(0.5)
            self.assertNotEqual("250", milter.end()[0])

    def test_never_accepted_for_good(self):
        """With an early ACCEPT, Postfix would not ask about the session's next message."""
        self.logged_in()
        milter = self.milter()
        for reply in (milter.mail("alice@example.test", **LOGIN), milter.rcpt(),
                      milter.header(b"From: alice@example.test\r\n"), milter.body(b"x\r\n")):
            self.assertEqual("250", reply)


@tap.with_cases
class Identity(ProtocolTest):
    def test_policy_service_was_not_asked(self):
        milter = self.opened(Milter(self.host.MILTER_SOCKET))
        milter.connect(port=50001)
        self.assertTemporary(milter.message(HONEST))
        self.assertTemporary(milter.message(HONEST, **LOGIN))

    def test_neither_key_nor_login(self):
        self.policy().ask("CONNECT")
        self.assertTemporary(self.milter().message(HONEST))

    def test_unknown_key(self):
        self.policy().ask("CONNECT", ccert_pubkey_fingerprint=fingerprint(self.new_key()))
        self.assertTemporary(self.milter().message(HONEST))

    def test_login_of_nobody(self):
        self.logged_in("dodo")
        self.assertTemporary(self.milter().message(HONEST, auth_authen="dodo", auth_type="PLAIN"))

    @tap.cases(
        ("login in the macro alone", {}, LOGIN),
        ("login in the policy alone", {"sasl_username": "alice", "sasl_method": "PLAIN"}, {}),
        ("another login", {"sasl_username": "bob", "sasl_method": "PLAIN"}, LOGIN),
        ("another mechanism", {"sasl_username": "alice", "sasl_method": "LOGIN"}, LOGIN),
        ("another TLS version", {"sasl_username": "alice", "sasl_method": "PLAIN"},
         {**LOGIN, "tls_version": "TLSv1.2"}),
        ("another port of the server", {"sasl_username": "alice", "sasl_method": "PLAIN"},
         {**LOGIN, "daemon_addr": "127.0.0.1", "daemon_port": "587"}),
        ("another address of the server", {"sasl_username": "alice", "sasl_method": "PLAIN"},
         {**LOGIN, "daemon_addr": "127.0.0.2", "daemon_port": "465"}),
    )
    def test_disagreement(self, attributes, macros):
        policy = self.policy()
        policy.ask("CONNECT")
        policy.ask("MAIL", **attributes)
        self.assertTemporary(self.milter().message(HONEST, **macros))

    def test_agreement(self):
        self.logged_in()
        self.assertAccepted(self.milter(), **LOGIN, tls_version="TLSv1.3",
                            daemon_addr="127.0.0.1", daemon_port="465")

    def test_auth_author_is_not_believed(self):
        self.logged_in("bob")
        reply, _ = self.milter().message(HONEST, sender="bob@example.test", auth_authen="bob",
                                         auth_type="PLAIN", auth_author="alice")
        self.assertRegex(reply, "^550 5.7.1 <alice@example.test> in From")

    @tap.cases(("another port", "127.0.0.1", 50002, b"4"), ("another address", "127.0.0.2", 50000, b"4"),
               ("IPv6", "::1", 50000, b"6"), ("no address", None, 0, b"U"))
    def test_another_client(self, address, port, family):
        self.logged_in()
        milter = self.opened(Milter(self.host.MILTER_SOCKET))
        milter.connect(address, port, family)
        self.assertTemporary(milter.message(HONEST, **LOGIN))

    def test_next_client_of_the_process(self):
        policy, attribute = self.with_key()
        milter = self.milter()
        self.assertAccepted(milter)
        milter.close()
        policy.ask("CONNECT", client_port="50003")
        milter = self.opened(Milter(self.host.MILTER_SOCKET))
        milter.connect(port=50003)
        self.assertTemporary(milter.message(HONEST))
        self.assertTemporary(self.milter().message(HONEST))

    def test_end_of_the_session_ends_it(self):
        """Also where the next client never gets as far as a policy request."""
        self.with_key()
        milter = self.milter()
        self.assertAccepted(milter)
        milter._send(b"Q")
        with self.assertRaises(Closed):
            milter._receive()
        self.assertTemporary(self.milter().message(HONEST))

    def test_policy_connection_closed_in_the_middle(self):
        """As Postfix does when it is idle or old."""
        policy, attribute = self.with_key()
        policy.close()
        self.assertAccepted(self.milter())

    def test_process_that_is_gone(self):
        attribute = {"ccert_pubkey_fingerprint": fingerprint(self.add_key("alice"))}
        pid = os.fork()
        if pid == 0:
            Policy(self.host.POLICY_SOCKET).ask("CONNECT", **attribute)
            os._exit(0)
        self.assertEqual((pid, 0), os.waitpid(pid, 0))
        self.assertTemporary(self.milter().message(HONEST))

    def test_ipv6_and_mapped_ipv4(self):
        for told, family, seen in (("2001:db8::1", b"6", "2001:DB8:0::1"),
                                   ("::ffff:192.0.2.1", b"4", "192.0.2.1")):
            policy = self.policy()
            policy.ask("CONNECT", client_address=told)
            policy.ask("MAIL", client_address=told, sasl_username="alice", sasl_method="PLAIN")
            milter = self.opened(Milter(self.host.MILTER_SOCKET))
            milter.connect(seen, family=family)
            self.assertAccepted(milter, **LOGIN)

    def test_removed_key_between_messages(self):
        key = self.add_key("alice")
        attribute = {"ccert_pubkey_fingerprint": fingerprint(key)}
        policy = self.policy()
        policy.ask("CONNECT", **attribute)
        milter = self.milter()
        self.assertEqual("OK", self.rcpt(policy, milter, **attribute))
        self.assertAccepted(milter)
        self.host.postern("key", "remove", key.fingerprint)
        self.assertEqual("DUNNO", policy.ask("RCPT", **attribute))
        self.assertTemporary(milter.message(HONEST))

    def test_disabled_account_between_messages(self):
        policy, attribute = self.with_key("bob")
        milter = self.milter()
        own = HONEST.replace(b"alice@", b"bob@")
        self.assertAccepted(milter, own, sender="bob@example.test")
        self.host.postern("account", "disable", "bob")
        self.addCleanup(self.host.postern, "account", "enable", "bob")
        for stage in ("MAIL", "RCPT"):
            self.assertRegex(policy.ask(stage, **attribute), "^550 5.7.1 .*disabled")
        self.assertRegex(milter.message(own, sender="bob@example.test")[0], "^550 5.7.1 .*disabled")


@tap.with_cases
class PolicyService(ProtocolTest):
    def test_answers(self):
        policy, attribute = self.with_key()
        for stage in ("CONNECT", "HELO", "EHLO", "MAIL", "DATA", "END-OF-MESSAGE", "VRFY"):
            self.assertEqual("DUNNO", policy.ask(stage, **attribute), stage)
        self.assertEqual("OK", self.rcpt(policy, **attribute))

    def test_the_milter_has_to_be_asked(self):
        """Each message anew: no_milters must not let one past."""
        mark = self.host.log_mark()
        policy, attribute = self.with_key()
        milter = self.milter()
        for before in ((), ("MAIL",)):
            for stage in before:
                policy.ask(stage, **attribute)
            self.assertRegex(policy.ask("RCPT", **attribute), "^451 4.3.5 ")
        self.host.wait_for_log(mark, "no_milters")
        milter.mail("alice@example.test")
        for _ in range(2):
            self.assertEqual("OK", policy.ask("RCPT", **attribute))
        milter.abort()
        policy.ask("MAIL", **attribute)
        self.assertRegex(policy.ask("RCPT", **attribute), "^451 4.3.5 ")
        login = {"sasl_username": "dodo", "sasl_method": "PLAIN"}
        self.assertRegex(self.policy().ask("RCPT", **login), "^451 4.3.5 ")

    def test_relaying(self):
        key = fingerprint(self.add_key("alice"))
        other = fingerprint(self.add_key("bob", "--services", "imap"))
        alice = {"sasl_username": "alice", "sasl_method": "PLAIN"}
        for title, action, attributes in (
                ("nothing", "DUNNO", {}),
                ("unknown key", "DUNNO", {"ccert_pubkey_fingerprint": fingerprint(self.new_key())}),
                ("key", "OK", {"ccert_pubkey_fingerprint": key}),
                ("key, not for submission", "550", {"ccert_pubkey_fingerprint": other}),
                ("password", "OK", alice),
                ("password and own key", "OK", {**alice, "ccert_pubkey_fingerprint": key}),
                ("password and another's key", "550", {**alice, "ccert_pubkey_fingerprint": other}),
                ("EXTERNAL", "OK", {"sasl_username": "alice", "sasl_method": "EXTERNAL",
                                    "ccert_pubkey_fingerprint": key}),
                ("EXTERNAL as another", "550", {"sasl_username": "bob", "sasl_method": "EXTERNAL",
                                                "ccert_pubkey_fingerprint": key}),
                ("EXTERNAL of a session that has no key", "DUNNO",
                 {"sasl_username": "alice", "sasl_method": "EXTERNAL"}),
                ("a proxy's word", "OK", {"sasl_username": "alice", "sasl_method": "XCLIENT"}),
                ("login of nobody", "DUNNO", {"sasl_username": "dodo", "sasl_method": "PLAIN"}),
                ("login of nobody with a key", "550", {"sasl_username": "dodo", "sasl_method": "PLAIN",
                                                       "ccert_pubkey_fingerprint": key})):
            answer = self.rcpt(self.policy(), **attributes)
            self.assertEqual(action, answer.split()[0], f"{title}: {answer}")

    @tap.cases(("no request", "\n"), ("no equals sign", "junk\n\n"),
               ("twice", "request=smtpd_access_policy\nrequest=smtpd_access_policy\n\n"),
               ("a line without end", "x" * 100000), ("lines without end", "x=y\n" * 1000))
    def test_junk(self, text):
        policy = self.policy()
        with self.assertRaises((Closed, ConnectionError)):
            policy.send(text)
            policy.answer()
        self.assertEqual("DUNNO", self.policy().ask("CONNECT"))

    def test_wrong_digest_is_logged(self):
        mark = self.host.log_mark()
        with self.assertRaises((Closed, ConnectionError)):
            self.policy().ask("CONNECT", ccert_pubkey_fingerprint="AA:" * 15 + "AA")
        self.host.wait_for_log(mark, "smtpd_tls_fingerprint_digest = sha256")


@tap.with_cases
class SaslRelay(ProtocolTest):
    PLAIN = "resp=" + sessions.plain("alice", "alice-secret-1")

    def sasl(self):
        return self.opened(Sasl(self.host.SASL_SOCKET))

    def test_greeting(self):
        greeting = self.sasl().greeting
        self.assertTrue(greeting[0].startswith("VERSION\t1\t"), greeting)
        for mechanism in ("PLAIN", "EXTERNAL"):
            self.assertTrue(any(line.split("\t")[:2] == ["MECH", mechanism] for line in greeting))

    def test_password(self):
        self.policy().ask("EHLO")
        self.assertEqual(["OK", "user=alice"], self.sasl().auth("PLAIN", "secured", self.PLAIN))

    def test_external(self):
        self.with_key()
        sasl = self.sasl()
        self.assertEqual(["OK", "user=alice"], sasl.auth("EXTERNAL", "secured", "resp=="))
        self.assertEqual(["CONT", ""], sasl.auth("EXTERNAL", "secured"))
        sasl.send(f"CONT\t{sasl.ids}\t\n")
        self.assertEqual(["OK", "user=alice"], sasl.answer())

    def test_another_accounts_password(self):
        self.with_key("bob")
        self.assertEqual("FAIL", self.sasl().auth("PLAIN", "secured", self.PLAIN)[0])

    @tap.cases(("no key", ()), ("a key that the client made up", None))
    def test_external_without_key(self, fields):
        self.policy().ask("EHLO")
        if fields is None:
            fields = (f"forward_fields=postern_key={self.add_key('alice').fingerprint}",
                      "cert_username=alice", "valid-client-cert")
        self.assertEqual("FAIL", self.sasl().auth("EXTERNAL", *fields, "secured", "resp==")[0])

    def test_unknown_mechanism(self):
        self.policy().ask("EHLO")
        sasl = self.sasl()
        self.assertEqual("FAIL", sasl.auth("GUESS", "secured")[0])
        self.assertEqual("OK", sasl.auth("PLAIN", "secured", self.PLAIN)[0])

    def test_key_of_the_client_before(self):
        policy, _ = self.with_key()
        sasl = self.sasl()
        self.assertEqual("OK", sasl.auth("EXTERNAL", "secured", "resp==")[0])
        policy.ask("CONNECT", client_port="50001")
        self.assertEqual("FAIL", sasl.auth("EXTERNAL", "secured", "resp==")[0])

    @tap.cases(
        ("another address", {}, {"rip": "127.0.0.2"}, ("secured",)),
        ("TLS here and not there", {"encryption_protocol": ""}, {}, ("secured",)),
        ("TLS there and not here", {}, {}, ()),
        ("a control character", {}, {}, ("secured", "x=a\x02")),
    )
    def test_nothing_can_be_said(self, attributes, options, fields):
        """The connection is closed, which smtpd answers with a 454."""
        self.policy().ask("EHLO", **attributes)
        with self.assertRaises(Closed):
            self.sasl().auth("PLAIN", *fields, self.PLAIN, **options)

    def test_policy_service_was_not_asked(self):
        pid = os.fork()
        if pid == 0:
            try:
                Sasl(self.host.SASL_SOCKET).auth("PLAIN", "secured", self.PLAIN)
            except Closed:
                os._exit(0)
            os._exit(1)
        self.assertEqual((pid, 0), os.waitpid(pid, 0))

    def test_many_at_once(self):
        self.policy().ask("EHLO")
        clients = [self.sasl() for _ in range(50)]
        for sasl in clients:
            self.assertEqual("FAIL", sasl.auth("EXTERNAL", "secured", "resp==")[0])


def as_sent(queued):
    """As Postfix's smtp client writes it: lines of 998 octets at most, and an end for the last."""
    lines = queued.split(b"\r\n")
    if lines[-1] == b"":
        lines.pop()
    sent = []
    for line in lines:
        while len(line) > 998:
            sent.append(line[:998])
            line = b" " + line[998:]
        sent.append(line)
    return b"\r\n".join(sent) + b"\r\n"


if __name__ == "__main__":
    tap.main()
