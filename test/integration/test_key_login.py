#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logins to Dovecot by TLS key: which keys, which ways of asking, which accounts."""
import concurrent.futures
import re
import subprocess
import time

from lib import tap
from lib.clients import (PROTOCOLS, Imap, ImapStartTls, Pop3, Pop3StartTls, Sieve,
                         encode, new_address)
from lib.host import PASSWORDS, PATIENCE, MailTest
from lib.key_login import key_login_case

# In this time an answer is one that nobody was made to wait for: Dovecot's delay after a
# failure is 2 seconds.
AT_ONCE = 1.5

BY_PROTOCOL = tuple((name, cls) for name, cls in PROTOCOLS.items())
TLS_LISTENERS = (
    ("IMAPS", "IMAPS_PORT", ()),
    ("IMAP STARTTLS", "IMAP_PORT", ("-starttls", "imap")),
    ("POP3S", "POP3S_PORT", ()),
    ("POP3 STLS", "POP3_PORT", ("-starttls", "pop3")),
    ("ManageSieve", "SIEVE_PORT", ("-starttls", "sieve")),
    ("submission", "DOVECOT_SUBMISSION_PORT", ("-starttls", "smtp")),
)


def ipv4(address, text):
    return re.search(rf"[(,=]{re.escape(address)}[,> ]", text) is not None


class KeyLoginTest(MailTest):
    def connect(self, cls, *args, **kwargs):
        client = cls(self.host, *args, **kwargs)
        self.addCleanup(client.close)
        return client

    def assertLogsIn(self, answer):
        self.assertTrue(answer.ok, answer.text)

    def assertRefused(self, answer, words=""):
        self.assertFalse(answer.ok, answer.text)
        self.assertIn(words, answer.text)

    def each(self, cases, call):
        """call(*case) of all cases at the same time, since Dovecot lets who is refused wait; then
        the case and the answer of each."""
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            answers = list(pool.map(lambda case: call(*case), cases))
        return zip(cases, answers)

    def use_policy(self, account, policy):
        self.host.postern("account", "policy", account, policy)
        self.addCleanup(self.host.postern, "account", "policy", account, "any")


