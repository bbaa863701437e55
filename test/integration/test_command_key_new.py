#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`postern key new`: the files it makes, what other programs make of them, and a login with each."""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import unittest

from lib import tap
from lib.clients import Imap
from lib.command import BINARY, CANTCREAT, DATAERR, IOERR, NOINPUT, USAGE, Terminal, openssl
from lib.host import PATIENCE, MailTest

PASSPHRASE = "two words, ü"

TYPES = {
    # type: as `key list` names it, and as openssl does
    "ed25519": ("Ed25519", "ED25519 Public-Key"),
    "p256": ("ECDSA P-256", "prime256v1"),
    "rsa2048": ("RSA 2048", "Public-Key: (2048 bit)"),
    "rsa3072": ("RSA 3072", "Public-Key: (3072 bit)"),
}


def text_of(certificate):
    return openssl("x509", "-in", certificate, "-noout", "-text").decode()


class Files:
    """A folder to make keys in, as a user of no importance: no root, no store, no postern.conf."""

    user = 65534

    def make_folder(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="postern-key-new-"))
        self.addCleanup(shutil.rmtree, self.dir)
        # The program may lie below a folder of root's alone.
        self.program = self.dir / "postern"
        shutil.copy(BINARY, self.program)
        os.chmod(self.dir, 0o755)
        self.home = self.dir / "home"
        self.home.mkdir()
        os.chown(self.home, self.user, self.user)

    def run_command(self, *args, stdin=PASSPHRASE + "\n", **kwargs):
        return subprocess.run((self.program, "key", "new", *map(str, args)), input=stdin, text=True, cwd=self.home,
                              capture_output=True, timeout=120, user=self.user, group=self.user, extra_groups=(),
                              **kwargs)

    def make(self, *args, **kwargs):
        done = self.run_command("--json", "--p12-password-stdin", *args, **kwargs)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def names(self):
        return sorted(os.listdir(self.home))


