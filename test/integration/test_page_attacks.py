#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The users' page and who is no user of it: malformed requests, forged ones, too many, and a server that is in
trouble. After each, nothing has changed."""
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import unittest.mock
import urllib.parse

from lib import page, tap
from lib.keys import Key
from lib.page import PASSWORD, URL, PageTest, multipart, parse

NEW = "five new words of mine"
KIND = "application/x-www-form-urlencoded"
SECURITY = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
                               "frame-ancestors 'none'; base-uri 'none'",
    "cache-control": "no-store", "x-content-type-options": "nosniff", "x-frame-options": "DENY",
    "strict-transport-security": "max-age=31536000", "referrer-policy": "same-origin",
}


class Attack(PageTest):
    def setUp(self):
        super().setUp()
        self.before = self.contents()

    def unchanged(self):
        self.assertEqual(self.contents(), self.before)
        self.assertEqual(self.keeper.poll(), None)

    def refused(self, status, response):
        self.assertEqual(response.status, status, response.text)
        for name, value in SECURITY.items():
            self.assertEqual(response.all(name), [value], name)


@tap.with_cases
class Malformed(Attack):
    def body(self, browser, **more):
        return urllib.parse.urlencode({"token": browser.token("/"), "current": PASSWORD, "new": NEW, "again": NEW,
                                       **more}).encode()

    @tap.cases(
        ("no length", 411, {"CONTENT_LENGTH": None}),
        ("empty length", 411, {"CONTENT_LENGTH": ""}),
        ("chunked", 411, {"HTTP_TRANSFER_ENCODING": "chunked"}),
        ("longer than the body", 400, {"CONTENT_LENGTH": "120000"}),
        ("shorter than the body", 422, {"CONTENT_LENGTH": "50"}),
        ("negative", 400, {"CONTENT_LENGTH": "-1"}),
        ("a sign", 400, {"CONTENT_LENGTH": "+10"}),
        ("blanks", 400, {"CONTENT_LENGTH": " 10"}),
        ("1 GB", 413, {"CONTENT_LENGTH": "1073741824"}),
        ("more than fits a number", 413, {"CONTENT_LENGTH": "9" * 40}),
        ("no type", 415, {"CONTENT_TYPE": None}),
        ("JSON", 415, {"CONTENT_TYPE": "application/json"}),
        ("multipart where none is taken", 415, {"CONTENT_TYPE": "multipart/form-data; boundary=x"}),
        ("a query beside the body", 400, {"QUERY_STRING": "new=x"}),
        ("PUT", 405, {"REQUEST_METHOD": "PUT"}),
        ("no method", 405, {"REQUEST_METHOD": None}),
        ("long path", 404, {"PATH_INFO": "/" + "x" * 5000}),
        ("path with dots", 404, {"PATH_INFO": "/../password"}),
        ("GET where a form goes", 405, {"REQUEST_METHOD": "GET", "PATH_INFO": "/keys/remove"}),
        ("no TLS", 403, {"HTTPS": None}),
        ("huge cookie", 403, {"HTTP_COOKIE": "x=" + "y" * 50000}),
    )
    def test_request(self, status, environment):
        browser = self.signed_in()
        body = self.body(browser)
        if environment.get("CONTENT_LENGTH") == "50":
            # What is cut off is the token.
            body, status = b"current=x&new=" + b"y" * 36 + b"&token=" + browser.token("/").encode(), 403
        response = browser.send("POST", "/password", body, **environment)
        self.refused(status, response)
        self.unchanged()

    @tap.cases(
        ("10,000 fields", 400, b"&".join(b"new=%d" % n for n in range(10000))),
        ("a field twice", 400, b"new=a&new=b"),
        ("an unknown field", 400, b"admin=1"),
        ("a field of another page", 400, b"id=1"),
        ("NUL", 400, b"new=a%00b"),
        ("NUL in a name", 400, b"new%00=a"),
        ("broken UTF-8", 400, b"new=%ff%fe"),
        ("half a character", 400, b"new=%c3"),
        ("surrogates", 400, b"new=%ed%a0%80"),
        ("a percent sign alone", 400, b"new=%"),
        ("a percent sign and no digits", 400, b"new=%zz"),
        ("large field", 413, b"new=" + b"x" * 5000),
        ("flag of another value", 400, b"others=2"),
        ("raw octets", 400, bytes(range(256))),
    )
    def test_body(self, status, more):
        browser = self.signed_in()
        response = browser.send("POST", "/password", b"token=" + browser.token("/").encode() + b"&" + more)
        self.refused(status, response)
        self.unchanged()

    @tap.cases(
        ("no boundary", 415, "multipart/form-data", None),
        ("long boundary", 415, "multipart/form-data; boundary=" + "x" * 71, None),
        ("boundary that is not there", 400, "multipart/form-data; boundary=other", None),
        ("no end", 400, "multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="label"\r\n\r\nabc'),
        ("no disposition", 400, "multipart/form-data; boundary=x", b"--x\r\n\r\nabc\r\n--x--\r\n"),
        ("an encoding", 400, "multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="label"\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ==\r\n--x--\r\n'),
        ("a file where none is", 400, "multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="label"; filename="x"\r\n\r\nabc\r\n--x--\r\n'),
        ("endless header", 400, "multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="' + b"l" * 5000 + b'"\r\n\r\nabc\r\n--x--\r\n'),
        ("octets behind the end", 400, "multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="label"\r\n\r\nabc\r\n--x--\r\nmore'),
    )
    def test_multipart(self, status, content_type, body):
        browser = self.signed_in()
        if body is None:
            body = multipart([("token", browser.token("/"))])[0]
        self.refused(status, browser.send("POST", "/keys/new", body, content_type))
        self.unchanged()

    def test_a_certificate_of_100_megabytes(self):
        browser = self.signed_in()
        body, content_type = multipart([("file", "x.crt", b"x" * 100_000)])
        self.refused(413, browser.send("POST", "/keys/new", body, content_type))
        response = browser.send("POST", "/keys/new", body, content_type, CONTENT_LENGTH=str(100 * 2**20))
        self.refused(413, response)
        self.unchanged()

    def test_certificates_of_the_connection(self):
        for text in ("x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "%", "%zz", "A" * 100000,
                     Key(self.dir, "private").key.read_text()):
            browser = self.browser(certificate=text)
            self.assertEqual(browser.get("/sign-in").status, 200)
            self.assertNotIn("with-certificate", browser.get("/sign-in").text)


@tap.with_cases
class Forged(Attack):
    def fields(self, browser, **more):
        return {"token": browser.token("/"), "current": PASSWORD, "new": NEW, "again": NEW, **more}

    def test_forms_of_other_sites(self):
        browser = self.signed_in()
        good = self.fields(browser)
        for fields in ({**good, "token": ""}, {**good, "token": "x" * 43}, {**good, "token": self.signed_in().token("/")},
                       {n: v for n, v in good.items() if n != "token"}):
            self.refused(403, browser.post("/password", fields))
        for headers in ((("Origin", "https://evil.example"),), (("Origin", "null"),),
                        (("Origin", "https://mail.example.test.evil.example"),), (("Origin", "http://mail.example.test"),),
                        (("Sec-Fetch-Site", "cross-site"),), (("Sec-Fetch-Site", "same-site"),)):
            self.refused(403, browser.post("/password", good, headers=headers))
        self.refused(403, self.browser().post("/password", good))
        self.unchanged()
        good_headers = (("Origin", "https://mail.example.test"), ("Sec-Fetch-Site", "same-origin"))
        self.assertEqual(browser.post("/password", good, headers=good_headers).status, 303)

    def test_sign_in_form_of_another_site(self):
        """Who is signed in to a stranger's account gives away what he enters there."""
        browser = self.browser()
        response = browser.post("/sign-in", {"token": "x" * 43, "name": "alice", "password": PASSWORD})
        self.refused(403, response)
        other = self.browser()
        response = browser.post("/sign-in", {"token": other.token(), "name": "alice", "password": PASSWORD})
        self.refused(403, response)

    @tap.cases(("another", "evil.example"), ("with ours in it", "mail.example.test.evil.example"), ("none", None),
               ("empty", ""), ("another port", "mail.example.test:8443"), ("two", "mail.example.test, evil.example"),
               ("user", "x@mail.example.test"))
    def test_host(self, host):
        response = self.browser().get("/sign-in", HTTP_HOST=host)
        self.refused(421, response)
        self.assertNotIn("evil.example", response.text + str(response.headers))

    def test_good_hosts(self):
        for host in ("mail.example.test", "MAIL.example.TEST", "mail.example.test:443"):
            self.assertEqual(self.browser().get("/sign-in", HTTP_HOST=host).status, 200)

    def test_client_certificate_in_a_header(self):
        key = Key(self.dir, "phone")
        self.ok("key", "add", "alice", key.certificate)
        pem = key.certificate.read_text()
        headers = [(name, pem) for name in ("SSL-Client-Cert", "Ssl-Client-Cert", "X-SSL-CERT")]
        headers += [("SSL-Client-Verify", "SUCCESS"), ("SSL-Client-S-DN-Email", "alice@example.test")]
        response = self.browser().get("/sign-in", headers=headers)
        self.assertNotIn("with-certificate", response.text)
        browser = self.browser()
        token = browser.token()
        self.refused(403, browser.post("/sign-in/key", {"token": token}, headers=headers))
        # What the server itself says of a chain is not taken for anything either.
        stranger = Key(self.dir, "stranger", address="alice@example.test").certificate.read_text()
        response = self.browser(certificate=stranger).get("/sign-in", SSL_CLIENT_VERIFY="SUCCESS",
                                                          SSL_CLIENT_S_DN_Email="alice@example.test")
        self.assertNotIn("with-certificate", response.text)

    def test_get_changes_nothing(self):
        browser = self.signed_in()
        rows = self.requests_and_links()
        for path in ("/", "/password?new=x", "/passwords", "/passwords?done=removed", "/keys", "/keys/new", "/settings",
                     "/reset", "/reset?name=alice", "/link?t=" + "A" * 43, "/link", "/sign-in", "/change-password",
                     "/sign-out", "/sign-in/key", "/passwords/remove?label=main", "/admin/approve?id=1"):
            self.assertIn(browser.get(path).status, (200, 303, 400, 403, 404, 405), path)
            self.assertIn(browser.send("HEAD", path).octets, (b"",), path)
        self.assertEqual(self.requests_and_links(), rows)
        self.assertEqual(browser.get("/").status, 200)
        self.unchanged()

    def requests_and_links(self):
        with sqlite3.connect(f"file:{self.store}/page/page.db?mode=ro", uri=True) as db:
            return db.execute("SELECT * FROM request").fetchall() + db.execute("SELECT * FROM link").fetchall()

    def test_links_of_other_sites_end_no_session(self):
        """A browser holds the cookie back (SameSite=Strict) when a mail led here; it gets no other in its place."""
        elsewhere = (("Sec-Fetch-Site", "cross-site"),)
        for path in ("/", "/sign-in", "/link", "/link?t=" + "A" * 43):
            response = self.browser().get(path, headers=elsewhere)
            self.refused(200, response)
            self.assertEqual(parse(response).body, "page-again")
            self.assertIn('http-equiv="refresh" content="0"', response.text)
            self.assertEqual(response.all("set-cookie"), [])
        browser = self.signed_in()
        self.assertEqual(parse(browser.get("/", headers=elsewhere)).body, "page-overview")
        self.assertEqual(self.browser().get("/change-password", headers=elsewhere).status, 303)

    def test_html_and_headers(self):
        """What comes in shows up as text, and in no header."""
        browser = self.browser()
        evil = "<script>alert(1)</script>\"'&\u202e"
        response = browser.submit("/sign-in", "with-password", ("name", evil), ("password", "x"))
        self.assertNotIn("<script>", response.text)
        self.assertNotIn("\u202e", response.text)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;", response.text)
        response = browser.get("/link?t=" + urllib.parse.quote("x\r\nSet-Cookie: a=b"))
        self.refused(400, response)
        response = browser.submit("/sign-in", "with-password", ("name", "x\r\nX-Evil: 1"), ("password", "x"))
        self.refused(400, response)
        self.assertEqual(response.all("x-evil"), [])
        # Nor in another line of the log.
        self.refused(400, browser.submit("/reset", "ask-for-reset", ("name", "x\npostern login: result=ok"),
                                         ("words", "")))
        self.assertNotIn("\npostern login: result=ok", self.logged())

    def test_headers_of_every_answer(self):
        key = Key(self.dir, "phone")
        browser = self.signed_in()
        answers = [browser.get(p) for p in ("/", "/password", "/keys", "/nowhere", "/link", "/admin")]
        answers += [browser.send("PUT", "/"), browser.get("/", HTTP_HOST="x"), browser.post("/password", {}),
                    self.browser().post("/api/password", {"user": "a", "curpass": "b", "newpass": "c"}),
                    self.browser(certificate=key.certificate.read_text()).get("/sign-in")]
        for answer in answers:
            self.refused(answer.status, answer)
        script = browser.get("/keys/new").one("content-security-policy")
        self.assertIn("script-src 'self'; ", script)
        for answer in answers:
            for cookie in (c for c in answer.all("set-cookie") if not c.startswith("__Host-postern-link=;")):
                self.assertRegex(cookie, r"\A__Host-postern=[\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict\Z")
        link = browser.get("/link?t=" + "A" * 43).all("set-cookie")
        self.assertRegex(link[0], r"\A__Host-postern-link=A{43}; Path=/; Secure; HttpOnly; SameSite=Lax\Z")


