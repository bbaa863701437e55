# SPDX-License-Identifier: MIT
"""What people do on the users' page, in a browser; and that the mail servers agree.

test_browser.py has it on nginx, test_browser_apache.py on Apache.
"""
import atexit
import base64
import email
import email.policy
import functools
import http.client
import imaplib
import itertools
import os
import pathlib
import plistlib
import re
import shutil
import socket
import ssl
import subprocess
import unittest
import urllib.parse
import urllib.request
import xml.etree.ElementTree

from . import sessions
from .browser import AXE, SCHEMES, SIZES, Browser
from .host import PATIENCE, TOP, MailTest, eventually
from .keys import KINDS, Key

NEW = "correct horse battery 7"
KEYS_JS = "usr/share/postern/page/keys.js"

_numbers = itertools.count(1)


@functools.cache
def keyless_browser(host, javascript):
    """Without a key, one is like another: the classes share it."""
    browser = Browser(host, javascript=javascript)
    atexit.register(browser.close)
    return browser


def has_keys_js(host):
    return (pathlib.Path(host.folder) / "stage" / KEYS_JS).exists()


class PageTest(MailTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not hasattr(cls.host, "PAGE_URL"):
            raise unittest.SkipTest("the host has no web server: it is not installed")


class Story(PageTest):
    """A browser for each class: key is what it has, javascript whether it runs any."""

    javascript = True
    with_key = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.with_key:
            cls.key = Key(cls.folder, "browser", "ECDSA P-256")
            cls.browser = Browser(cls.host, cls.key, cls.javascript)
            cls.addClassCleanup(cls.browser.close)
        else:
            cls.browser = keyless_browser(cls.host, cls.javascript)

    def setUp(self):
        self.browser.driver.delete_all_cookies()
        self.browser.reset_look()

    def new_account(self, password="first-secret-1", name=None):
        """Each test has one of its own, and so nothing to put back."""
        name = name or f"user{os.getpid()}x{next(_numbers)}"
        self.host.postern("account", "add", name)
        if password:
            self.host.postern("password", "set", name, stdin=password + "\n")
        return name

    def sign_in(self, name, password="first-secret-1"):
        self.browser.open("/sign-in")
        self.browser.fill("#with-password", name=name, password=password)
        self.browser.submit("#with-password")

    def assertPage(self, page, way=None):
        self.assertEqual(page, self.browser.page, self.browser.text("body"))
        if way is not None:
            self.assertEqual(way, self.browser.one("#way").get_attribute("data-way"))

    def assertDone(self):
        self.assertTrue(self.browser.has(".summary.done"), self.browser.text("body"))

    def assertWrong(self, field):
        """The summary has a link to the field, and the field says so too."""
        self.assertTrue(self.browser.has(f"#errors a[href='#{field}']"), self.browser.text("body"))
        self.assertTrue(self.browser.has(f"#{field}-wrong"), self.browser.text("body"))

    def logs_in(self, name, password):
        """On IMAP, from an address that nobody has failed from."""
        with sessions.imap(self.host) as imap:
            try:
                imap.login(name, password)
            except imaplib.IMAP4.error:
                return False
            return True

    def is_greeted(self, key):
        """Does IMAP greet this key as logged in?"""
        with sessions.imap(self.host, key) as imap:
            return imap.welcome.startswith(b"* PREAUTH")

    def make_key(self, passphrase="file-secret 1", again=None, current="first-secret-1", label="My phone"):
        self.browser.wait_for("#make-key")
        for id_, text in (("key-label", label), ("passphrase", passphrase), ("key-current", current),
                          ("passphrase-again", again or passphrase)):
            # Who is there by key is asked for no password.
            if id_ != "key-current" or self.browser.has("#key-current"):
                self.browser.one(f"#{id_}").clear()
                self.browser.one(f"#{id_}").send_keys(text)
        self.browser.one("#make-key button").click()

    def wait_for_mail_of_page(self, account, marker):
        """The text of a mail to account that has marker in it."""
        folder = self.host.MAIL_ROOT / account

        def find():
            for path in folder.rglob("new/*"):
                with open(path, "rb") as f:
                    text = email.message_from_binary_file(f, policy=email.policy.default).get_content()
                if marker in text:
                    return text
            return None
        return eventually(find, f"no mail with {marker} in the mailbox of {account}")

    def signature(self, key, challenge):
        path = self.folder / "challenge"
        path.write_text(challenge)
        made = subprocess.run(("openssl", "dgst", "-sha256", "-sign", key.key, path), check=True,
                              capture_output=True).stdout
        return base64.b64encode(made).decode()


class Passwords(Story):
    """In by name and password."""

    def test_in_and_out(self):
        name = self.new_account()
        self.browser.open("/")
        self.assertPage("sign-in")
        self.sign_in(name, "wrong")
        self.assertPage("sign-in")
        self.assertWrong("name")
        self.sign_in(name)
        self.assertPage("overview", way="password")
        self.assertIn(f"{name}@{self.host.DOMAIN}", self.browser.text("#addresses"))
        self.assertIn("web", self.browser.text("#logins"))
        self.browser.submit("#sign-out")
        self.assertPage("sign-in")
        self.browser.open("/keys")
        self.assertPage("sign-in")

    def test_set_password(self):
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/change-password")
        self.assertPage("password")
        for wrong, fields in (("current", {"current": "wrong", "new": NEW, "again": NEW}),
                              ("again", {"current": "first-secret-1", "new": NEW, "again": NEW + "x"}),
                              ("new", {"current": "first-secret-1", "new": "password", "again": "password"})):
            self.browser.fill("#set-password", **fields)
            self.browser.submit("#set-password")
            self.assertWrong(wrong)
        self.assertTrue(self.logs_in(name, "first-secret-1"))
        self.browser.fill("#set-password", current="first-secret-1", new=NEW, again=NEW)
        self.browser.submit("#set-password")
        self.assertPage("overview")
        self.assertDone()
        self.assertTrue(self.logs_in(name, NEW))
        self.assertFalse(self.logs_in(name, "first-secret-1"))
        self.assertIn("A new password was set", self.wait_for_mail_of_page(name, name))

    def test_set_a_finished_hash_and_remove_the_rest(self):
        name = self.new_account()
        key = self.add_key(name)
        made = subprocess.run(("openssl", "passwd", "-6", "made-elsewhere-1"), check=True, text=True,
                              capture_output=True).stdout.strip()
        self.sign_in(name)
        self.browser.open("/passwords")
        self.browser.fill("#generate", label="tablet", current="first-secret-1")
        self.browser.submit("#generate")
        tablet = self.browser.text("#generated")
        self.browser.open("/password")
        self.browser.one("details summary").click()
        self.browser.fill("#set-password", current="first-secret-1", crypt=made, others=True, keys=True)
        self.browser.submit("#set-password")
        self.assertPage("overview")
        self.assertTrue(self.logs_in(name, "made-elsewhere-1"))
        self.assertFalse(self.logs_in(name, tablet))
        self.assertFalse(self.is_greeted(key))

    def test_device_password(self):
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/passwords")
        self.browser.fill("#generate", label="tablet", current="first-secret-1")
        self.browser.submit("#generate")
        self.assertPage("generated")
        generated = self.browser.text("#generated")
        self.assertTrue(self.logs_in(name, generated))
        self.browser.open("/passwords")
        self.assertNotIn(generated, self.browser.driver.page_source)
        row = "#passwords tr:has(button[aria-label$='tablet'])"
        self.assertIn("tablet", self.browser.text(row))
        self.browser.submit(f"{row} form")
        self.assertPage("passwords")
        self.assertDone()
        self.assertFalse(self.logs_in(name, generated))
        self.assertTrue(self.logs_in(name, "first-secret-1"))

    def test_the_last_way_in_is_asked_for_again(self):
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/passwords")
        self.browser.submit("#passwords tbody form")
        self.assertPage("confirm")
        self.assertTrue(self.logs_in(name, "first-secret-1"))
        self.browser.submit("main form")
        self.assertFalse(self.logs_in(name, "first-secret-1"))

    def test_register_change_and_remove_a_key(self):
        name = self.new_account()
        key = self.new_key("ECDSA P-256")
        self.sign_in(name)
        self.browser.open("/keys")
        self.browser.follow("main a[href$='/keys/new']")
        self.assertPage("keys-new")
        self.browser.fill("#add-key", certificate=key.certificate.read_text(), label="phone",
                          signature=base64.b64encode(b"no signature").decode(), current="first-secret-1")
        self.browser.submit("#add-key")
        self.assertWrong("signature")
        self.assertFalse(self.is_greeted(key))
        challenge = self.browser.one("#add-key [name=challenge]").get_attribute("value")
        self.browser.fill("#add-key", signature=self.signature(key, challenge), current="first-secret-1")
        self.browser.submit("#add-key")
        self.assertPage("keys")
        self.assertDone()
        self.assertIn("waiting", self.browser.text("#keys"))
        self.assertTrue(self.is_greeted(key))
        eventually(lambda: self.browser.reload() or "waiting" not in self.browser.text("#keys"),
                   "the page does not say that the key has logged in")
        self.browser.follow("#keys a")
        self.assertPage("keys-edit")
        self.browser.fill("#edit-key", label="old phone", preauth=False)
        self.browser.submit("#edit-key")
        self.assertIn("old phone", self.browser.text("#keys"))
        self.assertFalse(self.is_greeted(key))
        self.browser.follow("#keys a")
        self.browser.submit("#remove-key")
        self.assertPage("keys")
        self.assertNotIn("old phone", self.browser.text("main"))
        with sessions.imap(self.host, key) as imap, self.assertRaises(imaplib.IMAP4.error):
            imap.authenticate("EXTERNAL", lambda _: b"")

    def test_a_private_key_is_turned_down(self):
        name = self.new_account()
        key = self.new_key("ECDSA P-256")
        self.sign_in(name)
        self.browser.open("/keys/new")
        self.browser.fill("#add-key", file=key.key, current="first-secret-1")
        self.browser.submit("#add-key")
        self.assertWrong("certificate")
        self.assertIn("private", self.browser.text("#errors"))

    def test_a_reset_by_way_of_the_administrator(self):
        name = self.new_account(None)
        marker = self.unique()
        self.browser.open("/sign-in")
        self.browser.follow("main a[href$='/reset']")
        self.browser.fill("#ask-for-reset", name=name, words=f"I lost it all. {marker}")
        self.browser.submit("#ask-for-reset")
        self.assertPage("reset-sent")
        self.assertIn("reset approve", self.wait_for_mail_of_page("bob", marker))
        self.sign_in("bob", "bob-secret-1")
        self.browser.open("/admin")
        self.assertIn(marker, self.browser.text())
        request = f".request:has(button[aria-label$=': {name}'])"
        self.browser.fill(f"{request} form[action$=approve]", current="bob-secret-1")
        self.browser.submit(f"{request} form[action$=approve]")
        self.assertPage("admin-link")
        link = self.browser.text("#link")
        self.browser.driver.delete_all_cookies()
        self.browser.driver.get(link)
        self.assertEqual("/link", self.browser.path)
        self.browser.submit("#use-link")
        self.assertPage("password", way="link")
        self.browser.fill("#set-password", new=NEW, again=NEW)
        self.browser.submit("#set-password")
        self.assertPage("overview")
        self.assertTrue(self.logs_in(name, NEW))
        self.browser.driver.delete_all_cookies()
        self.browser.driver.get(link)
        self.assertPage("error")

    def test_a_refused_reset(self):
        name = self.new_account()
        self.browser.open("/reset")
        self.browser.fill("#ask-for-reset", name=name, words="?")
        self.browser.submit("#ask-for-reset")
        self.sign_in("bob", "bob-secret-1")
        self.browser.open("/admin")
        self.browser.submit(f".request:has(button[aria-label$=': {name}']) form[action$=refuse]")
        self.assertPage("admin")
        self.assertDone()
        self.assertNotIn(name, self.browser.text())

    def test_settings(self):
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/settings")
        self.assertPage("settings")
        self.assertIn("localhost", self.browser.text(".facts"))
        self.assertIn("993", self.browser.text("#servers"))
        self.assertFalse(self.browser.has("#command-line"))
        self.add_key(name)
        self.browser.reload()
        self.assertTrue(self.browser.has("#command-line"))

    def test_a_page_that_is_not_there(self):
        self.browser.open("/nothing")
        self.assertPage("error")
        self.sign_in(self.new_account())
        self.browser.open("/admin")
        self.assertPage("error")

    def test_in_german(self):
        self.browser.set_language("de-AT,de;q=0.9,en;q=0.5")
        self.addCleanup(self.browser.set_language, None)
        self.browser.open("/sign-in")
        self.assertEqual("de", self.browser.one("html").get_attribute("lang"))
        self.assertIn("Anmelden", self.browser.text())


class PasswordsWithoutScript(Passwords):
    javascript = False


class Keys(Story):
    """A browser with a key."""

    with_key = True

    def test_register_the_key_of_the_browser_and_use_it(self):
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/keys/new")
        self.browser.fill("#add-this-key", current="first-secret-1")
        self.browser.submit("#add-this-key")
        self.assertPage("keys")
        self.addCleanup(self.host.postern, "key", "remove", self.key.fingerprint)
        self.assertTrue(self.is_greeted(self.key))
        self.browser.driver.delete_all_cookies()
        self.browser.open("/sign-in")
        self.browser.submit("#with-certificate")
        self.assertPage("overview", way="key")
        self.browser.open("/password")
        # The key has said who it is: no password is asked for.
        self.assertFalse(self.browser.has("[name=current]"))
        self.browser.fill("#set-password", new=NEW, again=NEW)
        self.browser.submit("#set-password")
        self.assertPage("overview")
        self.assertTrue(self.logs_in(name, NEW))

    def test_a_key_of_another_account(self):
        name = self.new_account()
        other = self.new_account()
        self.host.postern("key", "add", other, self.key.certificate)
        self.addCleanup(self.host.postern, "key", "remove", self.key.fingerprint)
        self.sign_in(name)
        self.assertPage("sign-in")


class KeysWithoutScript(Keys):
    javascript = False


class Certificates(Story):
    """A browser with a certificate of the CA that page_ca names."""

    def setUp(self):
        pass

    @classmethod
    def setUpClass(cls):
        super(Story, cls).setUpClass()

    def with_certificate(self, address, issuer, javascript):
        key = Key(self.folder, self.id().rpartition(".")[2], "ECDSA P-256", issuer=issuer, address=address)
        browser = Browser(self.host, key, javascript)
        self.addCleanup(browser.close)
        self.browser = browser

    @property
    def ca(self):
        return self.host.USERS_CA_FILE, self.host.USERS_CA_KEY

    def test_set_a_password_by_certificate(self):
        name = self.new_account(None)
        self.with_certificate(f"{name}@{self.host.DOMAIN}", self.ca, False)
        self.browser.open("/sign-in")
        self.browser.submit("#with-certificate")
        self.assertPage("overview", way="certificate")
        self.browser.open("/password")
        self.browser.fill("#set-password", new=NEW, again=NEW)
        self.browser.submit("#set-password")
        self.assertPage("overview")
        self.assertTrue(self.logs_in(name, NEW))

    def test_a_certificate_of_ones_own(self):
        name = self.new_account(None)
        self.with_certificate(f"{name}@{self.host.DOMAIN}", None, True)
        self.browser.open("/sign-in")
        self.assertFalse(self.browser.has("#with-certificate"))


class KeyInBrowser(Story):
    """One button makes the key, registers it and hands out the file."""

    @classmethod
    def setUpClass(cls):
        super(Story, cls).setUpClass()
        if not has_keys_js(cls.host):
            raise unittest.SkipTest("keys.js was not built: run test/lib/install-npm, and meson setup after it")
        super().setUpClass()

    def openssl(self, *args):
        return subprocess.run(("openssl", *map(str, args)), check=True, capture_output=True).stdout

    def unpack(self, path, passphrase):
        """The file as OpenSSL has it, as one PEM."""
        pem = self.folder / (path.stem + ".pem")
        self.openssl("pkcs12", "-in", path, "-passin", f"pass:{passphrase}", "-noenc", "-out", pem)
        return pem

    def test_the_file_logs_in(self):
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/keys/new")
        self.make_key()
        self.browser.wait_for("#save-key")
        pem = self.unpack(self.browser.download(".p12"), "file-secret 1")
        with subprocess.Popen(("openssl", "s_client", "-quiet", "-cert", pem, "-key", pem, "-CAfile",
                               self.host.CA_FILE, "-verify_return_error", "-connect",
                               f"{self.host.HOST}:{self.host.IMAPS_PORT}"), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            # A client that speaks before the greeting has to log in by itself.
            self.assertIn(b"* PREAUTH", client.stdout.readline())
            client.communicate(b"a LOGOUT\r\n", timeout=PATIENCE)
        listed = subprocess.run(("curl", "--silent", "--show-error", "--cert", pem, "--key", pem, "--cacert",
                                 self.host.CA_FILE, "--login-options", "AUTH=EXTERNAL", "--user", f"{name}:",
                                 f"imaps://localhost:{self.host.IMAPS_PORT}"), capture_output=True, text=True,
                                timeout=PATIENCE)
        self.assertEqual(0, listed.returncode, listed.stderr)
        self.assertIn("INBOX", listed.stdout)
        self.browser.follow("#key-result a:not([download])")
        self.assertPage("keys")
        self.assertIn("My phone", self.browser.text("#keys"))

    def test_what_is_in_the_file(self):
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/keys/new")
        self.make_key(passphrase="Größe und Würde", label="Grüße 1")
        self.browser.wait_for("#save-key")
        path = self.browser.download("-1.p12")
        text = self.openssl("x509", "-in", self.unpack(path, "Größe und Würde"), "-noout", "-text").decode()
        self.assertIn(f"email:{name}@{self.host.DOMAIN}", text)
        self.assertIn("CA:FALSE", text)
        self.assertIn("TLS Web Client Authentication", text)
        info = subprocess.run(("openssl", "pkcs12", "-info", "-noout", "-in", path, "-passin",
                               "pass:Größe und Würde"), check=True, capture_output=True, text=True).stderr
        self.assertEqual(2, info.count("AES-256-CBC"), info)
        self.assertIn("MAC: sha256", info)
        wrong = subprocess.run(("openssl", "pkcs12", "-noout", "-in", path, "-passin", "pass:x"),
                               capture_output=True)
        self.assertNotEqual(0, wrong.returncode)

    def test_the_private_key_stays(self):
        """What was sent, as the browser has it in its own log of the network."""
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/keys/new")
        # Watches what the page's script does, from outside of it.
        self.browser.driver.execute_script("""
            window.exported = [];
            const real = crypto.subtle.exportKey;
            crypto.subtle.exportKey = function (format, key) {
                window.exported.push(key.type);
                return real.apply(this, arguments);
            };
            const send = window.fetch;
            window.fetch = function (url, options) {
                window.sent = [...options.body.entries()].map(([k, v]) => [k, String(v)]);
                return send.apply(this, arguments);
            };""")
        self.make_key()
        self.browser.wait_for("#save-key")
        self.assertEqual(["public"], sorted(set(self.browser.driver.execute_script("return window.exported"))))
        sent = dict(self.browser.driver.execute_script("return window.sent"))
        self.assertLessEqual(set(sent), {"token", "label", "services", "preauth", "certificate", "challenge",
                                         "signature", "current"})
        self.assertEqual(1, sent["certificate"].count("-----BEGIN"))
        self.assertNotIn("file-secret", str(sent))

    def test_what_goes_wrong_is_said_and_can_be_mended(self):
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/keys/new")
        for fields in ({"passphrase": "short"}, {"again": "another secret"}, {"current": "wrong"}):
            self.make_key(**fields)
            self.browser.wait_for("#key-result.error")
            self.browser.driver.execute_script(
                "document.querySelector('#key-result').className = ''")
        self.assertEqual("", self.host.postern("key", "list", name).stdout)
        self.make_key()
        self.browser.wait_for("#save-key")
        pem = self.unpack(self.browser.download(".p12"), "file-secret 1")
        said = self.host.postern("key", "list", name).stdout
        self.assertIn("My phone", said)
        self.assertTrue(pem.exists())


class KeyInBrowserByKey(Story):
    """The next device's key, where the browser's own says who it is."""

    with_key = True

    def test_without_a_password(self):
        if not has_keys_js(self.host):
            self.skipTest("keys.js was not built")
        name = self.new_account(None)
        self.host.postern("key", "add", name, self.key.certificate)
        self.addCleanup(self.host.postern, "key", "remove", self.key.fingerprint)
        self.browser.open("/sign-in")
        self.browser.submit("#with-certificate")
        self.browser.open("/keys/new")
        self.make_key()
        self.browser.wait_for("#save-key")
        self.assertIn("My phone", self.host.postern("key", "list", name).stdout)


class Servers(Story):
    """What the web server has to do for the page, with its lines of config/ as they stand."""

    @classmethod
    def setUpClass(cls):
        super(Story, cls).setUpClass()

    def setUp(self):
        pass

    def ask(self, path, method="GET", body=None, key=None, host="localhost", **headers):
        """Status, headers and body; redirections are not followed."""
        connection = http.client.HTTPSConnection(host, self.host.HTTPS_PORT, timeout=PATIENCE,
                                                 context=sessions.context(self.host, key))
        # example.test's names are all this machine's.
        connection._create_connection = lambda address, *args: socket.create_connection(
            (self.host.HOST, address[1]), *args)
        try:
            connection.request(method, path, body, {n.replace("_", "-"): v for n, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def test_static_files(self):
        for name, kind in (("style.css", "text/css"), ("keys.js", "javascript")):
            path = pathlib.Path(self.host.folder) / "stage/usr/share/postern/page" / name
            if not path.exists():
                continue
            status, headers, body = self.ask(f"/postern/{name}")
            self.assertEqual((200, path.read_bytes()), (status, body))
            self.assertIn(kind, headers["Content-Type"])
            self.assertEqual(("nosniff", "no-cache"), (headers["X-Content-Type-Options"], headers["Cache-Control"]))
            again = self.ask(f"/postern/{name}", If_None_Match=headers["ETag"])
            self.assertEqual((304, b""), (again[0], again[2]))

    def test_nothing_else_of_the_folders(self):
        for path in ("/postern/", "/postern/../postern/", "/postern/..%2f..%2fpostern.conf", "/postern/%2e%2e/nginx/",
                     "/password.cgi.old", "/password.cgix"):
            self.assertIn(self.ask(path)[0], (400, 403, 404), path)

    def test_fixed_urls(self):
        url = self.host.PAGE_URL
        status, headers, _ = self.ask("/.well-known/change-password")
        self.assertEqual((303, f"{url}/password"), (status, headers["Location"]))
        for host, path in (("localhost", "/.well-known/autoconfig/mail/config-v1.1.xml"),
                           ("mail.example.test", "/mail/config-v1.1.xml?emailaddress=a@example.test")):
            status, headers, body = self.ask(path, host=host)
            self.assertEqual(200, status, body)
            self.assertIn(b"<clientConfig", body)

    def test_another_name_of_the_host(self):
        self.assertEqual(421, self.ask("/password.cgi/sign-in", host="mail.example.test")[0])

    def test_a_certificate_in_a_header_is_none(self):
        key = self.add_key("alice", kind="ECDSA P-256")
        self.assertIn(b"with-certificate", self.ask("/password.cgi/sign-in", key=key)[2])
        pem = key.certificate.read_text()
        for value in (urllib.parse.quote(pem), pem.replace("\n", " ")):
            for name in ("SSL_CLIENT_CERT", "Ssl-Client-Cert", "X-SSL-Client-Cert"):
                body = self.ask("/password.cgi/sign-in", **{name: value, name.replace("_", "-"): value})[2]
                self.assertIn(b"with-password", body)
                self.assertNotIn(b"with-certificate", body)

    def test_every_kind_of_key(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                key = self.add_key("alice", kind=kind)
                self.assertIn(b"with-certificate", self.ask("/password.cgi/sign-in", key=key)[2])

    def test_an_unknown_key_is_no_hindrance(self):
        status, _, body = self.ask("/password.cgi/sign-in", key=self.new_key("ECDSA P-256"))
        self.assertEqual(200, status)
        self.assertNotIn(b"with-certificate", body)

    def test_an_expired_certificate(self):
        """Its key is good: for nginx by a line of ours; Apache has no such line and ends TLS, as the manual says."""
        key = self.add_key("alice", kind="ECDSA P-256", expired=True)
        if os.environ.get("POSTERN_WEB") == "apache":
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.ask("/password.cgi/sign-in", key=key)
            return
        status, _, body = self.ask("/password.cgi/sign-in", key=key)
        self.assertEqual(200, status, body)
        self.assertIn(b"with-certificate", body)
        status, _, body = self.ask("/password.cgi/sign-in", "POST", "name=alice&password=x", key=key,
                                   Content_Type="application/x-www-form-urlencoded")
        self.assertEqual(403, status, body)
        self.assertIn(b"page-error", body)

    def test_resumed_sessions_have_the_key(self):
        """The certificate is not sent again then; the server has it from the first handshake."""
        key = self.add_key("alice", kind="ECDSA P-256")
        context = sessions.context(self.host, key)
        session, reused = None, []
        for _ in range(2):
            with socket.create_connection((self.host.HOST, self.host.HTTPS_PORT), PATIENCE) as raw, \
                    context.wrap_socket(raw, server_hostname="localhost", session=session) as tls:
                tls.sendall(f"GET /password.cgi/sign-in HTTP/1.0\r\nHost: localhost:{self.host.HTTPS_PORT}"
                            "\r\n\r\n".encode())
                said = b"".join(iter(lambda: tls.recv(65536), b""))
                session = tls.session
                reused.append(tls.session_reused)
            self.assertIn(b"with-certificate", said)
        self.assertEqual([False, True], reused)

    def test_too_much(self):
        """Announced, and refused before it is sent."""
        with socket.create_connection((self.host.HOST, self.host.HTTPS_PORT), PATIENCE) as raw, \
                sessions.context(self.host).wrap_socket(raw, server_hostname="localhost") as tls:
            tls.sendall(f"POST /password.cgi/sign-in HTTP/1.1\r\nHost: localhost:{self.host.HTTPS_PORT}\r\n"
                        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000000\r\n\r\n"
                        .encode())
            self.assertIn(b" 413 ", tls.recv(65536))

    def test_who_runs_it(self):
        """password.cgi is no longer root's and no web server's; the store is shut to it."""
        log = self.host.log_mark()
        status, _, _ = self.ask("/password.cgi/sign-in")
        self.assertEqual(200, status)
        self.assertNotIn("postern page", self.host.log_since(log))
        user = next(line.split(":")[2] for line in (self.host.folder / "etc/passwd").read_text().splitlines()
                    if line.startswith("postern-page:"))
        done = subprocess.run(("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "sh", "-c",
                               f"cat {self.host.STORE}/verifiers.db {self.host.STORE}/postern.db"),
                              capture_output=True)
        self.assertEqual(b"", done.stdout)
        self.assertEqual(2, done.stderr.count(b"Permission denied"), done.stderr)


class Programs(Story):
    """What mail programs fetch by themselves."""

    @classmethod
    def setUpClass(cls):
        super(Story, cls).setUpClass()

    def setUp(self):
        pass

    def fetch(self, path, body=None, **headers):
        request = urllib.request.Request(f"https://localhost:{self.host.HTTPS_PORT}{path}", body, headers)
        context = sessions.context(self.host)
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
            self.assertIn("xml", answer.headers["Content-Type"])
            return xml.etree.ElementTree.fromstring(answer.read())

    def autoconfig(self, address):
        return self.fetch(f"/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={address}")

    def test_autoconfig(self):
        self.add_key("alice")
        read = self.autoconfig("alice@example.test")
        imap = read.find(".//incomingServer[@type='imap']")
        self.assertEqual(("localhost", "993", "SSL", "alice"),
                         tuple(imap.findtext(n) for n in ("hostname", "port", "socketType", "username")))
        self.assertEqual(["TLS-client-cert", "password-cleartext"],
                         [e.text for e in imap.iter("authentication")])
        bob = self.autoconfig("bob@example.test")
        self.assertNotIn("TLS-client-cert", [e.text for e in bob.iter("authentication")])

    def test_autoconfig_of_nobody(self):
        """Has the elements of one of the two, and other names in them."""
        self.add_key("alice")

        def shape(address):
            return [(e.tag, e.text.replace(address.partition("@")[0], "") if e.text else "")
                    for e in self.autoconfig(address).iter()]
        shapes = [shape("alice@example.test"), shape("bob@example.test")]
        seen = {shapes.index(shape(f"nobody{i}@example.test")) for i in range(24)}
        self.assertEqual({0, 1}, seen)

    def test_autodiscover(self):
        outlook = "http://schemas.microsoft.com/exchange/autodiscover/outlook/"
        body = (f"<Autodiscover xmlns='{outlook}requestschema/2006'><Request><EMailAddress>bob@example.test"
                f"</EMailAddress><AcceptableResponseSchema>{outlook}responseschema/2006a"
                "</AcceptableResponseSchema></Request></Autodiscover>")
        for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"):
            read = self.fetch(path, body.encode(), **{"Content-Type": "text/xml"})
            name = {"o": outlook + "responseschema/2006a"}
            ports = {p.findtext("o:Type", None, name): p.findtext("o:Port", None, name)
                     for p in read.iterfind(".//o:Protocol", name)}
            self.assertEqual({"IMAP": "993", "POP3": "995", "SMTP": "465"}, ports)
            self.assertEqual("bob", read.findtext(".//o:LoginName", None, name))

    def profile(self):
        """What a signed-in browser gets, with curl: Chromium would put it into a file of its own."""
        jar = self.folder / "jar"
        jar.unlink(missing_ok=True)
        curl = ("curl", "--silent", "--show-error", "--fail", "--cacert", self.host.CA_FILE, "--cookie", jar,
                "--cookie-jar", jar)
        page = subprocess.run((*curl, self.host.PAGE_URL + "/sign-in"), check=True, capture_output=True,
                              text=True).stdout
        token = re.search(r'name="token" value="([^"]+)"', page)[1]
        subprocess.run((*curl, self.host.PAGE_URL + "/sign-in", "--data-urlencode", f"token={token}", "--data",
                        "name=alice", "--data", "password=alice-secret-1"), check=True, capture_output=True)
        return subprocess.run((*curl, self.host.PAGE_URL + "/settings/profile"), check=True,
                              capture_output=True).stdout

    def test_profile_for_apples_devices(self):
        first = self.profile()
        read = plistlib.loads(first)
        mail = read["PayloadContent"][0]
        self.assertEqual(("com.apple.mail.managed", "localhost", 993, "alice", "alice@example.test"),
                         (mail["PayloadType"], mail["IncomingMailServerHostName"],
                          mail["IncomingMailServerPortNumber"], mail["IncomingMailServerUsername"],
                          mail["EmailAddress"]))
        self.assertNotIn("IncomingPassword", mail)
        # The same again takes the place of this one.
        self.assertEqual(first, self.profile())

    def configure(self, lines):
        """Lines more in postern.conf, until the end of the test; each request reads it."""
        before = self.host.POSTERN_CONF.read_text()
        self.addCleanup(self.host.POSTERN_CONF.write_text, before)
        self.host.POSTERN_CONF.write_text(before + lines)

    def signer(self, kind):
        """Where the servers see it, of whatever release they are."""
        return Key(self.host.folder / "tls", f"signer-{next(_numbers)}", kind)

    def test_signed_profile(self):
        plain = self.profile()
        for kind in ("RSA-2048", "ECDSA P-256"):
            signer = self.signer(kind)
            self.configure(f"page_profile_certificate = {signer.certificate}\npage_profile_key = {signer.key}\n")
            done = subprocess.run(("openssl", "cms", "-verify", "-inform", "DER", "-binary", "-CAfile",
                                   signer.certificate, "-purpose", "any"), input=self.profile(),
                                  capture_output=True)
            self.assertEqual((0, plain), (done.returncode, done.stdout), done.stderr)
            self.doCleanups()

    def test_a_signing_key_that_others_can_read(self):
        signer = self.signer("RSA-2048")
        signer.key.chmod(0o644)
        self.configure(f"page_profile_certificate = {signer.certificate}\npage_profile_key = {signer.key}\n")
        log = self.host.log_mark()
        with self.assertRaises(subprocess.CalledProcessError):
            self.profile()
        line = self.host.wait_for_log(log, "postern page: failed")
        self.assertIn(str(signer.key), line)
        self.assertNotIn("No such file", line)


class Look(Story):
    """Every page as people see it: pictures of all of them, and what axe-core says."""

    OUTSIDE = ("sign-in", "reset", "nothing")
    INSIDE = ("", "password", "passwords", "keys", "keys/new", "settings")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        logs = os.environ.get("POSTERN_TEST_LOGS")
        build = os.environ.get("POSTERN_BUILD") or TOP / "build"
        cls.pictures = pathlib.Path(logs or build) / "screenshots"
        cls.pictures.mkdir(parents=True, exist_ok=True)

    def look(self, name):
        """In each size and scheme, without a step for each: four pictures."""
        for size in SIZES:
            for scheme in SCHEMES:
                self.browser.set_look(size, scheme)
                self.browser.screenshot(self.pictures / f"{name}-{size}-{scheme}.png")
                with self.subTest(page=name, size=size, scheme=scheme):
                    self.assertLessEqual(self.browser.overflow(), 0, "wider than the window")
                    # Each scheme once, each size once.
                    if AXE.exists() and (size == "phone") == (scheme == "light"):
                        self.assertEqual([], self.browser.axe())

class Looks(Look):
    """Of a browser without a key."""

    def test_outside(self):
        for path in self.OUTSIDE:
            self.browser.open("/" + path)
            self.look(self.browser.page)

    def fill_account(self):
        """An account that has some of everything."""
        name = self.new_account(name="marie.curie")
        self.addCleanup(self.host.postern, "account", "remove", name)
        self.host.postern("address", "add", name, "m.sklodowska@example.test")
        for label in ("Thunderbird on the desk", "phone"):
            self.add_key(name, "--label", label)
        key = self.add_key(name, "--label", "tablet")
        self.is_greeted(key)
        self.logs_in(name, "first-secret-1")
        return name

    def test_inside(self):
        name = self.fill_account()
        self.sign_in(name)
        for path in self.INSIDE:
            self.browser.open("/" + path)
            self.look(self.browser.page)
        self.browser.open("/keys")
        self.browser.follow("#keys a")
        self.look("keys-edit")
        self.browser.open("/password")
        self.browser.fill("#set-password", current="wrong", new="short", again="other")
        self.browser.submit("#set-password")
        self.look("password-wrong")
        self.browser.open("/passwords")
        self.browser.fill("#generate", label="tablet", current="first-secret-1")
        self.browser.submit("#generate")
        self.look("generated")

    def test_confirm(self):
        self.sign_in(self.new_account())
        self.browser.open("/passwords")
        self.browser.submit("#passwords tbody form")
        self.assertPage("confirm")
        self.look("confirm")

    def test_administrator(self):
        name = self.new_account()
        self.browser.open("/reset")
        self.browser.fill("#ask-for-reset", name=name, words="My telephone fell into the sea.")
        self.browser.submit("#ask-for-reset")
        self.look("reset-sent")
        self.sign_in("bob", "bob-secret-1")
        self.browser.open("/admin")
        self.look("admin")
        form = f".request:has(button[aria-label$=': {name}']) form[action$=approve]"
        self.browser.fill(form, current="bob-secret-1")
        self.browser.submit(form)
        self.look("admin-link")
        link = self.browser.text("#link")
        self.browser.driver.delete_all_cookies()
        self.browser.driver.get(link)
        self.look("link")

    def test_key_made_in_the_browser(self):
        if not has_keys_js(self.host):
            self.skipTest("keys.js was not built")
        self.sign_in(self.new_account())
        self.browser.open("/keys/new")
        self.make_key(passphrase="short")
        self.browser.wait_for("#key-result.error")
        self.look("keys-new-refused")
        self.make_key()
        self.browser.wait_for("#save-key")
        self.look("keys-new-made")


class LooksWithKey(Look):
    """What only a browser with a key gets to see."""

    with_key = True

    def test_key(self):
        name = self.new_account()
        self.sign_in(name)
        self.browser.open("/keys/new")
        self.look("keys-new-of-browser")
        self.host.postern("key", "add", name, self.key.certificate)
        self.addCleanup(self.host.postern, "key", "remove", self.key.fingerprint)
        self.browser.driver.delete_all_cookies()
        self.browser.open("/sign-in")
        self.look("sign-in-with-key")