@tap.with_cases
class KeyNew(Files, unittest.TestCase):
    def setUp(self):
        self.make_folder()

    def fails(self, code, words, *args, **kwargs):
        before = self.names()
        done = self.run_command(*args, **kwargs)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, r"\Apostern: [^\n]+\n\Z")
        self.assertRegex(done.stderr, words)
        self.assertEqual(done.stdout, "")
        self.assertEqual(before, self.names())

    def pkcs12(self, path, *args, passphrase=PASSPHRASE):
        return openssl("pkcs12", "-in", path, "-passin", "stdin", *args, input=passphrase.encode()).decode()

    @tap.cases(*((name, name) for name in TYPES))
    def test_each_type(self, name):
        made = self.make("--type", name, "phone")
        self.assertEqual({**made, "fingerprint": None}, {
            "type": TYPES[name][0], "fingerprint": None, "key": "phone.key", "certificate": "phone.crt",
            "p12": "phone.p12", "next": "postern key add ACCOUNT phone.crt"})
        self.assertEqual(self.names(), ["phone.crt", "phone.key", "phone.p12"])
        for path in self.home.iterdir():
            self.assertEqual(path.stat().st_mode & 0o7777, 0o600, path)
            self.assertEqual(path.stat().st_uid, self.user)
        text = text_of(self.home / "phone.crt")
        self.assertIn(TYPES[name][1], text)
        openssl("verify", "-CAfile", self.home / "phone.crt", self.home / "phone.crt")
        key = openssl("pkey", "-in", self.home / "phone.key", "-pubout")
        self.assertEqual(key, openssl("x509", "-in", self.home / "phone.crt", "-noout", "-pubkey"))
        self.assertTrue((self.home / "phone.key").read_text().startswith("-----BEGIN PRIVATE KEY-----\n"))

    def test_the_least_certificate(self):
        self.make("--name", "Zoë's phone", "phone")
        text = text_of(self.home / "phone.crt")
        self.assertNotIn("X509v3 extensions", text)
        self.assertIn("Version: 3", text)
        begin, end = (re.search(rf"Not {word} *: .* (\d{{4}}) GMT", text)[1] for word in ("Before", "After"))
        self.assertIn(int(end) - int(begin), (99, 100))
        subject = openssl("x509", "-in", self.home / "phone.crt", "-noout", "-subject", "-issuer", "-nameopt", "utf8")
        self.assertEqual(subject.decode(), "subject=CN=Zoë's phone\nissuer=CN=Zoë's phone\n")
        serial = openssl("x509", "-in", self.home / "phone.crt", "-noout", "-serial")
        self.make("--name", "Zoë's phone", "other")
        self.assertNotEqual(serial, openssl("x509", "-in", self.home / "other.crt", "-noout", "-serial"))

    @tap.cases(*((name, name) for name in TYPES))
    def test_p12_for_openssl(self, name):
        self.make("--type", name, "--name", "my phone", "phone")
        info = openssl("pkcs12", "-info", "-in", self.home / "phone.p12", "-passin", "stdin", "-noenc",
                       input=PASSPHRASE.encode()).decode()
        self.assertEqual(info.count("friendlyName: my phone"), 2)
        self.assertIn(openssl("x509", "-in", self.home / "phone.crt").decode(),
                      self.pkcs12(self.home / "phone.p12", "-nokeys"))
        self.assertIn((self.home / "phone.key").read_text(),
                      self.pkcs12(self.home / "phone.p12", "-nocerts", "-noenc"))
        with self.assertRaises(subprocess.CalledProcessError):
            self.pkcs12(self.home / "phone.p12", "-nokeys", passphrase="wrong")

    @tap.cases(("p256", "p256"), ("rsa2048", "rsa2048"))
    def test_p12_for_thunderbird(self, name):
        """Its library, NSS. (Of Ed25519 it knows nothing in Debian 12, so a note says so.)"""
        self.make("--type", name, "phone")
        database = f"sql:{self.dir / 'nss'}"
        (self.dir / "nss").mkdir()
        password = self.dir / "passphrase"
        password.write_text(PASSPHRASE)
        subprocess.run(("certutil", "-N", "-d", database, "--empty-password"), check=True)
        subprocess.run(("pk12util", "-i", self.home / "phone.p12", "-d", database, "-w", password), check=True,
                       capture_output=True)
        listed = subprocess.run(("certutil", "-L", "-d", database), text=True, capture_output=True, check=True)
        self.assertRegex(listed.stdout, r"(?m)^phone +u,u,u$")

    def test_a_note_about_ed25519(self):
        done = self.run_command("--p12-password-stdin", "phone")
        self.assertRegex(done.stderr, r"\Apostern: Thunderbird [^\n]*--type p256\n\Z")
        self.assertEqual(self.run_command("--p12-password-stdin", "--type", "p256", "other").stderr, "")

    def test_text(self):
        done = self.run_command("--p12-password-stdin", "--type", "p256", "phone")
        self.assertRegex(done.stdout, r"\Atype: ECDSA P-256\nfingerprint: [\w-]{43}\nkey: phone.key\n"
                         r"certificate: phone.crt\np12: phone.p12\nnext: postern key add ACCOUNT phone.crt\n\Z")

    def test_where_and_under_which_name(self):
        (self.home / "keys").mkdir()
        os.chown(self.home / "keys", self.user, self.user)
        made = self.make("keys/my.phone")
        self.assertEqual(made["key"], "keys/my.phone.key")
        self.assertIn("Subject: CN = my.phone", text_of(self.home / "keys/my.phone.crt"))
        made = self.make(self.home / "laptop")
        self.assertEqual(made["next"], f"postern key add ACCOUNT {self.home}/laptop.crt")

    @tap.cases(*((suffix, suffix) for suffix in (".key", ".crt", ".p12")))
    def test_nothing_is_overwritten(self, suffix):
        for kind in ("file", "link"):
            with self.subTest(kind):
                path = self.home / f"{kind}{suffix}"
                if kind == "file":
                    path.write_text("mine")
                else:
                    # To nowhere: a file could be made through it.
                    path.symlink_to(self.home / "elsewhere")
                self.fails(CANTCREAT, "is there already", "--p12-password-stdin", kind)
        self.assertEqual((self.home / f"file{suffix}").read_text(), "mine")

    def test_all_or_none(self):
        """The third file of an RSA key is the largest; where it does not fit, the others go as well."""
        def full():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        self.fails(IOERR, "cannot write phone.p12: ", "--p12-password-stdin", "--type", "rsa2048", "phone",
                   preexec_fn=full)
        self.fails(CANTCREAT, "cannot make nowhere/phone.key: No such file", "--p12-password-stdin", "nowhere/phone")

    @tap.cases(("Ed25519", ("-newkey", "ed25519"), "Ed25519"), ("P-384", ("-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:P-384"), "ECDSA P-384"), ("RSA", ("-newkey", "rsa:2048"), "RSA 2048"))
    def test_from(self, options, kind):
        source = self.home / "old.key"
        openssl("req", "-x509", *options, "-noenc", "-keyout", source, "-out", self.dir / "x", "-subj", "/CN=x")
        os.chown(source, self.user, self.user)
        before = source.read_bytes()
        # The file may even be the one that would be made.
        for stem in ("new", "old"):
            made = self.make("--from", "old.key", stem)
            self.assertEqual((made["type"], made["key"]), (kind, "old.key"))
            self.assertEqual(openssl("pkey", "-in", source, "-pubout"),
                             openssl("x509", "-in", self.home / f"{stem}.crt", "-noout", "-pubkey"))
            self.pkcs12(self.home / f"{stem}.p12", "-nokeys")
        self.assertEqual(self.names(), ["new.crt", "new.p12", "old.crt", "old.key", "old.p12"])
        self.assertEqual(before, source.read_bytes())

    def test_from_what_is_no_key_for_us(self):
        made = {
            "weak": openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
            "locked": openssl("genpkey", "-algorithm", "ED25519", "-aes256", "-pass", "pass:x"),
            "public": openssl("pkey", "-pubout", input=openssl("genpkey", "-algorithm", "ED25519")),
            "x25519": openssl("genpkey", "-algorithm", "X25519"),
            "rubbish": b"rubbish\n",
        }
        for name, data in made.items():
            (self.home / name).write_bytes(data)
        args = ("--p12-password-stdin", "phone", "--from")
        self.fails(DATAERR, "RSA|2048", *args, "weak")
        self.fails(DATAERR, "locked by a passphrase; unlock a copy of it: openssl pkey", *args, "locked")
        self.fails(DATAERR, "public: no private key in PEM", *args, "public")
        self.fails(DATAERR, "rubbish: no private key in PEM", *args, "rubbish")
        self.fails(DATAERR, "X25519", *args, "x25519")
        self.fails(NOINPUT, "cannot open nowhere", *args, "nowhere")

    def test_wrong_line(self):
        new = ("--p12-password-stdin",)
        self.fails(USAGE, "a key is ed25519, p256, rsa2048 or rsa3072", *new, "--type", "dsa", "phone")
        self.fails(USAGE, "leave --type out", *new, "--type", "p256", "--from", "x", "phone")
        self.fails(USAGE, "stdin is for the passphrase", *new, "--from", "-", "phone")
        self.fails(USAGE, "is no beginning of a file's name", *new, "keys/")
        self.fails(USAGE, "cannot be the name of a key: a label may not be empty", *new, "--name", "", "phone")
        self.fails(USAGE, "cannot be the name", *new, "--name", "a\nb", "phone")
        self.fails(USAGE, "at most 64 characters", *new, "--name", "x" * 65, "phone")
        self.fails(USAGE, "it wants STEM", *new)
        self.make("--name", "ü" * 60, "phone")

    def test_passphrase(self):
        self.fails(USAGE, "with --p12-password-stdin", "phone")
        self.fails(DATAERR, "the passphrase is empty", "--p12-password-stdin", "phone", stdin="\n")
        self.fails(DATAERR, "more than one line", "--p12-password-stdin", "phone", stdin="a\nb\n")

    def test_passphrase_on_a_terminal(self):
        for again, works in ((b"secret-1", True), (b"secret-2", False)):
            stem = self.dir / ("right" if works else "wrong")
            terminal = Terminal([str(self.program), "key", "new", "--type", "p256", str(stem)])
            terminal.wait_for(b"Passphrase of the .p12 file: ")
            self.assertFalse(terminal.echoes())
            terminal.type(b"secret-1\n")
            terminal.wait_for(b"The same again: ")
            terminal.type(again + b"\n")
            shown, status = terminal.end()
            self.assertNotIn(b"secret", shown)
            self.assertEqual(os.waitstatus_to_exitcode(status), 0 if works else DATAERR, shown)
            self.assertEqual(os.path.exists(f"{stem}.p12"), works)
        self.pkcs12(self.dir / "right.p12", "-nokeys", passphrase="secret-1")


