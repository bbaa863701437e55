#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The users' page: each way in, and each thing that can be done there. password.cgi is run as a web server runs it."""
import base64
import hmac
import html
import re
import sqlite3
import subprocess
import unittest
import urllib.parse

from lib import tap
from lib.key_login import key_login_case
from lib.keys import Key
from lib.page import CGI, PASSWORD, URL, PageTest, parse

NEW = "five new words of mine"


def decoded(mails):
    """Bodies of mails in base64."""
    return [base64.b64decode(body).decode() for body in re.findall(r"base64\n.*?\n\n((?:[\w+/=]+\n)+)", mails, re.S)]


class Programs(unittest.TestCase):
    def test_libraries(self):
        """What password.cgi is linked with is loaded for each request: OpenSSL would take longer than the page."""
        needed = subprocess.run(("readelf", "-d", CGI), check=True, capture_output=True, text=True).stdout
        self.assertIn("NEEDED", needed)
        for library in ("crypto", "crypt", "sodium", "sqlite3"):
            self.assertNotIn(f"[lib{library}.so", needed)


class SignIn(PageTest):
    def test_by_password(self):
        browser = self.signed_in()
        page = browser.get("/")
        self.assertEqual(page.status, 200)
        self.assertIn('data-way="password"', page.text)
        self.assertIn("<li>alice@example.test</li>", page.text)
        self.assertIn("service=web account=alice", self.logged())

    def test_addresses_without_end(self):
        for n in range(3):
            self.ok("address", "add", "alice", f"a{n}@example.test")
        with sqlite3.connect(self.store / "postern.db") as db:
            identifier, = db.execute("SELECT id FROM account WHERE name = 'alice'").fetchone()
            db.executemany("INSERT INTO address (address, account_id) VALUES (?, ?)",
                           [(f"b{n}@example.test", identifier) for n in range(5000)])
        page = self.signed_in().get("/")
        self.assertEqual((page.status, page.text.count("@example.test</li>")), (200, 201))

    def test_by_registered_key(self):
        key = Key(self.dir, "phone")
        self.ok("key", "add", "alice", key.certificate)
        pem = key.certificate.read_text()
        for shown in (pem, urllib.parse.quote(pem)):
            browser = self.browser(certificate=shown)
            self.assertIn("with-certificate", parse(browser.get("/sign-in")).forms)
            self.assertEqual(browser.submit("/sign-in", "with-certificate").location(), "/")
            self.assertIn('data-way="key"', browser.get("/").text)
            # On another connection the cookie alone is nothing.
            browser.certificate = None
            self.assertEqual(browser.get("/").location(), "/sign-in")
        self.ok("key", "remove", key.fingerprint)
        self.assertNotIn("with-certificate", self.browser(certificate=pem).get("/sign-in").text)

    def test_session_ends_with_its_password(self):
        def began_earlier():
            with sqlite3.connect(self.store / "page/page.db") as db:
                db.execute("UPDATE session SET started = started - 10")

        key = Key(self.dir, "phone")
        self.ok("key", "add", "alice", key.certificate)
        browser = self.signed_in()
        by_key = self.browser(certificate=key.certificate.read_text())
        by_key.submit("/sign-in", "with-certificate")
        self.ok("password", "set", "alice", "--label", "printer", stdin=NEW)
        self.assertEqual(browser.get("/").status, 200)
        began_earlier()
        self.ok("password", "set", "alice", stdin=NEW)
        self.assertEqual(browser.get("/").location(), "/sign-in")
        self.assertEqual(by_key.get("/").status, 200)
        browser.sign_in(password=NEW)
        self.ok("password", "remove", "alice", "main")
        began_earlier()
        self.assertEqual(browser.get("/").location(), "/sign-in")

    def test_by_password_beside_a_key(self):
        """However it began, a session is good on connections with that key alone."""
        stranger, own = Key(self.dir, "stranger"), Key(self.dir, "own")
        self.ok("key", "add", "alice", own.certificate)
        for key in (stranger, own):
            browser = self.browser(certificate=key.certificate.read_text()).sign_in()
            self.assertEqual(browser.get("/").status, 200)
            for other in (None, (own if key is stranger else stranger).certificate.read_text()):
                browser.certificate = other
                self.assertEqual(browser.get("/").location(), "/sign-in")

    def test_key_of_another_service_or_policy(self):
        key = Key(self.dir, "phone")
        self.ok("key", "add", "alice", "--services", "imap", key.certificate)
        browser = self.browser(certificate=key.certificate.read_text())
        self.assertNotIn("with-certificate", browser.get("/sign-in").text)
        self.assertEqual(browser.post("/sign-in/key", {"token": browser.token()}).status, 403)
        # The rule of all of postern: whoever has this key becomes nobody else.
        self.ok("account", "add", "bob")
        self.ok("password", "set", "bob", stdin=PASSWORD)
        response = browser.submit("/sign-in", "with-password", ("name", "bob"), ("password", PASSWORD))
        self.assertEqual(response.status, 403)

    def test_disabled_in_the_middle(self):
        browser = self.signed_in()
        self.ok("account", "disable", "alice")
        self.assertEqual(browser.get("/").location(), "/sign-in")
        self.assertFalse(self.lets_in(PASSWORD))

    def test_account_made_anew_has_no_old_session(self):
        browser = self.signed_in()
        self.ok("account", "remove", "alice")
        self.ok("account", "add", "alice")
        self.assertEqual(browser.get("/").location(), "/sign-in")

    def test_sign_out(self):
        browser = self.signed_in()
        before = dict(browser.cookies)
        self.assertEqual(browser.submit("/", "sign-out").location(), "/sign-in?done=out")
        browser.cookies = before
        self.assertEqual(browser.get("/").location(), "/sign-in")

    def test_a_session_has_a_token_of_its_own(self):
        browser = self.browser()
        browser.get("/sign-in")
        before = browser.cookies["__Host-postern"]
        browser.sign_in()
        self.assertNotEqual(browser.cookies["__Host-postern"], before)
        self.assertRegex(before, r"\A[\w-]{43}\Z")
        self.assertNotIn(before.encode(), (self.store / "page" / "page.db").read_bytes())

    def test_policy_key_wants_the_key(self):
        self.ok("account", "policy", "alice", "key")
        self.assertFalse(self.lets_in(PASSWORD))