@tap.with_cases
class Keys(KeyLoginTest):
    @tap.cases(*((f"{kind}{', expired' * expired}", kind, expired)
                 for kind in ("Ed25519", "ECDSA P-256", "RSA-2048") for expired in (False, True)))
    @key_login_case(2, 12)
    def test_preauth(self, kind, expired):
        imap = self.connect(Imap, self.add_key("alice", kind=kind, expired=expired))
        self.assertTrue(imap.is_preauth, imap.greeting)
        self.assertTrue(imap.command("STATUS INBOX (MESSAGES)")[0].ok)

    @tap.cases(*TLS_LISTENERS)
    @key_login_case(7)
    def test_asks_for_a_certificate_and_names_no_ca(self, port, starttls):
        done = subprocess.run(
            ("openssl", "s_client", "-connect", f"{self.host.HOST}:{getattr(self.host, port)}",
             *starttls, "-CAfile", self.host.CA_FILE), stdin=subprocess.DEVNULL, text=True,
            errors="replace", capture_output=True, timeout=PATIENCE)
        self.assertIn("No client certificate CA names sent", done.stdout)
        # These two lines are printed only where a CertificateRequest came.
        self.assertIn("Requested Signature Algorithms", done.stdout)
        self.assertNotIn("Acceptable client certificate CA names", done.stdout)

    @key_login_case(9)
    def test_unknown_key(self):
        key = self.new_key()
        mark = self.host.log_mark()
        began = time.monotonic()
        imap = self.connect(Imap, key)
        self.assertLess(time.monotonic() - began, AT_ONCE)
        self.assertTrue(imap.greeting.startswith("* OK "), imap.greeting)
        self.assertLogsIn(imap.plain("bob", PASSWORDS["bob"]))
        self.assertLess(time.monotonic() - began, AT_ONCE, "the look added a penalty")
        lines = [line for line in self.host.log_since(mark).splitlines()
                 if ipv4(imap.address, line) and f"{self.host.logged_in}: " not in line
                 and "imap(" not in line]
        self.assertEqual(len(lines), 2, lines)
        self.assertRegex(lines[0], "postern login: result=refused reason=unknown-key service=imap "
                         rf"account=- client={imap.address} by=key label=- key=[\w-]{{43}} "
                         r"tls=TLSv1.3/\S+ asked=- ")
        self.assertIn("postern login: result=ok reason=- ", lines[1])

    @key_login_case(9)
    def test_unknown_key_that_leaves_is_no_failed_login(self):
        """fail2ban bans for `auth failed, N attempts`."""
        mark = self.host.log_mark()
        imap = self.connect(Imap, self.new_key())
        imap.command("LOGOUT")
        line = self.host.wait_for_log(mark, f"user=<>, rip={imap.address}")
        self.assertRegex(line, r"(Aborted login by logging out|Login aborted: Logged out) "
                         r"\(no auth attempts in ")

    @tap.cases(*BY_PROTOCOL)
    @key_login_case(8, 14, 20, 28)
    def test_external_is_shown_to_who_has_a_certificate(self, cls):
        self.assertEqual(self.connect(cls, self.add_key("alice", "--no-preauth")).mechanisms,
                         {"PLAIN", "EXTERNAL"})
        self.assertEqual(self.connect(cls, self.new_key()).mechanisms, {"PLAIN", "EXTERNAL"})
        self.assertEqual(self.connect(cls).mechanisms, {"PLAIN"})

    @tap.cases(*BY_PROTOCOL)
    @key_login_case(8, 20, 28)
    def test_no_certificate(self, cls):
        client = self.connect(cls)
        self.assertRefused(client.external())
        self.assertLogsIn(client.plain("alice", PASSWORDS["alice"]))

    @tap.cases(*BY_PROTOCOL)
    @key_login_case(9, 20, 28)
    def test_unknown_key_has_the_password(self, cls):
        client = self.connect(cls, self.new_key())
        self.assertRefused(client.external())
        self.assertLogsIn(client.plain("alice", PASSWORDS["alice"]))

    @key_login_case(29)
    @tap.cases(("account disabled", "account", "disable", "mabel"),
               ("policy password", "account", "policy", "mabel", "password"),
               ("policy both", "account", "policy", "mabel", "both"),
               ("account removed", "account", "remove", "mabel"))
    def test_what_has_changed_counts_for_the_next_login(self, *change):
        self.host.postern("account", "add", "mabel")
        self.addCleanup(self.host.postern, "account", "remove", "mabel", check=False)
        key = self.add_key("mabel")
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.host.postern(*change)
        self.assertFalse(self.connect(Imap, key).is_preauth)
        for _, answer in self.each(BY_PROTOCOL, lambda _, cls: self.connect(cls, key).external()):
            self.assertRefused(answer)

    @key_login_case(29)
    def test_a_removed_key_gets_in_nowhere(self):
        key = self.add_key("alice")
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.host.postern("key", "remove", key.fingerprint)
        imap = self.connect(Imap, key)
        self.assertFalse(imap.is_preauth)
        self.assertRefused(imap.external())


class Penalty(KeyLoginTest):
    """Dovecot lets an address wait the longer, the more wrong passwords came from it."""

    def timed(self, password, address, key=None):
        """The answer, and the seconds it took."""
        began = time.monotonic()
        answer = self.connect(Imap, key, address=address).plain("bob", password)
        return answer, time.monotonic() - began

    @key_login_case(11)
    def test_a_key_does_not_wait_for_others_wrong_passwords(self):
        key, address = self.add_key("alice"), new_address()
        self.assertRefused(self.timed("wrong", address)[0])
        began = time.monotonic()
        self.assertTrue(self.connect(Imap, key, address=address).is_preauth)
        self.assertFalse(self.connect(Imap, self.new_key(), address=address).is_preauth)
        self.assertLess(time.monotonic() - began, AT_ONCE)
        # A password does, though it is right, and on a connection with a key, too.
        answer, seconds = self.timed(PASSWORDS["bob"], address, self.new_key())
        self.assertLogsIn(answer)
        self.assertGreater(seconds, AT_ONCE)

    @key_login_case(11)
    def test_a_key_that_is_refused_lets_nobody_wait(self):
        address, off = new_address(), self.add_key("alice", "--services", "pop3")
        for key in (self.new_key(), off):
            for _ in range(4):
                self.assertRefused(self.connect(Imap, key, address=address).external())
        answer, seconds = self.timed(PASSWORDS["bob"], address)
        self.assertLogsIn(answer)
        self.assertLess(seconds, AT_ONCE)


