#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A certificate of the admin's CA as a key, by an e-mail address in it (`postern key add-mail`): Dovecot with ssl_ca,
the CA's certificate and its revocation list in one file."""
import pathlib
import subprocess

from lib import sessions, tap
from lib.clients import Imap, ImapStartTls, Pop3, Sieve, Submission
from lib.host import PASSWORDS, PATIENCE, MailTest
from lib.keys import Key

MAIL = "alice@example.test"
BOTH = """\
ssl_ca = </etc/dovecot/clients.pem
ssl_verify_client_cert = yes
"""


class Authority:
    """A CA that signs, revokes and lists what it revoked."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.own = Key(self.folder, "ca")
        (self.folder / "index").touch()
        (self.folder / "serial").write_text("01\n")
        (self.folder / "conf").write_text(
            "[ca]\ndefault_ca=d\n[d]\n"
            f"database={self.folder}/index\ncrlnumber={self.folder}/serial\nnew_certs_dir={self.folder}\n"
            "rand_serial=yes\ndefault_md=default\ndefault_days=1\ndefault_crl_days=1\nunique_subject=no\n"
            "copy_extensions=copy\npolicy=p\n[p]\ncommonName=supplied\nemailAddress=optional\n")

    def _ca(self, *options):
        return subprocess.run(("openssl", "ca", "-batch", "-config", self.folder / "conf", "-keyfile", self.own.key,
                               "-cert", self.own.certificate, *options), check=True, capture_output=True).stdout

    def sign(self, key, *names, subject="/CN=device"):
        """Gives the key a certificate with these in its subjectAltName."""
        extension = ("-addext", "subjectAltName=" + ",".join(names)) if names else ()
        request = self.folder / "request"
        subprocess.run(("openssl", "req", "-new", "-key", key.key, "-subj", subject, *extension, "-out", request),
                       check=True, capture_output=True)
        self._ca("-in", request, "-out", key.certificate, "-notext")
        return key

    def revoke(self, key):
        self._ca("-revoke", key.certificate)

    def bundle(self):
        """The CA's certificate and its revocation list."""
        return self.own.certificate.read_bytes() + b"\n" + self._ca("-gencrl")


class CaTest(MailTest):
    own_host = True
    settings = BOTH

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca = Authority(cls.folder, "authority")
        cls.configure()

    @classmethod
    def configure(cls, more=""):
        (cls.host.DOVECOT_CONF.parent / "clients.pem").write_bytes(cls.ca.bundle())
        cls.host.configure_dovecot("99-test.conf", cls.settings + more)
        mark = cls.host.log_mark()
        subprocess.run((cls.host.ENTER, "--server", "doveadm", "reload"), check=True)
        cls.host.wait_for_log(mark, "SIGHUP received - reloading configuration")

    def signed(self, *names, **subject):
        return self.ca.sign(self.new_key(), *names, **subject)

    def add_mail(self, account, address, *options):
        """Registers it until the end of the test; returns its fingerprint."""
        text = self.host.postern("key", "add-mail", account, address, *options).stdout
        fingerprint = next(line.split()[1] for line in text.splitlines() if line.startswith("fingerprint:"))
        self.addCleanup(self.host.postern, "key", "remove", fingerprint, check=False)
        return fingerprint

    def connect(self, cls, *args, **kwargs):
        client = cls(self.host, *args, **kwargs)
        self.addCleanup(client.close)
        return client

    def assertNoWayIn(self, key):
        """No PREAUTH and no EXTERNAL; and the password as if there were no certificate."""
        imap = self.connect(Imap, key)
        self.assertFalse(imap.is_preauth, imap.greeting)
        self.assertFalse(imap.external().ok)
        self.assertFalse(imap.external("alice").ok)
        self.assertTrue(imap.plain("bob", PASSWORDS["bob"]).ok)