class ByCertificate(PageTest):
    options = ()

    def setUp(self):
        super().setUp()
        self.ca = Key(self.dir, "ca")
        self.stop_keeper()
        self.configure(f"page_ca = {self.ca.certificate}")
        self.start_keeper()

    def certificate(self, address, name="card", **kwargs):
        key = Key(self.dir, name, issuer=(self.ca.certificate, self.ca.key), address=address, **kwargs)
        return key.certificate.read_text()

    def test_way_in_and_set_at_once(self):
        browser = self.browser(certificate=self.certificate("Alice@Example.test"))
        self.assertEqual(browser.submit("/sign-in", "with-certificate").location(), "/")
        self.assertIn('data-way="certificate"', browser.get("/").text)
        self.assertNotIn('name="current"', browser.get("/password").text)
        response = browser.submit("/password", "set-password", ("new", NEW), ("again", NEW))
        self.assertEqual(response.location(), "/?done=password")
        self.assertTrue(self.lets_in(NEW))
        self.assertFalse(self.lets_in(PASSWORD))

    def test_no_way_in(self):
        self.ok("account", "add", "bob")
        self.ok("account", "add", "owner", "--address", "@example.test")
        for name in ("alice", "bob"): # which the command remarks upon
            self.assertEqual(self.run_command("address", "add", name, "info@example.test").returncode, 0)
        other = Key(self.dir, "other-ca")
        foreign = Key(self.dir, "foreign", issuer=(other.certificate, other.key), address="alice@example.test")
        cases = {
            "of no CA": Key(self.dir, "self", address="alice@example.test").certificate.read_text(),
            "of another CA": foreign.certificate.read_text(),
            "of two accounts": self.certificate("info@example.test", "info"),
            "of a domain's owner": self.certificate("x@example.test", "domain"),
            "a subaddress": self.certificate("alice+x@example.test", "sub"),
        }
        for title, pem in cases.items():
            with self.subTest(title):
                browser = self.browser(certificate=pem)
                self.assertNotIn("with-certificate", parse(browser.get("/sign-in")).forms)
                self.assertEqual(browser.post("/sign-in/key", {"token": browser.token()}).status, 403)

    def test_ca_that_cannot_be_read(self):
        pem = self.certificate("alice@example.test")
        self.ca.certificate.unlink()
        self.assertEqual(self.browser(certificate=pem).get("/sign-in").status, 503)


