#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logins by TLS key beside what else an admin may have set up: resumption, trusted proxies, a
CA, master users, the auth cache; and with the store out of reach."""
import base64
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import ssl
import subprocess

from lib import tap
from lib.clients import Imap, ImapStartTls, Pop3, Sieve, Submission, encode
from lib.host import PASSWORDS, MailTest
from lib.key_login import key_login_case
from lib.keys import Key


class SetupTest(MailTest):
    """One host for all; each class has its settings, which are gone after it."""

    # Put behind everything else of dovecot.conf.
    settings = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(SetupTest.configure.__func__, cls, "")
        cls.configure(cls.settings)

    @classmethod
    def configure(cls, settings):
        cls.host.configure_dovecot("99-test.conf", settings)
        mark = cls.host.log_mark()
        subprocess.run((cls.host.ENTER, "--server", "doveadm", "reload"), check=True)
        cls.host.wait_for_log(mark, "SIGHUP received - reloading configuration")

    def connect(self, cls, *args, **kwargs):
        client = cls(self.host, *args, **kwargs)
        self.addCleanup(client.close)
        return client

    def assertNothingBroke(self, mark):
        self.assertNotRegex(self.host.log_since(mark), "(?i)panic|killed with signal|Fatal:")


class Resumption(SetupTest):
    """KEY-LOGIN of a resumed session: the key is looked up anew."""

    def resume(self, version):
        key = self.add_key("alice")
        mark = self.host.log_mark()
        first = self.connect(Imap, key, version)
        self.assertTrue(first.is_preauth)
        session = first.resumption()
        second = self.connect(Imap, key, session=session)
        self.assertTrue(second.is_preauth, second.greeting)
        reused = second.tls.session_reused
        self.host.postern("key", "remove", key.fingerprint)
        third = self.connect(Imap, key, session=session)
        self.assertFalse(third.is_preauth, third.greeting)
        self.assertFalse(third.external().ok)
        # Clients without a certificate resume as well.
        bare = self.connect(Imap, None, version)
        bare.command("NOOP")
        bare = self.connect(Imap, session=bare.resumption())
        self.assertTrue(bare.plain("bob", PASSWORDS["bob"]).ok)
        self.assertEqual(bare.tls.session_reused, reused)
        for cls in (ImapStartTls, Pop3, Sieve, Submission):
            client = self.connect(cls, None, version)
            client.mechanisms
            client = self.connect(cls, session=client.resumption())
            self.assertEqual(client.mechanisms, {"PLAIN"})
        self.assertNothingBroke(mark)
        return reused


@key_login_case(10)
@tap.with_cases
class ResumptionInOneProcess(Resumption):
    settings = "".join(f"service {name}-login {{\n  service_count = 0\n}}\n"
                       for name in ("imap", "pop3", "managesieve", "submission"))

    @tap.cases(("TLS 1.2", ssl.TLSVersion.TLSv1_2), ("TLS 1.3", ssl.TLSVersion.TLSv1_3))
    def test_resumes(self, version):
        self.assertTrue(self.resume(version))

    @key_login_case(17)
    def test_input_during_the_look(self):
        """The auth process is made to think for so long. It takes a login process that is
        connected to it already."""
        key = self.add_key("alice")
        self.connect(Imap, key)
        status = subprocess.run((self.host.ENTER, "--server", "doveadm", "process", "status", "auth"),
                                check=True, capture_output=True, text=True).stdout
        auth = int(re.search(r"^auth +(\d+)", status, re.M)[1])
        os.kill(auth, signal.SIGSTOP)
        try:
            imap = self.connect(Imap, key, listen=False)
            imap.wait_for_tickets()
            imap.send("p1 LOGIN alice alice-secret-1\r\np2 STATUS INBOX (MESSAGES)\r\n")
        finally:
            os.kill(auth, signal.SIGCONT)
        self.assertRegex(imap.line(), r"^\* OK ")
        self.assertTrue(imap.answer("p1")[0].ok)
        self.assertTrue(imap.answer("p2")[0].ok)


@key_login_case(10)
@tap.with_cases
class ResumptionInAnotherProcess(Resumption):
    """Debian's default, one process for each client: none knows another's tickets."""

    @tap.cases(("TLS 1.2", ssl.TLSVersion.TLSv1_2), ("TLS 1.3", ssl.TLSVersion.TLSv1_3))
    def test_does_not_resume(self, version):
        self.assertFalse(self.resume(version))


@key_login_case(8)
@tap.with_cases
class TrustedProxy(SetupTest):
    """A proxy may hand on what it knows of its client; never a key."""
    settings = "login_trusted_networks = 127.0.0.0/8\n"

    def fields(self, fingerprint):
        return (f"postern_key={fingerprint}", f"POSTERN_KEY={fingerprint}",
                f"forward_postern_key={fingerprint}", f"postern_key={fingerprint}\tpostern_greeting=1",
                f"a=b\tpostern_key={fingerprint}", f"postern\001_key={fingerprint}",
                "forward_postern_key")

    @staticmethod
    def stored(key):
        """The fingerprint as the wire has it."""
        return base64.urlsafe_b64encode(bytes.fromhex(key.fingerprint)).decode().rstrip("=")

    def test_imap_id(self):
        stolen = self.stored(self.add_key("alice"))
        for name in ("x-forward-postern_key", "X-Forward-Postern_Key",
                     "x-forward-forward_postern_key"):
            for own in (None, self.new_key()):
                imap = self.connect(Imap, own)
                self.assertTrue(imap.command(f'ID ("{name}" "{stolen}")')[0].ok)
                self.assertFalse(imap.external().ok)
                self.assertTrue(imap.plain("bob", PASSWORDS["bob"]).ok)

    def test_own_key_cannot_be_hidden(self):
        imap = self.connect(Imap, self.add_key("alice", "--no-preauth"))
        imap.command('ID ("x-forward-postern_key" "")')
        self.assertFalse(imap.plain("bob", PASSWORDS["bob"]).ok)
        self.assertTrue(imap.external().ok)

    @tap.cases(("POP3", Pop3), ("ManageSieve", Sieve), ("submission", Submission))
    def test_xclient(self, cls):
        key = self.add_key("alice", "--no-preauth")
        other = self.connect(cls, key)
        for field in self.fields(self.stored(key)):
            with self.subTest(field):
                client = self.connect(cls)
                client.command(f"XCLIENT FORWARD={encode(field)}")
                if cls is Submission:
                    client.hello_again()
                self.assertFalse(client.external().ok)
                self.assertTrue(client.plain("bob", PASSWORDS["bob"]).ok)
        other.command(f"XCLIENT FORWARD={encode('postern_key=')}")
        if cls is Submission:
            other.hello_again()
        self.assertFalse(other.plain("bob", PASSWORDS["bob"]).ok)

    def test_what_the_auth_process_gets(self):
        """Other fields as they came, ours once and true."""
        self.configure(self.settings + "auth_debug = yes\n")
        self.addCleanup(self.configure, self.settings)
        key = self.new_key()
        mark = self.host.log_mark()
        imap = self.connect(Imap, key)
        imap.command('ID ("x-forward-colour" "blue green" "x-forward-postern_key" "stolen"'
                     ' "x-forward-postern_other" "1" "x-forward-Postern_greeting" "1")')
        self.assertTrue(imap.plain("bob", PASSWORDS["bob"]).ok)
        self.host.wait_for_log(mark, f"{self.host.logged_in}: user=<bob>")
        look, login = re.findall(r"client in: AUTH\t.*forward_fields=(.*?)(?:\tresp=|$)",
                                 self.host.log_since(mark), re.M)
        own = f"postern_key={self.stored(key)}\001tpostern_tls=TLSv1.3/TLS_AES_256_GCM_SHA384"
        self.assertEqual(look, f"{own}\001tpostern_greeting=1")
        self.assertEqual(login, f"colour=blue green\001t{own}")


class MasterUser(SetupTest):
    settings = """\
