# SPDX-License-Identifier: MIT
"""Logins by password against Dovecot's own passwd-file, which compares in the one auth process; on one core and on
two, each scheme's verifier the same octets on both sides. The load comes from the same machine and takes
its part of the cores. Then the comparison alone, at the auth process's own socket: of a login by IMAP a TLS handshake
and three processes are the greater part."""
import os
import statistics
import subprocess
import time

from mailhost import host, processes, release

from . import login
from .guessing import Auth

ROUNDS = 3
PASSWORD = "bench-secret-1"
# Comparisons that wait for an answer at a time, and seconds of each measurement.
WINDOW = 32
SECONDS = 3.0
SCHEMES = {"yescrypt": ("yescrypt", 20), "$1$": ("md5crypt", 60)}


def measure(bench):
    folder = bench.folder / "host"
    layout = host.start(folder, bench.build, release.default(), rebuild=False)
    try:
        env = login.read_env(layout.env)
        hashes = {name: _make(method) for name, (method, _) in SCHEMES.items()}
        users = {name: f"bench{i}" for i, name in enumerate(SCHEMES)}
        _add(env, {users[name]: made for name, made in hashes.items()})
        stock = login.start_stock(layout, bench.folder / "stock",
                                  "".join(f"{users[name]}:{{CRYPT}}{made}\n" for name, made in hashes.items()))
        sides = {"postern": (env["IMAPS_PORT"], layout.run), "passwd-file": (stock, bench.folder / "stock/run")}
        logins, compared = _measure_all(bench, layout, sides, users)
    finally:
        host.stop(folder)
    _print(bench.table, "login by password", logins, "logins/s", {"yescrypt": 1.7}, SCHEMES)
    # An old $1$ is computed sooner than another process is asked to.
    _print(bench.table, "password compared", compared, "passwords/s", {"yescrypt": 1.8}, ("yescrypt",))


def _print(table, what, rates, unit, aims, as_fast):
    """aims is of two cores against one; as_fast are those that are to be no slower on one core."""
    for name in SCHEMES:
        for cores in (1, 2):
            table.ratio(f"{what}, {name}, {cores} core{'s' * (cores > 1)}: postern : passwd-file",
                        rates["postern", name, cores], rates["passwd-file", name, cores], unit,
                        aim=0.9 if cores == 1 and name in as_fast else None)
        for side in ("postern", "passwd-file"):
            table.ratio(f"{what}, {side}, {name}, two cores : one", rates[side, name, 2], rates[side, name, 1], unit,
                        aim=aims.get(name) if side == "postern" else None)


def _measure_all(bench, layout, sides, users):
    logins, compared = {}, {}
    for _ in range(1 if bench.short else ROUNDS):
        for cores in (1, 2):
            _pin(layout, set(range(cores)))
            for name, (_, each) in SCHEMES.items():
                for side, (port, run) in sides.items():
                    done = bench.program("login_load", "--port", port, "--user", users[name], "--password",
                                         PASSWORD, "--threads", 6, "--logins", 5 if bench.short else each)
                    logins.setdefault((side, name, cores), []).append(done["per_second"])
                    compared.setdefault((side, name, cores), []).append(
                        _compare(run / "auth-client", users[name], 0.5 if bench.short else SECONDS))
    return [{key: statistics.median(values) for key, values in rates.items()} for rates in (logins, compared)]


def _compare(path, user, seconds):
    """Right passwords a second."""
    auth, count = Auth(str(path)), 0
    for _ in range(WINDOW):
        auth.begin("PLAIN", f"\0{user}\0{PASSWORD}")
    begin = time.monotonic()
    while time.monotonic() < begin + seconds:
        answer = auth.answer()
        if not answer.startswith(b"OK\t"):
            raise SystemExit(f"the right password was answered {answer!r}")
        count += 1
        auth.begin("PLAIN", f"\0{user}\0{PASSWORD}")
    rate = count / (time.monotonic() - begin)
    for _ in range(WINDOW):
        auth.answer()
    return rate


def _pin(layout, cores):
    """Those that they fork go where they are."""
    for pid in processes.of_host(layout):
        os.sched_setaffinity(pid, cores)


def _make(method):
    return subprocess.run(("mkpasswd", "-s", "-m", method), input=PASSWORD, check=True, text=True,
                          capture_output=True).stdout.strip()


def _add(env, hashes):
    text = "".join(f"{name} {made}\n" for name, made in hashes.items())
    subprocess.run((env["POSTERN"], "import"), input=text, text=True, check=True, stdout=subprocess.DEVNULL)