@tap.with_cases
class Password(PageTest):
    def set(self, browser, **fields):
        return browser.submit("/password", "set-password", *fields.items())

    def test_set(self):
        browser, other = self.signed_in(), self.signed_in()
        response = self.set(browser, current=PASSWORD, new=NEW, again=NEW)
        self.assertEqual(response.location(), "/?done=password")
        self.assertIn("The new password is set", browser.get("/?done=password").text)
        self.assertEqual(other.get("/").location(), "/sign-in")
        self.assertTrue(self.lets_in(NEW))
        self.assertFalse(self.lets_in(PASSWORD))
        mail, = decoded(self.mailed())
        self.assertIn("A new password was set", mail)
        self.assertNotIn(NEW, mail)
        self.assertNotIn(NEW, self.logged())

    @tap.cases(
        ("wrong current", {"current": "x" * 12, "new": NEW, "again": NEW}, 422, "not your current"),
        ("no current", {"current": "", "new": NEW, "again": NEW}, 422, "not your current"),
        ("differ", {"current": PASSWORD, "new": NEW, "again": NEW + "x"}, 422, "not the same"),
        ("empty", {"current": PASSWORD, "new": "", "again": ""}, 422, "Type the new"),
        ("the old one", {"current": PASSWORD, "new": PASSWORD, "again": PASSWORD}, 422, "already"),
        ("short", {"current": PASSWORD, "new": "xyz", "again": "xyz"}, 422, "too short"),
        ("common", {"current": PASSWORD, "new": "password1", "again": "password1"}, 422, "first that are guessed"),
        ("name", {"current": PASSWORD, "new": "alicealice", "again": "alicealice"}, 422, "."),
        ("a control", {"current": PASSWORD, "new": "with a\ttab inside", "again": "with a\ttab inside"}, 422, "."),
        ("too long", {"current": PASSWORD, "new": "y z" * 400, "again": "y z" * 400}, 422, "too long"),
        ("both", {"current": PASSWORD, "new": NEW, "again": NEW, "crypt": "$1$a$b"}, 422, "not both"),
        ("no hash", {"current": PASSWORD, "crypt": "plain text"}, 422, "no hash"),
        ("locked hash", {"current": PASSWORD, "crypt": "!"}, 422, "no hash"),
        ("dear hash", {"current": PASSWORD, "crypt": "$6$rounds=999999999$abcdefgh$" + "x" * 86}, 422, "too much work"),
    )
    def test_wrong(self, fields, status, words):
        before = self.contents()
        response = self.set(self.signed_in(), **fields)
        self.assertEqual(response.status, status)
        self.assertRegex(html.unescape(response.text), words)
        self.assertIn('id="errors"', response.text)
        self.assertNotIn(fields.get("new") or "\0", html.unescape(response.text).replace("alicealice", ""))
        self.assertEqual(self.contents(), before)

    def test_hash(self):
        made = subprocess.run(("openssl", "passwd", "-6", "-stdin"), input=NEW, text=True,
                              capture_output=True).stdout.strip()
        response = self.set(self.signed_in(), current=PASSWORD, crypt=made)
        self.assertEqual(response.status, 303)
        self.assertTrue(self.lets_in(NEW))

    def test_with_the_rest_removed(self):
        key, kept = Key(self.dir, "old"), Key(self.dir, "kept")
        for k in (key, kept):
            self.ok("key", "add", "alice", k.certificate)
        self.ok("password", "generate", "alice", "--label", "printer")
        browser = self.browser(certificate=kept.certificate.read_text())
        browser.submit("/sign-in", "with-certificate")
        self.assertEqual(self.set(browser, new=NEW, again=NEW, others="1", keys="1").status, 303)
        self.assertEqual(self.labels(), ["main"])
        self.assertEqual([k["label"] for k in self.json("key", "list", "alice")], ["kept"])

    def test_mail_goes_to_the_owner(self):
        for name in ("bob", "carol@example.test"):
            self.ok("account", "add", name)
            self.ok("password", "set", name, stdin=PASSWORD)
            self.set(self.browser().sign_in(name), current=PASSWORD, new=NEW, again=NEW)
        self.assertEqual(re.findall(r"^TO (.*)$", self.mailed(), re.M), ["bob@example.test", "carol@example.test"])

    def test_services_of_the_old_one_stay(self):
        self.ok("password", "set", "alice", "--services", "imap,web", stdin=PASSWORD)
        self.set(self.signed_in(), current=PASSWORD, new=NEW, again=NEW)
        self.assertEqual(self.json("password", "list", "alice")[0]["services"], ["imap", "web"])