auth_master_user_separator = *
passdb {
  driver = passwd-file
  args = /etc/dovecot/masters
  master = yes
}
"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.host.DOVECOT_CONF.parent / "masters").write_text("root:{PLAIN}master-secret\n")

    def master(self, name, key=None):
        return self.connect(Imap, key).plain(f"{name}*root", "master-secret")

    def test_master_user(self):
        self.assertTrue(self.master("bob").ok)
        self.assertTrue(self.master("dodo").ok)
        # The policy is about the account's own ways in.
        self.host.postern("account", "policy", "bob", "key")
        self.addCleanup(self.host.postern, "account", "policy", "bob", "any")
        self.assertTrue(self.master("bob").ok)

    @key_login_case(16)
    def test_on_a_connection_with_a_key(self):
        key = self.add_key("alice", "--no-preauth")
        answer = self.master("bob", key)
        self.assertFalse(answer.ok)
        self.assertIn("another account", answer.text)
        self.assertFalse(self.master("dodo", key).ok)
        self.assertFalse(self.connect(Imap, key).plain("root", "master-secret", "bob").ok)
        self.assertTrue(self.master("alice", key).ok)

    @key_login_case(18)
    def test_disabled(self):
        self.host.postern("account", "disable", "bob")
        self.addCleanup(self.host.postern, "account", "enable", "bob")
        self.assertFalse(self.master("bob").ok)

    def test_authzid(self):
        imap = self.connect(Imap, self.add_key("alice", "--no-preauth"))
        for authzid in ("bob*alice", "alice*bob", "alice*root", "bob*root"):
            self.assertFalse(imap.external(authzid).ok, authzid)
        self.assertTrue(imap.external("alice").ok)