@tap.with_cases
class CertificateAsKey(CaTest):
    """Of an account whose key it is."""

    def setUp(self):
        self.fingerprint = self.add_mail("alice", MAIL)

    @tap.cases(("rfc822Name", ("email:" + MAIL,), "/CN=device"),
               ("one of several", ("DNS:x.example", "email:x@example.net", "email:" + MAIL), "/CN=device"),
               ("emailAddress", (), "/CN=device/emailAddress=" + MAIL))
    def test_imap(self, names, subject):
        key = self.signed(*names, subject=subject)
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.assertTrue(self.connect(ImapStartTls, key).external("alice").ok)

    @tap.cases(("POP3", Pop3), ("ManageSieve", Sieve), ("submission", Submission))
    def test_external(self, cls):
        key = self.signed("email:" + MAIL)
        client = self.connect(cls, key)
        self.assertIn("EXTERNAL", client.mechanisms)
        self.assertFalse(client.external("bob").ok)
        self.assertTrue(client.external().ok)

    def test_record(self):
        mark = self.host.log_mark()
        self.assertTrue(self.connect(Imap, self.signed("email:" + MAIL)).is_preauth)
        self.host.wait_for_log(mark, f"by=key label={MAIL} key={self.fingerprint}")

    def test_self_signed(self):
        """The address in a certificate that says itself who it is."""
        key = self.new_key()
        subprocess.run(("openssl", "req", "-x509", "-key", key.key, "-subj", f"/CN=alice/emailAddress={MAIL}",
                        "-addext", f"subjectAltName=email:{MAIL}", "-days", "1", "-out", key.certificate),
                       check=True, capture_output=True)
        for cls in (ImapStartTls, Pop3, Sieve, Submission):
            self.assertFalse(self.connect(cls, key).external().ok, cls)
        self.assertNoWayIn(key)

    def test_another_authority(self):
        """Even one of the same name."""
        other = Authority(self.folder, self.unique())
        self.assertNoWayIn(other.sign(self.new_key(), "email:" + MAIL))

    def test_revoked(self):
        key = self.signed("email:" + MAIL)
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.ca.revoke(key)
        self.configure()
        self.assertNoWayIn(key)

    def test_other_addresses(self):
        for names in (("email:alice@example.net",), ("email:bob@example.test",), ("email:alice+x@example.test",),
                      ("DNS:" + MAIL,), ("email:a.liddell@example.test",)):
            self.assertNoWayIn(self.signed(*names))

    def test_is_never_another_account(self):
        key = self.signed("email:" + MAIL)
        self.host.postern("key", "remove", self.fingerprint)
        self.add_mail("alice", MAIL, "--no-preauth")
        imap = self.connect(Imap, key)
        self.assertFalse(imap.is_preauth)
        answer = imap.plain("bob", PASSWORDS["bob"])
        self.assertFalse(answer.ok)
        self.assertIn("another account", answer.text)
        self.assertTrue(imap.plain("alice", PASSWORDS["alice"]).ok)

    def test_policy_both(self):
        self.host.postern("account", "policy", "alice", "both")
        self.addCleanup(self.host.postern, "account", "policy", "alice", "any")
        imap = self.connect(Imap, self.signed("email:" + MAIL))
        self.assertFalse(imap.is_preauth)
        self.assertFalse(imap.external().ok)
        self.assertTrue(imap.plain("alice", PASSWORDS["alice"]).ok)
        self.assertFalse(self.connect(Imap).plain("alice", PASSWORDS["alice"]).ok)

    def test_removed(self):
        key = self.signed("email:" + MAIL)
        self.host.postern("key", "remove", self.fingerprint)
        self.assertNoWayIn(key)

    def test_registered_key_comes_first(self):
        key = self.signed("email:" + MAIL)
        self.host.postern("key", "add", "bob", key.certificate)
        self.addCleanup(self.host.postern, "key", "remove", key.fingerprint)
        mark = self.host.log_mark()
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.host.wait_for_log(mark, f"{self.host.logged_in}: user=<bob>")