@tap.with_cases
class DevicePasswords(PageTest):
    def make(self, browser, label="printer", services=("submission",), current=PASSWORD):
        return browser.submit("/passwords", "generate", ("label", label), ("current", current),
                              *(("services", s) for s in services), without=("services",))

    def test_life(self):
        browser = self.signed_in()
        made = self.make(browser, services=("submission", "web"))
        self.assertEqual(made.status, 200)
        password = parse(made).texts["generated"]
        self.assertRegex(password, r"\A(?:[0-9a-z]{5}-){3}[0-9a-z]{5}\Z")
        self.assertNotIn(password, browser.get("/passwords").text)
        self.assertTrue(self.lets_in(password))
        row = next(r for r in self.json("password", "list", "alice") if r["label"] == "printer")
        self.assertEqual(row["services"], ["submission", "web"])
        # The same form again: nothing is replaced.
        self.assertEqual(self.make(browser).status, 422)
        self.assertTrue(self.lets_in(password))
        removed = browser.post("/passwords/remove", {"token": browser.token("/"), "label": "printer"})
        self.assertEqual(removed.location(), "/passwords?done=removed")
        self.assertEqual(self.labels(), ["main"])
        self.assertFalse(self.lets_in(password))
        self.assertNotIn(password, self.logged() + "".join(decoded(self.mailed())))

    @tap.cases(
        ("no label", {"label": ""}, "Give a name"),
        ("invisible label", {"label": "a\u202eb"}, "Give a name"),
        ("long label", {"label": "x" * 200}, "Give a name"),
        ("main", {"label": "main"}, "of this name"),
        ("no services", {"services": ()}, "good for"),
        ("wrong password", {"current": "wrong one here"}, "current password"),
    )
    def test_wrong(self, values, words):
        response = self.make(self.signed_in(), **values)
        self.assertEqual(response.status, 422)
        self.assertIn(words, html.unescape(response.text))
        self.assertEqual(self.labels(), ["main"])

    def test_not_without_end(self):
        hash_ = "$1$abcdefgh$f4FAhCjxUf8AsFu5Ck2gF/"
        for n in range(19):
            self.ok("password", "set", "alice", "--hash", "--label", f"n{n}", "--services", "imap", stdin=hash_)
        response = self.make(self.signed_in())
        self.assertEqual((response.status, "as many" in response.text), (422, True))

    def test_the_last_way_in_is_asked_for_again(self):
        browser = self.signed_in()
        response = browser.post("/passwords/remove", {"token": browser.token("/"), "label": "main"})
        self.assertEqual((response.status, parse(response).body), (200, "page-confirm"))
        self.assertEqual(self.labels(), ["main"])
        fields = dict(parse(response).forms["confirm"])
        self.assertEqual(browser.post("/passwords/remove", fields).status, 303)
        self.assertEqual(self.labels(), [])