@tap.with_cases
class External(KeyLoginTest):
    @tap.cases(*BY_PROTOCOL)
    @key_login_case(14, 15, 20, 28)
    def test_forms(self, cls):
        key = self.add_key("alice", "--no-preauth")
        # NFC here, and asked for in NFC and NFD.
        self.host.postern("address", "add", "alice", "z\u00fcrich@example.test")
        self.addCleanup(self.host.postern, "address", "remove", "alice", "z\u00fcrich@example.test")
        for title, authzid, initial in (
                ("empty, initial response", "", True),
                ("empty, after a challenge", "", False),
                ("login name", "alice", True),
                ("login name, after a challenge", "alice", False),
                ("login name in capitals", "ALICE", True),
                ("its address", "alice@example.test", True),
                ("an alias", "a.liddell@example.test", True),
                ("an alias in NFC", "z\u00fcrich@example.test", True),
                ("an alias in NFD", "zu\u0308rich@example.test", True)):
            with self.subTest(title):
                self.assertLogsIn(self.connect(cls, key).external(authzid, initial))

    @tap.cases(*BY_PROTOCOL)
    @key_login_case(15, 20, 28)
    def test_another_account(self, cls):
        client = self.connect(cls, self.add_key("alice", "--no-preauth"))
        for authzid in ("bob", "bob@example.test", "dodo", "nobody", "alice*bob", "bob*alice"):
            with self.subTest(authzid):
                began = time.monotonic()
                self.assertRefused(client.external(authzid), "another account")
                self.assertLess(time.monotonic() - began, AT_ONCE)
        self.assertLogsIn(client.external("alice"))

    @key_login_case(20)
    def test_pop3_and_managesieve(self):
        """Nobody is logged in by the greeting; then it is as with IMAP."""
        key = self.add_key("alice")
        for cls, command in ((Pop3, "STAT"), (Sieve, "LISTSCRIPTS")):
            for authzid, initial in (("", True), ("", False), ("alice@example.test", True)):
                client = self.connect(cls, key)
                self.assertFalse(client.command(command).ok)
                self.assertLogsIn(client.external(authzid, initial))
                self.assertTrue(client.command(command).ok)
            self.assertRefused(self.connect(cls, key).external("bob"), "another account")

    @key_login_case(15)
    def test_malformed(self):
        imap = self.connect(Imap, self.add_key("alice", "--no-preauth"))
        self.assertRegex(imap.authenticate("EXTERNAL", "%%%").text, "^BAD ")
        self.assertRegex(imap.authenticate("EXTERNAL", None, "*").text, "^BAD ")
        self.assertRefused(imap.external("alice\0bob"))
        self.assertLogsIn(imap.external())

    @key_login_case(13)
    def test_after_preauth(self):
        """K-9 authenticates although it is logged in."""
        key = self.add_key("alice")
        for title, authzid, initial, ok in (
                ("empty", "", True, True), ("empty, after a challenge", "", False, True),
                ("login name", "alice", True, True), ("in capitals", "Alice", False, True),
                ("with a domain", "alice@example.test", True, True),
                ("another", "bob", True, False), ("another", "bob", False, False)):
            with self.subTest(f"{title}, {initial}"):
                imap = self.connect(Imap, key)
                answer = imap.external(authzid, initial)
                self.assertEqual(answer.ok, ok, answer.text)
                self.assertTrue(imap.command("STATUS INBOX (MESSAGES)")[0].ok)

    @key_login_case(13)
    def test_other_ways_after_preauth(self):
        imap = self.connect(Imap, self.add_key("alice"))
        self.assertRegex(imap.plain("alice", PASSWORDS["alice"]).text, "^NO ")
        self.assertRegex(imap.command("LOGIN bob bob-secret-1")[0].text, "^NO ")
        self.assertRegex(imap.authenticate("EXTERNAL", "%%%").text, "^BAD ")
        self.assertRegex(imap.authenticate("EXTERNAL", None, "*").text, "^BAD ")
        self.assertTrue(imap.command("NOOP")[0].ok)

    @key_login_case(13)
    def test_after_a_password_there_is_nothing_to_authenticate(self):
        imap = self.connect(Imap)
        self.assertLogsIn(imap.plain("alice", PASSWORDS["alice"]))
        self.assertRegex(imap.external("alice").text, "^NO ")


