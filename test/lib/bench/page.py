# SPDX-License-Identifier: MIT
"""The users' page behind nginx: pages and password sets a second, and what one costs in CPU time.

A request is nginx, fcgiwrap, a process of password.cgi, and one of postern-keeper; the last two are the page's own
part. TLS connections are kept, as browsers do. Setting a password is compared with the hashes that it makes, by
the same crypt(3) and PBKDF2 in a loop.
"""
import concurrent.futures
import crypt
import hashlib
import html
import http.client
import os
import re
import ssl
import subprocess
import time

from mailhost import host, processes, release, web

from . import login

CLIENTS = 4
PASSWORDS = ("page-bench-secret-1", "page-bench-secret-2")
SCRAM_ITERATIONS = 15000
# Runs a program many times, as fcgiwrap does, and prints the milliseconds of CPU of one. fcgiwrap itself leaves its
# children's time to nobody.
REPEAT = """
import os, resource, subprocess, sys
count, program = int(sys.argv[1]), sys.argv[2]
for _ in range(count):
    subprocess.run((program,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print((used.ru_utime + used.ru_stime) / count * 1000)
"""
PAGES = ("/", "/keys/new", "/settings")


def measure(bench):
    folder = bench.folder / "host"
    layout = host.start(folder, bench.build, release.own(), rebuild=False)
    try:
        env = login.read_env(layout.env)
        visitor = Visitor(env)
        visitor.sign_in("alice", "alice-secret-1")
        bench.table.figure("a program that does nothing, started the same way",
                           _process_cost(bench, layout, "/bin/true", {}), "ms of CPU")
        for path in PAGES:
            _pages(bench, layout, env, visitor, path)
        _password_sets(bench, env)
    finally:
        host.stop(folder)


class Visitor:
    """One browser: a kept connection, a cookie, and the tokens of forms."""

    def __init__(self, env):
        self.connection = http.client.HTTPSConnection("localhost", int(env["HTTPS_PORT"]),
                                                      context=ssl.create_default_context(cafile=env["CA_FILE"]))
        self.cookie = ""

    def ask(self, path, body=None):
        headers = {"Cookie": self.cookie, **({"Content-Type": "application/x-www-form-urlencoded"} if body else {})}
        self.connection.request("POST" if body else "GET", web.PATH + path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie", ()):
            self.cookie = cookie.partition(";")[0]
        return answer.status, text

    def send(self, path, form, **fields):
        """Fills in the form that is on the page form."""
        token = re.search('name="token" value="([^"]+)"', self.ask(form)[1])[1]
        fields = {"token": html.unescape(token), **fields}
        status, text = self.ask(path, "&".join(f"{name}={value}" for name, value in fields.items()))
        if status != 303:
            raise SystemExit(f"POST {path}: {status}\n{text}")

    def sign_in(self, name, password):
        self.send("/sign-in", "/sign-in", name=name, password=password)


def _pages(bench, layout, env, visitor, path):
    count = 200 if bench.short else 2000
    before = _cpu(layout)
    done = subprocess.run(("ab", "-q", "-k", "-l", "-n", str(count), "-c", str(CLIENTS), "-H", f"Cookie: {visitor.cookie}",
                           env["PAGE_URL"] + path), check=True, capture_output=True, text=True).stdout
    after = _cpu(layout)
    after["password.cgi"] = _cgi_cost(bench, layout, env, visitor, path) * count / 1000
    if "Non-2xx" in done or not re.search(r"Failed requests: +0\n", done):
        raise SystemExit(done)
    cost = {name: (after[name] - before[name]) / count * 1000 for name in after}
    bench.table.figure(f"page {path}", float(re.search(r"Requests per second: +([\d.]+)", done)[1]), "pages/s")
    bench.table.figure(f"page {path}: password.cgi", cost["password.cgi"], "ms of CPU", aim=2.0)
    bench.table.figure(f"page {path}: postern-keeper", cost["postern-keeper"], "ms of CPU")
    bench.table.figure(f"page {path}: both", cost["password.cgi"] + cost["postern-keeper"], "ms of CPU")
    bench.table.figure(f"page {path}: nginx and fcgiwrap", cost["nginx"] + cost["fcgiwrap"], "ms of CPU")


def _cgi_cost(bench, layout, env, visitor, path):
    """In ms; the keeper's answer is waited for, and not counted."""
    request = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTPS": "on",
               "HTTP_HOST": f"localhost:{env['HTTPS_PORT']}", "REMOTE_ADDR": "127.0.0.1",
               "HTTP_COOKIE": visitor.cookie, "SSL_PROTOCOL": "TLSv1.3"}
    return _process_cost(bench, layout, layout.stage / web.CGI_FOLDER / "password.cgi", request)


def _process_cost(bench, layout, program, environment):
    done = subprocess.run((layout.enter, "--server", "/usr/bin/python3", "-c", REPEAT,
                           str(20 if bench.short else 300), program), check=True, capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], **environment})
    return float(done.stdout)


def _cpu(layout):
    """Seconds by program, with the children that have ended."""
    tick = os.sysconf("SC_CLK_TCK")
    spent = dict.fromkeys(("nginx", "fcgiwrap", "password.cgi", "postern-keeper"), 0.0)
    for pid in processes.of_host(layout):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                text = f.read()
        except FileNotFoundError:  # one that is counted with its parent now
            continue
        name, fields = text[text.index("(") + 1:text.rindex(")")], text.rpartition(")")[2].split()
        if name in spent:
            spent[name] += sum(int(n) for n in fields[11:15]) / tick
    return spent


def _password_sets(bench, env):
    """Of as many accounts as clients, each by turns to two passwords."""
    rounds = 2 if bench.short else 20
    names = [f"pagebench{i}" for i in range(CLIENTS)]
    for name in names:
        subprocess.run((env["POSTERN"], "account", "add", name), check=True, stdout=subprocess.DEVNULL)
        subprocess.run((env["POSTERN"], "password", "set", name), input=PASSWORDS[0] + "\n", text=True, check=True,
                       stdout=subprocess.DEVNULL)
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for _ in pool.map(lambda name: _set_passwords(env, name, rounds), names):
            pass
    rate = CLIENTS * rounds / (time.monotonic() - begin)
    bench.table.ratio("password sets : the hashes of as many, on all cores", rate, _hash_rate(bench), "sets/s", aim=0.5)


def _set_passwords(env, name, rounds):
    visitor = Visitor(env)
    visitor.sign_in(name, PASSWORDS[0])
    for i in range(rounds):
        old, new = PASSWORDS[i % 2], PASSWORDS[(i + 1) % 2]
        visitor.send("/password", "/password", current=old, new=new, again=new)


def _hash_rate(bench):
    """What a set computes: the current password is compared, the new one is compared with it, and hashed by
    yescrypt and for SCRAM."""
    count = 2 if bench.short else 20
    begin = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(_hash, [count] * os.cpu_count()):
            pass
    return os.cpu_count() * count / (time.monotonic() - begin)


def _hash(count):
    for _ in range(count):
        for _ in range(3):
            crypt.crypt(PASSWORDS[0], "$y$j9T$abcdefghijklmnop$")
        hashlib.pbkdf2_hmac("sha256", PASSWORDS[0].encode(), b"0123456789abcdef", SCRAM_ITERATIONS)