@tap.with_cases
class Keys(PageTest):
    def challenge(self, browser):
        return dict(parse(browser.get("/keys/new")).forms["add-key"])["challenge"]

    def sign(self, key, line):
        (self.dir / "line.txt").write_text(line)
        command = ("pkeyutl", "-sign", "-rawin", "-inkey", key.key, "-in", "line.txt") if key.kind == "Ed25519" \
            else ("dgst", "-sha256", "-sign", key.key, "line.txt")
        return subprocess.run(("openssl", *command), cwd=self.dir, capture_output=True, check=True).stdout

    def add(self, browser, key, signature, *fields, **kwargs):
        if "challenge" not in dict(fields):
            fields = (*fields, ("challenge", self.challenge(browser)))
        return browser.submit("/keys/new", "add-key", ("certificate", key.certificate.read_text()),
                              ("current", PASSWORD), ("signature", base64.b64encode(signature).decode()),
                              *fields, **kwargs)

    def keys(self):
        return self.json("key", "list", "alice")

    @tap.cases(("Ed25519", "Ed25519"), ("ECDSA P-256", "ECDSA P-256"), ("RSA-2048", "RSA-2048"))
    @key_login_case(5)
    def test_add_by_signature(self, kind):
        browser, key = self.signed_in(), Key(self.dir, "phone", kind)
        line = self.challenge(browser)
        self.assertIn("register it for alice at " + URL, line)
        response = self.add(browser, key, self.sign(key, line), ("challenge", line), ("label", "my phone"),
                            ("services", "imap"), ("services", "web"), without=("preauth",))
        self.assertEqual(response.location(), "/keys?done=key", response.text)
        row, = self.keys()
        self.assertEqual((row["label"], row["services"], row["preauth"]), ("my phone", ["imap", "web"], False))
        self.assertIn("waiting for its first login", browser.get("/keys").text)
        # It is a way in at once.
        with_key = self.browser(certificate=key.certificate.read_text())
        self.assertEqual(with_key.submit("/sign-in", "with-certificate").location(), "/")

    def test_add_by_upload(self):
        browser, key = self.signed_in(), Key(self.dir, "phone")
        line = self.challenge(browser)
        der = subprocess.run(("openssl", "x509", "-in", key.certificate, "-outform", "DER"),
                             capture_output=True).stdout
        response = browser.submit("/keys/new", "add-key", ("file", "phone.crt", der), ("challenge", line),
                                  ("signed", "line.sig", self.sign(key, line)), ("current", PASSWORD))
        self.assertEqual(response.location(), "/keys?done=key", response.text)
        self.assertEqual(self.keys()[0]["label"], "phone")

    @key_login_case(5)
    def test_add_the_key_of_this_connection(self):
        key = Key(self.dir, "laptop")
        browser = self.browser(certificate=key.certificate.read_text()).sign_in()
        response = browser.submit("/keys/new", "add-this-key", ("current", PASSWORD))
        self.assertEqual(response.location(), "/keys?done=key")
        self.assertEqual(self.keys()[0]["label"], "laptop")

    @key_login_case(5)
    def test_no_proof(self):
        browser, key, other = self.signed_in(), Key(self.dir, "phone"), Key(self.dir, "other")
        line, stranger = self.challenge(browser), self.challenge(self.signed_in())
        old = re.sub(r"until \d+", "until 1", line)
        later = re.sub(r"until \d+", "until 99999999999", line)

        def vouched(text):
            """By who has the session, which makes no line of the page's of it."""
            mac = hmac.digest(browser.cookies["__Host-postern"].encode(), b"challenge\0" + text.encode(), "sha256")
            return f"{text} {base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

        text = line.rpartition(" ")[0]
        self.assertEqual(vouched(text), line)
        bobs, years = vouched(text.replace("for alice", "for bob")), vouched(later.rpartition(" ")[0])
        cases = {
            "for another account": (self.sign(key, bobs), bobs, "too old"),
            "for years": (self.sign(key, years), years, "too old"),
            "no signature": (b"", line, "Sign the line"),
            "not of this kind": (b"\0" * 64, line, "not a signature"),
            "of another key": (self.sign(other, line), line, "not a signature"),
            "of another line": (self.sign(key, line + " "), line, "not a signature"),
            "of another session": (self.sign(key, stranger), stranger, "too old"),
            "changed line": (self.sign(key, later), later, "too old"),
            "old line": (self.sign(key, old), old, "too old"),
        }
        for title, (signature, shown, words) in cases.items():
            with self.subTest(title):
                response = self.add(browser, key, signature, ("challenge", shown))
                self.assertEqual(response.status, 422)
                self.assertIn(words, response.text)
                self.assertEqual(self.keys(), [])

    def test_signature_that_is_no_base64(self):
        browser, key = self.signed_in(), Key(self.dir, "phone")
        for text in ("*", "AAA", "=" * 8, "A" * 4096):
            response = browser.submit("/keys/new", "add-key", ("certificate", key.certificate.read_text()),
                                      ("current", PASSWORD), ("signature", text))
            self.assertEqual((response.status, "not a signature" in response.text), (422, True), text[:8])

    def test_refused_keys(self):
        browser, key = self.signed_in(), Key(self.dir, "phone")
        private = key.key.read_text()
        response = browser.submit("/keys/new", "add-key", ("certificate", private), ("current", PASSWORD))
        self.assertEqual(response.status, 422)
        self.assertIn("private key", response.text)
        self.assertNotIn(private.splitlines()[1], response.text)
        self.assertNotIn(private.splitlines()[1], self.logged())
        # Another's key is refused without a word about whose it is.
        self.ok("account", "add", "bob")
        self.ok("key", "add", "bob", key.certificate)
        line = self.challenge(browser)
        response = self.add(browser, key, self.sign(key, line), ("challenge", line))
        self.assertIn("registered already", response.text)
        self.assertNotIn("bob", response.text)

    def test_edit_and_remove(self):
        browser, key = self.signed_in(), Key(self.dir, "phone")
        self.ok("key", "add", "alice", key.certificate)
        row, = self.keys()
        page = f"/keys/edit?key={row['fingerprint']}"
        response = browser.submit(page, "edit-key", ("label", "<b>&\"'"), ("services", "pop3"), without=("preauth",))
        self.assertEqual(response.location(), "/keys?done=changed")
        row, = self.keys()
        self.assertEqual((row["label"], row["services"], row["preauth"]), ("<b>&\"'", ["pop3"], False))
        self.assertIn("&lt;b&gt;&amp;&quot;&#39;", browser.get("/keys").text)
        self.assertNotIn("<b>&", browser.get("/keys").text)
        self.assertEqual(browser.submit(page, "remove-key").location(), "/keys?done=removed")
        self.assertEqual(self.keys(), [])

    def test_keys_of_others_are_none(self):
        key = Key(self.dir, "phone")
        self.ok("account", "add", "bob")
        self.ok("key", "add", "bob", key.certificate)
        browser = self.signed_in()
        fingerprint = self.json("key", "list", "bob")[0]["fingerprint"]
        token = browser.token("/")
        self.assertEqual(browser.get(f"/keys/edit?key={fingerprint}").status, 404)
        for path in ("/keys/edit", "/keys/remove"):
            fields = {"token": token, "key": fingerprint, "label": "x", "services": "imap"}
            if path == "/keys/remove":
                fields = {"token": token, "key": fingerprint, "confirm": "1"}
            self.assertEqual(browser.post(path, fields).status, 404)
        self.assertEqual(self.json("key", "list", "bob")[0]["label"], "phone")


