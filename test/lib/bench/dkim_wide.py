# SPDX-License-Identifier: MIT
"""Four signing milters on the same keys and messages: RSA-2048, Ed25519 and both, by connections and size of body.

postern-milter alone has a session to look up, an account, and the sender rule; the others sign for whoever comes.
Beside them stands what libmilter itself leaves (milter_floor.c), with messages of 2 kB.
"""
import contextlib
import os
import pathlib
import subprocess
import time

from mailhost import host, release

from . import dkim, dkim_signers, login
from .dkim_signers import SIGNERS

CONNECTIONS = (1, 4, 16, 64)
BODIES = {"2 kB": 2_000, "100 kB": 100_000, "10 MB": 10_000_000}
# Two signatures first, which take the most memory: what comes after needs no more.
ALGORITHMS = {"both": ("rsa", "ed25519"), "RSA-2048": ("rsa",), "Ed25519": ("ed25519",)}
# Seconds that one measurement is to take; how many messages that are is tried out before.
SECONDS = 2.0
OURS = "postern-milter"
FLOOR = "libmilter alone"


def measure(bench):
    folder = bench.folder / "host"
    layout = host.start(folder, bench.build, release.default(), rebuild=False)
    try:
        env = login.read_env(layout.env)
        milter = dkim.milter_pid(layout)
        results, memory = {}, []
        large = _large_bodies(bench, _keys(env, ("rsa",))["rsa"])
        for title, algorithms in ALGORITHMS.items():
            keys = _keys(env, algorithms)
            for name in (OURS, *SIGNERS):
                if name == "opendkim" and len(keys) > 1:
                    continue  # it cannot
                place = bench.folder / f"{name} {title}".replace(" ", "-")
                place.mkdir(mode=0o755)
                with _signer(name, place, keys, env, milter) as (pid, args):
                    results.update(_measure_one(bench, name, title, pid, args, BODIES))
            if len(keys) == 1:
                key, = keys.values()
                with dkim_signers.floor(bench.build / "test/bench/milter_floor", bench.folder, key) as (pid, socket):
                    results.update(_measure_one(bench, FLOOR, title, pid, ("--socket", socket), ("2 kB",)))
            memory.append(_resident(milter))
    finally:
        host.stop(folder)
    _print(results)
    _judge(bench.table, results, memory, large)


def _large_bodies(bench, key):
    """Messages a second that libopendkim signs of the largest bodies, without a milter."""
    return bench.program("opendkim_floor", key, BODIES["10 MB"], 1 if bench.short else 4)["per_second"]


def _keys(env, algorithms):
    """Makes them the host's active ones; the files by algorithm."""
    for row in _rows(env):
        if row["state"] == "active" and not row["algorithm"].startswith(algorithms):
            _postern(env, "dkim", "retire", row["domain"], row["selector"])
    for algorithm in algorithms:
        if not any(row["algorithm"].startswith(algorithm) and row["state"] == "active" for row in _rows(env)):
            _activate(env, algorithm)
    return {algorithm: pathlib.Path(dkim.active_key(env, "rsa2048" if algorithm == "rsa" else algorithm))
            for algorithm in algorithms}


def _activate(env, algorithm):
    for row in _rows(env):
        if row["algorithm"].startswith(algorithm):
            _postern(env, "dkim", "activate", row["domain"], row["selector"])
            return
    _postern(env, "dkim", "add", "example.test", algorithm, "--algorithm", algorithm)


def _rows(env):
    return dkim.rows(env)