@tap.with_cases
class Login(Files, MailTest):
    """The files as the host's clients use them."""

    @tap.cases(*((name, name) for name in TYPES))
    def test_certificate(self, name):
        self.make_folder()
        made = self.make("--type", name, "--name", "my phone", "phone")
        added = json.loads(self.host.postern("--json", "key", "add", "alice", self.home / "phone.crt").stdout)
        self.addCleanup(self.host.postern, "key", "remove", made["fingerprint"])
        self.assertEqual((added["fingerprint"], added["label"], added["type"]),
                         (made["fingerprint"], "my phone", made["type"]))
        self.certificate, self.key = self.home / "phone.crt", self.home / "phone.key"
        imap = Imap(self.host, self)
        self.addCleanup(imap.close)
        self.assertTrue(imap.is_preauth, imap.greeting)

    def test_p12(self):
        """curl imports it, as a mail program does."""
        self.make_folder()
        made = self.make("--type", "p256", "phone", stdin="secret-1\n")
        self.host.postern("key", "add", "alice", self.home / "phone.crt")
        self.addCleanup(self.host.postern, "key", "remove", made["fingerprint"])
        done = subprocess.run(
            ("curl", "--silent", "--show-error", "--cert-type", "P12", "--cert", f"{self.home}/phone.p12:secret-1",
             "--cacert", self.host.CA_FILE, f"imaps://localhost:{self.host.IMAPS_PORT}/", "--request",
             "STATUS INBOX (MESSAGES)"), text=True, capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("* STATUS INBOX (MESSAGES", done.stdout)


if __name__ == "__main__":
    tap.main()