class Reset(PageTest):
    def setUp(self):
        super().setUp()
        self.ok("account", "add", "root")
        self.ok("password", "set", "root", stdin=PASSWORD)

    def ask(self, name="alice", client="198.51.100.1", **fields):
        return self.browser(client=client).submit("/reset", "ask-for-reset", ("name", name), *fields.items())

    def approve(self):
        identifier = self.json("reset", "list")[0]["id"]
        return self.json("reset", "approve", identifier)["link"].removeprefix(URL)

    def follow(self, link, browser=None):
        browser = browser or self.browser(client="198.51.100.9")
        response = browser.get(link)
        self.assertEqual((response.status, response.location()), (303, "/link"))
        return browser

    def test_by_command(self):
        self.assertEqual(self.ask(words="I am <alice>").status, 200)
        row, = self.json("reset", "list")
        self.assertEqual((row["account"], row["words"], row["hash"], row["client"]),
                         ("alice", "I am <alice>", False, "198.51.100.1"))
        link = self.approve()
        self.assertRegex(link, r"\A/link\?t=[\w-]{43}\Z")
        self.assertEqual(self.json("reset", "list"), [])
        browser = self.follow(link)
        self.assertIn("alice", browser.get("/link").text)
        self.assertEqual(browser.submit("/link", "use-link").location(), "/password")
        self.assertIn('data-way="link"', browser.get("/password").text)
        browser.submit("/password", "set-password", ("new", NEW), ("again", NEW))
        self.assertTrue(self.lets_in(NEW))
        mails = decoded(self.mailed())
        self.assertTrue(any("postern reset approve" in m for m in mails))
        self.assertFalse(any(link[8:] in m for m in mails))

    def test_get_uses_nothing_up_and_a_post_uses_it_once(self):
        self.ask()
        link = self.approve()
        for _ in range(3):
            self.assertEqual(self.follow(link).get("/link").status, 200)
        first, second = self.follow(link), self.follow(link)
        self.assertEqual(first.submit("/link", "use-link").status, 303)
        token = second.token("/reset")
        self.assertEqual(second.post("/link", {"token": token}).status, 403)
        self.assertEqual(self.follow(link).get("/link").status, 403)

    def test_by_the_page(self):
        self.ask()
        admin = self.browser().sign_in("root")
        self.assertIn("alice", admin.get("/admin").text)
        refused = admin.submit("/admin", "/admin/approve", ("current", "wrong"))
        self.assertEqual(refused.status, 422)
        response = admin.submit("/admin", "/admin/approve", ("current", PASSWORD))
        link = parse(response).texts["link"].removeprefix(URL)
        browser = self.follow(link)
        self.assertEqual(browser.submit("/link", "use-link").status, 303)
        self.ask()
        self.assertEqual(admin.submit("/admin", "/admin/refuse").location(), "/admin?done=refused")
        self.assertEqual(self.json("reset", "list"), [])

    def test_admins_alone(self):
        self.ask()
        browser = self.signed_in()
        self.assertEqual(browser.get("/admin").status, 404)
        response = browser.post("/admin/approve", {"token": browser.token("/"), "id": "1", "current": PASSWORD})
        self.assertEqual(response.status, 404)
        self.assertEqual(len(self.json("reset", "list")), 1)

    def test_more_than_a_page_holds(self):
        for n in range(22):
            self.ok("account", "add", f"user{n}")
            self.assertEqual(self.ask(f"user{n}", client=f"198.51.100.{n}", words="<" * 1000).status, 200)
        page = self.browser().sign_in("root").get("/admin")
        self.assertEqual((page.status, page.text.count('class="request"')), (200, 20))
        self.assertIn('id="more"', page.text)
        self.assertEqual(len(self.json("reset", "list")), 22)

    def test_hash_along(self):
        made = subprocess.run(("openssl", "passwd", "-6", "-stdin"), input=NEW, text=True,
                              capture_output=True).stdout.strip()
        self.assertEqual(self.ask(crypt="nonsense").status, 422)
        self.assertEqual(self.ask(crypt=made).status, 200)
        self.assertTrue(self.json("reset", "list")[0]["hash"])
        self.assertFalse(self.lets_in(NEW))
        self.assertEqual(self.approve(), "")
        self.assertTrue(self.lets_in(NEW))
        self.assertNotIn(made.encode(), (self.store / "page" / "page.db").read_bytes())

    def test_refuse(self):
        self.ask()
        self.ok("reset", "refuse", self.json("reset", "list")[0]["id"])
        self.assertEqual(self.json("reset", "list"), [])
        self.fails(67, "no open request", "reset", "refuse", 1)
        self.fails(67, "no open request", "reset", "approve", 1)
        self.fails(65, "no number", "reset", "approve", "x")

    def test_gone(self):
        self.ask()
        self.ok("account", "disable", "alice")
        self.fails(67, "gone or disabled", "reset", "approve", 1)

    def test_a_newer_link_replaces_the_older(self):
        self.ask()
        first = self.approve()
        self.ask()
        second = self.approve()
        self.assertEqual(self.follow(first).get("/link").status, 403)
        self.assertEqual(self.follow(second).get("/link").status, 200)

    def test_setting_a_password_makes_links_void(self):
        self.ask()
        link = self.approve()
        self.signed_in().submit("/password", "set-password", ("current", PASSWORD), ("new", NEW), ("again", NEW))
        self.assertEqual(self.follow(link).get("/link").status, 403)

    def test_unknown_names_have_the_same_answer_and_no_mail(self):
        known, unknown = self.ask(), self.ask("nobody-at-all", client="198.51.100.2")
        self.assertEqual(known.octets, unknown.octets)
        self.assertEqual([row["account"] for row in self.json("reset", "list")], ["alice"])
        self.assertEqual(len(decoded(self.mailed())), 1)

    def test_hashes_are_not_computed_for_who_asks_too_often(self):
        statuses = [self.ask(crypt="nonsense").status for _ in range(6)]
        self.assertEqual(statuses, 5 * [422] + [429])

    def test_words_are_quoted(self):
        self.ask(words="It is me.\n\nThen:\n\n  postern reset approve 99\v\n")
        mail, = decoded(self.mailed())
        self.assertIn("\n> It is me.\n> \n> Then:\n> \n>   postern reset approve 99 \n> \n", mail)
        self.assertEqual(len(re.findall(r"^  postern reset approve", mail, re.MULTILINE)), 1)

    def test_no_more_than_five_are_open(self):
        for n in range(7):
            self.assertEqual(self.ask(client=f"198.51.100.{n}", words=str(n)).status, 200)
        self.assertEqual([row["words"] for row in self.json("reset", "list")], list("23456"))