class Limits(Attack):
    def attempt(self, name="alice", password="wrong one here", client="192.0.2.1"):
        return self.browser(client=client).submit("/sign-in", "with-password", ("name", name), ("password", password))

    def test_five_failures(self):
        self.assertEqual([self.attempt().status for _ in range(6)], [403] * 5 + [429])
        response = self.attempt(password=PASSWORD)
        self.assertEqual(response.status, 429)
        self.assertTrue(600 < int(response.one("retry-after")) <= 900)
        # However the name is written; and from the same /64.
        self.assertEqual(self.attempt(name="ALICE").status, 429)
        # Elsewhere the owner gets in: nobody is locked out by others.
        self.assertTrue(self.lets_in(PASSWORD))
        self.assertEqual(self.attempt(name="bob").status, 403)

    def test_of_a_network(self):
        for n in range(5):
            self.assertEqual(self.attempt(client=f"2001:db8::{n}").status, 403)
        self.assertEqual(self.attempt(client="2001:db8::ffff").status, 429)
        self.assertEqual(self.attempt(client="2001:db8:0:1::1").status, 403)

    def test_success_forgets(self):
        for _ in range(3):
            for _ in range(4):
                self.assertEqual(self.attempt().status, 403)
            self.assertEqual(self.attempt(password=PASSWORD).status, 303)

    def test_at_once(self):
        """Twenty processes make no more attempts than five."""
        browser = self.browser()
        token = browser.token()
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(browser.post(
            "/sign-in", {"token": token, "name": "alice", "password": "wrong one here"}).status)) for _ in range(20)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(statuses), [403] * 5 + [429] * 15)

    def test_the_same_words_for_unknown_names(self):
        def shape(response):
            return response.status, re.sub(r'value="[^"]*"', "", response.text)
        known, unknown, disabled = self.attempt(), self.attempt(name="nobody"), self.attempt(name="\u00ad")
        self.assertEqual(shape(known), shape(unknown))
        self.assertEqual(shape(known), shape(disabled))

    def test_wrong_current_passwords_count(self):
        browser = self.signed_in()
        for status in [422] * 5 + [429]:
            response = browser.submit("/password", "set-password", ("current", "wrong"), ("new", NEW), ("again", NEW))
            self.assertEqual(response.status, status)
        self.unchanged()

    def test_requests(self):
        def ask(name):
            return self.browser().submit("/reset", "ask-for-reset", ("name", name)).status
        self.assertEqual([ask("alice") for _ in range(6)], [200] * 5 + [429])
        # Nothing of it stands in the way of signing in.
        self.assertEqual(self.attempt(password=PASSWORD).status, 303)


