#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which keys an account can have, how they are given and shown, and that each of them logs in. Run on every
release, since each has its own OpenSSL."""
import base64
import json
import subprocess

from lib import tap
from lib.clients import Imap, Pop3
from lib.command import CANTCREAT, DATAERR, NOUSER, openssl
from lib.host import MailTest
from lib.key_login import key_login_case

TYPES = (
    # name as postern gives it, and what openssl calls it
    ("Ed25519", ("ed25519",)), ("Ed448", ("ed448",)),
    ("ECDSA P-256", ("ec", "ec_paramgen_curve:P-256")),
    ("ECDSA P-384", ("ec", "ec_paramgen_curve:P-384")),
    ("ECDSA P-521", ("ec", "ec_paramgen_curve:P-521")),
    ("RSA 2048", ("rsa", "rsa_keygen_bits:2048")), ("RSA 3072", ("rsa", "rsa_keygen_bits:3072")),
)
REFUSED = (
    ("RSA 1024", ("rsa", "rsa_keygen_bits:1024"), "RSA 1024|2048"),
    ("secp256k1", ("ec", "ec_paramgen_curve:secp256k1"), "secp256k1"),
    ("brainpoolP256r1", ("ec", "ec_paramgen_curve:brainpoolP256r1"), "brainpoolP256r1"),
    ("RSA-PSS", ("rsa-pss", "rsa_keygen_bits:2048"), "RSASSA-PSS"),
)


class Made:
    """A key and a certificate for it; extensions and dates as openssl req takes them."""

    def __init__(self, folder, name, kind=("ed25519",), *options):
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", kind[0], *sum((["-pkeyopt", o] for o in kind[1:]), []),
                "-noenc", "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}",
                *options)
        self.pem, self.private = self.certificate.read_bytes(), self.key.read_bytes()
        self.der = openssl("x509", "-in", self.certificate, "-outform", "DER")
        self.public = openssl("pkey", "-in", self.key, "-pubout")
        spki = openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER")
        self.digest = openssl("dgst", "-sha256", "-binary", input=spki)
        self.fingerprint = base64.urlsafe_b64encode(self.digest).decode().rstrip("=")


class KeysTest(MailTest):
    def make(self, *args):
        type(self)._keys += 1
        return Made(self.folder, f"made{self._keys}", *args)

    def command(self, *args, data=b""):
        return subprocess.run((*self.host.POSTERN.split(), "--json", *map(str, args)), input=data,
                              capture_output=True)

    def add(self, data, *options, account="alice"):
        """What `key add` says, and the key is gone at the end of the test."""
        done = self.command("key", "add", account, "-", *options, data=data)
        self.assertEqual(0, done.returncode, done.stderr.decode())
        added = json.loads(done.stdout)
        self.addCleanup(self.command, "key", "remove", added["fingerprint"])
        return added

    def refused(self, status, words, *args, data=b""):
        """One line that says so; returns it."""
        done = self.command(*args, data=data)
        text = done.stderr.decode()
        self.assertEqual(status, done.returncode, text)
        self.assertRegex(text, rf"\Apostern: [^\n]*(?:{words})[^\n]*\n\Z")
        return text

    def connect(self, cls, key):
        client = cls(self.host, key)
        self.addCleanup(client.close)
        return client

    def assertLogsIn(self, key):
        imap = self.connect(Imap, key)
        self.assertTrue(imap.is_preauth, imap.greeting)


@tap.with_cases
class Fingerprint(KeysTest):
    @key_login_case(1)
    def test_is_of_the_public_key(self):
        key = self.make()
        self.assertEqual(key.fingerprint, self.add(key.pem)["fingerprint"])

    @key_login_case(1)
    def test_forms(self):
        key = self.make()
        self.add(key.pem)
        digits = key.digest.hex()
        colons = ":".join(digits[i:i + 2] for i in range(0, 64, 2))
        for text in (key.fingerprint, digits, digits.upper(), colons, colons.upper()):
            with self.subTest(text):
                done = self.command("key", "show", "--", text)
                self.assertEqual(key.fingerprint, json.loads(done.stdout)["fingerprint"])

    @key_login_case(1)
    def test_twice(self):
        """Another certificate for the same key is the same key; and it is not said whose it is."""
        key = self.make()
        self.add(key.pem)
        again = openssl("req", "-x509", "-key", key.key, "-subj", "/CN=another")
        for account in ("alice", "bob"):
            for data in (key.pem, key.public, again):
                text = self.refused(CANTCREAT, "registered already", "key", "add", account, "-", data=data)
                self.assertNotIn("alice", text)

    @key_login_case(6)
    def test_goes_with_its_account(self):
        key = self.make()
        self.host.postern("account", "add", "mabel")
        self.addCleanup(self.host.postern, "account", "remove", "mabel", check=False)
        self.add(key.pem, account="mabel")
        self.assertLogsIn(key)
        self.host.postern("account", "remove", "mabel")
        self.refused(NOUSER, "no account has this key", "key", "show", "--", key.fingerprint)
        self.assertFalse(self.connect(Imap, key).external().ok)
        # Nor does the next account of that name inherit it.
        self.host.postern("account", "add", "mabel")
        self.assertFalse(self.connect(Imap, key).is_preauth)
        self.add(key.pem, account="bob")


@tap.with_cases
class Type(KeysTest):
    @key_login_case(2, 12)
    @tap.cases(*((name, name, kind) for name, kind in TYPES))
    def test_taken(self, name, kind):
        key = self.make(kind)
        self.assertEqual(name, self.add(key.pem)["type"])
        self.assertLogsIn(key)

    @key_login_case(2)
    @tap.cases(*REFUSED)
    def test_refused(self, kind, words):
        key = self.make(kind)
        for data in (key.pem, key.public):
            self.refused(DATAERR, words, "key", "add", "alice", "-", data=data)

    @key_login_case(2)
    def test_x25519_cannot_sign(self):
        data = openssl("pkey", "-pubout", input=openssl("genpkey", "-algorithm", "X25519"))
        self.refused(DATAERR, "X25519", "key", "add", "alice", "-", data=data)

    @key_login_case(2)
    @tap.cases(
        ("CA", "basicConstraints=critical,CA:TRUE,pathlen:0"),
        ("not a CA", "basicConstraints=critical,CA:FALSE"),
        ("for servers alone", "extendedKeyUsage=critical,serverAuth"),
        ("not for signatures", "keyUsage=critical,keyCertSign"),
        ("of another name", "subjectAltName=DNS:elsewhere.example,email:bob@example.test"),
        ("critical and unknown", "1.2.3.4.5=critical,DER:0500"),
    )
    def test_certificates_word_does_not_count(self, extension):
        key = self.make(("ed25519",), "-addext", extension)
        self.add(key.pem)
        self.assertLogsIn(key)

    @key_login_case(2)
    def test_signature_does_not_count(self):
        """Neither when the key is added nor when it logs in."""
        key = self.make(("ec", "ec_paramgen_curve:P-256"))
        broken = key.der[:-1] + bytes([key.der[-1] ^ 1])
        self.add(broken)
        key.certificate.write_bytes(openssl("x509", "-inform", "DER", input=broken))
        self.assertLogsIn(key)


@tap.with_cases
class Given(KeysTest):
    @key_login_case(3)
    @tap.cases(("certificate, PEM", "pem"), ("certificate, DER", "der"), ("public key, PEM", "public"))
    def test_as(self, form):
        key = self.make()
        self.assertEqual(key.fingerprint, self.add(getattr(key, form))["fingerprint"])
        self.assertLogsIn(key)

    @key_login_case(3)
    def test_one_only(self):
        key, other = self.make(), self.make()
        for data in (key.pem + other.pem, key.pem + key.public, key.public + other.public):
            self.refused(DATAERR, "more than one", "key", "add", "alice", "-", data=data)

    @key_login_case(3)
    def test_never_a_private_key(self):
        key = self.make()
        before = self.command("key", "list").stdout
        for data in (key.private, key.pem + key.private, key.private + key.pem,
                     openssl("pkey", "-in", key.key, "-outform", "DER"),
                     openssl("pkey", "-in", key.key, "-aes256", "-passout", "pass:x")):
            text = self.refused(DATAERR, "private key", "key", "add", "alice", "-", data=data)
            self.assertNotIn(key.private.splitlines()[1].decode(), text)
        self.assertEqual(before, self.command("key", "list").stdout)
        seed = openssl("pkey", "-in", key.key, "-outform", "DER")[-32:]
        forms = (seed, seed.hex().encode(), base64.b64encode(seed), key.private.splitlines()[1])
        for path in (self.host.LOG, *self.host.STORE.rglob("*")):
            if path.is_file():
                octets = path.read_bytes()
                self.assertFalse([path for form in forms if form in octets])


@tap.with_cases
class Label(KeysTest):
    @key_login_case(4)
    def test_given(self):
        self.assertEqual("Zoë's phone", self.add(self.make().pem, "--label", "Zoë's phone")["label"])

    @key_login_case(4)
    def test_common_name(self):
        key = self.make()
        self.assertEqual(key.certificate.stem, self.add(key.pem)["label"])

    @key_login_case(4)
    def test_neither(self):
        key = self.make()
        self.assertEqual(f"Ed25519 {key.fingerprint[:8]}", self.add(key.public)["label"])


class Carries(KeysTest):
    @key_login_case(6)
    def test_defaults(self):
        added = self.add(self.make().pem)
        shown = json.loads(self.command("key", "show", "--", added["fingerprint"]).stdout)
        self.assertLessEqual({"imap", "pop3", "submission", "sieve"}, set(shown["services"]))
        self.assertTrue(shown["preauth"])
        self.assertRegex(shown["created"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertIsNone(shown["last_used"])

    @key_login_case(6)
    def test_services(self):
        key = self.make()
        self.add(key.pem, "--services", "pop3")
        self.assertFalse(self.connect(Imap, key).external().ok)
        self.assertTrue(self.connect(Pop3, key).external().ok)


if __name__ == "__main__":
    tap.main()