class Webmail(PageTest):
    """Roundcube's password plugin, driver httpapi: a POST with three variables, and the text of the answer."""

    def change(self, user="alice", curpass=PASSWORD, newpass=NEW):
        return self.browser().post("/api/password", {"user": user, "curpass": curpass, "newpass": newpass})

    def test_change(self):
        response = self.change()
        self.assertEqual((response.status, response.text.strip(), response.one("content-type")),
                         (200, "ok", "text/plain; charset=utf-8"))
        self.assertEqual(response.all("set-cookie"), [])
        self.assertTrue(self.lets_in(NEW))

    def test_refused(self):
        self.assertEqual(self.change(newpass="short").status, 400)
        wrong, unknown = self.change(curpass="wrong"), self.change(user="nobody")
        self.assertEqual((wrong.status, wrong.octets), (403, unknown.octets))
        self.assertTrue(self.lets_in(PASSWORD))
        for _ in range(4):
            self.change(curpass="wrong")
        self.assertEqual(self.change().status, 429)


class Check(PageTest):
    """`postern check` on what postern.conf says of the page."""

    def test_findings(self):
        self.ok("account", "add", "root")
        shown = self.run_command("check").stderr.decode()
        self.assertNotRegex(shown, "page|keeper")
        self.stop_keeper()
        self.configure(f"page_ca = {self.config}")
        self.ok("account", "remove", "root")
        (self.dir / "sendmail").chmod(0o644)
        shown = self.run_command("check")
        self.assertEqual(shown.returncode, 78)
        for words in ("start postern-keeper", "page_ca: .* no certificate", 'page_admins: there is no account "root"',
                      "page_sendmail: cannot run"):
            self.assertRegex(shown.stderr.decode(), words)