class PassdbInFront(SetupTest):
    """An admin's passdb that comes before ours, and one that takes everybody."""
    settings = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.configure_dovecot("00-first.conf", """\
passdb {
  driver = passwd-file
  args = /etc/dovecot/first
}
""")
        cls.addClassCleanup((cls.host.DOVECOT_CONF.parent / "conf.d/00-first.conf").unlink)
        (cls.host.DOVECOT_CONF.parent / "first").write_text("bob:{PLAIN}first-secret\n")
        cls.configure("")

    @key_login_case(16)
    def test_key_of_another(self):
        key = self.add_key("alice", "--no-preauth")
        self.assertTrue(self.connect(Imap).plain("bob", "first-secret").ok)
        answer = self.connect(Imap, key).plain("bob", "first-secret")
        self.assertFalse(answer.ok)
        self.assertIn("another account", answer.text)
        self.assertTrue(self.connect(Imap, key).external().ok)

    @key_login_case(18)
    def test_disabled(self):
        self.host.postern("account", "disable", "bob")
        self.addCleanup(self.host.postern, "account", "enable", "bob")
        self.assertFalse(self.connect(Imap).plain("bob", "first-secret").ok)


class OpenPassdbBehind(SetupTest):
    """A passdb that lets everybody in: EXTERNAL's empty password must never reach it."""
    settings = """\
passdb {
  driver = static
  args = nopassword=y
}
"""

    @key_login_case(9, 19)
    def test_external(self):
        unknown = self.connect(Imap, self.new_key())
        self.assertFalse(unknown.is_preauth)
        self.assertFalse(unknown.external().ok)
        self.assertFalse(unknown.external("bob").ok)
        key = self.add_key("alice", "--no-preauth")
        self.host.postern("account", "policy", "alice", "both")
        self.addCleanup(self.host.postern, "account", "policy", "alice", "any")
        self.assertFalse(self.connect(Imap, key).external().ok)
        self.assertFalse(self.connect(Imap, key).plain("bob", "anything").ok)

    @key_login_case(18)
    def test_disabled(self):
        self.host.postern("account", "disable", "bob")
        self.addCleanup(self.host.postern, "account", "enable", "bob")
        self.assertFalse(self.connect(Imap).plain("bob", "anything").ok)


