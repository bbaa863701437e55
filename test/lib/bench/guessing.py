# SPDX-License-Identifier: MIT
"""How long the auth process takes to answer a login by key while others try passwords: a thousand wrong ones a
second, passwords of 100 kB, and right ones whose hash asks for a billion rounds. Both sides speak to
Dovecot's auth socket itself, so that nothing but the auth process and its workers is measured."""
import base64
import json
import multiprocessing
import os
import select
import socket
import sqlite3
import statistics
import subprocess
import time

from mailhost import host, release

from . import login

RATE = 1000
COSTLY = "$6$rounds=999999999$abcdefgh$" + "a" * 86


class Auth:
    """A client of the auth socket (auth-protocol.txt)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.sendall(f"VERSION\t1\t2\nCPID\t{os.getpid()}\n".encode())
        self.file = self.socket.makefile("rb")
        while self.file.readline() != b"DONE\n":
            pass
        self.id = 0

    def begin(self, mechanism, response, fields=()):
        self.id += 1
        text = base64.b64encode(response.encode()).decode()
        self.socket.sendall("\t".join(("AUTH", str(self.id), mechanism, "service=imap", "secured=tls", *fields,
                                       f"resp={text}\n")).encode())

    def answer(self):
        return self.file.readline()


class Load:
    """Sends passwords at a rate, whether they are answered or not, from a process of its own. Where the auth process
    hangs up, as it does at a line that is too long for it, it is called again."""

    def __init__(self, path, rate, responses):
        self.path, self.rate, self.responses = path, rate, responses
        self.pipe, end = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self._run, args=(end,), daemon=True)
        self.process.start()

    def end(self):
        """Returns what was sent and answered, and how often the auth process hung up."""
        self.pipe.send("end")
        counts = self.pipe.recv()
        self.process.join()
        return counts

    def _run(self, pipe):
        auth, begun = Auth(self.path), time.monotonic()
        sent = answered = hung_up = 0
        while not pipe.poll():
            try:
                if select.select([auth.socket], [], [], 0.002)[0]:
                    data = auth.socket.recv(65536)
                    answered += data.count(b"\n")
                    if not data:
                        raise ConnectionResetError
                while sent < (time.monotonic() - begun) * self.rate:
                    sent += 1
                    auth.begin("PLAIN", self.responses[sent % len(self.responses)])
            except OSError:
                hung_up += 1
                auth = Auth(self.path)
        pipe.send((sent, answered, hung_up))


def measure(bench):
    folder = bench.folder / "host"
    layout = host.start(folder, bench.build, release.default(), rebuild=False)
    try:
        env = login.read_env(layout.env)
        key = _key(bench, env)
        subprocess.run((env["POSTERN"], "account", "add", "costly"), check=True)
        subprocess.run((env["POSTERN"], "password", "set", "alice"), input="alice-secret-1\n", text=True,
                       check=True)
        _put_costly(env)
        path = str(layout.run / "auth-postern")
        seconds = 2 if bench.short else 15
        idle, _ = _measure(path, key, seconds / 3, None)
        attacks = (
            # Of 100 kB Dovecot reads no more than its line has room for; of 5 kB all.
            ("passwords of 100 kB, 50 a second", 50, ["\0alice\0" + "x" * 100_000]),
            ("passwords of 5 kB, 20 a second", 20, ["\0alice\0" + "x" * 5_000]),
            ("a hash of a billion rounds, 20 a second", 20, ["\0costly\0wrong"]),
            # Last, as it leaves a queue behind it.
            (f"{RATE} wrong passwords a second", RATE, [f"\0alice\0wrong-{i}" for i in range(1000)]),
        )
        bench.table.figure("answer to a login by key, idle, longest", idle[-1], "ms")
        for name, rate, responses in attacks:
            times, counts = _measure(path, key, seconds, (rate, responses))
            print("{}: {} sent, {} answered, {} times hung up; {} logins by key, median {:.2f} ms".format(
                name, *counts, len(times), statistics.median(times)), flush=True)
            bench.table.figure(f"answer to a login by key beside {name}, 99th percentile",
                               times[len(times) * 99 // 100], "ms", aim=50)
            bench.table.figure(f"answer to a login by key beside {name}, longest", times[-1], "ms", aim=50)
    finally:
        host.stop(folder)


def _key(bench, env):
    login.make_key(bench.folder, env)
    rows = json.loads(subprocess.run((env["POSTERN"], "--json", "key", "list", "alice"), check=True, text=True,
                                     capture_output=True).stdout)
    return rows[0]["fingerprint"]


def _put_costly(env):
    """As an import of long ago may have left it: the command would refuse it."""
    subprocess.run((env["POSTERN"], "password", "set", "costly", "--hash"), input="{PLAIN}" + "c" * 20 + "\n",
                   text=True, check=True)
    db = sqlite3.connect(os.path.join(env["STORE"], "verifiers.db"))
    db.execute("UPDATE verifier SET verifier = ? WHERE verifier = ?", (COSTLY, "{PLAIN}" + "c" * 20))
    db.commit()
    db.close()


def _measure(path, key, seconds, attack):
    """Milliseconds of each login by key, sorted, begun every 10 ms."""
    auth, load, times = Auth(path), None, []
    if attack is not None:
        load = Load(path, *attack)
        time.sleep(0.5)
    end = time.monotonic() + seconds
    while (begun := time.monotonic()) < end:
        auth.begin("EXTERNAL", "", ("no-penalty", f"forward_fields=postern_key={key}"))
        answer = auth.answer()
        if not answer.startswith(b"OK\t"):
            raise SystemExit(f"the login by key was answered {answer!r}")
        times.append((time.monotonic() - begun) * 1e3)
        time.sleep(0.01)
    return sorted(times), load.end() if load is not None else None