@tap.with_cases
class OneConnectionOneAccount(KeyLoginTest):
    @tap.cases(*BY_PROTOCOL)
    @key_login_case(16, 20, 28)
    def test_passwords_on_a_connection_with_a_key(self, cls):
        key = self.add_key("alice", "--no-preauth")
        # bob's password is postern's, dodo's is in Dovecot's own passwd-file, nobody is nowhere.
        names = (("bob", PASSWORDS["bob"]), ("dodo", PASSWORDS["dodo"]), ("nobody", "x"))
        for (name, _), answer in self.each(
                names, lambda *who: self.connect(cls, key).plain(*who)):
            with self.subTest(name):
                self.assertRefused(answer, "another account")
        self.assertLogsIn(self.connect(cls, key).plain("alice", PASSWORDS["alice"]))

    @key_login_case(16)
    def test_another_password_after_a_refusal(self):
        imap = self.connect(Imap, self.add_key("alice", "--no-preauth"))
        self.assertRefused(imap.plain("bob", PASSWORDS["bob"]), "another account")
        self.assertLogsIn(imap.external())

    @key_login_case(16)
    def test_authzid_in_plain(self):
        imap = self.connect(Imap, self.add_key("alice", "--no-preauth"))
        self.assertRefused(imap.plain("bob", PASSWORDS["bob"], authzid="alice"))
        self.assertRefused(imap.plain("alice", PASSWORDS["alice"], authzid="bob"))
        self.assertLogsIn(imap.plain("alice", PASSWORDS["alice"], authzid="alice"))

    def test_other_users_are_not_in_the_way(self):
        self.assertLogsIn(self.connect(Imap).plain("dodo", PASSWORDS["dodo"]))
        self.assertLogsIn(self.connect(Imap, self.new_key()).plain("dodo", PASSWORDS["dodo"]))

    def test_the_user_is_the_name_as_stored(self):
        mark = self.host.log_mark()
        self.assertLogsIn(self.connect(Imap).plain("ALICE", PASSWORDS["alice"]))
        self.host.wait_for_log(mark, f"{self.host.logged_in}: user=<alice>, method=PLAIN")

    def test_empty_password(self):
        keys = ((None,), (self.new_key(),), (self.add_key("alice", "--no-preauth"),))
        for _, answer in self.each(keys, lambda key: self.connect(Imap, key).plain("alice", "")):
            self.assertRefused(answer)


@tap.with_cases
class States(KeyLoginTest):
    @staticmethod
    def password(client):
        return client.plain("alice", PASSWORDS["alice"])

    @tap.cases(*BY_PROTOCOL)
    @key_login_case(18, 20, 28)
    def test_disabled(self, cls):
        key = self.add_key("alice")
        self.host.postern("account", "disable", "alice")
        self.addCleanup(self.host.postern, "account", "enable", "alice")
        self.assertRefused(self.connect(cls, key).external(), "account is disabled")
        for _, answer in self.each(((key,), (None,)), lambda which: self.password(
                self.connect(cls, which))):
            self.assertRefused(answer, "account is disabled")

    @key_login_case(18)
    def test_disabled_has_no_preauth(self):
        key = self.add_key("alice")
        self.host.postern("account", "disable", "alice")
        self.addCleanup(self.host.postern, "account", "enable", "alice")
        self.assertTrue(self.connect(Imap, key).greeting.startswith("* OK "))

    @key_login_case(18)
    def test_disabled_is_closed_to_other_passdbs_too(self):
        """dodo's password is in Dovecot's own passwd-file."""
        self.host.postern("account", "add", "dodo")
        self.addCleanup(self.host.postern, "account", "remove", "dodo")
        self.assertLogsIn(self.connect(Imap).plain("dodo", PASSWORDS["dodo"]))
        self.host.postern("account", "disable", "dodo")
        self.assertRefused(self.connect(Imap).plain("dodo", PASSWORDS["dodo"]), "disabled")

    @tap.cases(
        #             PREAUTH, EXTERNAL, password with the key, password alone
        ("any", "any", True, True, True, True),
        ("key", "key", True, True, False, False),
        ("password", "password", False, False, True, True),
        ("both", "both", False, False, True, False),
    )
    @key_login_case(19)
    def test_policy(self, policy, preauth, by_external, with_key, alone):
        key = self.add_key("alice")
        quiet = self.add_key("alice", "--no-preauth")
        self.use_policy("alice", policy)
        self.assertEqual(self.connect(Imap, key).is_preauth, preauth)
        ways = (("EXTERNAL", quiet, Imap.external, by_external),
                ("password with the key", quiet, self.password, with_key),
                ("password with an unknown key", self.new_key(), self.password, alone),
                ("password alone", None, self.password, alone))
        for (what, _, _, ok), answer in self.each(
                ways, lambda _what, which, login, _ok: login(self.connect(Imap, which))):
            with self.subTest(what):
                self.assertEqual(answer.ok, ok, answer.text)
                if not ok:
                    self.assertIn("does not allow this way", answer.text)

    @key_login_case(6)
    def test_services_of_a_key(self):
        key = self.add_key("alice", "--services", "pop3,sieve")
        for name, cls in BY_PROTOCOL:
            with self.subTest(name):
                answer = self.connect(cls, key).external()
                self.assertEqual(answer.ok, name in ("POP3S", "POP3 STLS", "ManageSieve"),
                                 answer.text)
        self.assertFalse(self.connect(Imap, key).is_preauth)

    @key_login_case(14)
    def test_no_preauth(self):
        imap = self.connect(Imap, self.add_key("alice", "--no-preauth"))
        self.assertTrue(imap.greeting.startswith("* OK [CAPABILITY "), imap.greeting)
        self.assertIn(" AUTH=EXTERNAL", imap.greeting)
        self.assertLogsIn(imap.external())