class NoPassdb(SetupTest):
    """A mechanism that asks no passdb does not get around the key on the connection."""
    # Dovecot's NTLM is winbind's.
    settings = ("auth_mechanisms = $auth_mechanisms anonymous ntlm\nauth_anonymous_username = bob\n"
                "auth_use_winbind = yes\n")

    @key_login_case(16)
    def test_anonymous(self):
        keys = {None: True, self.add_key("alice", "--no-preauth"): False, self.new_key(): False}
        for key, allowed in keys.items():
            pop3 = self.connect(Pop3, key)
            self.assertEqual("ANONYMOUS" in pop3.mechanisms, allowed)
            self.assertEqual(pop3.authenticate("ANONYMOUS", encode("guest")).ok, allowed)

    @key_login_case(16)
    def test_ntlm(self):
        for key, allowed in {None: True, self.add_key("alice", "--no-preauth"): False}.items():
            self.assertEqual("NTLM" in self.connect(Pop3, key).mechanisms, allowed)


class AuthCache(SetupTest):
    settings = "auth_cache_size = 10M\nauth_cache_ttl = 1 hour\nauth_cache_negative_ttl = 1 hour\n"

    @key_login_case(29)
    def test_nothing_of_ours_is_remembered(self):
        key = self.add_key("bob", "--no-preauth")
        for _ in range(2):
            self.assertTrue(self.connect(Imap).plain("bob", PASSWORDS["bob"]).ok)
            self.assertTrue(self.connect(Imap, key).external().ok)
        self.host.postern("password", "set", "bob", stdin="another-secret-1\n")
        self.addCleanup(self.host.postern, "password", "set", "bob",
                        stdin=PASSWORDS["bob"] + "\n")
        self.assertFalse(self.connect(Imap).plain("bob", PASSWORDS["bob"]).ok)
        self.assertTrue(self.connect(Imap).plain("bob", "another-secret-1").ok)
        self.host.postern("key", "remove", key.fingerprint)
        self.assertFalse(self.connect(Imap, key).external().ok)
        self.host.postern("account", "disable", "bob")
        self.addCleanup(self.host.postern, "account", "enable", "bob")
        self.assertFalse(self.connect(Imap).plain("bob", "another-secret-1").ok)


class Store(SetupTest):
    """Out of reach: a temporary failure, never a yes and never a no."""

    def hide(self, name):
        """As if the disk were gone; and back at the end of the test."""
        path = self.host.STORE / name
        hidden = path.with_name(name + ".hidden")
        os.rename(path, hidden)
        return lambda: hidden.exists() and os.rename(hidden, path)

    def test_unreachable(self):
        key = self.add_key("alice")
        bring_back = self.hide("postern.db")
        self.addCleanup(bring_back)
        mark = self.host.log_mark()
        imap = self.connect(Imap, key)
        self.assertTrue(imap.greeting.startswith("* OK "), imap.greeting)
        self.assertRegex(imap.external().text, r"^NO \[UNAVAILABLE\] Temporary")
        for name in ("alice", "bob", "dodo"):
            self.assertRegex(imap.plain(name, PASSWORDS[name]).text,
                             r"^NO \[UNAVAILABLE\] Temporary", name)
        self.assertRegex(self.host.log_since(mark), "postern login: result=failed reason=failure "
                         'service=imap account=- .* asked=bob .* error=".*postern.db is missing and .*: restore it')
        bring_back()
        # Without a reload.
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.assertTrue(self.connect(Imap).plain("bob", PASSWORDS["bob"]).ok)

    def test_replaced(self):
        """By a copy, as from a backup: no login fails for it."""
        key = self.add_key("alice")
        self.assertTrue(self.connect(Imap, key).is_preauth)
        path = self.host.STORE / "postern.db"
        # All of it into the one file first.
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy = path.with_name("copy")
        shutil.copy(path, copy)
        shutil.copystat(path, copy)
        os.chown(copy, path.stat().st_uid, path.stat().st_gid)
        for name in ("postern.db-wal", "postern.db-shm"):
            path.with_name(name).unlink(missing_ok=True)
        os.rename(copy, path)
        self.host.postern("account", "list")    # root makes -wal and -shm anew
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.assertTrue(self.connect(Imap).plain("bob", PASSWORDS["bob"]).ok)

    def test_unreachable_verifiers(self):
        key = self.add_key("alice")
        bring_back = self.hide("verifiers.db")
        self.addCleanup(bring_back)
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.assertRegex(self.connect(Imap).plain("bob", PASSWORDS["bob"]).text,
                         r"^NO \[UNAVAILABLE\] Temporary")
        bring_back()
        self.assertTrue(self.connect(Imap).plain("bob", PASSWORDS["bob"]).ok)

    def test_readable_by_all(self):
        key = self.add_key("alice")
        self.assertTrue(self.connect(Imap, key).is_preauth)
        (self.host.STORE / "verifiers.db").chmod(0o644)
        self.addCleanup((self.host.STORE / "verifiers.db").chmod, 0o600)
        self.assertRegex(self.connect(Imap).plain("bob", PASSWORDS["bob"]).text,
                         r"^NO \[UNAVAILABLE\] Temporary")


