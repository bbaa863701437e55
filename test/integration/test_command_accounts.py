#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The command and accounts: names, keys, addresses."""
import base64
import json
import os

from lib import tap
from lib.command import (CANTCREAT, DATAERR, NOINPUT, NOUSER, USAGE, CommandTest, openssl)


class Accounts(CommandTest):
    def test_life(self):
        self.ok("account", "add", "alice", "--address", "A.Liddell@Example.TEST", "--address=@bücher.example",
                "--policy", "both")
        alice = self.json("account", "show", "alice")
        self.assertRegex(alice.pop("created"), r"\A20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
        self.assertEqual(alice, {
            "account": "alice", "state": "active", "policy": "both", "keys": [], "passwords": [],
            "addresses": [{"account": "alice", "address": "@xn--bcher-kva.example"},
                          {"account": "alice", "address": "a.liddell@example.test"}]})
        self.ok("account", "disable", "alice")
        self.ok("account", "policy", "alice", "key")
        self.assertRegex(self.ok("account", "list"),
                         r"\AACCOUNT +STATE +POLICY +CREATED\nalice +disabled +key +20\S+\n\Z")
        self.ok("account", "enable", "alice")
        row, = self.json("account", "list")
        self.assertEqual(sorted(row), ["account", "created", "policy", "state"])
        self.assertEqual((row["state"], row["policy"]), ("active", "key"))
        self.ok("account", "remove", "alice")
        self.assertEqual(self.contents(), [])
        self.assertEqual(self.ok("account", "list"), "")

    def test_names_are_prepared(self):
        self.ok("account", "add", "A\u0308nne@example.test")
        self.assertEqual(self.json("account", "list")[0]["account"], "\u00e4nne@example.test")
        self.fails(CANTCREAT, "exists already", "account", "add", "\u00e4nne@example.test")
        self.ok("account", "remove", "\u00c4NNE@example.test")

    def test_an_address_of_two(self):
        """Is said, and done: a list of people may share one."""
        for words, shared in (
                (("account", "add", "alice@example.test"), None),
                (("account", "add", "bob", "--address", "alice@example.test"), "alice@example.test"),
                (("account", "add", "carol", "--address", "Info@example.test"), None),
                (("address", "add", "bob", "info@example.test"), "carol"),
                (("address", "add", "carol", "@example.test"), None),
                (("account", "add", "dora@example.test"), "carol")):
            done = self.run_command(*words)
            self.assertEqual(0, done.returncode, done.stderr)
            if shared is None:
                self.assertEqual(b"", done.stderr, words)
            else:
                self.assertIn(f'is an address of "{shared}" as well'.encode(), done.stderr, words)

    def test_wrong(self):
        self.ok("account", "add", "alice", "--address", "a@example.test")
        before = self.contents()
        wrong = [
            (CANTCREAT, "\"alice\" exists already", "account", "add", "alice"),
            (CANTCREAT, "\"alice\" exists already", "account", "add", "Alice"),
            (DATAERR, "cannot be an account's name", "account", "add", ""),
            (DATAERR, "cannot be an account's name", "account", "add", "a b"),
            *((DATAERR, "means something else to", "account", "add", name) for name in
              ("../x", "a/b", "a*b", "*", ".a", "%u", "a,b", "a:b", "\"a\"@example.test", "a;b")),
            (DATAERR, "cannot be an account's name", "account", "add", "a@b@c"),
            (DATAERR, r"\"x\\xFF\" cannot be", "account", "add", os.fsdecode(b"x\xff")),
            (DATAERR, "cannot be an account's name", "account", "add", "x" * 256),
            (DATAERR, "is no address", "account", "add", "bob", "--address", "bob"),
            (DATAERR, "is no address", "account", "add", "bob", "--address=b@x.test", "--address=b@"),
            (USAGE, "given twice", "account", "add", "bob", "--address=b@x.test", "--address=B@x.TEST"),
            (USAGE, "is no policy: a policy is any", "account", "add", "bob", "--policy", "strong"),
            (USAGE, "\"\" is no policy", "account", "policy", "alice", ""),
            (NOUSER, "no account \"bob\"", "account", "show", "bob"),
            (NOUSER, "no account \"bob\"", "account", "disable", "bob"),
            (NOUSER, "no account \"bob\"", "account", "policy", "bob", "key"),
            (NOUSER, "no account \"bob\"", "account", "remove", "bob"),
        ]
        for code, words, *args in wrong:
            with self.subTest(args=args):
                self.fails(code, words, *args)
                self.assertEqual(self.contents(), before)


class Keys(CommandTest):
    def setUp(self):
        super().setUp()
        self.ok("account", "add", "alice")
        self.ok("account", "add", "bob")

    def test_life(self):
        path = self.certificate()
        added = self.json("key", "add", "alice", path)
        self.assertEqual((added["label"], added["type"], added["preauth"]), ("phone", "Ed25519", True))
        self.assertEqual(added["fingerprint"], self.fingerprint("phone"))
        self.assertEqual(added["services"], ["imap", "pop3", "submission", "sieve", "web"])
        self.assertEqual(self.json("key", "list"), [added])
        self.assertEqual(self.json("key", "list", "alice"), [added])
        self.assertEqual(self.json("key", "list", "bob"), [])
        self.assertEqual(self.json("key", "show", added["fingerprint"]), added)
        hexadecimal = base64.urlsafe_b64decode(added["fingerprint"] + "=").hex()
        self.assertEqual(self.json("key", "show", hexadecimal.upper()), added)
        self.assertRegex(self.ok("key", "show", added["fingerprint"]), "(?m)^account: alice$")
        self.ok("key", "remove", added["fingerprint"])
        self.assertEqual(self.json("key", "list"), [])

    def test_forms_and_types(self):
        types = [(("ed25519",), "Ed25519"), (("ec", "ec_paramgen_curve:P-256"), "ECDSA P-256"),
                 (("rsa", "rsa_keygen_bits:2048"), "RSA 2048")]
        for i, (key, name) in enumerate(types):
            pem = self.certificate(f"k{i}", key)
            forms = [pem.read_bytes(), openssl("x509", "-in", pem, "-outform", "DER"),
                     self.public_key(f"k{i}"), openssl("x509", "-in", pem, "-text")]
            for data in forms:
                self.ok("key", "add", "alice", "-", stdin=data)
                row, = self.json("key", "list")
                self.assertEqual((row["type"], row["fingerprint"]), (name, self.fingerprint(f"k{i}")))
                self.ok("key", "remove", row["fingerprint"])

    def test_options(self):
        self.ok("key", "add", "alice", self.certificate(), "--label", "Mein Gerät", "--services",
                "submission,imap", "--no-preauth")
        row, = self.json("key", "list")
        self.assertEqual((row["label"], row["services"], row["preauth"]),
                         ("Mein Gerät", ["imap", "submission"], False))

    def test_fingerprint_that_begins_with_a_hyphen(self):
        for text in ("-" + "A" * 42, "--" + "A" * 41):
            self.fails(NOUSER, "no account has this key", "key", "show", text)
            self.fails(NOUSER, "no account has this key", "key", "remove", "--", text)

    def test_wrong(self):
        path = self.certificate()
        self.ok("key", "add", "alice", path)
        other = self.certificate("other")
        pem, private = other.read_bytes(), (self.dir / "other.key").read_bytes()
        weak = self.certificate("weak", ("rsa", "rsa_keygen_bits:1024")).read_bytes()
        before = self.contents()
        wrong = [
            (DATAERR, "private key", private),
            (DATAERR, "private key", pem + private),
            (DATAERR, "private key", private + pem),
            (DATAERR, "private key", openssl("pkey", "-in", self.dir / "other.key", "-outform", "DER")),
            (DATAERR, "private key", openssl("pkcs12", "-export", "-in", other, "-passout", "pass:",
                                             "-inkey", self.dir / "other.key")),
            (DATAERR, "more than one", pem + path.read_bytes()),
            (DATAERR, "more than one", pem + self.public_key("other")),
            (DATAERR, "RSA 1024|2048", weak),
            (DATAERR, "stdin: ", b""),
            (DATAERR, "stdin: ", b"hello\n"),
            (DATAERR, "stdin: ", os.urandom(2000)),
            (DATAERR, "stdin: ", pem[:200]),
            (DATAERR, "stdin: ", pem.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST")),
            (DATAERR, "too long", b"x" * (64 * 1024 + 1)),
            (CANTCREAT, "registered already", path.read_bytes()),
        ]
        for code, words, data in wrong:
            with self.subTest(words=words, data=data[:40]):
                text = self.fails(code, words, "key", "add", "bob", "-", stdin=data)
                # Neither whose the registered key is, nor a piece of what was a private one.
                self.assertNotIn("alice", text)
                for line in private.splitlines()[1:-1]:
                    self.assertNotIn(line.decode(), text)
        for code, words, *args in [
                (NOINPUT, "No such file", "key", "add", "alice", self.dir / "none.crt"),
                (NOINPUT, "is a folder", "key", "add", "alice", self.dir),
                (NOUSER, "no account \"carol\"", "key", "add", "carol", other),
                (NOUSER, "no account \"carol\"", "key", "list", "carol"),
                (USAGE, "--label", "key", "add", "alice", other, "--label", ""),
                (USAGE, "--label", "key", "add", "alice", other, "--label", "x" * 128),
                (USAGE, "--label: U\\+202E", "key", "add", "alice", other, "--label", "a\u202eb"),
                (USAGE, "--label: U\\+000A", "key", "add", "alice", other, "--label", "a\nb"),
                (USAGE, "--label", "key", "add", "alice", other, "--label", os.fsdecode(b"\xff")),
                (USAGE, "--services.*fax", "key", "add", "alice", other, "--services", "imap,fax"),
                (USAGE, "--services", "key", "add", "alice", other, "--services", ""),
                (DATAERR, "\"abc\" is not a key's fingerprint", "key", "show", "abc"),
                (NOUSER, "no account has this key", "key", "remove", "A" * 43)]:
            with self.subTest(args=args):
                self.fails(code, words, *args)
        self.assertEqual(self.contents(), before)


class Addresses(CommandTest):
    def setUp(self):
        super().setUp()
        self.ok("account", "add", "alice")
        self.ok("account", "add", "bob")

    def test_life(self):
        self.ok("address", "add", "alice", "A.Liddell@Example.Test")
        self.ok("address", "add", "bob", "@bücher.example")
        self.assertEqual(0, self.run_command("address", "add", "bob", "a.liddell@example.test").returncode)
        self.assertEqual(self.json("address", "list"), [
            {"account": "alice", "address": "a.liddell@example.test"},
            {"account": "bob", "address": "@xn--bcher-kva.example"},
            {"account": "bob", "address": "a.liddell@example.test"}])
        self.assertEqual(self.json("address", "list", "alice"),
                         [{"account": "alice", "address": "a.liddell@example.test"}])
        self.ok("address", "remove", "bob", "@BÜCHER.example")
        self.assertEqual(len(self.json("address", "list")), 2)

    def test_check(self):
        self.ok("address", "add", "alice", "a.liddell@example.test")
        self.ok("address", "add", "bob", "@bob.example")
        cases = [
            ("alice", "alice@example.test", True), ("alice", "Alice@EXAMPLE.test", True),
            ("alice", "alice+x@example.test", True), ("alice", "a.liddell@example.test", True),
            ("alice", "bob@example.test", False), ("alice", "alice@other.test", False),
            ("bob", "anything@bob.example", True), ("bob", "x@sub.bob.example", False),
        ]
        for account, address, own in cases:
            with self.subTest(account=account, address=address):
                done = self.run_command("--json", "address", "check", account, address)
                answer = json.loads(done.stdout)
                self.assertEqual((done.returncode, answer["own"], done.stderr), (0 if own else 1, own, b""))
                self.assertIn(f"{account} may send as ", answer["reason"])

    def test_check_message(self):
        own = b"From: alice@example.test\n"
        bob = b"From: Bob <bob@example.test>\n"
        cases = [
            (own + b"\nHello\n", (), ""),
            (own.replace(b"\n", b"\r\n") + b"To: x@example.org\r\n\r\nFrom: bob@example.test\r\n", (), ""),
            (b"From alice Mon Nov 23 09:00:00 2026\n" + own, (), ""),
            (b"Subject: a\n b\nFrom: Alice\n <alice@example.test>\n", (), ""),
            (own + b"no field\n" + bob, (), ""),
            (own, ("--sender", "alice+tag@example.test"), ""),
            (own, ("--sender", "bob@example.test"), "P5"),
            (bob, (), "P3"),
            (own + bob, (), "P1"),
            (b"From : bob@example.test\n" + own, (), "P3"),
            (b"From  : bob@example.test\n" + own, (), "P3"),
            (b"", (), "P1"),
            (b"Subject: x\n\n" + own, (), "P1"),
            (own + b"Sender: bob@example.test", (), "P7"),
            (b"From: alice@example.test\r, bob@example.test\n", (), "P9"),
            (b"From: \"bob@example.test\"\n\t<alice@example.test>\n", (), "P4"),
        ]
        for octets, options, rule in cases:
            with self.subTest(octets=octets, options=options):
                path = self.dir / "a@message.eml"
                path.write_bytes(octets)
                for operand, stdin in ((path, b""), ("-", octets)):
                    done = self.run_command("--json", "address", "check", *options, "alice", operand,
                                            stdin=stdin)
                    answer = json.loads(done.stdout)
                    self.assertEqual((done.returncode, answer["own"], answer["rule"], done.stderr),
                                     (1 if rule else 0, not rule, rule, b""))
                    self.assertTrue(answer["reason"])

    def test_check_message_with_knobs(self):
        self.configure("allow.alice = P4", "allow.example.test = P15", "report_only = yes")
        octets = b"From: \"bob@example.test\" <alice@example.test>\nTo: a@x.test\nTo: b@x.test\n"
        for sender, rule in (("", "P15"), ("alice@example.test", "")):
            done = self.run_command("--json", "address", "check", "alice", "-", "--sender", sender,
                                    stdin=octets)
            answer = json.loads(done.stdout)
            self.assertEqual((done.returncode, answer["rule"]), (1 if rule else 0, rule))
            self.assertEqual("report_only" in answer["reason"], bool(rule))

    def test_check_message_wrong(self):
        for code, words, *args in [
                (NOINPUT, "nothing.eml", "alice", "nothing.eml"),
                (NOINPUT, "is a folder", "alice", f"{self.dir}"),
                (NOUSER, "carol", "carol", "-"),
                (USAGE, "--sender is for a message", "alice", "a@example.test", "--sender", "a@b.test")]:
            with self.subTest(args=args):
                self.fails(code, words, "address", "check", *args)

    def test_wrong(self):
        self.ok("address", "add", "alice", "a@example.test")
        before = self.contents()
        for code, words, *args in [
                (CANTCREAT, "has the address a@example.test already", "add", "alice", "A@example.test"),
                (NOUSER, "has no address b@example.test", "remove", "alice", "b@example.test"),
                (NOUSER, "no account \"carol\"", "add", "carol", "b@example.test"),
                (NOUSER, "no account \"carol\"", "list", "carol"),
                (NOUSER, "no account \"carol\"", "check", "carol", "b@example.test"),
                (DATAERR, "\"@\" is no address", "add", "alice", "@"),
                (DATAERR, "is no address", "add", "alice", "b"),
                (DATAERR, "is no address", "add", "alice", "b@@example.test"),
                (DATAERR, "is no address", "add", "alice", "b@[192.0.2.1]"),
                (DATAERR, "is no address", "add", "alice", "b@exa mple.test"),
                (DATAERR, r"\"b\\x0Ac@example.test\" is no address", "add", "alice", "b\nc@example.test"),
                (DATAERR, "is no address", "check", "alice", "@example.test")]:
            with self.subTest(args=args):
                self.fails(code, words, "address", *args)
        self.assertEqual(self.contents(), before)


if __name__ == "__main__":
    tap.main()