class Ownership(CaTest):
    def test_address_of_nobody(self):
        done = self.host.postern("key", "add-mail", "alice", "alice@example.net", check=False)
        self.assertEqual(done.returncode, 65)
        self.assertIn("not the account's own", done.stderr)

    def test_address_taken_away(self):
        self.host.postern("address", "add", "alice", "queen@example.net")
        self.add_mail("alice", "queen@example.net")
        key = self.signed("email:queen@example.net")
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.host.postern("address", "remove", "alice", "queen@example.net")
        self.assertNoWayIn(key)

    def test_one_account_alone(self):
        for account in ("alice", "bob"):
            self.host.postern("address", "add", account, "info@example.test")
            self.addCleanup(self.host.postern, "address", "remove", account, "info@example.test")
        self.add_mail("bob", "info@example.test")
        done = self.host.postern("key", "add-mail", "alice", "info@example.test", check=False)
        self.assertIn("registered already", done.stderr)


class Trust(CaTest):
    settings = BOTH + "login_trusted_networks = 127.0.0.0/8\n"

    def test_not_from_the_client(self):
        """A proxy's word about its client does not make a certificate of it."""
        self.add_mail("alice", MAIL)
        for key in (None, self.new_key()):
            imap = self.connect(Imap, key)
            imap.command(f'ID ("x-forward-postern_mail" "{MAIL}")')
            self.assertFalse(imap.external().ok)
            self.assertTrue(imap.plain("bob", PASSWORDS["bob"]).ok)


class NoAuthority(CaTest):
    """Without ssl_ca no certificate is anybody's but by its key."""
    settings = ""

    def test_signed(self):
        self.add_mail("alice", MAIL)
        self.assertNoWayIn(self.signed("email:" + MAIL))


class Fetchmail(CaTest):
    """A certificate is asked of everybody, and a password as well, as fetchmail sends them."""

    def deliver(self):
        """Puts a message into bob's mailbox; returns its marker."""
        marker = self.unique()
        with sessions.smtplib.SMTP(self.host.HOST, self.host.SMTP_PORT, timeout=PATIENCE) as smtp:
            smtp.sendmail("someone@example.net", ["bob@example.test"], f"Subject: {marker}\r\n\r\nHello\r\n")
        self.host.wait_for_mail("bob", marker)
        return marker

    def fetch(self, key, password, status):
        got, conf = self.folder / self.unique(), self.folder / "fetchmailrc"
        conf.write_text(f"""
            poll {self.host.HOST} protocol POP3 port {self.host.POP3S_PORT}
              user "bob" password "{password}" is "root" here
              ssl sslcertck sslcertfile "{self.host.CA_FILE}" sslcommonname "localhost"
              sslcert "{key.certificate}" sslkey "{key.key}" keep fetchall mda "cat >>{got}"
            """)
        conf.chmod(0o600)
        done = subprocess.run(("fetchmail", "--nodetach", "--pidfile", self.folder / "pid", "--idfile",
                               self.folder / "ids", "--nosyslog", "-f", conf), text=True, capture_output=True,
                              timeout=3 * PATIENCE)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(got.exists() and self.marker in got.read_text(), status == 0)

    def test_fetchmail(self):
        self.marker = self.deliver()
        type(self).configure("auth_ssl_require_client_cert = yes\n")
        signed = self.signed("email:bob@example.test")
        self.fetch(signed, PASSWORDS["bob"], 0)
        self.fetch(signed, "not-this-one", 3)
        self.fetch(self.new_key(), PASSWORDS["bob"], 3)
        # With the account's policy the certificate is a must of its own, by the address in it.
        self.add_mail("bob", "bob@example.test")
        self.host.postern("account", "policy", "bob", "both")
        self.addCleanup(self.host.postern, "account", "policy", "bob", "any")
        self.fetch(signed, PASSWORDS["bob"], 0)
        self.fetch(self.signed("email:alice@example.test"), PASSWORDS["bob"], 3)
        self.ca.revoke(signed)
        type(self).configure("auth_ssl_require_client_cert = yes\n")
        self.fetch(signed, PASSWORDS["bob"], 3)


if __name__ == "__main__":
    tap.main()
