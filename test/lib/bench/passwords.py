# SPDX-License-Identifier: MIT
"""Logins by password against Dovecot's own passwd-file, which compares in the one auth process; on one core and on
two, each scheme's verifier the same octets on both sides. The load comes from the same machine and takes
its part of the cores."""
import os
import statistics
import subprocess

from mailhost import host, processes, release

from . import login

ROUNDS = 3
PASSWORD = "bench-secret-1"
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
        rates = _measure_all(bench, layout, {"postern": env["IMAPS_PORT"], "passwd-file": stock}, users)
    finally:
        host.stop(folder)
    for name in SCHEMES:
        for cores in (1, 2):
            bench.table.ratio(f"login by password, {name}, {cores} core{'s' * (cores > 1)}: postern : passwd-file",
                              rates["postern", name, cores], rates["passwd-file", name, cores], "logins/s",
                              aim=0.9 if cores == 1 else None)
        for side in ("postern", "passwd-file"):
            bench.table.ratio(f"{side}, {name}, two cores : one", rates[side, name, 2], rates[side, name, 1],
                              "logins/s", aim=1.7 if side == "postern" and name == "yescrypt" else None)


def _measure_all(bench, layout, ports, users):
    rates = {}
    for _ in range(1 if bench.short else ROUNDS):
        for cores in (1, 2):
            _pin(layout, set(range(cores)))
            for name, (_, logins) in SCHEMES.items():
                for side, port in ports.items():
                    done = bench.program("login_load", "--port", port, "--user", users[name], "--password",
                                         PASSWORD, "--threads", 6, "--logins", 5 if bench.short else logins)
                    rates.setdefault((side, name, cores), []).append(done["per_second"])
    return {key: statistics.median(values) for key, values in rates.items()}


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