class CertificateAuthority(SetupTest):
    """ssl_ca beside keys: a certificate of the CA goes on being valid, a key needs none."""
    settings = """\
ssl_ca = </etc/dovecot/clients.pem
ssl_verify_client_cert = yes
# One process for all, so that sessions can be resumed.
service imap-login {
  service_count = 0
}
"""

    @classmethod
    def configure(cls, settings):
        cls.ca = Key(cls.folder, "ca")
        folder = cls.folder / "ca-files"
        folder.mkdir(exist_ok=True)
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        (folder / "conf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\ncrlnumber={folder}/serial\n"
            "default_md=default\ndefault_crl_days=1\n")
        crl = subprocess.run(("openssl", "ca", "-config", folder / "conf", "-gencrl", "-keyfile",
                              cls.ca.key, "-cert", cls.ca.certificate), check=True,
                             capture_output=True).stdout
        (cls.host.DOVECOT_CONF.parent / "clients.pem").write_bytes(
            cls.ca.certificate.read_bytes() + b"\n" + crl)
        super().configure(settings)

    def signed_key(self, name):
        """A key whose certificate the CA signed."""
        key = self.new_key()
        request = subprocess.run(("openssl", "req", "-new", "-key", key.key, "-subj",
                                  f"/CN={name}"), check=True, capture_output=True).stdout
        certificate = subprocess.run(
            ("openssl", "x509", "-req", "-CA", self.ca.certificate, "-CAkey", self.ca.key,
             "-CAcreateserial", "-days", "1"), input=request, check=True,
            capture_output=True).stdout
        key.certificate.write_bytes(certificate)
        return key

    @key_login_case(9)
    def test_keys_work_as_without(self):
        self.assertTrue(self.connect(Imap, self.add_key("alice")).is_preauth)
        unknown = self.connect(Imap, self.new_key())
        self.assertFalse(unknown.external().ok)
        self.assertTrue(unknown.plain("bob", PASSWORDS["bob"]).ok)

    @key_login_case(7)
    def test_names_no_ca(self):
        done = subprocess.run(
            ("openssl", "s_client", "-connect", f"{self.host.HOST}:{self.host.IMAPS_PORT}"),
            stdin=subprocess.DEVNULL, text=True, errors="replace", capture_output=True)
        self.assertIn("No client certificate CA names sent", done.stdout)
        self.assertIn("Requested Signature Algorithms", done.stdout)

    @key_login_case(7)
    def test_required_certificate(self):
        super().configure(self.settings + "auth_ssl_require_client_cert = yes\n")
        self.addCleanup(super().configure, self.settings)
        signed = self.signed_key("bob")
        for _ in range(2):
            imap = self.connect(Imap, signed)
            self.assertTrue(imap.plain("bob", PASSWORDS["bob"]).ok)
        # Resumed, it has to be the same.
        imap = self.connect(Imap, signed)
        imap.command("NOOP")
        resumed = self.connect(Imap, signed, session=imap.resumption())
        self.assertTrue(resumed.plain("bob", PASSWORDS["bob"]).ok)
        self.assertFalse(self.connect(Imap, self.new_key()).plain("bob", PASSWORDS["bob"]).ok)
        self.assertFalse(self.connect(Imap).plain("bob", PASSWORDS["bob"]).ok)

    @key_login_case(2)
    def test_user_name_from_the_certificate(self):
        super().configure(self.settings + "auth_ssl_username_from_cert = yes\n" + """\
passdb {
  driver = static
  args = nopassword=y
}
""")
        self.addCleanup(super().configure, self.settings)
        signed = self.signed_key("carol")
        imap = self.connect(Imap, signed)
        self.assertFalse(imap.is_preauth)
        mark = self.host.log_mark()
        self.assertTrue(imap.external().ok)
        self.host.wait_for_log(mark, f"{self.host.logged_in}: user=<carol>, method=EXTERNAL")
        # Not with a certificate of nobody's.
        self.assertFalse(self.connect(Imap, self.new_key()).external().ok)
        # A registered key is that account's, whatever its certificate says.
        key = self.signed_key("bob")
        self.host.postern("key", "add", "alice", key.certificate)
        self.addCleanup(self.host.postern, "key", "remove", key.fingerprint)
        mark = self.host.log_mark()
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.host.wait_for_log(mark, f"{self.host.logged_in}: user=<alice>, method=EXTERNAL")