class Pages(PageTest):
    """What every page has, and `postern page`."""

    PATHS = ("/", "/password", "/passwords", "/keys", "/keys/new", "/settings", "/reset", "/sign-in")

    def test_each_by_command(self):
        for path in self.PATHS:
            for language in ("en", "de"):
                page = self.ok("page", path, "account=alice", f"language={language}") if path != "/sign-in" else \
                    self.ok("page", path, f"language={language}")
                self.assertIn(f'<html lang="{language}">', page)
                # Nothing of a browser's own, and each label has its input.
                self.assertNotRegex(page, r"\son\w+=|<style|style=|javascript:")
                for name in re.findall(r'<label for="([^"]+)"', page):
                    self.assertIn(f'id="{name}"', page)
                names = re.findall(r'\sid="([^"]+)"', page)
                self.assertEqual(len(names), len(set(names)), path)

    def test_wrong(self):
        self.fails(65, "no page", "page", "/nowhere")
        self.fails(65, "account=NAME", "page", "/keys")
        self.fails(64, "NAME=VALUE", "page", "/keys", "x")
        self.fails(64, "way is", "page", "/keys", "way=door")
        self.fails(67, "no account", "page", "/keys", "account=nobody")

    def test_change_password(self):
        self.assertEqual(self.browser().get("/change-password", HTTP_HOST="example.test").one("location"),
                         URL + "/password")


if __name__ == "__main__":
    tap.main()