def _postern(env, *args):
    subprocess.run((env["POSTERN"], *args), check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def _signer(name, folder, keys, env, milter):
    """Gives the pid to look at, and the load generator's options."""
    if name == OURS:
        yield milter, ("--socket", env["MILTER_SOCKET"], "--policy", env["POLICY_SOCKET"])
        return
    with SIGNERS[name](folder, keys) as (pid, socket):
        yield pid, ("--socket", socket)


def _measure_one(bench, name, title, pid, args, bodies):
    results = {}
    for body in bodies:
        size = BODIES[body]
        for connections in ((1, 4) if bench.short else CONNECTIONS):
            command = ("milter_load", *args, "--expect-signature", "--body-size", size,
                       "--connections", connections, "--messages")
            tried = bench.program(*command, 1 if size > 1_000_000 else 4)
            each = int(tried["per_second"] * (0.2 if bench.short else SECONDS) / connections)
            before, begun = _cpu(pid), time.monotonic()
            result = bench.program(*command, max(each, 1))
            result["cpu_us"] = (_cpu(pid) - before) * 1e6 / result["messages"]
            results[title, body, connections, name] = result
            print(f"{title}, {body}, {connections} connections, {name}: {result['per_second']:.1f} messages/s,"
                  f" {result['cpu_us']:.0f} us CPU/message, median {result['p50_ms']:.2f} ms, 99th percentile"
                  f" {result['p99_ms']:.2f} ms ({time.monotonic() - begun:.1f} s)", flush=True)
    return results


def _cpu(pid):
    """Seconds of a process and its children, rspamd's workers among them."""
    total, parents = 0, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
            parents[int(entry)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    for process, (_, ticks) in parents.items():
        ancestor = process
        while ancestor not in (pid, 0, 1) and ancestor in parents:
            ancestor = parents[ancestor][0]
        total += ticks if ancestor == pid else 0
    return total / os.sysconf("SC_CLK_TCK")


def _resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def _print(results):
    names = (OURS, *SIGNERS, FLOOR)
    print(f"\n{'messages/s (us CPU/message)':36}" + "".join(f"{name:>20}" for name in names))
    for title, body, connections in dict.fromkeys(key[:3] for key in results):
        row = f"{title}, {body}, {connections} connections"
        cells = (results.get((title, body, connections, name)) for name in names)
        print(f"{row:36}" + "".join(
            f"{'-':>20}" if cell is None else f"{cell['per_second']:.1f} ({cell['cpu_us']:.0f})".rjust(20)
            for cell in cells))
    print(flush=True)


def _judge(table, results, memory, large):
    bare = {"RSA-2048": _openssl("rsa2048"), "Ed25519": _openssl("ed25519")}
    many = 16 if any(key[2] == 16 for key in results) else max(key[2] for key in results)

    def rate(title, body, name):
        return results[title, body, many, name]["per_second"]

    for title, aim in (("RSA-2048", 4), ("Ed25519", 6)):
        what = f"{title}, 2 kB, {many} connections"
        table.ratio(f"{OURS} : opendkim, {what}", rate(title, "2 kB", OURS), rate(title, "2 kB", "opendkim"),
                    "messages/s", aim=aim)
        table.ratio(f"{OURS} : bare signatures of all processors, {what}", rate(title, "2 kB", OURS),
                    bare[title], "per s", aim=0.75 if title == "RSA-2048" else None)
        table.ratio(f"{FLOOR} : bare signatures of all processors, {what}", rate(title, "2 kB", FLOOR),
                    bare[title], "per s")
        table.ratio(f"{OURS} : opendkim, {what}", results[title, "2 kB", many, OURS]["cpu_us"],
                    results[title, "2 kB", many, "opendkim"]["cpu_us"], "us CPU/message", at_most=True)
    megabytes = rate("RSA-2048", "10 MB", OURS) * BODIES["10 MB"] / 1e6
    table.ratio(f"{OURS} : SHA-256 of all processors, RSA-2048, 10 MB, {many} connections", megabytes, _sha256(),
                "MB/s", aim=0.7)
    table.ratio("libopendkim alone, without a milter : SHA-256 of all processors, RSA-2048, 10 MB",
                large * BODIES["10 MB"] / 1e6, _sha256(), "MB/s")
    for title, name in ((title, name) for title in ALGORITHMS for name in (OURS, *SIGNERS, FLOOR)):
        one = results.get((title, "2 kB", many, name))
        if one is not None:
            table.ratio(f"{name}, 99th percentile : median, {title}, 2 kB, {many} connections", one["p99_ms"],
                        one["p50_ms"], "ms", aim=3 if name == OURS else None, at_most=True)
    table.ratio(f"resident memory of {OURS}, after all : after the first third", memory[-1], memory[0], "kB",
                aim=1.1, at_most=True)


def _openssl(algorithm):
    """Signatures a second on as many processes as there are processors."""
    done = subprocess.run(("openssl", "speed", "-seconds", "2", "-multi", str(os.cpu_count()), algorithm),
                          check=True, capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith(("rsa 2048", " 253 bits")))
    return float(line.split()[-2])


def _sha256():
    """Megabytes a second of all processors, 16 kB at a time."""
    done = subprocess.run(("openssl", "speed", "-seconds", "2", "-bytes", "16384", "-multi", str(os.cpu_count()),
                           "-evp", "sha256"), check=True, capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if line.lower().startswith("sha256"))
    return float(line.split()[-1].rstrip("k")) / 1000
