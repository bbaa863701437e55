# SPDX-License-Identifier: MIT
"""password.cgi as a web server runs it, with a postern-keeper and a store of its own; and a browser that is no more
than cookies and forms."""
import html.parser
import os
import signal
import subprocess
import time
import urllib.parse

from lib.command import BUILD, CommandTest

CGI = BUILD / "password-cgi" / "password.cgi"
KEEPER = BUILD / "password-cgi" / "postern-keeper"
URL = "https://mail.example.test/password.cgi"
PASSWORD = "correct horse battery"
# Seconds; one mail may take sendmail that long (mailer.c).
KEEPER_PATIENCE = 60


class Response:
    def __init__(self, octets):
        head, _, body = octets.partition(b"\r\n\r\n")
        self.headers = []
        for line in head.decode("ascii").split("\r\n"):
            name, _, value = line.partition(": ")
            self.headers.append((name.lower(), value))
        self.octets = body
        self.text = body.decode() if b"application/" not in head else ""
        self.status = int(self.all("status")[0].split()[0])

    def all(self, name):
        return [value for n, value in self.headers if n == name]

    def one(self, name):
        values = self.all(name)
        return values[0] if values else None

    def location(self):
        """Path of a redirection."""
        where = self.one("location")
        return where.removeprefix(URL) if where else None


class _Forms(html.parser.HTMLParser):
    """Forms by id, each a list of (name, value); texts by id of the element."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.forms, self.texts, self.body = {}, {}, None
        self._form, self._id, self._area, self._actions = None, None, None, {}

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "body":
            self.body = a.get("id")
        if tag == "form":
            self._form = []
            name = a.get("id") or f"{a['action']} {len(self.forms)}"
            self.forms[name] = self._form
            self._actions[name] = a["action"]
        elif tag == "input" and self._form is not None and "name" in a and "disabled" not in a:
            if a.get("type") not in ("checkbox", "file") or "checked" in a:
                self._form.append((a["name"], a.get("value") or ""))
        elif tag == "textarea" and self._form is not None:
            self._area = a["name"]
        if "id" in a and tag in ("output", "p", "code"):
            self._id = a["id"]
            self.texts[self._id] = ""

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._area = None
        if tag in ("output", "p", "code"):
            self._id = None

    def handle_data(self, data):
        if self._id:
            self.texts[self._id] += data
        if self._area and self._form is not None and data.strip():
            self._form.append((self._area, data))

    def action(self, form):
        return self._actions[form].removeprefix("/password.cgi")


def parse(response):
    forms = _Forms()
    forms.feed(response.text)
    return forms


def multipart(fields, boundary="----x"):
    """fields: (name, value) or (name, file's name, octets)."""
    parts = []
    for name, *rest in fields:
        file = f'; filename="{rest[0]}"\r\nContent-Type: application/octet-stream' if len(rest) == 2 else ""
        value = rest[-1] if isinstance(rest[-1], bytes) else rest[-1].encode()
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + value)
    return b"\r\n".join(parts) + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