class SubmissionWithoutAuth(SetupTest):
    """Dovecot's submission service can be told to take mail on the certificate alone."""
    settings = "submission_client_workarounds = implicit-auth-external\n"

    def mail(self, key):
        return self.connect(Submission, key).command("MAIL FROM:<alice@example.test>")

    @key_login_case(28)
    def test_mail(self):
        self.assertTrue(self.mail(self.add_key("alice")).ok)
        self.assertFalse(self.mail(self.new_key()).ok)
        self.assertFalse(self.mail(None).ok)

    @key_login_case(28)
    def test_sent(self):
        submission, marker = self.connect(Submission, self.add_key("alice")), self.unique()
        for line in ("MAIL FROM:<alice@example.test>", "RCPT TO:<someone@example.net>", "DATA",
                     f"From: alice@example.test\r\nSubject: {marker}\r\n\r\nHello\r\n."):
            answer = submission.command(line)
            self.assertTrue(answer.ok, answer.text)
        self.host.wait_for_sink(marker)


class AuthzidIgnored(SetupTest):
    """For Apple Mail, of which it is said that it sends one that has nothing to do with the account."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        before = cls.host.POSTERN_CONF.read_text()
        cls.addClassCleanup(cls.host.POSTERN_CONF.write_text, before)
        cls.host.POSTERN_CONF.write_text(before + "ignore_authzid = yes\n")
        cls.configure("")

    @key_login_case(15)
    def test_external(self):
        key = self.add_key("alice", "--no-preauth")
        for authzid in ("", "alice", "bob", "someone@elsewhere.example", "nobody"):
            mark = self.host.log_mark()
            self.assertTrue(self.connect(Imap, key).external(authzid).ok, authzid)
            self.host.wait_for_log(mark, f"{self.host.logged_in}: user=<alice>, method=EXTERNAL")
        self.assertFalse(self.connect(Imap, self.new_key()).external("alice").ok)
        # Of PLAIN's it is not so.
        self.assertFalse(self.connect(Imap, key).plain("alice", PASSWORDS["alice"], "bob").ok)


class UnicodeNames(SetupTest):
    settings = "auth_username_chars =\n"

    @key_login_case(15)
    def test_both_forms(self):
        self.host.postern("account", "add", "z\u00fcrich")
        self.addCleanup(self.host.postern, "account", "remove", "z\u00fcrich")
        key = self.add_key("z\u00fcrich")
        for form in ("z\u00fcrich", "zu\u0308rich", ""):
            imap = self.connect(Imap, key)
            self.assertTrue(imap.is_preauth)
            self.assertTrue(imap.external(form).ok)
            self.assertTrue(self.connect(ImapStartTls, key).external(form).ok)


if __name__ == "__main__":
    tap.main()