class Races(Attack):
    def test_one_link(self):
        self.browser().submit("/reset", "ask-for-reset", ("name", "alice"))
        link = self.json("reset", "approve", 1)["link"].removeprefix(URL)
        browsers = [self.browser(client=f"192.0.2.{n}") for n in range(25)]
        for browser in browsers:
            browser.get(link)
        tokens = [browser.token("/link") for browser in browsers]
        statuses = []
        threads = [threading.Thread(target=lambda b=b, t=t: statuses.append(b.post("/link", {"token": t}).status))
                   for b, t in zip(browsers, tokens)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(statuses), [303] + [403] * 24)


class Trouble(Attack):
    """What is out of order is said, with 503, and changes nothing."""

    def test_no_keeper(self):
        browser = self.signed_in()
        self.stop_keeper()
        response = browser.get("/")
        self.refused(503, response)
        self.assertEqual(response.one("retry-after"), "60")

    def test_no_configuration(self):
        self.config.unlink()
        self.config.write_text("nonsense\n")
        self.refused(503, self.browser().get("/sign-in"))

    def test_configuration_that_the_keeper_alone_reads(self):
        """password.cgi passes over all but four options; what is wrong with another is said once, and at once."""
        browser = self.signed_in()
        before = self.logged()
        good = self.config.read_text()
        for line in ("limit_messages_per_hour = many", "no_such_option = 1", "user = no-such-user-here"):
            self.config.write_text(f"{good}{line}\n")
            response = browser.get("/")
            self.refused(503, response)
            self.assertEqual(response.log, "")
            said = self.logged().removeprefix(before)
            self.assertRegex(said, f"^[^\n]*postern page: [^\n]*{line.split()[0]}[^\n]*\n$")
            before += said
        self.config.write_text(good)
        self.assertEqual(browser.get("/").status, 200)

    def test_configuration_changes(self):
        """An old file is not read again for each request. What is changed in it counts at the next one, the first
        change and the second."""
        browser = self.signed_in()
        good = self.config.read_text()
        for _ in range(2):
            time.sleep(3)
            self.assertEqual([browser.get("/").status for _ in range(3)], [200] * 3)
            self.assertEqual(browser.get("/admin").status, 404)
            self.config.write_text(re.sub("page_admins = .*", "page_admins = alice", good))
            self.assertEqual(browser.get("/admin").status, 200)
            self.config.write_text(good)
            self.assertEqual(browser.get("/admin").status, 404)
            self.config.write_text(f"{good}nonsense\n")
            self.refused(503, browser.get("/"))
            self.config.chmod(0o666)
            self.config.write_text(good)
            self.refused(503, browser.get("/"))
            self.config.chmod(0o644)

    def test_no_program_for_keys(self):
        """A certificate is never passed over: without the program that reads it there is no page."""
        alone = self.dir / "password.cgi"
        shutil.copy(page.CGI, alone)
        key = Key(self.dir, "phone").certificate.read_text()
        with unittest.mock.patch.object(page, "CGI", alone):
            self.assertEqual(self.browser().get("/sign-in").status, 200)
            response = self.browser(certificate=key).get("/sign-in")
            self.refused(503, response)
            self.assertIn("password-key.cgi", response.log)
            browser = self.signed_in()
            body, kind = multipart([("token", browser.token("/")), ("current", PASSWORD), ("label", "phone"),
                                    ("services", "imap"), ("file", "k.pem", key)])
            self.refused(503, browser.send("POST", "/keys/new", body, kind))
        self.unchanged()

    def test_store_locked(self):
        browser = self.signed_in()
        fields = {"token": browser.token("/"), "current": PASSWORD, "new": NEW, "again": NEW}
        with sqlite3.connect(self.store / "postern.db", isolation_level=None) as db:
            db.execute("BEGIN IMMEDIATE")
            self.refused(503, browser.post("/password", fields))
            self.assertEqual(browser.get("/").status, 200)
        self.unchanged()

    def test_disk_full(self):
        """Nothing can be written beyond what is there: the old password is good, the new one is not."""
        def no_more():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        browser = self.signed_in()
        fields = {"token": browser.token("/"), "current": PASSWORD, "new": NEW, "again": NEW}
        self.stop_keeper()
        # As on a host, somebody else has the store open: its -shm files are there.
        for name in ("postern.db", "verifiers.db"):
            db = sqlite3.connect(f"file:{self.store}/{name}?mode=ro", uri=True)
            self.addCleanup(db.close)
            db.execute("SELECT * FROM meta").fetchall()
        self.start_keeper(preexec_fn=no_more)
        self.refused(503, browser.post("/password", fields))
        self.refused(503, self.browser().submit("/reset", "ask-for-reset", ("name", "alice")))
        self.assertEqual(browser.get("/").status, 200)
        self.stop_keeper()
        self.start_keeper()
        self.unchanged()
        self.assertTrue(self.lets_in(PASSWORD))
        self.assertEqual(browser.post("/password", fields).status, 303)

    def test_store_away_is_not_made_anew(self):
        browser = self.signed_in()
        shutil.move(self.store / "postern.db", self.dir / "away")
        self.refused(503, browser.get("/"))
        self.assertFalse((self.store / "postern.db").exists())
        shutil.move(self.dir / "away", self.store / "postern.db")
        self.assertEqual(browser.get("/").status, 200)

    def test_memory_of_the_page_damaged_or_open(self):
        browser = self.signed_in()
        db = self.store / "page" / "page.db"
        db.chmod(0o644)
        self.refused(503, browser.get("/"))
        db.chmod(0o600)
        self.assertEqual(browser.get("/").status, 200)
        db.write_bytes(b"x" * 8192)
        self.refused(503, browser.get("/"))
        db.unlink()
        self.assertEqual(browser.get("/").location(), "/sign-in")
        self.assertTrue(self.lets_in(PASSWORD))

    def test_keeper_killed_with_requests_under_way(self):
        browser = self.signed_in()
        self.keeper.send_signal(signal.SIGKILL)
        self.keeper.wait(30)
        self.refused(503, browser.get("/"))
        os.unlink(self.dir / "keeper.sock")
        self.start_keeper()
        self.assertEqual(browser.get("/").status, 200)

    def test_second_keeper(self):
        done = subprocess.run((self.keeper.args[0], "--config", self.config), capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 69)
        self.assertIn("another postern-keeper", done.stderr)
        self.assertEqual(self.browser().get("/sign-in").status, 200)

    def test_messages_that_are_none(self):
        """Who has taken over password.cgi can say what he likes, and has to have a session all the same."""
        for octets in (b"", b"\0\0\0\5abc", b"\xff\xff\xff\xff", b"\0\0\0\6\0\1\0\0\0\xff", b"\0\0\0\0"):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(self.dir / "keeper.sock"))
                s.sendall(octets)
                s.shutdown(socket.SHUT_WR)
                answer = s.recv(4096)
                if octets != b"\0\0\0\0":
                    self.assertEqual(answer, b"")
        self.unchanged()


if __name__ == "__main__":
    tap.main()
