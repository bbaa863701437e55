# SPDX-License-Identifier: MIT
"""Messages a second of postern-milter against Debian's opendkim, on the same key and messages."""
import json
import os
import statistics
import subprocess

from mailhost import host, processes, release

from . import dkim_signers, login

ROUNDS = 3


def measure(bench):
    folder = bench.folder / "host"
    layout = host.start(folder, bench.build, release.default(), rebuild=False)
    try:
        env = login.read_env(layout.env)
        milter = milter_pid(layout)
        messages = 20 if bench.short else 200
        common = ("--connections", 16, "--messages", messages, "--body-size", 2048, "--expect-signature")
        key = active_key(env, "rsa2048")
        ours, theirs, least = [], [], []
        with dkim_signers.opendkim(bench.folder, {"rsa": key}) as (pid, socket), \
                dkim_signers.floor(bench.build / "test/bench/milter_floor", bench.folder, key) as (floor, floor_socket):
            for _ in range(1 if bench.short else ROUNDS):
                theirs.append(bench.program("milter_load", "--socket", socket, "--pid", pid, *common))
                least.append(bench.program("milter_load", "--socket", floor_socket, "--pid", floor, *common))
                ours.append(bench.program("milter_load", "--socket", env["MILTER_SOCKET"], "--policy",
                                          env["POLICY_SOCKET"], "--pid", milter, *common))
    finally:
        host.stop(folder)
    for name, unit, aim, at_most in (("per_second", "messages/s", 4, False),
                                     ("cpu_us_per_message", "us CPU/message", None, True),
                                     ("p99_ms", "ms, 99th percentile", None, True)):
        bench.table.ratio("postern-milter : opendkim, RSA-2048, 16 connections, 2 kB", _median(ours, name),
                          _median(theirs, name), unit, aim=aim, at_most=at_most)
    bare = _bare_rate()
    bench.table.ratio("postern-milter : bare RSA-2048 signatures of two cores", _median(ours, "per_second"), bare, "per s")
    bench.table.ratio("libmilter with a bare signature : bare RSA-2048 signatures of two cores",
                      _median(least, "per_second"), bare, "per s")
    bench.table.ratio("postern-milter : libmilter with a bare signature", _median(ours, "per_second"),
                      _median(least, "per_second"), "messages/s", aim=0.75)


def _median(runs, name):
    return statistics.median(run[name] for run in runs)


def active_key(env, algorithm):
    """The file of the host's active key of this algorithm."""
    for row in rows(env):
        if row["algorithm"] == algorithm and row["state"] == "active":
            return os.path.join(env["DKIM_DIR"], row["domain"], row["selector"] + ".pem")
    raise SystemExit(f"the host has no active {algorithm} key")


def rows(env):
    """Of `postern dkim list`."""
    return json.loads(subprocess.run((env["POSTERN"], "--json", "dkim", "list"), check=True,
                                     capture_output=True, text=True).stdout)


def milter_pid(layout):
    for pid in processes.of_host(layout):
        with open(f"/proc/{pid}/comm", encoding="ascii") as f:
            if f.read().strip() == "postern-milter":
                return pid
    raise SystemExit("postern-milter does not run")


def _bare_rate():
    """OpenSSL's own figure, signatures a second on as many processes as there are cores."""
    done = subprocess.run(("openssl", "speed", "-seconds", "2", "-multi", str(os.cpu_count()), "rsa2048"),
                          check=True, capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("rsa 2048"))
    return float(line.split()[-2])