@key_login_case(17)
@tap.with_cases
class BeforeTheGreeting(KeyLoginTest):
    LOGIN = b"p1 LOGIN alice alice-secret-1\r\np2 STATUS INBOX (MESSAGES)\r\n"

    @tap.cases(("no key", lambda self: None),
               ("unknown key", lambda self: self.new_key()),
               ("key", lambda self: self.add_key("alice")),
               ("key without preauth", lambda self: self.add_key("alice", "--no-preauth")))
    def test_input_with_the_handshake(self, key):
        """Neither lost nor a crash; and no PREAUTH, which would leave the LOGIN without an answer."""
        imap = self.connect(Imap, key(self), early=self.LOGIN)
        self.assertTrue(imap.greeting.startswith("* OK "), imap.greeting)
        self.assertTrue(imap.answer("p1")[0].ok)
        self.assertTrue(imap.answer("p2")[0].ok)

    def test_input_before_the_greeting_at_any_time(self):
        """Before, while or after the auth process is asked; each command has its answer."""
        key = self.add_key("alice")
        for _ in range(20):
            imap = self.connect(Imap, key, listen=False)
            imap.send(self.LOGIN)
            greeting = imap.line()
            login = imap.answer("p1")[0]
            # After PREAUTH it is a command of the imap process, which refuses it.
            self.assertEqual(login.ok, greeting.startswith("* OK "), (greeting, login))
            self.assertTrue(imap.answer("p2")[0].ok)

    def test_half_a_line(self):
        imap = self.connect(Imap, self.add_key("alice"), early=b"p1 LOGIN alice ")
        self.assertTrue(imap.greeting.startswith("* OK "), imap.greeting)
        imap.send(b"alice-secret-1\r\n")
        self.assertTrue(imap.answer("p1")[0].ok)

    def test_client_that_leaves(self):
        """In the middle of the handshake, or as soon as it is done."""
        key = self.add_key("alice")
        mark = self.host.log_mark()
        for _ in range(10):
            Imap(self.host, key, listen=False).close()
        self.assertTrue(self.connect(Imap, key).is_preauth)
        self.assertNotRegex(self.host.log_since(mark), "(?i)panic|killed with signal|fatal")

    @tap.cases(*BY_PROTOCOL)
    def test_password_in_challenge(self, cls):
        """A mechanism that starts without an initial response, on a connection with a key."""
        client = self.connect(cls, self.add_key("alice", "--no-preauth"))
        answer = client.authenticate("PLAIN", None, encode(f"\0alice\0{PASSWORDS['alice']}"))
        self.assertLogsIn(answer)


@tap.with_cases
class BehindStartTls(KeyLoginTest):
    """What somebody on the way puts behind STARTTLS in the clear is never read as the beginning of
    what the client says in TLS."""

    @tap.cases(
        ("IMAP, half a command", ImapStartTls, "t1 STARTTLS\r\nt2 LOGIN ", "alice alice-secret-1\r\n"),
        ("IMAP, a command", ImapStartTls, "t1 STARTTLS\r\nt2 NOOP\r\n", "t3 NOOP\r\n"),
        ("POP3, a command", Pop3StartTls, "STLS\r\nCAPA\r\n", "CAPA\r\n"),
        ("ManageSieve, half a command", Sieve, "STARTTLS\r\nAUTHENTICATE ",
         f'"PLAIN" "{encode(chr(0) + "alice" + chr(0) + PASSWORDS["alice"])}"\r\n'),
        ("ManageSieve, a command", Sieve, "STARTTLS\r\nNOOP\r\n", "NOOP\r\n"))
    def test_plaintext(self, cls, in_the_clear, in_tls):
        class Injected(cls):
            def switch(self):
                self.send(in_the_clear)
                self.line()

        mark = self.host.log_mark()
        try:
            client = self.connect(Injected)
            client.send(in_tls)
            self.fail(client.line())
        except TimeoutError:
            raise
        except (EOFError, OSError):
            pass    # the server has closed the connection
        self.host.wait_for_log(mark, ": user=<>, rip=")
        self.assertNotRegex(self.host.log_since(mark), "(?i)panic|killed with signal|fatal")


if __name__ == "__main__":
    tap.main()