class Browser:
    """certificate: PEM that the web server hands on."""

    def __init__(self, test, client="192.0.2.1", certificate=None, language="en"):
        self.test, self.client, self.certificate, self.language = test, client, certificate, language
        self.cookies = {}

    def send(self, method, path, body=b"", content_type=None, headers=(), **environment):
        path, _, query = path.partition("?")
        variables = {
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method, "PATH_INFO": path,
            "QUERY_STRING": query, "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": self.client,
            "HTTP_HOST": "mail.example.test", "HTTPS": "on", "SSL_PROTOCOL": "TLSv1.3",
            "HTTP_ACCEPT_LANGUAGE": self.language, "POSTERN_CONFIG": str(self.test.config),
        }
        if self.cookies:
            variables["HTTP_COOKIE"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        if self.certificate:
            variables["SSL_CLIENT_CERT"] = self.certificate
        if method == "POST":
            variables["CONTENT_LENGTH"] = str(len(body))
            variables["CONTENT_TYPE"] = content_type or "application/x-www-form-urlencoded"
        variables.update({f"HTTP_{n.upper().replace('-', '_')}": v for n, v in headers})
        variables.update(environment)
        variables = {n: v for n, v in variables.items() if v is not None}
        done = subprocess.run((CGI,), input=body, capture_output=True, timeout=60,
                              env={**variables, **self.test.sanitizer})
        self.test.assertEqual(done.returncode, 0, done.stderr.decode())
        response = Response(done.stdout)
        response.log = done.stderr.decode()
        for cookie in response.all("set-cookie"):
            name, value = cookie.partition(";")[0].split("=", 1)
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return response

    def get(self, path, **kwargs):
        return self.send("GET", path, **kwargs)

    def post(self, path, fields, **kwargs):
        return self.send("POST", path, urllib.parse.urlencode(fields).encode(), **kwargs)

    def token(self, page="/sign-in"):
        """Of any page with a form; it is the same on all of them."""
        response = self.get(page)
        if response.status == 303:
            response = self.get(response.location())
        return next(dict(f)["token"] for f in parse(response).forms.values())

    def submit(self, page, form, *fields, without=()):
        """Fetches the page, fills in its form, sends it. A field given more than once stays so."""
        forms = parse(self.get(page))
        if form not in forms.forms:
            form = next(name for name in forms.forms if name.startswith(f"/password.cgi{form}"))
        given = {field[0] for field in fields}
        filled = [(n, v) for n, v in forms.forms[form] if n not in given and n not in without]
        if form == "add-key":
            body, content_type = multipart([*filled, *fields])
            return self.send("POST", forms.action(form), body, content_type)
        return self.post(forms.action(form), [*filled, *fields])

    def sign_in(self, name="alice", password=PASSWORD):
        response = self.submit("/sign-in", "with-password", ("name", name), ("password", password))
        self.test.assertEqual((response.status, response.location()), (303, "/"), response.text)
        return self


class PageTest(CommandTest):
    """An account alice, with a password and the address alice@example.test; root is the administrator's account."""

    sanitizer = {n: v for n, v in os.environ.items() if n.endswith("SAN_OPTIONS")}
    options = ()

    def setUp(self):
        super().setUp()
        self.mails = self.dir / "mails"
        self.ok("account", "add", "alice")
        self.ok("password", "set", "alice", stdin=PASSWORD)
        self.start_keeper()

    def configure(self, *lines):
        sendmail = self.dir / "sendmail"
        sendmail.write_text(f"#!/bin/sh\n{{ echo \"TO $5\"; cat; echo; }} >> {self.dir}/mails\n")
        sendmail.chmod(0o755)
        super().configure(f"page_url = {URL}", f"keeper_socket = {self.dir}/keeper.sock",
                          "keeper_group = 0", f"record_socket = {self.dir}/record.sock",
                          f"page_sendmail = {sendmail}", "page_admins = root",
                          "page_mail_to = postmaster@example.test", "log = stderr",
                          "password_schemes = sha256-crypt", *self.options, *lines)

    def start_keeper(self, **kwargs):
        self.log = open(self.dir / "log", "ab")
        self.addCleanup(self.log.close)
        before = self.logged()
        self.keeper = subprocess.Popen((KEEPER, "--config", self.config), stderr=self.log, **kwargs)
        self.addCleanup(self.stop_keeper)
        # Its socket is there a moment before it listens.
        while "listens at" not in self.logged().removeprefix(before):
            self.assertIsNone(self.keeper.poll(), self.logged())

    def stop_keeper(self):
        """And waits for its processes, which may still be sending a mail."""
        if self.keeper.poll() is None:
            self.keeper.send_signal(signal.SIGTERM)
            self.assertEqual(self.keeper.wait(KEEPER_PATIENCE), 0)
        deadline = time.monotonic() + KEEPER_PATIENCE
        while subprocess.run(("pgrep", "-f", f"postern-keeper --config {self.config}"),
                             capture_output=True).returncode == 0:
            self.assertLess(time.monotonic(), deadline, "a process of the keeper's does not end")

    def logged(self):
        return (self.dir / "log").read_text()

    def mailed(self):
        """All that was mailed; the keeper is stopped, so that nothing is on its way."""
        self.stop_keeper()
        return self.mails.read_text() if self.mails.exists() else ""

    def browser(self, **kwargs):
        return Browser(self, **kwargs)

    def signed_in(self, **kwargs):
        return self.browser(**kwargs).sign_in()

    def labels(self, account="alice"):
        return sorted(row["label"] for row in self.json("password", "list", account))

    def lets_in(self, password, name="alice"):
        response = self.browser(client="203.0.113.7").submit("/sign-in", "with-password", ("name", name),
                                                             ("password", password))
        return response.status == 303
